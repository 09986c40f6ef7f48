"""The regions of the body that photos are read by."""

from enum import IntEnum

import numpy as np

from reimagine.body.joints import Joint


class Region(IntEnum):
    """Where on the body a point lies; -1 stands for off the body in maps of regions."""

    HEAD = 0
    TORSO = 1
    LEFT_UPPER_ARM = 2
    LEFT_FOREARM = 3
    LEFT_HAND = 4
    RIGHT_UPPER_ARM = 5
    RIGHT_FOREARM = 6
    RIGHT_HAND = 7
    PELVIS = 8
    LEFT_THIGH = 9
    LEFT_SHIN = 10
    LEFT_FOOT = 11
    RIGHT_THIGH = 12
    RIGHT_SHIN = 13
    RIGHT_FOOT = 14


LEFT_ARM = (Region.LEFT_UPPER_ARM, Region.LEFT_FOREARM)
RIGHT_ARM = (Region.RIGHT_UPPER_ARM, Region.RIGHT_FOREARM)
HANDS = (Region.LEFT_HAND, Region.RIGHT_HAND)
ARMS = (*LEFT_ARM, *RIGHT_ARM, *HANDS)
LEFT_LEG = (Region.LEFT_THIGH, Region.LEFT_SHIN, Region.LEFT_FOOT)
RIGHT_LEG = (Region.RIGHT_THIGH, Region.RIGHT_SHIN, Region.RIGHT_FOOT)
HEAD_AND_TORSO = (Region.HEAD, Region.TORSO)
TROUSERS = (Region.PELVIS, *LEFT_LEG[:2], *RIGHT_LEG[:2])
"""What trousers cover, from the hips to the ankles."""


def _region_of(joint: Joint) -> Region:
    """The region that moves with the joint."""
    bare = joint.name.removeprefix("LEFT_").removeprefix("RIGHT_")
    side = joint.name.removesuffix(bare)
    if bare in ("PELVIS", "SPINE1", "SPINE2", "SPINE3", "COLLAR"):
        return Region.PELVIS if bare == "PELVIS" else Region.TORSO
    if bare in ("NECK", "HEAD", "JAW", "EYE"):
        return Region.HEAD
    limbs = {"SHOULDER": "UPPER_ARM", "ELBOW": "FOREARM", "HIP": "THIGH", "KNEE": "SHIN"}
    limbs |= {"ANKLE": "FOOT", "FOOT": "FOOT"}
    return Region[side + limbs.get(bare, "HAND")]


REGION_OF_JOINT = np.array([_region_of(joint) for joint in Joint], np.int64)
"""The region that moves with each joint."""
