"""Caps and hats: what covers the head above a line, in a colour of its own.

Parts know of no hats; a photo's labels call them hair. Where what is called hair has two colours, one above the other,
the upper one is a hat's, and neither gives the other its colour.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import Mask, depth, filled
from reimagine.appearance.outline import HAIR
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.seeing import Seeing

_APART = 0.18
"""Two colours (RGB, 0..1) that differ by less are one."""
_LEAST, _WRONG = 0.15, 0.05
"""Share of the pixels that either colour has at least, and that may lie on the wrong side of the line."""
_MIXED_M = 0.006
"""Hair so near its outline is mixed with skin and background, which passes for another colour."""
_CHANGES = 25
"""Columns over which the line's height is the median."""

Colours = Float[NDArray[np.floating], "pixels 3"]
Place = tuple[Int[NDArray[np.integer], " pixels"], ...]
Line = tuple[NDArray[np.float64], float]
"""For each column, below which row hair begins, and the share of pixels on the wrong side of it."""


def with_hats(seen: Sequence[Seeing], pictures: Sequence[NDArray[np.floating]]) -> list[Seeing]:
    """The same photos, with the hats that they show; `pictures` (height width 3, 0..1) are the photos themselves.

    One photo that shows hat and hair is enough to tell them apart in the other.
    """
    colours = [one.plane.read(picture) for one, picture in zip(seen, pictures, strict=True)]
    hairs = [(one.labels == HAIR) & (one.bare <= 0) for one in seen]
    found: list[tuple[NDArray[np.floating], float]] = []
    for one, colour, hair in zip(seen, colours, hairs, strict=True):
        inner = np.nonzero(hair & (depth(one.labels == HAIR) * CELL_M > _MIXED_M))
        found += _two(colour[inner], inner, colour.shape[1])
    if not found:
        return list(seen)
    two, _ = min(found, key=lambda one: one[1])
    hats: list[Seeing] = []
    for one, colour, hair in zip(seen, colours, hairs, strict=True):
        row, wrong = _line(_nearest(colour[hair], two), np.nonzero(hair), colour.shape[1])
        hat = filled(hair & (np.arange(len(hair))[:, None] < row))
        # Tied hair comes out from under it.
        tail = None if one.tail is None else one.tail & ~hat
        hats.append(replace(one, hat=hat, tail=tail) if wrong < 3 * _WRONG else one)
    return hats


def _two(colours: Colours, place: Place, breadth: int) -> list[tuple[NDArray[np.floating], float]]:
    """The upper and the lower colour (2 3), and which share lies on the wrong side of the line between; none where they are one."""
    if len(colours) < 100:
        return []
    away = colours - colours.mean(0)
    along = away @ np.linalg.eigh(away.T @ away)[1][:, -1]
    # The split that leaves least variance on either side (Otsu 1979).
    cuts = np.quantile(along, np.linspace(_LEAST, 1 - _LEAST, 33))
    spread = [sum(along[side].var() * side.mean() for side in _sides(along, cut)) for cut in cuts]
    sides = _sides(along, float(cuts[int(np.argmin(spread))]))
    if min(side.mean() for side in sides) < _LEAST:
        return []
    upper, lower = sorted(sides, key=lambda side: float(place[0][side].mean()))
    two = np.stack([np.median(colours[side], axis=0) for side in (upper, lower)])
    _, wrong = _line(_nearest(colours, two), place, breadth)
    apart = np.linalg.norm(two[0] - two[1]) > _APART
    return [(two, wrong)] if apart and wrong < _WRONG else []


def _sides(along: NDArray[np.floating], cut: float) -> tuple[Mask, Mask]:
    return along <= cut, along > cut


def _nearest(colours: Colours, two: NDArray[np.floating]) -> Mask:
    """Whether each pixel is rather the upper one."""
    upper, lower = (np.linalg.norm(colours - one, axis=1) for one in two)
    return upper < lower


def _line(upper: Mask, place: Place, breadth: int) -> Line:
    """The line that leaves fewest upper pixels below it and fewest others above, column by column."""
    rows, columns = place
    order = np.lexsort((rows, columns))
    at, starts = np.unique(columns[order], return_index=True)
    cut = np.empty(len(at))
    for index, own in enumerate(np.split(order, starts[1:])):
        sign = np.where(upper[own], 1, -1)
        above = int(np.argmax(np.concatenate([[0], np.cumsum(sign)])))
        cut[index] = rows[own[above]] if above < len(own) else rows[own[-1]] + 1
    cut = ndimage.median_filter(cut, size=_CHANGES, mode="nearest")
    line = np.interp(np.arange(breadth), at, cut)
    wrong = float(((rows < line[columns]) != upper).mean())
    return line, wrong
