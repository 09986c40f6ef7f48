"""SMPL-X's joints at rest, and which of them each Anny bone follows."""

import torch

REST_JOINTS = torch.tensor(
    [
        (0.0031, -0.3514, 0.0120),
        (0.0613, -0.4442, -0.0140),
        (-0.0601, -0.4553, -0.0092),
        (0.0004, -0.2415, -0.0156),
        (0.1160, -0.8229, -0.0234),
        (-0.1044, -0.8177, -0.0260),
        (0.0098, -0.1097, -0.0215),
        (0.0726, -1.2260, -0.0552),
        (-0.0889, -1.2284, -0.0462),
        (-0.0015, -0.0574, 0.0069),
        (0.1198, -1.2840, 0.0630),
        (-0.1277, -1.2868, 0.0728),
        (-0.0137, 0.1077, -0.0247),
        (0.0448, 0.0275, -0.0003),
        (-0.0492, 0.0269, -0.0065),
        (0.0111, 0.2682, -0.0040),
        (0.1641, 0.0852, -0.0158),
        (-0.1518, 0.0804, -0.0191),
        (0.4182, 0.0131, -0.0582),
        (-0.4229, 0.0439, -0.0456),
        (0.6702, 0.0363, -0.0607),
        (-0.6722, 0.0394, -0.0609),
    ]
)
"""The 22 body joints of SMPL-X's mean neutral person in the zero pose, metres, as public code prints them."""

FINGER_OFFSETS = {
    "index": ((0.108, 0.0, 0.027), (0.026, -0.002, 0.006), (0.023, -0.001, 0.007)),
    "middle": ((0.107, -0.005, 0.0), (0.035, -0.002, 0.0), (0.028, -0.002, 0.003)),
    "pinky": ((0.090, -0.023, -0.035), (0.021, -0.001, -0.006), (0.016, -0.001, -0.003)),
    "ring": ((0.101, -0.012, -0.019), (0.030, -0.002, -0.006), (0.026, -0.002, -0.002)),
    "thumb": ((0.040, 0.003, 0.025), (0.012, -0.013, 0.027), (0.026, -0.012, 0.025)),
}
"""Of the left hand in the zero pose, metres from wrist or knuckle: the plain Anny body's, as it is worn. The right hand mirrors x."""

_FINGER = {"1": "thumb", "2": "index", "3": "middle", "4": "ring", "5": "pinky"}
_FIRST = {"index": 0, "middle": 3, "pinky": 6, "ring": 9, "thumb": 12}

_TRUNK = {
    "root": 0,
    "spine05": 0,
    "spine04": 3,
    "spine03": 3,
    "spine02": 6,
    "spine01": 9,
    "neck01": 12,
    "neck02": 12,
    "neck03": 12,
    "jaw": 22,
    "eye.L": 23,
    "eye.R": 24,
}
# Longest prefix first; the left joint's number, the right one's is one more.
_LIMBS = (
    ("pelvis", 0, 0),
    ("upperleg", 1, 2),
    ("lowerleg", 4, 5),
    ("foot", 7, 8),
    ("toe", 10, 11),
    ("clavicle", 13, 14),
    ("shoulder01", 13, 14),
    ("upperarm", 16, 17),
    ("lowerarm", 18, 19),
    ("wrist", 20, 21),
    ("metacarpal", 20, 21),
)


def bone_joint(bone: str) -> int:
    """The SMPL-X joint that an Anny bone follows; whatever sits on the head follows the head."""
    if bone in _TRUNK:
        return _TRUNK[bone]
    right = bone.endswith(".R")
    for prefix, left_joint, right_joint in _LIMBS:
        if bone.startswith(prefix):
            return right_joint if right else left_joint
    if bone.startswith("finger"):
        return (40 if right else 25) + _FIRST[_FINGER[bone[6]]] + int(bone[8]) - 1
    return 15


def finger_bones(side: str) -> list[list[str]]:
    """Anny's three bones of each finger ("L" or "R"), in SMPL-X's order: index, middle, pinky, ring, thumb."""
    number = {name: digit for digit, name in _FINGER.items()}
    return [[f"finger{number[name]}-{k}.{side}" for k in (1, 2, 3)] for name in _FIRST]
