"""The outline of each part on the frontal plane, completed where another part hides it."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.edges import Edges, edges_of, steadied
from reimagine.appearance.grid import Mask, depth, label, nearest
from reimagine.appearance.plane import CELL_M
from reimagine.records import PARTS

SKIN, FACE, HAIR, UPPER, LOWER, SHOES = range(1, len(PARTS) + 1)
_LEFT_ARM, _RIGHT_ARM = (2, 3), (5, 6)
_HANDS, _LEFT_LEG, _RIGHT_LEG = (4, 7), (9, 10, 11), (12, 13, 14)
_UNDER_SHIRT_M, _CUFF_M, _TAPER_M = 0.025, 0.04, 0.015
_SHOULDER_M, _WRIST_M = 0.125, 0.085
"""Breadth of a sleeve where no gap shows it."""
_ARMPIT_M = 0.13
"""Below the shoulder joint."""
_ARMPIT_ROWS = 6
_CROTCH_M = 0.11
"""Below the hip joints."""
_HIPS, _KNEES = [1, 2], [4, 5]
_CHIN_M = 0.05
"""Below the head joint, which lies between the ears."""
_RIM_M, _COLLAR_M = 0.03, 0.09
"""How far the trunk goes on above its rim; half the breadth in which a collar is looked for."""
_NECK, _HEAD_JOINT, _L_SHOULDER, _R_SHOULDER = 12, 15, 16, 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One part on the frontal plane."""

    mask: Mask
    bottom: NDArray[np.float32] | None
    """Row where the part ends, per column, if it is cut off flat there (a hem)."""
    regions: tuple[int, ...]
    """Body regions that give it depth and that it moves with."""
    part: str
    """What its colour is taken as where the photo does not say."""
    hidden: NDArray[np.float32] | None = None
    """rows columns: how far each place lies under something else, 0..1; None where none does."""
    neckline: NDArray[np.float32] | None = None
    """The same at the front only."""
    top: float = 0.0
    """Row of a collar, above which there is only neck."""


def outlines(
    labels: NDArray[np.integer],
    guide: NDArray[np.integer],
    bare: NDArray[np.integer],
    joints: Float[NDArray[np.floating], "55 2"],
) -> dict[str, Outline]:
    """Trunk, arms and legs of a photo seen on the plane.

    `labels` are 0 or 1 + index into PARTS; `guide` the body region that each silhouette pixel belongs to (nearest
    region, -1 off the silhouette); `bare` the undressed body's own regions there (-1 off the body); `joints` row and
    column of each joint.
    """
    found: dict[str, Outline] = {}
    shoulders = joints[[_L_SHOULDER, _R_SHOULDER]]
    armpit = int(shoulders[:, 0].mean() + _ARMPIT_M / CELL_M)
    rows, columns = (np.arange(size) for size in labels.shape)
    cloth = _cloth(labels, guide, bare)
    hem = _lowest(cloth)
    collar = _collar(labels, joints)
    trunk = _trunk(labels, bare, cloth, hem, joints, armpit)
    # Above the collar the trunk runs on a little inside the body's own neck; below a neckline it comes out of it.
    trunk[: max(int(collar - _RIM_M / CELL_M), 0)] = False
    up = np.broadcast_to(collar - rows[:, None], labels.shape)
    deeper = _neckline(labels, joints, collar)
    found["trunk"] = Outline(
        mask=_hang(trunk, hem),
        bottom=hem,
        regions=(1, 8, 9, 12),
        part="upper",
        hidden=np.clip(up * CELL_M / _RIM_M, 0, 1).astype(np.float32),
        neckline=np.clip((up + deeper) * CELL_M / _RIM_M, 0, 1).astype(np.float32),
        top=collar,
    )
    for name, regions, shoulder, outward in (
        ("left_arm", _LEFT_ARM, shoulders[0], 1),
        ("right_arm", _RIGHT_ARM, shoulders[1], -1),
    ):
        arm = np.isin(guide, regions) & np.isin(labels, (UPPER, SKIN))
        arm |= np.isin(bare, regions[:1]) & (labels > 0)
        # Above the armpit the arm begins at its joint, else raised arms would take the shoulders along.
        # Below it a sleeve begins at the trunk's side.
        side = edges_of(trunk).high if outward > 0 else edges_of(trunk).low
        begins = np.where(rows > armpit, side, shoulder[1])[:, None]
        beyond = (columns - begins) * outward > -0.02 / CELL_M
        arm &= beyond | (rows > armpit)[:, None] & ((labels == SKIN) | np.isnan(begins))
        wrist = np.isin(guide, (regions[1] + 1,)) & (labels == SKIN)
        arm |= wrist & _grown(arm, 0.02)  # a little way into the hand, so that no gap opens
        arm = _smooth(_largest(_closed(arm, 0.015)))
        found[name] = Outline(mask=arm, bottom=None, regions=regions, part="skin")
    found |= _legs(labels, guide, bare, hem, joints, trunk)
    return found


