"""A measured number: its mean, 95th percentile and interval, with the values it came from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
CONFIDENCE = 0.95
RELATIVE = "share of the mean before"
"""Unit of a change; tables show it in per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure of one clip, or of several."""

    unit: str
    better: str
    """ "lower", "higher" or "near 1"."""
    mean: float
    p95: float
    """Of the values in the bad direction: the 5th percentile where higher is better."""
    low: float
    high: float
    """95 % bootstrap interval of the mean."""
    values: tuple[float, ...]
    """One a frame (or pair of frames), NaN where there was nothing to measure; for several clips one a clip."""
    start: int = 0
    """Frame of the first value."""


def figure(values: Sequence[float], *, unit: str, better: str, seed: int, block: int = 1) -> Figure:
    """The figure of these values; NaNs are left out of its numbers.

    The interval is a percentile bootstrap over moving blocks of `block` values (Kuensch, Annals of Statistics 1989):
    neighbouring frames are alike, and drawing them one by one would promise too narrow an interval. Values that
    stand for clips have blocks of one. With fewer than two values the interval is NaN.
    """
    known = np.asarray([value for value in values if np.isfinite(value)], dtype=np.float64)
    if len(known) == 0:
        mean = p95 = low = high = float("nan")
    else:
        mean = float(known.mean())
        p95 = float(np.percentile(known, 5 if better == "higher" else 95))
        low, high = bootstrap(known, seed=seed, block=block)
    return Figure(
        unit=unit,
        better=better,
        mean=mean,
        p95=p95,
        low=low,
        high=high,
        values=tuple(float(value) for value in values),
    )


def bootstrap(values: NDArray[np.float64], *, seed: int, block: int = 1) -> tuple[float, float]:
    """95 % percentile interval of the mean, from blocks of `block` neighbours that may start anywhere, round the end."""
    count = len(values)
    if count < 2:
        return float("nan"), float("nan")
    block = max(1, min(block, count // 2))
    generator = np.random.default_rng(seed)
    blocks = -(-count // block)
    starts = generator.integers(0, count, size=(RESAMPLES, blocks, 1))
    index = ((starts + np.arange(block)) % count).reshape(RESAMPLES, -1)[:, :count]
    means = values[index].mean(axis=1)
    edge = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [edge, 100 - edge])
    return float(low), float(high)


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
