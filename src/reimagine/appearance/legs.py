"""Outlines of legs and what they wear, where they come from under a shirt and hands hide them."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.edges import Edges, edges_of, steadied
from reimagine.appearance.grid import Mask, depth
from reimagine.appearance.outline import (
    CROTCH_M,
    LOWER,
    SHOES,
    SKIN,
    Outline,
    beside_nothing,
    closed,
    hang,
    large,
    largest,
    lowest,
    risen,
    smooth,
)
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.regions import LEFT_LEG, RIGHT_LEG, TROUSERS, Region
from reimagine.body.joints import HIPS

_UNDER_SHIRT_M, _UNDER_SKIRT_M, _CUFF_M, _TAPER = 0.025, 0.05, 0.04, 0.25
"""How far legs go on under a shirt, and further under a skirt; how near its end a hem is looked for; how much narrower hidden hips get upwards."""
_INSIDE_M = 0.006
"""So far within the shirt's sides its own end."""
_SLIM_M = 0.02
"""Within so much above a hem what it hides draws back."""
_ROUGH_CELLS = 1.0
"""Borders between trousers and hands are so rough."""


def legs(
    labels: NDArray[np.integer],
    guide: NDArray[np.integer],
    bare: NDArray[np.integer],
    hem: NDArray[np.float32],
    joints: Float[NDArray[np.floating], "55 2"],
    trunk: Mask,
) -> dict[str, Outline]:
    """Left and right leg of a photo on the plane; arguments as of `outlines`, `hem` the row where the shirt ends per column."""
    rows = np.arange(len(labels))
    below_hem = rows[:, None] >= hem[None, :]
    both = leg_cloth(labels) & np.isin(guide, (Region.PELVIS, *LEFT_LEG, *RIGHT_LEG)) & below_hem
    both |= np.isin(bare, TROUSERS) & (labels > 0) & below_hem
    # Under the shirt nothing is seen: the bare body, a little slimmer, carries the trousers on.
    under = np.isin(bare, (Region.TORSO, *TROUSERS)) & (rows[:, None] < hem[None, :] + 2)
    # Below the crotch a hem lifts with the knees and shows more of them.
    skirt = max(float(hem.max() - joints[HIPS, 0].mean()) * CELL_M - CROTCH_M, 0.0)
    begins = hem - (_UNDER_SHIRT_M + min(skirt / 4, _UNDER_SKIRT_M)) / CELL_M
    under &= rows[:, None] > begins[None, :]
    under = depth(under, (1e3, 1.0)) > 3
    # A body that was fitted to hands beside it must not come out of the shirt.
    under &= edges_of(trunk).mask(labels.shape[1])
    # Joined by what the shirt hides, legs below a long shirt are one piece too; those below a skirt are two.
    both = large(closed(both, 0.012) | under) & below_hem
    crotch = _crotch(labels, float(hem.max()), joints)
    ankles = {
        own: _ankle(both & np.isin(guide, own), (labels == SHOES) & (guide == own[2]), bare, own)
        for own in (LEFT_LEG, RIGHT_LEG)
    }
    outer = edges_of(both & (rows <= max(ankles.values()) + 2)[:, None])
    outer = _under_shirt(labels, outer, edges_of(trunk), hem)
    inner = _inner(labels, outer, crotch)
    slim = hidden_above(hem, len(labels))
    halves = {
        "left_leg": (Edges(low=inner.high, high=outer.high), LEFT_LEG),
        "right_leg": (Edges(low=outer.low, high=inner.low), RIGHT_LEG),
    }
    covered = depth(hang(trunk, hem), (1e3, 1.0)) * CELL_M > _INSIDE_M
    found: dict[str, Outline] = {}
    for name, (edges, own) in halves.items():
        split = (rows >= crotch)[:, None]
        leg = np.where(split, edges.mask(labels.shape[1]), outer.mask(labels.shape[1]) & below_hem)
        leg = largest(smooth(leg | under & (~split | np.isin(bare, own))))
        leg &= (rows <= ankles[own])[:, None]
        end = lowest(leg & split)  # above, both legs' columns end at the crotch
        found[name] = Outline(
            mask=risen(hang(leg, end), hem) & (below_hem | covered),
            bottom=end,
            begins=begins,
            regions=(Region.PELVIS, *own[:2]),
            part="lower",
            hidden=slim,
        )
    return found