def hair(front: NDArray[np.integer], back: NDArray[np.integer]) -> Outline:
    """The hair of both photos on one plane (labels, the back's already moved onto the front's head).

    What the back photo shows lies within the front's silhouette: beyond it the heads were held differently.
    """
    behind = (back == HAIR) & _closed(front > 0, 0.01)
    mask = _smooth(_largest(_closed((front == HAIR) | behind, 0.01)))
    return Outline(mask=mask, bottom=None, regions=(0,), part="hair")


def _cloth(
    labels: NDArray[np.integer], guide: NDArray[np.integer], bare: NDArray[np.integer]
) -> Mask:
    """What the trunk wears, without sleeves; the bare torso where it wears nothing."""
    arms = np.isin(guide, (*_LEFT_ARM, *_RIGHT_ARM, *_HANDS))
    cloth = _largest(_closed((labels == UPPER) & ~arms, 0.02))
    return cloth if cloth.any() else (bare == 1) & (labels > 0)


def _collar(labels: NDArray[np.integer], joints: Float[NDArray[np.floating], "55 2"]) -> float:
    """The highest row in which cloth touches the neck; that of the neck's joint where it is bare."""
    chin = int(joints[_HEAD_JOINT, 0] + _CHIN_M / CELL_M)
    near = np.abs(np.arange(labels.shape[1]) - joints[_NECK, 1]) < _COLLAR_M / CELL_M
    rows = np.flatnonzero(((labels == UPPER) & near).sum(1) >= 3)
    rows = rows[rows > chin]
    bare = float(joints[_NECK, 0])
    return min(float(rows[0]), bare + _COLLAR_M / CELL_M) if len(rows) else bare


def _neckline(
    labels: NDArray[np.integer], joints: Float[NDArray[np.floating], "55 2"], collar: float
) -> NDArray[np.float64]:
    """How many rows below the collar cloth begins in each column, up to the rim's breadth."""
    rows = np.arange(len(labels))[:, None]
    cloth = (labels == UPPER) & (rows >= collar)
    first = np.where(cloth.any(0), cloth.argmax(0), len(labels))
    near = np.abs(np.arange(labels.shape[1]) - joints[_NECK, 1]) < _COLLAR_M / CELL_M
    deeper = np.where(near, np.clip(first - collar, 0, _RIM_M / CELL_M), 0)
    return ndimage.gaussian_filter1d(deeper, 0.01 / CELL_M)


