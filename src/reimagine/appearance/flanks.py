"""Sides of a shirt that hands hide in the front photo: the back photo shows more of them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.edges import Edges, edges_of
from reimagine.appearance.grid import Mask
from reimagine.appearance.legs import legs
from reimagine.appearance.outline import SKIN, UPPER, Outline, about
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.regions import ARMS
from reimagine.appearance.seeing import Seeing
from reimagine.body.joints import HIPS

_HIDDEN_M = 0.2
"""Hands hide the sides of cloth within so much above its hem; higher up there is a gap, or a sleeve."""
_MOST_M = 0.03
"""By no more than this it is broader."""
_CURVE_M = 0.08
"""So high hems curve up at the sides."""
_SMOOTH_M = 0.04


def with_flanks(front: Seeing, back: Seeing) -> dict[str, Outline]:
    """The front's trunk, where a hand lies on its side at least as broad as the back photo shows the cloth, and legs under it."""
    trunk = front.outlines["trunk"]
    assert trunk.bottom is not None
    rows = np.arange(len(trunk.mask))
    down = front.joints[HIPS, 0].mean() - back.joints[HIPS, 0].mean()
    hem = trunk.bottom.min()
    from_row = hem - _HIDDEN_M / CELL_M
    within = (rows > from_row) & (rows < hem - 1)
    cloth = (back.labels == UPPER) & ~np.isin(back.guide, ARMS)
    ours, theirs = edges_of(trunk.mask), edges_of(about(cloth, back.joints))
    middle = np.interp(rows - down, *_middle(back.outlines["trunk"].mask))
    aside = float(np.median((np.interp(rows, *_middle(trunk.mask)) - middle)[within]))
    sides: list[NDArray[np.float64]] = []
    for edge, other, outward in ((ours.low, theirs.low, -1), (ours.high, theirs.high, 1)):
        hand = _beside(front.labels, edge, outward) == SKIN
        there = np.interp(rows - down, np.arange(len(other)), _seam(back, other, outward))
        more = np.where(hand, there + outward * (aside - edge), 0.0)
        told = within & (~hand | (more > 0))
        more = np.minimum(more, _MOST_M / CELL_M)
        more = np.interp(rows, [from_row, *rows[told]], [0.0, *more[told]])
        sides.append(edge + outward * ndimage.gaussian_filter1d(more, _SMOOTH_M / CELL_M))
    columns = trunk.mask.shape[1]
    wider = Edges(low=sides[0], high=sides[1]).mask(columns) & ~ours.mask(columns)
    mask = trunk.mask | wider
    seen = (front.labels, front.guide, front.bare, trunk.bottom, front.joints)
    return {"trunk": replace(trunk, mask=mask), **legs(*seen, mask)}


def _middle(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows of the mask, and the column halfway between its edges in each."""
    row = np.flatnonzero(mask.any(1))
    edges = edges_of(mask)
    return row, (edges.low[row] + edges.high[row]) / 2


def _seam(back: Seeing, edge: NDArray[np.float64], outward: int) -> NDArray[np.float64]:
    """How far outwards (columns times `outward`) the cloth reaches in each row; minus infinity where a sleeve goes on from it.

    Above a hem that curves up at the side it is as broad as it was before.
    """
    sleeve = _beside(back.labels, edge, outward) == UPPER
    far = np.where(np.isfinite(edge) & ~sleeve, outward * edge, -np.inf)
    reach = round(_CURVE_M / CELL_M)
    return ndimage.maximum_filter1d(far, reach + 1, origin=reach // 2)


def _beside(
    labels: NDArray[np.integer], edge: NDArray[np.float64], outward: int
) -> NDArray[np.integer]:
    """The label just outside the edge in each row; 0 where there is no edge."""
    row = np.flatnonzero(np.isfinite(edge))
    found = np.zeros(len(edge), labels.dtype)
    column = np.clip(edge[row] + 2 * outward, 0, labels.shape[1] - 1).astype(int)
    found[row] = labels[row, column]
    return found
