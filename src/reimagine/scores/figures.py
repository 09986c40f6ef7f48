"""A measured number: its mean, 95th percentile and interval, with the values it came from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

CONFIDENCE = 0.95
RELATIVE = "share of the mean before"
"""Unit of a change; tables show it in per cent."""
LEAST_FRAMES = 40
"""Of a series in time: with fewer values its correlation cannot be told, and no interval would hold."""
LEAST_APART = 3.0
"""As many independent values as the frames have to be worth."""
COSINES = 6
"""Slow waves by which the mean's uncertainty is read without a model of the correlation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """95 % interval of a mean, or why there is none."""

    low: float = float("nan")
    high: float = float("nan")
    missing: str = ""
    """Why both are NaN, in the user's words; empty where they are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure of one clip, or of several."""

    unit: str
    better: str
    """ "lower", "higher" or "near 1"."""
    mean: float
    p95: float
    """Of the values in the bad direction: the 5th percentile where higher is better."""
    interval: Interval
    values: tuple[float, ...]
    """One a frame (or pair of frames), NaN where there was nothing to measure; for several clips one a clip."""
    start: int = 0
    """Frame of the first value."""
    warning: str = ""
    """What makes the number mean less than it seems to, in the user's words."""


def figure(values: Sequence[float], *, unit: str, better: str, over_time: bool) -> Figure:
    """The figure of these values; NaNs are left out of its numbers.

    `over_time`: the values follow one another in a clip, so that neighbours are alike; else each stands for a clip.
    """
    known = np.asarray([value for value in values if np.isfinite(value)], dtype=np.float64)
    mean = p95 = float("nan")
    if len(known):
        mean = float(known.mean())
        p95 = float(np.percentile(known, 5 if better == "higher" else 95))
    return Figure(
        unit=unit,
        better=better,
        mean=mean,
        p95=p95,
        interval=series_interval(known) if over_time else mean_interval(known),
        values=tuple(float(value) for value in values),
    )


def mean_interval(values: NDArray[np.float64]) -> Interval:
    """Student's interval of the mean of values that do not hang together, such as clips; none of fewer than three."""
    count = len(values)
    if count < 3:
        return Interval(missing=f"it takes at least 3 of them, and there are {count}")
    return _around(values, float(values.std(ddof=1)) / count**0.5, count - 1)


def series_interval(values: NDArray[np.float64]) -> Interval:
    """Interval of the mean of values that follow one another in time, or none where they tell too little.

    The wider of two. One takes the series for an autoregressive one of first order, whose correlation is that of
    neighbours, made up for its bias (Kendall, Biometrika 1954) and half its standard error; the other takes no model
    but the series' six slowest cosines (Lazarus, Lewis, Stock and Watson, JBES 2018). Coverage by
    `benchmarks/scores_intervals.py`.
    """
    count = len(values)
    if count < LEAST_FRAMES:
        return Interval(
            missing=f"it takes at least {LEAST_FRAMES} frames that can be measured, and there are {count}"
        )
    off = values - values.mean()
    power = float(off @ off)
    if power <= 1e-24 * float(values @ values):
        return Interval(low=float(values.mean()), high=float(values.mean()))
    alike = (float(off[1:] @ off[:-1]) / power * count + 1) / (count - 4)
    alike = min(max(alike + 0.5 * (max(1 - alike**2, 0) / count) ** 0.5, 0), 0.99)
    # Variance of the mean of such a series against that of independent values.
    inflation = (1 + alike) / (1 - alike)
    inflation -= 2 * alike * (1 - alike**count) / (count * (1 - alike) ** 2)
    apart = count / inflation
    if apart < LEAST_APART:
        return Interval(
            missing=f"neighbouring frames are so alike that {count} of them are worth {apart:.1f} independent ones"
        )
    variance = power / count / (1 - 1 / apart)
    modelled = _around(values, (variance / apart) ** 0.5, apart - 1)
    order = np.arange(1, COSINES + 1)[:, None]
    waves = np.cos(np.pi * order * (np.arange(count) + 0.5) / count) * (2 / count) ** 0.5
    free = _around(values, float(np.square(waves @ values).mean() / count) ** 0.5, COSINES)
    return max(modelled, free, key=lambda one: one.high - one.low)


def _around(values: NDArray[np.float64], error: float, freedom: float) -> Interval:
    """The mean, give or take Student's quantile of its standard error."""
    reach = float(student.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    mean = float(values.mean())
    return Interval(low=mean - reach, high=mean + reach)


def wilson(wins: float, trials: int) -> tuple[float, float]:
    """95 % interval of a share by Wilson (JASA 1927), within 0..1; NaN without trials."""
    if trials == 0:
        return float("nan"), float("nan")
    z = 1.959964
    share = wins / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    reach = z / (1 + z * z / trials)
    reach *= (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)
