"""Where the bones of SMPL-X's zero pose point, as seen by another skeleton's bones."""

import numpy as np
from jaxtyping import Float

from reimagine.body.bones import FINGER_OFFSETS, REST_JOINTS
from reimagine.body.model import JOINTS
from reimagine.body.readers.skeleton import unit

SIDES = ("left", "right")
X, Y, Z = np.eye(3)
LEGS = tuple(f"{side}_{joint}" for joint in ("hip", "knee") for side in SIDES)
ARMS = tuple(f"{side}_{joint}" for joint in ("shoulder", "elbow") for side in SIDES)
ENDS = {
    f"{side}_{start}": f"{side}_{end}"
    for side in SIDES
    for start, end in (
        *(("hip", "knee"), ("knee", "ankle"), ("ankle", "foot")),
        *(("collar", "shoulder"), ("shoulder", "elbow"), ("elbow", "wrist")),
        *((f"{finger}{k}", f"{finger}{k + 1}") for finger in FINGER_OFFSETS for k in (1, 2)),
    )
} | {"neck": "head"}
"""The joint at which the bone of a joint ends."""


def _between(start: str, end: str) -> Float[np.ndarray, "3"]:
    joints = REST_JOINTS.double().numpy()
    return unit(joints[JOINTS.index(end)] - joints[JOINTS.index(start)])


def _finger(side: str, finger: str, k: int) -> Float[np.ndarray, "3"]:
    """The bone before joint k of a finger; the tip goes on as the last bone does."""
    return unit(np.array(FINGER_OFFSETS[finger][min(k, 3) - 1]) * _mirror(side))


def _mirror(side: str) -> Float[np.ndarray, "3"]:
    return np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])


def _directions() -> dict[str, Float[np.ndarray, "3"]]:
    found = {joint: _between(joint, ENDS[joint]) for joint in (*LEGS, *ARMS)}
    # These joints lie elsewhere in SMPL-X than in other skeletons, so lines between them say less than the flesh does:
    # SMPL-X's collar bones rise by 26 degrees and its feet point out by 21 where the body's go level and by 6, and its
    # neck leans to the left by 9.
    found["neck"] = unit(_between("neck", "head") * [0.0, 1.0, 1.0])
    for side in SIDES:
        found[f"{side}_collar"] = X * _mirror(side)
        x, down, z = _between(f"{side}_ankle", f"{side}_foot")
        found[f"{side}_ankle"] = np.array([0.0, down, np.hypot(x, z)])
        found[f"{side}_wrist"] = _finger(side, "middle", 1)
        for finger in FINGER_OFFSETS:
            for k in (1, 2, 3):
                found[f"{side}_{finger}{k}"] = _finger(side, finger, k + 1)
    return found


DIRECTIONS = _directions()
"""Unit vectors along the bones of the zero pose; collars, feet and neck as other skeletons have them."""


def across_hand(side: str) -> Float[np.ndarray, "3"]:
    """From the little finger's knuckle to the index finger's."""
    little, index = (np.array(FINGER_OFFSETS[finger][0]) for finger in ("pinky", "index"))
    return unit((index - little) * _mirror(side))


def hinge(joint: str) -> Float[np.ndarray, "3"]:
    """What knees and elbows bend about, from the upper bone towards the lower one."""
    if joint in LEGS:
        return X
    return -Y if joint.startswith("left") else Y
