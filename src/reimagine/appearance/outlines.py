"""The outline of each part on the frontal plane, completed where another part hides it."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from reimagine.appearance.edges import Edges, edges_of, steadied
from reimagine.appearance.grid import Mask
from reimagine.appearance.legs import legs
from reimagine.appearance.outline import (
    ARMPIT_M,
    HAIR,
    SKIN,
    UPPER,
    Outline,
    about,
    beside_nothing,
    closed,
    grown,
    hang,
    largest,
    lowest,
    smooth,
)
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.regions import ARMS, LEFT_ARM, RIGHT_ARM, TROUSERS, Region
from reimagine.body.joints import SHOULDERS, Joint

_ARMPIT_ROWS = 6
"""So many rows below the armpits say how broad the trunk is."""
_HAND_M = 0.015
"""A hand so close below cloth hides its hem."""
_CHIN_M = 0.05
"""Below the head joint, which lies between the ears."""
_RIM_M, _COLLAR_M = 0.03, 0.09
"""How far the trunk goes on above its rim; half the breadth in which a collar is looked for."""


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
    shoulders = joints[SHOULDERS]
    armpit = int(shoulders[:, 0].mean() + ARMPIT_M / CELL_M)
    rows, columns = (np.arange(size) for size in labels.shape)
    cloth = _cloth(labels, guide, bare) & about(labels > 0, joints)
    hem = lowest(cloth & ~_ends_at_hand(labels, guide, cloth))
    collar = _collar(labels, bare, joints)
    trunk = _trunk(labels, bare, cloth, hem, joints, armpit)
    # Above the collar the trunk runs on a little: where cloth ends there, it is cut (`collar.py`).
    trunk[: max(int(collar - _RIM_M / CELL_M), 0)] = False
    found["trunk"] = Outline(
        mask=hang(trunk, hem),
        bottom=hem,
        regions=(Region.TORSO, *TROUSERS),
        part="upper",
        top=collar,
    )
    for name, regions, shoulder, outward in (
        ("left_arm", LEFT_ARM, shoulders[0], 1),
        ("right_arm", RIGHT_ARM, shoulders[1], -1),
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
        arm |= wrist & grown(arm, 0.02)  # a little way into the hand, so that no gap opens
        arm = smooth(largest(closed(arm, 0.015)))
        found[name] = Outline(mask=arm, bottom=None, regions=regions, part="skin")
    found |= legs(labels, guide, bare, hem, joints, trunk)
    return found


def _cloth(
    labels: NDArray[np.integer], guide: NDArray[np.integer], bare: NDArray[np.integer]
) -> Mask:
    """What the trunk wears, without sleeves; the bare torso where it wears nothing."""
    arms = np.isin(guide, ARMS)
    cloth = largest(closed((labels == UPPER) & ~arms, 0.02))
    return cloth if cloth.any() else (bare == Region.TORSO) & (labels > 0)


def _ends_at_hand(labels: NDArray[np.integer], guide: NDArray[np.integer], cloth: Mask) -> Mask:
    """Columns in which a hand hides the cloth's lower end; none where they are most of them."""
    hand = (labels == SKIN) & np.isin(guide, ARMS)
    near = round(_HAND_M / CELL_M)
    first = np.where(cloth.any(0), len(cloth) - cloth[::-1].argmax(0), 0)
    rows = np.clip(first + np.arange(near)[:, None], 0, len(cloth) - 1)
    hidden = hand[rows, np.arange(cloth.shape[1])].any(0)
    return hidden[None] & (hidden.sum() < cloth.any(0).sum() / 2)


def _collar(
    labels: NDArray[np.integer],
    bare: NDArray[np.integer],
    joints: Float[NDArray[np.floating], "55 2"],
) -> float:
    """The highest row in which cloth touches the neck, or hair that may hide it; that of the neck's joint where it is bare."""
    chin = int(joints[Joint.HEAD, 0] + _CHIN_M / CELL_M)
    near = np.abs(np.arange(labels.shape[1]) - joints[Joint.NECK, 1]) < _COLLAR_M / CELL_M
    cloth = (labels == UPPER) | (labels == HAIR) & (bare == Region.TORSO)
    rows = np.flatnonzero((cloth & near).sum(1) >= 3)
    rows = rows[rows > chin]
    neck = float(joints[Joint.NECK, 0])
    return min(float(rows[0]), neck + _COLLAR_M / CELL_M) if len(rows) else neck


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
    top = int(joints[Joint.HEAD, 0] + _CHIN_M / CELL_M)
    sides: list[NDArray[np.float64]] = []
    for edge, shoulder, outward in (
        (edges.low.copy(), joints[Joint.RIGHT_SHOULDER], -1),
        (edges.high.copy(), joints[Joint.LEFT_SHOULDER], 1),
    ):
        sure = beside_nothing(labels, edge, outward)
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
    shown = np.isin(labels, (UPPER, SKIN)) | ((bare == Region.TORSO) & (labels > 0))
    above = (rows < armpit)[:, None]
    body &= ~above | (closed(shown, 0.02) & (rows > top)[:, None])
    body &= ~above | (bare != Region.HEAD) | (labels != HAIR)
    neck = (bare == Region.HEAD) & (labels > 0) & (rows > top)[:, None]
    return smooth(largest(body | neck))
