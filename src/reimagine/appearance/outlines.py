"""The outline of each part on the frontal plane, completed where another part hides it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import Mask, depth, label, nearest
from reimagine.appearance.plane import CELL_M
from reimagine.records import PARTS

SKIN, FACE, HAIR, UPPER, LOWER, SHOES = range(1, len(PARTS) + 1)
_LEFT_ARM, _RIGHT_ARM = (2, 3), (5, 6)
_HANDS, _LEFT_LEG, _RIGHT_LEG = (4, 7), (9, 10, 11), (12, 13, 14)
_UNDER_SHIRT_M = 0.05
_SHOULDER_M, _WRIST_M = 0.125, 0.085
"""Breadth of a sleeve where no gap shows it."""


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
    """How far each row lies under another garment, 0..1; None where no row does."""


def outlines(
    labels: NDArray[np.integer], guide: NDArray[np.integer], bare: NDArray[np.integer]
) -> dict[str, Outline]:
    """Trunk, arms and legs of a front photo seen on the plane.

    `labels` are 0 or 1 + index into PARTS; `guide` the body region that each silhouette pixel belongs to (nearest
    region, -1 off the silhouette); `bare` the undressed body's own regions there (-1 off the body).
    """
    found: dict[str, Outline] = {}
    arms = np.isin(guide, (*_LEFT_ARM, *_RIGHT_ARM, *_HANDS))
    trunk = _trunk(labels == UPPER, arms, (bare == 1) & (labels > 0), guide)
    hem = _lowest(trunk)
    legs = leg_cloth(labels) & np.isin(guide, (8, *_LEFT_LEG, *_RIGHT_LEG))
    behind = _behind_hands(trunk | legs, guide, labels)
    above = np.arange(len(labels))[:, None] < hem[None, :]
    trunk = _smooth(trunk | (behind & above))
    found["trunk"] = Outline(
        mask=_hang(trunk, hem), bottom=hem, regions=(1, 8, 9, 12), part="upper"
    )
    for name, regions in (("left_arm", _LEFT_ARM), ("right_arm", _RIGHT_ARM)):
        arm = np.isin(guide, regions) & np.isin(labels, (UPPER, SKIN))
        arm |= np.isin(bare, regions[:1]) & (labels > 0)
        wrist = np.isin(guide, (regions[1] + 1,)) & (labels == SKIN)
        arm |= wrist & _grown(arm, 0.02)  # a little way into the hand, so that no gap opens
        arm = _largest(_closed(arm, 0.015))
        found[name] = Outline(mask=arm, bottom=None, regions=regions, part="skin")
    found |= _legs(labels, guide, bare, hem, behind)
    return found


def hair(front: NDArray[np.integer], back: NDArray[np.integer]) -> Outline:
    """The hair of both photos on one plane (labels, the back's already moved onto the front's head)."""
    mask = _largest(_closed((front == HAIR) | (back == HAIR), 0.01))
    return Outline(mask=mask, bottom=None, regions=(0,), part="hair")


def _trunk(upper: Mask, arms: Mask, torso: Mask, guide: NDArray[np.integer]) -> Mask:
    cloth = upper & ~arms
    cloth = _largest(_closed(cloth, 0.02))
    rows = np.flatnonzero(cloth.any(1))
    if len(rows) == 0:  # no upper garment: the bare torso is the trunk
        return torso
    whole = np.zeros_like(cloth)
    for row in rows:
        columns = np.flatnonzero(cloth[row])
        whole[row, columns[0] : columns[-1] + 1] = True
    # Where an arm lies on the side of the torso, the body's own side is the best guess of the hidden cloth.
    whole |= (
        torso
        & (np.arange(len(cloth)) <= rows[-1])[:, None]
        & (np.arange(len(cloth)) >= rows[0])[:, None]
    )
    shoulders = np.arange(len(cloth))[:, None] < rows[0] + 0.14 / CELL_M
    whole |= _grown(torso, 0.035) & upper & shoulders
    whole &= (guide != 0) | upper
    return _smooth(_largest(whole))


def _behind_hands(column: Mask, guide: NDArray[np.integer], labels: NDArray[np.integer]) -> Mask:
    """What hands hide of the clothes behind them: straight from the edge above the hands to the edge below."""
    added = np.zeros_like(column)
    width = column.shape[1]
    for hand, fore, outward in ((4, 3, 1), (7, 6, -1)):
        skin = np.isin(guide, (hand, fore)) & (labels == SKIN) | (guide == hand)
        rows = np.flatnonzero((guide == hand).any(1) & skin.any(1))
        side = column[:, ::outward]
        if len(rows) == 0 or not side.any():
            continue
        edges = np.where(side.any(1), width - 1 - np.argmax(side[:, ::-1], axis=1), 0)
        start, end = max(rows[0] - 4, 0), min(rows[-1] + 6, len(column) - 1)
        before = np.median(edges[max(start - 6, 0) : start + 1])
        after = np.median(edges[end : end + 7])
        straight = np.interp(np.arange(start, end), [start, end], [before, after])
        for row, edge in zip(range(start, end), straight, strict=True):
            own = int(edges[row])
            if 0 < own < edge:
                added[row, ::outward][own : int(edge) + 1] = True
    return added & (labels > 0)


def _legs(
    labels: NDArray[np.integer],
    guide: NDArray[np.integer],
    bare: NDArray[np.integer],
    hem: NDArray[np.float32],
    behind: Mask,
) -> dict[str, Outline]:
    rows = np.arange(len(labels))[:, None]
    both = leg_cloth(labels) & np.isin(guide, (8, *_LEFT_LEG, *_RIGHT_LEG))
    both |= np.isin(bare, (8, 9, 10, 12, 13)) & (labels > 0)
    both |= behind
    both &= rows >= hem[None, :]
    # Under the shirt nothing is seen: the bare body, a little slimmer, carries the trousers on.
    under = np.isin(bare, (1, 8, 9, 12)) & (rows < hem[None, :] + 2)
    under &= rows > hem[None, :] - _UNDER_SHIRT_M / CELL_M
    under = depth(under, (1e3, 1.0)) > 3
    both = _largest(_closed(both, 0.012) | under)
    crotch = _crotch(both, guide)
    found: dict[str, Outline] = {}
    slim = ndimage.gaussian_filter1d((np.arange(len(labels)) < hem.mean() + 4).astype(float), 4)
    for name, own, other in (
        ("left_leg", _LEFT_LEG, _RIGHT_LEG),
        ("right_leg", _RIGHT_LEG, _LEFT_LEG),
    ):
        near_own = _nearest(np.where(np.isin(bare, (*own, *other)), bare, -1))
        leg = both & ((rows < crotch) | np.isin(near_own, own))
        shoes = (labels == SHOES) & np.isin(guide, (own[2],))
        leg = _largest(_smooth(leg))
        ankle = _ankle(leg, shoes, bare, own)
        leg &= rows <= ankle
        end = _lowest(leg)
        found[name] = Outline(
            mask=_hang(leg, end),
            bottom=end,
            regions=(8, *own[:2]),
            part="lower",
            hidden=slim.astype(np.float32),
        )
    return found


def leg_cloth(labels: NDArray[np.integer]) -> Mask:
    """Where a photo shows legs or what they wear: skin counts below the trousers only, else hands would be legs."""
    shown = np.isin(labels, (LOWER, SHOES))
    cloth_rows = np.nonzero(labels == LOWER)[0]
    from_row = np.quantile(cloth_rows, 0.97) - 2 if len(cloth_rows) > 50 else 0
    below = np.arange(len(labels))[:, None] > from_row
    return shown | ((labels == SKIN) & below)


def _crotch(both: Mask, guide: NDArray[np.integer]) -> int:
    """First row below which the legs are two: the gap's top, or a fifth of the thighs below the pelvis."""
    thighs = np.flatnonzero(np.isin(guide, (9, 12)).any(1))
    if len(thighs) == 0:
        return len(both)
    start, end = thighs[0], thighs[-1]
    middle = np.flatnonzero(both.any(0)).mean()
    for row in range(start + (end - start) // 5, end):
        columns = np.flatnonzero(both[row])
        gaps = columns[:-1][np.diff(columns) > 1]
        if len(gaps) and abs(gaps - middle).min() < 0.08 / CELL_M:
            return row
    return start + (end - start) // 3


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
