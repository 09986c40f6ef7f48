"""Tied hair: a tail that stands off the back of the head and falls from there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import Mask, filled, label, ramp
from reimagine.appearance.outline import FACE, HAIR, SKIN, closed, smooth
from reimagine.appearance.plane import CELL_M, Plane
from reimagine.body.joints import Joint

_ABOVE_M, _EARS_M, _CHIN_M = 0.12, 0.02, 0.05
"""The first two above the head joint, the last below it: no natural hair grows as far down as that."""
_NARROW, _THINNEST_M = 0.55, 0.015
"""A tail is narrower than this share of the head's hair, and broader than a strand."""
_SHORTEST_M = 0.04
"""So far down it is to be seen between skin or clothes."""
_MIDST_M = 0.06
"""A tail hangs no further from the head's middle plane."""
_WAIST_M, _WAIST = 0.03, 0.6
"""Hair tied low is narrow where it comes out, this share of its breadth further down."""
_HIGH_M = 0.09
"""Above the head joint: where a tail is taken to be tied whose tie is not to be seen, the middle of the head's back."""
_TIE, _TIE_M2, _TIE_ASIDE_M = 0.3, (5e-5, 1.2e-3), 0.03
"""A tie differs so much from hair (RGB, 0..1), is so large, and so far from the middle."""
_AT_TIE_M, _BROAD_M = 0.03, 0.04
"""Breadth at the tie, and the least where the tail is broadest."""
_CAP_M = 0.012
"""Above the tie hair stands up before it falls."""
_GAP, _DEEP_M = 0.15, (0.025, 0.055)
"""A tail stands off by this share of its breadth; it is as deep as broad, within these bounds."""
_ROOT_M, _RISES_M, _INSIDE_M = 0.06, 0.04, 0.015
"""So far below its upper end a tail has left the head, and so far it is as deep as ever; how deep in the head it begins."""
_BEHIND_M = 0.12
"""A tail's middle behind the head joint."""
_OFF_M = 0.014
"""How far hair lies off the skull."""
_EVEN_M = 0.02
"""Over so much of its length its depth is evened out."""
_DRAWS_IN = 0.03
"""Metres that a tail draws in per metre."""
_THINS, _THINS_FROM = 0.7, 0.4
"""By how much it is shallower at its tip, and from where on, as shares of its depth and length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """The narrow part of a tail, row by row."""

    rows: NDArray[np.int64]
    middle: NDArray[np.float64]
    """Column."""
    breadth: NDArray[np.float64]
    """Cells."""


def find_tail(
    labels: NDArray[np.integer],
    joints: Float[NDArray[np.floating], "55 2"],
    picture: Float[NDArray[np.floating], "rows columns 3"],
) -> Mask | None:
    """Where a tail hangs in a photo from behind, on its plane, from the tie down; None where hair is not tied.

    Tied hair comes down from the head clearly narrower than head and neck, with skin or clothes on either side.
    """
    head = round(float(joints[Joint.HEAD, 0]))
    hair = labels == HAIR
    above = slice(max(head - _cells(_ABOVE_M), 0), max(head - _cells(_EARS_M), 0))
    if not hair[above].any():
        return None
    middle = float(np.median(np.nonzero(hair[above])[1]))
    broad = float(np.median(hair[above].sum(1)))
    narrow = _narrow(labels, head, middle, _NARROW * broad)
    if narrow is None:
        return None
    runs = _runs(narrow)
    tie = _low_tie(runs)
    if tie is None:
        tie = _tie(hair, picture, slice(above.start, runs.rows[0]), middle)
    if tie is None:
        tie = (head - _HIGH_M / CELL_M, middle)
    return smooth(narrow & (np.arange(len(labels))[:, None] > tie[0]) | _upper(labels, runs, tie))


def _cells(length_m: float) -> int:
    return round(length_m / CELL_M)


def _narrow(labels: NDArray[np.integer], head: int, middle: float, most: float) -> Mask | None:
    """The part of a tail that is seen between skin or clothes; None where there is none, or more than one."""
    runs = label(labels == HAIR, along_rows=True)
    runs[: head - _cells(_EARS_M)] = 0
    kept: list[int] = []
    for index, part in enumerate(ndimage.find_objects(runs), start=1):
        if part is None:
            continue
        start, stop = part[1].start, part[1].stop
        fits = _THINNEST_M / CELL_M <= stop - start <= most
        near = abs((start + stop - 1) / 2 - middle) < _MIDST_M / CELL_M
        if fits and near and (_on_either_side(labels, part) > 0).all():
            kept.append(index)
    pieces = label(np.isin(runs, kept))
    found: list[Mask] = []
    for index, part in enumerate(ndimage.find_objects(pieces), start=1):
        rows = part[0]
        long = rows.stop - rows.start >= _SHORTEST_M / CELL_M
        if long and rows.start <= head + _CHIN_M / CELL_M < rows.stop:
            found.append(pieces == index)
    return found[0] if len(found) == 1 else None


def _on_either_side(labels: NDArray[np.integer], run: tuple[slice, slice]) -> NDArray[np.integer]:
    """The labels two cells to the left and to the right of a run of cells in one row."""
    left, right = max(run[1].start - 2, 0), min(run[1].stop + 1, labels.shape[1] - 1)
    return labels[run[0].start, [left, right]]


def _runs(narrow: Mask) -> _Runs:
    rows = np.flatnonzero(narrow.any(1))
    own = narrow[rows]
    breadth = own.sum(1).astype(np.float64)
    middle = (own * np.arange(own.shape[1])).sum(1) / breadth
    return _Runs(rows=rows, middle=middle, breadth=breadth)


def _low_tie(runs: _Runs) -> tuple[float, float] | None:
    """Row and column of a waist where the narrow part begins: hair tied at the nape."""
    upper = runs.breadth[: _cells(_WAIST_M)]
    at = int(upper.argmin())
    if upper[at] > _WAIST * runs.breadth[at:].max():
        return None
    return float(runs.rows[at]), float(runs.middle[at])


def _tie(
    hair: Mask, picture: NDArray[np.floating], rows: slice, middle: float
) -> tuple[float, float] | None:
    """Row and column of what is tied around hair in a colour of its own."""
    place = np.zeros_like(hair)
    aside = _cells(_TIE_ASIDE_M)
    place[rows, round(middle) - aside : round(middle) + aside + 1] = True
    place &= filled(hair)
    if not place.any():
        return None
    usual = np.median(picture[place], axis=0)
    pieces = label(place & (np.linalg.norm(picture - usual, axis=-1) > _TIE))
    areas = np.bincount(pieces.ravel())[1:] * CELL_M**2
    fits = (areas > _TIE_M2[0]) & (areas < _TIE_M2[1])
    if not fits.any():
        return None
    chosen = 1 + int(np.where(fits, areas, 0).argmax())
    row, column = np.argwhere(pieces == chosen).mean(0)
    return float(row), float(column)


def _upper(labels: NDArray[np.integer], runs: _Runs, tie: tuple[float, float]) -> Mask:
    """A tail before the head, from the tie to where its outline is seen, broader on its way down."""
    first, upper = runs.rows[0], runs.breadth[: _cells(_SHORTEST_M)]
    broad = max(float(np.median(upper)), _BROAD_M / CELL_M)
    rows, columns = np.indices(labels.shape)
    down = np.clip((rows - tie[0]) / max(first + 2 - tie[0], 1), 0, 1)
    middle = tie[1] + (float(np.median(runs.middle[: len(upper)])) - tie[1]) * down
    at_tie = min(_AT_TIE_M / CELL_M, broad)
    half = (at_tie + (broad - at_tie) * np.sin(down * np.pi / 2)) / 2
    cap = _CAP_M / CELL_M
    half = half * np.sqrt(np.clip(1 - np.clip((tie[0] - rows) / cap, 0, 1) ** 2, 0, 1))
    return (np.abs(columns - middle) < half) & (rows > tie[0] - cap) & (rows < first + 2)


def before_skin(labels: NDArray[np.integer], tail: Mask) -> Mask:
    """What of a tail hangs before the neck: hair between skin, row by row."""
    runs = label(labels == HAIR, along_rows=True)
    runs *= np.isin(runs, runs[tail])
    found = np.zeros_like(tail)
    for part in ndimage.find_objects(runs):
        if part is not None:
            found[part] = np.isin(_on_either_side(labels, part), (SKIN, FACE)).any()
    return found


def carried(
    mask: Mask,
    planes: tuple[Plane, Plane],
    heads: Sequence[Float[NDArray[np.floating], "3 4"]],
    joint: Float[NDArray[np.floating], "3"],
) -> Mask:
    """A tail on one photo's plane on another's: where it comes out it goes with the head, and hangs from there.

    `heads`: how the head stands in either photo, from the zero pose, in which its joint is `joint`.
    """
    (first, second), (stood, stands) = planes, heads
    rows, columns = np.nonzero(mask)
    z = np.full(len(rows), stood[2] @ [*joint, 1] - _BEHIND_M)
    flat = np.stack([first.x[columns], first.y[rows]], -1)
    points = np.column_stack([first.seen_at(flat, z), z])
    out = points[rows < rows[0] + 2 * _CAP_M / CELL_M].mean(0)
    on_head = np.linalg.solve(stood[:, :3], out - stood[:, 3])
    points += stands @ [*on_head, 1] - out
    flat = second.seen_at(points[:, :2], points[:, 2], back=True)
    row, column = np.round(second.cells(flat)).astype(int).T
    found = np.zeros((len(second.y), len(second.x)), bool)
    found[row.clip(0, len(found) - 1), column.clip(0, len(found[0]) - 1)] = True
    return smooth(closed(found, 2 * CELL_M))


def tail_depths(
    mask: Mask, far: Float[NDArray[np.floating], "rows columns"]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Front and back z of a tail with this outline; `far`: the back of body and clothes, NaN off them."""
    rows = np.flatnonzero(mask.any(1))
    down = (rows - rows[0]) * CELL_M
    deep = np.clip(mask[rows].sum(1) * CELL_M, *_DEEP_M)
    deep = ndimage.gaussian_filter1d(deep, _EVEN_M / CELL_M, mode="nearest")
    deep *= 1 - _THINS * ramp(down / down[-1], _THINS_FROM, 1)
    behind = np.where(mask, far, np.nan)[rows]
    known = np.isfinite(behind).any(1)
    lowest = np.nanmin(behind[known], axis=1)
    under = np.interp(rows, rows[known], lowest)
    leaves, rises = (ramp(down, 0, length) for length in (_ROOT_M, _RISES_M))
    # From the skull it stands off; where it comes down on neck or clothes it lies.
    root = under + _INSIDE_M - _OFF_M
    off = np.minimum.accumulate(under) - _OFF_M - _GAP * deep.max()
    ahead = root + (off - root) * leaves
    for row in np.flatnonzero(down >= _ROOT_M):
        ahead[row] = min(under[row], ahead[row - 1] + _DRAWS_IN * CELL_M)
    back = root + (ahead - deep - root) * rises
    near = ndimage.binary_dilation(mask, iterations=4)
    every = np.arange(len(mask))
    ahead, back = (
        np.where(near, np.interp(every, rows, z)[:, None], np.nan).astype(np.float32)
        for z in (ahead, back)
    )
    return ahead, back
