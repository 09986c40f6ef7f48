"""A motion as BVH text: SMPL-X's joints by name, the mean body's bones, centimetres, Y up, T-pose at rest."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.bones import FINGER_OFFSETS, REST_JOINTS
from reimagine.body.joints import BODY_JOINTS
from reimagine.body.model import JOINTS, PARENTS
from reimagine.records import Motion

CM = 100.0
FACE_OFFSETS = {
    "jaw": (0.0, 0.005, 0.02),
    "left_eye": (0.031, 0.07, 0.06),
    "right_eye": (-0.031, 0.07, 0.06),
}


def bvh_text(motion: Motion) -> str:
    """The whole file: rotations as Z X Y Euler angles in degrees, and the pelvis' place."""
    offsets = _offsets()
    order = _depth_first()
    lines = ["HIERARCHY", *_hierarchy(0, offsets, 0), "MOTION", f"Frames: {len(motion.poses)}"]
    lines.append(f"Frame Time: {1.0 / motion.fps:.8f}")
    turns = motion.poses.double().numpy()
    pelvis = motion.transl.double().numpy()
    joint = offsets[0]
    if motion.turns_about == "origin":
        pelvis = pelvis + Rotation.from_rotvec(turns[:, 0]).apply(joint)
    else:
        pelvis = pelvis + joint
    angles = Rotation.from_rotvec(turns.reshape(-1, 3)).as_euler("ZXY", degrees=True)
    angles = angles.reshape(len(turns), 55, 3)[:, order].reshape(len(turns), -1)
    rows = np.concatenate([pelvis * CM, angles], axis=1)
    lines += [" ".join(f"{number:.6f}" for number in row) for row in rows]
    return "\n".join(lines) + "\n"


def _offsets() -> Float[np.ndarray, "55 3"]:
    """From each joint's parent; the pelvis from the origin."""
    rest = REST_JOINTS.double().numpy()
    offsets = np.zeros((55, 3))
    offsets[0] = rest[0]
    for i in range(1, BODY_JOINTS):
        offsets[i] = rest[i] - rest[PARENTS[i]]
    for i in range(BODY_JOINTS, len(JOINTS)):
        name = JOINTS[i]
        if name in FACE_OFFSETS:
            offsets[i] = FACE_OFFSETS[name]
        else:
            side, finger = name.split("_")
            sign = 1.0 if side == "left" else -1.0
            offsets[i] = np.array(FINGER_OFFSETS[finger[:-1]][int(finger[-1]) - 1]) * [sign, 1, 1]
    return offsets


def _children(joint: int) -> list[int]:
    return [child for child, parent in enumerate(PARENTS) if parent == joint]


def _depth_first() -> list[int]:
    """Joints in the order in which the hierarchy names them."""
    order: list[int] = []
    waiting = [0]
    while waiting:
        joint = waiting.pop(0)
        order.append(joint)
        waiting = _children(joint) + waiting
    return order


def _hierarchy(joint: int, offsets: Float[np.ndarray, "55 3"], depth: int) -> list[str]:
    tab = "  " * depth
    x, y, z = (np.zeros(3) if joint == 0 else offsets[joint] * CM).tolist()
    places = "6 Xposition Yposition Zposition" if joint == 0 else "3"
    lines = [
        f"{tab}{'ROOT' if joint == 0 else 'JOINT'} {JOINTS[joint]}",
        f"{tab}{{",
        f"{tab}  OFFSET {x:.6f} {y:.6f} {z:.6f}",
        f"{tab}  CHANNELS {places} Zrotation Xrotation Yrotation",
    ]
    children = _children(joint)
    for child in children:
        lines += _hierarchy(child, offsets, depth + 1)
    if not children:
        x, y, z = (offsets[joint] * CM * 0.8).tolist()
        lines += [
            f"{tab}  End Site",
            f"{tab}  {{",
            f"{tab}    OFFSET {x:.6f} {y:.6f} {z:.6f}",
            f"{tab}  }}",
        ]
    return [*lines, f"{tab}}}"]
