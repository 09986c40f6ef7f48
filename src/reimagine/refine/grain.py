"""What of a picture's finest detail is the person's and what is flicker, and how sharp the person is.

A steadied picture lacks two things: what resampling took from its finest detail, and detail that differs between
frames rightly, since a pixel is too coarse for it. Both are in the frame as painted, beside its flicker. Flicker is
told apart by where it is: it is on plain surfaces too, while what resampling loses grows with the detail.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

Picture = Float[NDArray[np.float32], "height width 3"]
Where = Bool[NDArray[np.bool_], "height width"]

MOST_RIGHTLY = 0.35
"""Share of the detail's energy by which frames may differ without flicker."""
FLICKERS, RESAMPLED = 0.70, 0.80
"""How fine a difference of two frames is: share of its energy that is left when it is made finer once more. Measured:
0.64 to 0.76 where edges and detail flicker, 0.79 to 0.85 where resampling is all."""
PLAIN, DETAILED = 0.4, 0.8
"""Quantiles of detail: below the first a surface is plain, above the second it is detailed."""
AROUND = 7
"""Side in pixels of the square over which detail is measured."""
SURROUNDINGS = 15
"""The same, where frames are compared by how strong their detail is."""
UNLIKE, ALIKE = 0.3, 0.6
"""Squared correlation of a frame's edges with the average's: below the first they are others, above the second the same."""
COARSE = 9
"""Side in pixels of the square over which what is coarse is averaged."""
STEADY_COARSE, STEADY_MIDDLE = 1.2e-5, 0.02
"""Energy of coarse differences, and share of the middle octave's, that resampling alone makes."""
ROUNDING = (0.6 / 255) ** 2
"""Energy of rounding to 8 bit in two pictures; no flicker."""
LEAST_GAIN, LARGEST_GAIN = -0.9, 1.0
"""How far the finest detail may be lowered and raised to be as strong as it was."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Evened:
    """A frame whose detail is no longer too strong here and too weak there."""

    picture: Picture
    surplus: float
    """How much more energy edges have in the mean because their strength varies, over what they had if it did not."""


def keep_own_detail(
    average: Picture, painted: Picture, where: Where, shares: Shares, energy: float
) -> Picture:
    """The average with the frame's own detail where that is no flicker, as sharp as `energy` says.

    Args:
        average: The steadied picture; beyond `where` anything smooth.
        painted: The frame's own, exposed alike.
        where: Where the two may be compared.
        shares: What the average is made of.
        energy: `edge_energy` of the frames as painted, flicker included.
    """
    steady = _steadiness(average, painted, where)
    if steady >= 1:
        return painted
    untouched = painted
    evened = _evened(average, painted, where)
    painted, energy = evened.picture, energy / evened.surplus
    fine, own = _fine(average), _fine(painted - average)
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
    strength = _energy(middle, where)
    clean_middle = np.clip(1 - grain / (strength + 1e-12), 0, 1)
    result = average + own * kept[..., None] - fine * ((1 - clean) * (1 - kept))[..., None]
    result -= middle * (1 - clean_middle)[..., None]
    # A frame that shows something else says nothing of how the others flicker.
    another = flicker.all_in_detail > 1
    noise = 0.0 if another else _edge_noise(average, painted, detail, where) / shares.of_difference
    sharp = _as_sharp(np.asarray(result, np.float32), where, max(energy - noise, 0.0))
    return sharp if steady <= 0 else np.asarray(sharp + steady * (untouched - sharp), np.float32)


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


def _edge_noise(
    average: Picture,
    painted: Picture,
    detail: Float[NDArray[np.float32], "height width"],
    where: Where,
) -> float:
    """Energy of the differing edges that has nothing to do with how detailed a place is."""
    some = detail[where]
    if len(some) == 0:
        return 0.0
    plain, detailed = (
        where & (detail <= _quantile(some, PLAIN)),
        where & (detail >= _quantile(some, DETAILED)),
    )
    apart = [edge_energy(painted - average, one) for one in (plain, detailed)]
    edges = [edge_energy(average, one) for one in (plain, detailed)]
    slope = max(apart[1] - apart[0], 0.0) / max(edges[1] - edges[0], 1e-9)
    return max(apart[0] - slope * edges[0], 0.0)


def edge_energy(picture: Picture, where: Where) -> float:
    """Mean square of the Laplacian of luma; zero where there is nothing to look at."""
    return float(np.square(_edges(picture)[where]).mean()) if where.any() else 0.0


def inner(where: Where) -> Where:
    """Without the outermost pixels, beside which colours are carried on rather than seen."""
    return cv2.erode(where.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def _evened(average: Picture, painted: Picture, where: Where) -> Evened:
    """The frame with its fine detail as strong from place to place as the average's, where it is the same detail."""
    size = (SURROUNDINGS, SURROUNDINGS)
    inside = where.astype(np.float32)
    theirs, own = (_edges(one) * inside for one in (average, painted))
    both, strength, all_own = (
        cv2.blur(one, size) for one in (theirs * own, theirs * theirs, own * own)
    )
    alike = both * np.maximum(both, 0) / (strength * all_own + 1e-12)
    sure = np.clip((alike - UNLIKE) / (ALIKE - UNLIKE), 0, 1) * inside
    gain = both / (strength + 1e-12)
    weight = strength * sure
    total = float(weight.sum())
    if total < 1e-9:
        return Evened(picture=painted, surplus=1.0)
    middle = float((weight * gain).sum()) / total
    away = np.clip(gain / max(middle, 1e-6) - 1, -0.7, 2.0) * sure
    spread = float((strength * inside * np.square(away)).sum() / (strength * inside).sum())
    less = away / (1 + away)
    return Evened(
        picture=np.asarray(painted - _fine(painted) * less[..., None], np.float32),
        surplus=1 + spread,
    )


