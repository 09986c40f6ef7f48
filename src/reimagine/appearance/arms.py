"""Bare arms and hands beside cloth: where a sleeve ends all around, and which skin lies in the cloth's shade."""

import numpy as np
from numpy.typing import NDArray

from reimagine.appearance.grid import Mask, depth
from reimagine.appearance.outline import SKIN
from reimagine.appearance.plane import CELL_M

ARMS = ("left_arm", "right_arm")
BARE_ENDS = (*ARMS, "left_hand", "right_hand")
_HIGHER_M, _LOWER_M = 0.06, 0.01
"""So far along the arm a sleeve may end higher up behind than in front, being rolled up, and further down."""
_CLEAR = 0.15
"""Share of the front photo's arm that may lie on the wrong side of the sleeve's end."""
_SHADE_M = 0.015
"""So near cloth its shade lies on skin, and labels may be off."""
_DARK = 0.75
"""Skin darker than this share of the limb's usual brightness lies in shade."""


def with_one_hem(
    front: NDArray[np.floating], back: NDArray[np.floating], along_m: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The back photo's votes (2 verts: skin, cloth) with those changed sides that contradict the front photo's sleeve.

    A sleeve ends once, all around. Behind, a forearm hangs narrow beside cloth and is often taken for it, or trousers for
    skin. `along_m`: how far down the arm each vertex lies. Where the front shows no such end, the votes stay.
    """
    order = np.argsort(along_m)
    skin, cloth = front[:, order].astype(np.float64)
    # The end with the least skin above and cloth below.
    wrong = np.append(0, np.cumsum(skin)) + np.append(np.cumsum(cloth[::-1])[::-1], 0)
    best = int(wrong.argmin())
    if front.sum() <= 0 or wrong[best] > _CLEAR * front.sum():
        return back
    ends = np.append(along_m[order], np.inf)[best] if best else -np.inf
    below, above = along_m > ends + _LOWER_M, along_m < ends - _HIGHER_M
    total = back.sum(0)
    return np.stack(
        [
            np.where(below, total, np.where(above, 0, back[0])),
            np.where(above, total, np.where(below, 0, back[1])),
        ]
    )


def shaded_by_cloth(
    labels: NDArray[np.integer],
    limb: Mask,
    picture: NDArray[np.floating],
    usual: NDArray[np.floating],
) -> Mask:
    """Skin of a limb, hard by cloth, that is so dark that it lies in the cloth's shade or is none.

    Marks on the skin that lie further away stay, and so do those beside the background. `picture`: rows columns 3, 0..1;
    `usual` (3): the limb's colour.
    """
    cloth = (labels > 0) & (labels != SKIN)
    if not cloth.any():
        return cloth
    beside = depth(~cloth) * CELL_M <= _SHADE_M
    return limb & (labels == SKIN) & beside & (picture.mean(-1) < _DARK * usual.mean())