def hidden_above(hem: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """How far each place (rows columns) lies under what ends at `hem`, the row per column, 0..1."""
    above = hem[None, :] - np.arange(rows)[:, None]
    return np.clip(above * CELL_M / _SLIM_M + 0.25, 0, 1).astype(np.float32)


def _under_shirt(
    labels: NDArray[np.integer], legs: Edges, trunk: Edges, hem: NDArray[np.float32]
) -> Edges:
    """The outer edges of the legs, which come from under the shirt as broad as it is where hands hide them."""
    sides: list[NDArray[np.float64]] = []
    cloth = edges_of((labels == LOWER) & (np.arange(len(labels))[:, None] >= hem[None, :]))
    band = slice(max(int(hem.min()) - 6, 0), int(hem.min()) + 2)
    for leg, shirt, seen_edge, outward in (
        (legs.low, trunk.low, cloth.low, -1),
        (legs.high, trunk.high, cloth.high, 1),
    ):
        shown = np.where(np.isfinite(seen_edge), seen_edge, -outward * np.inf)
        shown = ndimage.median_filter(shown, 9)
        edge, sure = leg.copy(), beside_nothing(labels, leg, outward)
        hidden = np.isfinite(edge[band]) & (sure[band] < 0.5) | ~np.isfinite(edge[band])
        known = np.flatnonzero(np.isfinite(shirt))
        if len(known):
            last = shirt[np.minimum(np.arange(band.start, band.stop), known[-1])]
            # Trousers that stand off below a hand are hardly narrower close above it.
            seen = np.flatnonzero(sure[band.stop :] > 0.5)[: int(_CUFF_M / CELL_M)] + band.stop
            if len(seen):
                below = edge[seen].mean() - outward * _TAPER * (seen[0] - band.start)
                last = outward * np.maximum(outward * last, outward * below)
            edge[band] = np.where(hidden, last, edge[band])
            sure[band] = np.where(hidden, 1.0, sure[band])
        drawn = _stepped(edge, sure, _cuff(labels, edge, outward))
        # Cloth that is seen beside a hand is cloth: behind the hand there can only be more.
        sides.append(outward * np.maximum(outward * drawn, outward * shown - _ROUGH_CELLS))
    return Edges(low=sides[0], high=sides[1])


def _cuff(labels: NDArray[np.integer], edge: NDArray[np.float64], outward: int) -> int | None:
    """The row in which short trousers end above a bare leg: where the edge steps inwards most, near the cloth's end."""
    rows = np.flatnonzero(np.isfinite(edge))
    columns = np.clip(edge[rows] - 2 * outward, 0, labels.shape[1] - 1).astype(int)
    cloth = rows[labels[rows, columns] == LOWER]
    if len(cloth) == 0:
        return None
    near = rows[np.abs(rows - cloth[-1]) <= _CUFF_M / CELL_M]
    bare = (labels[rows, columns] == SKIN) & (rows > near[-1])
    if bare.sum() * CELL_M < _CUFF_M:
        return None
    step = outward * (edge[near[:-1]] - edge[near[1:]])
    return int(near[1:][step.argmax()])


def _stepped(
    edge: NDArray[np.float64], sure: NDArray[np.float64], cut: int | None
) -> NDArray[np.float64]:
    """The edge steadied, apart above and from row `cut` on."""
    if cut is None:
        return steadied(edge, sure)
    rows = np.arange(len(edge))
    above, below = (steadied(np.where(of, edge, np.nan), sure) for of in (rows < cut, rows >= cut))
    return np.where(rows < cut, above, below)


def _inner(labels: NDArray[np.integer], outer: Edges, crotch: int) -> Edges:
    """Inner edges of the right (low) and left (high) leg below the crotch: the gap between them, or where they touch."""
    low, high = outer.low.copy(), outer.high.copy()
    low[:crotch], high[:crotch] = np.nan, np.nan
    sure = np.full(len(low), 0.15)
    for row in np.flatnonzero(np.isfinite(low)):
        first, last = low[row], high[row]
        quarter = (last - first) / 4
        columns = np.arange(int(first + quarter), int(last - quarter) + 1)
        gap = columns[labels[row, columns] == 0]
        middle = (first + last) / 2
        if len(gap) > 1:
            low[row], high[row], sure[row] = gap[0] - 1, gap[-1] + 1, 1.0
        else:
            low[row], high[row] = middle - 0.5, middle + 0.5
    return Edges(low=steadied(low, sure), high=steadied(high, sure))


def leg_cloth(labels: NDArray[np.integer]) -> Mask:
    """Where a photo shows legs or what they wear: skin counts below the trousers only, else hands would be legs."""
    shown = np.isin(labels, (LOWER, SHOES))
    cloth_rows = np.nonzero(labels == LOWER)[0]
    from_row = np.quantile(cloth_rows, 0.97) - 2 if len(cloth_rows) > 50 else 0
    below = np.arange(len(labels))[:, None] > from_row
    return shown | ((labels == SKIN) & below)


def _crotch(
    labels: NDArray[np.integer], hem: float, joints: Float[NDArray[np.floating], "55 2"]
) -> int:
    """First row below which the legs are two: the body's crotch, or a gap between the thighs that begins higher."""
    hips = max(int(joints[HIPS, 0].mean()), int(hem) + 1)
    body = int(joints[HIPS, 0].mean() + CROTCH_M / CELL_M)
    middle, reach = int(joints[HIPS, 1].mean()), int(0.06 / CELL_M)
    between = labels[hips:body, middle - reach : middle + reach + 1] == 0
    gaps = np.flatnonzero(between.any(1) & ~between[:, [0, -1]].any(1))
    return min(hips + int(gaps[0]) if len(gaps) else body, len(labels))


def _ankle(leg: Mask, shoes: Mask, bare: NDArray[np.integer], own: tuple[int, ...]) -> int:
    """Last row of the leg: where the body's foot begins, or lower where cloth covers the shoe."""
    foot = np.flatnonzero((bare == own[2]).any(1))
    first = int(foot[0]) if len(foot) else len(leg)
    shoe_rows = np.flatnonzero(shoes.sum(1) > 0.6 * np.maximum(leg.sum(1), 1))
    below = shoe_rows[shoe_rows > first]
    return int(below[0]) if len(below) else first + int(0.02 / CELL_M)
