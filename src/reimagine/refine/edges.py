"""How strong a person's edges are, and a picture made as sharp as that.

All frames around say together how sharp the person is: by the mean of their edges' strength at each point, so that
detail which comes and goes lands on its typical strength. It is a mean of strength and not of energy, since edges half
as strong in one frame and half stronger in the next are right on average, and yet have a quarter more energy.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

Picture = Float[NDArray[np.float32], "height width 3"]
Where = Bool[NDArray[np.bool_], "height width"]
Field = Float[NDArray[np.float32], "height width"]
Numbers = Float[NDArray[np.floating], "*places"]
"""One for each pixel, or one for all."""

AROUND = 15
"""Side in pixels of the square over which edges are measured."""
UNEVEN = 1.015
"""Energy of edges over their mean strength's square, where nothing flickers: 1.00 to 1.02 in clips of three people."""
PLAIN, DETAILED = 0.1, 0.5
"""Quantiles of edges: below the first a surface is plain, above the second it is detailed."""
LEAST_GAIN, LARGEST_GAIN = -0.9, 1.0
"""How far the finest detail may be lowered and raised to be as strong as it was."""
SMOOTH = 7
"""Side in pixels of the square over which that is averaged."""


def inner(where: Where) -> Where:
    """Without the outermost pixels, beside which colours are carried on rather than seen."""
    return cv2.erode(where.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def edge_strength(picture: Picture, where: Where) -> Field:
    """Root mean square of the Laplacian of luma around each pixel, of what lies within `where`."""
    return np.sqrt(np.maximum(mean_around(np.square(_edges(picture)), where, AROUND), 0))


def edge_noise(
    average: Picture, painted: Picture, where: Where, *, kept: float, apart: float
) -> float:
    """Energy of a frame's edges that has nothing to do with how detailed a place is.

    Where the average's edges have energy e, the frame's differ from them by k (e - noise * kept) + noise * apart.

    Args:
        average: The steadied picture.
        painted: The frame's own, exposed alike.
        where: Where the two may be compared.
        kept: Share of a frame's noise that is left in the average, by energy.
        apart: Energy of (painted - average) over that of a frame's noise.
    """
    where = inner(where)
    if not where.any():
        return 0.0
    edges, away = (
        np.square(edge_strength(one, where))[where] for one in (average, painted - average)
    )
    some = edges[:: max(1, len(edges) // 4096)]
    plain, detailed = edges <= np.quantile(some, PLAIN), edges >= np.quantile(some, DETAILED)
    least, least_away = float(edges[plain].mean()), float(away[plain].mean())
    more = max(float(edges[detailed].mean()) - least, 1e-9)
    slope = max(float(away[detailed].mean()) - least_away, 0.0) / more
    return max(least_away - slope * least, 0.0) / max(apart - slope * kept, 0.5 * apart)


def as_sharp(picture: Picture, where: Where, strength: Field, noise: float) -> Picture:
    """The picture with its finest detail scaled until its edges are as strong.

    Args:
        picture: Steadied; beyond `where` anything smooth.
        where: What is looked at; all is scaled.
        strength: Mean of the frames' `edge_strength`.
        noise: How much of its square is noise.
    """
    where = inner(where)
    if not where.any():
        return picture
    wanted = np.asarray(UNEVEN * np.maximum(np.square(strength) - noise, 0), np.float32)
    whole = _whole_gain(picture, where, wanted)
    everything, fine, both = (mean_around(one, where, AROUND) for one in _energies(picture))
    local = np.asarray(_gain(everything - wanted, fine, both), np.float32)
    # Where noise outweighs the person's edges, what is left of them is not known place by place.
    sure = wanted / (wanted + noise + 1e-12)
    gain = mean_around(np.asarray(whole + sure * (local - whole), np.float32), where, SMOOTH)
    placed = np.asarray(picture + gain[..., None] * finest(picture), np.float32)
    # The gain that varies moves the whole a little.
    return np.asarray(placed + _whole_gain(placed, where, wanted) * finest(placed), np.float32)


def finest(picture: Picture) -> Picture:
    """What the binomial 3 x 3 window takes away."""
    return np.asarray(picture - cv2.GaussianBlur(picture, (3, 3), 0), np.float32)


def mean_around(values: Field, where: Where, side: int) -> Field:
    """Mean in a square around each pixel, of what lies within `where`; of squares it may come out as low as -1e-9."""
    inside = where.astype(np.float32)
    share = np.maximum(cv2.blur(inside, (side, side)), 1e-3)
    return np.asarray(cv2.blur(values * inside, (side, side)) / share, np.float32)


def _energies(picture: Picture) -> list[Field]:
    """Squared edges of the picture, of its finest detail, and the product of both."""
    all_edges, fine_edges = _edges(picture), _edges(finest(picture))
    return [all_edges * all_edges, fine_edges * fine_edges, all_edges * fine_edges]


def _whole_gain(picture: Picture, where: Where, wanted: Field) -> Numbers:
    """The same number everywhere."""
    everything, fine, both = (np.asarray(one[where].mean()) for one in _energies(picture))
    return _gain(everything - wanted[where].mean(), fine, both)


def _gain(too_much: Numbers, fine: Numbers, both: Numbers) -> Numbers:
    """By how much more of the finest detail no energy is too much; the lowest energy where it always is."""
    # too_much + 2 both g + fine g^2 = 0, the larger root.
    root = np.sqrt(np.maximum(both * both - fine * too_much, 0))
    gain = (root - both) / np.maximum(fine, 1e-12)
    return np.clip(gain, LEAST_GAIN, LARGEST_GAIN)


def _edges(picture: Picture) -> Field:
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.Laplacian(grey, cv2.CV_32F), np.float32)
