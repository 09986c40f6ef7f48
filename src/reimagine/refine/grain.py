"""What of a picture's finest detail is the person's and what is flicker.

A steadied picture lacks two things: what resampling took from its finest detail, and detail that differs between
frames rightly, since a pixel is too coarse for it. Both are in the frame as painted, beside its flicker. Flicker is
told apart by where it is: it is on plain surfaces too, while what resampling loses grows with the detail.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reimagine.refine.edges import (
    Field,
    Picture,
    Where,
    as_sharp,
    edge_noise,
    finest,
    mean_around,
)

MOST_RIGHTLY = 0.35
"""Share of the detail's energy by which frames may differ without flicker."""
FLICKERS, RESAMPLED = 0.70, 0.80
"""How fine a difference of two frames is: share of its energy that is left when it is made finer once more. Measured:
0.64 to 0.76 where edges and detail flicker, 0.79 to 0.85 where resampling is all."""
PLAIN, DETAILED = 0.4, 0.8
"""Quantiles of detail: below the first a surface is plain, above the second it is detailed."""
AROUND = 7
"""Side in pixels of the square over which detail is measured."""
COARSE = 9
"""Side in pixels of the square over which what is coarse is averaged."""
STEADY_COARSE, STEADY_MIDDLE = 1.2e-5, 0.02
"""Energy of coarse differences, and share of the middle octave's, that resampling alone makes."""
ANOTHER = 0.8
"""Energy of differing detail over the detail's, beyond which the frame shows other edges, or the same ones elsewhere."""
EDGES_OF_NOISE = 31
"""Energy of the edges of white noise over that of its finest detail; what is no noise, but a frame that lies a little
aside, looks like more."""
ROUNDING = (0.6 / 255) ** 2
"""Energy of rounding to 8 bit in two pictures; no flicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How much of the average is the frame's own."""

    own: float
    squared: float
    """Sum of the squared shares of all frames: what independent noise keeps of its energy."""

    @property
    def of_difference(self) -> float:
        """Energy of (own - average) over the energy of one frame's noise."""
        return max(1 - 2 * self.own + self.squared, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker:
    """Energy of what is fine in the difference of a frame and the average."""

    everywhere: float
    """Also where the surface is plain."""
    all_in_detail: float
    """The rest, as a share of the detail's energy."""
    rightly: float
    """What of that is no flicker."""


def keep_own_detail(
    average: Picture,
    painted: Picture,
    where: Where,
    shares: Shares,
    strength: Field,
    *,
    as_painted: bool = True,
) -> Picture:
    """The average with the frame's own detail where that is no flicker, as sharp as `strength` says.

    Args:
        average: The steadied picture; beyond `where` anything smooth.
        painted: The frame's own, exposed alike.
        where: Where the two may be compared.
        shares: What the average is made of.
        strength: Mean of the painted frames' `edge_strength`, exposed like the average.
        as_painted: Whether the frame itself is what comes out where it does not flicker.
    """
    steady = _steadiness(average, painted, where) if as_painted else 0.0
    if steady >= 1:
        return painted
    fine, own = finest(average), finest(painted - average)
    detail = _energy(fine, where)
    flicker = _flicker(detail, own, where)
    left = flicker.everywhere * shares.squared / shares.of_difference
    signal = np.maximum(detail - left, 0)
    kept = flicker.rightly * signal / (flicker.everywhere + flicker.all_in_detail * signal + 1e-12)
    kept = np.minimum(kept, 1)
    # What remains of the noise in the average lies on plain surfaces too: taken from there as far as it shows.
    clean = signal / (detail + 1e-12)
    plain = where & (detail <= _quantile(detail[where], PLAIN))
    grain = _grain(painted - average, plain) * shares.squared / shares.of_difference
    middle = _middle(average)
    octave = _energy(middle, where)
    clean_middle = np.clip(1 - grain / (octave + 1e-12), 0, 1)
    result = average + own * kept[..., None] - fine * ((1 - clean) * (1 - kept))[..., None]
    result -= middle * (1 - clean_middle)[..., None]
    # A frame that shows something else says nothing of how noisy the others are.
    another = flicker.all_in_detail > ANOTHER
    noise = (
        0.0
        if another
        else edge_noise(average, painted, where, kept=shares.squared, apart=shares.of_difference)
    )
    noise = min(noise, EDGES_OF_NOISE * flicker.everywhere / shares.of_difference)
    sharp = as_sharp(np.asarray(result, np.float32), where, strength, noise)
    return sharp if steady <= 0 else np.asarray(sharp + steady * (painted - sharp), np.float32)


def _steadiness(average: Picture, painted: Picture, where: Where) -> float:
    """1 where the frame does not flicker: what is coarser than a pixel or two is the average's; 0 where it is not."""
    apart = painted - average
    inside = where.astype(np.float32)[..., None]
    share = np.maximum(cv2.blur(inside, (COARSE, COARSE)), 1e-3)[..., None]
    coarse = np.asarray(cv2.blur(apart * inside, (COARSE, COARSE)) / share, np.float32)
    low = float(_squared(coarse)[where].mean())
    middle = float(_squared(_middle(apart))[where].mean())
    strength = float(_squared(_middle(average))[where].mean())
    doubts = low / STEADY_COARSE, middle / (STEADY_MIDDLE * strength + ROUNDING)
    return float(np.clip(2 - max(doubts), 0, 1))


def _flicker(detail: Field, own: Picture, where: Where) -> Flicker:
    """Told from the fine differences `own` between the frame and the average, by where and how fine they are."""
    apart, finer = (_squared(one)[where] for one in (own, finest(own)))
    detail = detail[where]
    if len(detail) == 0:
        return Flicker(everywhere=0.0, all_in_detail=0.0, rightly=0.0)
    plain = detail <= _quantile(detail, PLAIN)
    detailed = detail >= _quantile(detail, DETAILED)
    strength = max(float(detail[detailed].mean()), 1e-12)
    ratio = float(apart[detailed].mean()) / strength
    everywhere = float(apart[plain].mean()) - ratio * float(detail[plain].mean())
    everywhere = max(everywhere - ROUNDING, 0.0)
    share = everywhere / max(float(apart[plain].mean()), 1e-12)
    more = max(float(apart[detailed].mean()) - everywhere, 0.0)
    more_finer = max(float(finer[detailed].mean()) - share * float(finer[plain].mean()), 0.0)
    fineness = more_finer / max(more, 1e-12)
    resampled = min(max((fineness - FLICKERS) / (RESAMPLED - FLICKERS), 0.0), 1.0)
    return Flicker(
        everywhere=everywhere,
        all_in_detail=more / strength,
        rightly=min(more / strength * resampled, MOST_RIGHTLY),
    )


def _grain(difference: Picture, plain: Where) -> float:
    """Energy of noise an octave above the finest."""
    apart = _squared(_middle(difference))
    return max(float(apart[plain].mean()) - ROUNDING, 0.0) if plain.any() else 0.0


def _middle(picture: Picture) -> Picture:
    """The octave beside what `finest` gives."""
    near = cv2.GaussianBlur(picture, (3, 3), 0)
    return np.asarray(near - cv2.GaussianBlur(near, (5, 5), 0), np.float32)


def _quantile(values: NDArray[np.float32], share: float) -> float:
    some = values[:: max(1, len(values) // 4096)]
    return float(np.quantile(some, share)) if len(some) else 0.0


def _energy(fine: Picture, where: Where) -> Field:
    """Mean square around each pixel, of what lies within `where`."""
    return mean_around(_squared(fine), where, AROUND)


def _squared(picture: Picture) -> Field:
    """Mean square over the channels; NumPy's own mean over so short an axis takes ten times as long."""
    return np.asarray(cv2.transform(picture * picture, np.full((1, 3), 1 / 3)), np.float32)
