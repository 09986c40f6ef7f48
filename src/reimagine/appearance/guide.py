"""Which region of the body each point of a silhouette belongs to."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import Mask, nearest
from reimagine.appearance.outline import SKIN, UPPER
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.regions import HANDS, LEFT_ARM, RIGHT_ARM

_SHOULDER_M, _WRIST_M = 0.125, 0.085
"""Breadth of a sleeve where no gap shows it."""


def nearest_region(bare: NDArray[np.integer], inside: Mask) -> NDArray[np.int64]:
    """The body region that each silhouette point is nearest to; -1 off the silhouette."""
    return np.where(inside, _nearest(bare), -1).astype(np.int64)


def _nearest(regions: NDArray[np.integer]) -> NDArray[np.integer]:
    """The nearest region at every point."""
    rows, columns = nearest(regions >= 0)
    return regions[rows, columns]


def settle_arms(
    labels: NDArray[np.integer], guide: NDArray[np.integer], bare: NDArray[np.integer]
) -> NDArray[np.int64]:
    """The guide, with the seam between arm and torso measured inwards from the outline.

    Loose cloth hides where the fitted arm really is, by centimetres; the outline does not. Bare skin ends where the
    cloth of the trunk begins; a sleeve is as broad as sleeves are.
    """
    settled = guide.astype(np.int64)
    arms = np.isin(guide, (*LEFT_ARM, *RIGHT_ARM))
    settled[arms & (labels == UPPER)] = 1
    settled[np.isin(guide, HANDS) & (labels == UPPER)] = 8
    for upper, fore, hand, outward in ((2, 3, 4, 1), (5, 6, 7, -1)):
        rows = np.flatnonzero(np.isin(bare, (upper, fore)).any(1))
        if len(rows) == 0:
            continue
        widths = np.interp(
            np.arange(rows[0], rows[-1] + 1), [rows[0], rows[-1]], [_SHOULDER_M, _WRIST_M]
        )
        found = [
            _arm_columns(labels[row, ::outward], width / CELL_M)
            for row, width in zip(range(rows[0], rows[-1] + 1), widths, strict=True)
        ]
        breadth = ndimage.median_filter(np.array([run[1] for run in found]), size=9, mode="nearest")
        elbow = np.flatnonzero((bare == fore).any(1))
        for (edge, _), width, row in zip(found, breadth, range(rows[0], rows[-1] + 1), strict=True):
            line = settled[row, ::outward]  # a view: writing it writes the row
            taken = np.zeros(len(line), bool)
            taken[max(0, len(line) - 1 - edge - int(width)) : len(line) - edge] = True
            kinds = labels[row, ::outward]
            bare_here = kinds[len(line) - 1 - edge - 4 : len(line) - edge] == SKIN
            taken &= (kinds == SKIN) if bare_here.mean() > 0.5 else (kinds > 0)
            taken &= (line != hand) & (line != 0)
            line[taken] = fore if len(elbow) and row >= elbow[0] else upper
    return settled


def _arm_columns(line: NDArray[np.integer], widest: float) -> tuple[int, float]:
    """How far the outline lies from the row's end, and how broad the arm there is, in columns.

    `line` runs outwards: its last filled column is the arm's outer edge.
    """
    filled = np.flatnonzero(line > 0)
    if len(filled) == 0:
        return len(line), 0.0
    edge = len(line) - 1 - int(filled[-1])
    inwards = line[filled[-1] :: -1][: int(widest)]
    skin = np.isin(inwards, (SKIN,))
    if skin[: int(0.03 / CELL_M)].mean() > 0.5:
        gone = np.flatnonzero(ndimage.uniform_filter1d(skin.astype(float), 5) < 0.4)
        return edge, float(gone[0]) if len(gone) else float(len(inwards))
    gap = np.flatnonzero(inwards == 0)
    return edge, float(gap[0]) if len(gap) else float(len(inwards))
