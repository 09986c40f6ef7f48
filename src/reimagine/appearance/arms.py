"""Arms beside cloth: where a sleeve ends all around."""

import numpy as np
from numpy.typing import NDArray

ARMS = ("left_arm", "right_arm")
_HIGHER_M, _LOWER_M = 0.06, 0.01
"""So far along the arm a sleeve may end higher up behind than in front, being rolled up, and further down."""
_CLEAR = 0.15
"""Share of the front photo's arm that may lie on the wrong side of the sleeve's end."""


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