def _as_sharp(picture: Picture, where: Where, energy: float) -> Picture:
    """The picture with its finest detail scaled so that its edges have this energy."""
    fine = _fine(picture)
    where = inner(where)
    base, more = _edges(picture)[where], _edges(fine)[where]
    if not where.any():
        return picture
    a, b = float(np.square(more).mean()), float((base * more).mean())
    c = float(np.square(base).mean()) - energy
    if a < 1e-12:
        return picture
    # The larger root of a g^2 + 2 b g + c = 0; where there is none, its lowest point.
    gain = (-b + max(b * b - a * c, 0.0) ** 0.5) / a
    gain = min(max(gain, LEAST_GAIN), LARGEST_GAIN)
    return np.asarray(picture + gain * fine, np.float32)


def _flicker(
    detail: Float[NDArray[np.float32], "height width"], own: Picture, where: Where
) -> Flicker:
    """Told from the fine differences `own` between the frame and the average, by where and how fine they are."""
    apart, finer = (_squared(one)[where] for one in (own, _fine(own)))
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
    """The octave beside what `_fine` gives."""
    near = cv2.GaussianBlur(picture, (3, 3), 0)
    return np.asarray(near - cv2.GaussianBlur(near, (5, 5), 0), np.float32)


def _quantile(values: NDArray[np.float32], share: float) -> float:
    some = values[:: max(1, len(values) // 4096)]
    return float(np.quantile(some, share)) if len(some) else 0.0


def _energy(fine: Picture, where: Where) -> Float[NDArray[np.float32], "height width"]:
    """Mean square around each pixel, of what lies within `where`."""
    size = (AROUND, AROUND)
    inside = where.astype(np.float32)
    total = cv2.blur(_squared(fine) * inside, size)
    return np.asarray(total / np.maximum(cv2.blur(inside, size), 1e-3), np.float32)


def _squared(picture: Picture) -> Float[NDArray[np.float32], "height width"]:
    """Mean square over the channels; NumPy's own mean over so short an axis takes ten times as long."""
    return np.asarray(cv2.transform(picture * picture, np.full((1, 3), 1 / 3)), np.float32)


def _fine(picture: Picture) -> Picture:
    """What the binomial 3 x 3 window takes away."""
    return np.asarray(picture - cv2.GaussianBlur(picture, (3, 3), 0), np.float32)


def _edges(picture: Picture) -> Float[NDArray[np.float32], "height width"]:
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.Laplacian(grey, cv2.CV_32F), np.float32)