def _trunk(
    labels: NDArray[np.integer],
    bare: NDArray[np.integer],
    cloth: Mask,
    hem: NDArray[np.float32],
    joints: Float[NDArray[np.floating], "55 2"],
    armpit: int,
) -> Mask:
    """Neck, shoulders and trunk, without arms."""
    rows = np.arange(len(labels))
    # Where the hem curves up at the sides, the outline above goes straight on.
    edges = edges_of(cloth & ((rows >= armpit) & (rows < hem.min() - 2))[:, None])
    first = np.flatnonzero(np.isfinite(edges.low))[:_ARMPIT_ROWS]
    top = int(joints[_HEAD_JOINT, 0] + _CHIN_M / CELL_M)
    sides: list[NDArray[np.float64]] = []
    for edge, shoulder, outward in (
        (edges.low.copy(), joints[_R_SHOULDER], -1),
        (edges.high.copy(), joints[_L_SHOULDER], 1),
    ):
        sure = _beside_nothing(labels, edge, outward)
        beside = shoulder[1] + outward * 3
        if (
            len(first) and sure[first].max() < 0.5
        ):  # an arm lies there: the side seam ends below its joint
            edge[first], sure[first] = beside, 1.0
        side = steadied(edge, sure)
        if len(first):
            # From the armpit straight up to the shoulder's joint: an arm that is lifted leaves from there.
            side[top:armpit] = np.interp(rows, [shoulder[0], armpit], [beside, side[first].mean()])[
                top:armpit
            ]
        sides.append(side)
    low, high = sides
    body = Edges(low=low, high=high).mask(labels.shape[1])
    shown = np.isin(labels, (UPPER, SKIN)) | ((bare == 1) & (labels > 0))
    above = (rows < armpit)[:, None]
    body &= ~above | (_closed(shown, 0.02) & (rows > top)[:, None])
    body &= ~above | (bare != 0) | (labels != HAIR)
    neck = (bare == 0) & (labels > 0) & (rows > top)[:, None]
    return _smooth(_largest(body | neck))


def _beside_nothing(
    labels: NDArray[np.integer], edge: NDArray[np.float64], outward: int
) -> NDArray[np.float64]:
    """1 in rows where the background begins just outside the edge; next to nothing where a hand or an arm does."""
    rows = np.flatnonzero(np.isfinite(edge))
    sure = np.zeros(len(edge))
    for step in (2, 3, 4):
        column = np.clip(edge[rows] + outward * step, 0, labels.shape[1] - 1).astype(int)
        sure[rows] += (labels[rows, column] == 0) / 3
    # A row beside a hand is as unsure as the hand's own.
    sure = ndimage.minimum_filter1d(sure, 5)
    return 0.02 + 0.98 * sure**2


def _legs(
    labels: NDArray[np.integer],
    guide: NDArray[np.integer],
    bare: NDArray[np.integer],
    hem: NDArray[np.float32],
    joints: Float[NDArray[np.floating], "55 2"],
    trunk: Mask,
) -> dict[str, Outline]:
    rows = np.arange(len(labels))
    below_hem = rows[:, None] >= hem[None, :]
    both = leg_cloth(labels) & np.isin(guide, (8, *_LEFT_LEG, *_RIGHT_LEG)) & below_hem
    both |= np.isin(bare, (8, 9, 10, 12, 13)) & (labels > 0) & below_hem
    # Under the shirt nothing is seen: the bare body, a little slimmer, carries the trousers on.
    under = np.isin(bare, (1, 8, 9, 12)) & (rows[:, None] < hem[None, :] + 2)
    under &= rows[:, None] > hem[None, :] - _UNDER_SHIRT_M / CELL_M
    under = depth(under, (1e3, 1.0)) > 3
    # Joined by what the shirt hides, legs below a long shirt are one piece too.
    both = _largest(_closed(both, 0.012) | under) & below_hem
    crotch = _crotch(labels, float(hem.max()), joints)
    ankles = {
        own: _ankle(both & np.isin(guide, own), (labels == SHOES) & (guide == own[2]), bare, own)
        for own in (_LEFT_LEG, _RIGHT_LEG)
    }
    outer = edges_of(both & (rows <= max(ankles.values()) + 2)[:, None])
    outer = _under_shirt(labels, outer, edges_of(trunk), hem)
    inner = _inner(labels, outer, crotch)
    slim = ndimage.gaussian_filter1d((rows < hem.mean() + 4).astype(float), 4)
    halves = {
        "left_leg": (Edges(low=inner.high, high=outer.high), _LEFT_LEG),
        "right_leg": (Edges(low=outer.low, high=inner.low), _RIGHT_LEG),
    }
    found: dict[str, Outline] = {}
    for name, (edges, own) in halves.items():
        split = (rows >= crotch)[:, None]
        leg = np.where(split, edges.mask(labels.shape[1]), outer.mask(labels.shape[1]) & below_hem)
        leg = _largest(_smooth(leg | under))
        leg &= (rows <= ankles[own])[:, None]
        end = _lowest(leg & split)  # above, both legs' columns end at the crotch
        found[name] = Outline(
            mask=_hang(leg, end),
            bottom=end,
            regions=(8, *own[:2]),
            part="lower",
            hidden=np.broadcast_to(slim[:, None], leg.shape).astype(np.float32),
        )
    return found


def _under_shirt(
    labels: NDArray[np.integer], legs: Edges, trunk: Edges, hem: NDArray[np.float32]
) -> Edges:
    """The outer edges of the legs, which come from under the shirt as broad as it is where hands hide them."""
    sides: list[NDArray[np.float64]] = []
    band = slice(max(int(hem.min()) - 6, 0), int(hem.min()) + 2)
    for leg, shirt, outward in ((legs.low, trunk.low, -1), (legs.high, trunk.high, 1)):
        edge, sure = leg.copy(), _beside_nothing(labels, leg, outward)
        hidden = np.isfinite(edge[band]) & (sure[band] < 0.5) | ~np.isfinite(edge[band])
        known = np.flatnonzero(np.isfinite(shirt))
        if len(known):
            last = shirt[np.minimum(np.arange(band.start, band.stop), known[-1])]
            # Trousers that stand off below a hand are hardly narrower above it.
            seen = np.flatnonzero(sure[band.stop :] > 0.5)[: int(_CUFF_M / CELL_M)] + band.stop
            if len(seen):
                below = edge[seen].mean() - outward * _TAPER_M / CELL_M
                last = outward * np.maximum(outward * last, outward * below)
            edge[band] = np.where(hidden, last, edge[band])
            sure[band] = np.where(hidden, 1.0, sure[band])
        sides.append(_stepped(edge, sure, _cuff(labels, edge, outward)))
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
    hips = max(int(joints[_HIPS, 0].mean()), int(hem) + 1)
    body = int(joints[_HIPS, 0].mean() + _CROTCH_M / CELL_M)
    middle, reach = int(joints[_HIPS, 1].mean()), int(0.06 / CELL_M)
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


def _lowest(mask: Mask) -> NDArray[np.float32]:
    """Row just below the mask in each column, smoothed; carried sideways beyond it."""
    height = len(mask)
    has = mask.any(0)
    if not has.any():
        return np.full(mask.shape[1], height, np.float32)
    low = np.where(has, height - np.argmax(mask[::-1], axis=0), 0).astype(np.float32)
    # At the sides the outline curves up: what counts is the hem, so take the lowest nearby and ignore the flanks.
    columns = np.flatnonzero(has)
    inner = columns[
        len(columns) // 8 : max(len(columns) - len(columns) // 8, len(columns) // 8 + 1)
    ]
    steady = ndimage.median_filter(low[inner], size=min(15, len(inner)))
    return np.interp(np.arange(mask.shape[1]), inner, steady).astype(np.float32)


def _hang(mask: Mask, bottom: NDArray[np.float32]) -> Mask:
    """The mask with its last rows carried 20 cm down, so that a cut at `bottom` leaves a full cross-section."""
    rows = np.flatnonzero(mask.any(1))
    if len(rows) == 0:
        return mask
    last = int(min(np.median(bottom), rows[-1])) - 2
    hung = mask.copy()
    hung[last : last + int(0.2 / CELL_M)] |= mask[max(last, 0)]
    return hung


def _closed(mask: Mask, radius_m: float) -> Mask:
    size = 2 * round(radius_m / CELL_M) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc).astype(bool)


def _grown(mask: Mask, radius_m: float) -> Mask:
    return depth(~mask) * CELL_M <= radius_m


def _smooth(mask: Mask) -> Mask:
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.008 / CELL_M) > 0.5


def _largest(mask: Mask) -> Mask:
    pieces = label(mask)
    if pieces.max() < 2:
        return mask
    sizes = np.bincount(pieces.ravel())[1:]
    return pieces == 1 + int(sizes.argmax())


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
    arms = np.isin(guide, (*_LEFT_ARM, *_RIGHT_ARM))
    settled[arms & (labels == UPPER)] = 1
    settled[np.isin(guide, _HANDS) & (labels == UPPER)] = 8
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


def nearest_region(bare: NDArray[np.integer], inside: Mask) -> NDArray[np.int64]:
    """The body region that each silhouette point is nearest to; -1 off the silhouette."""
    return np.where(inside, _nearest(bare), -1).astype(np.int64)
