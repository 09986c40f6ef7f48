"""Regions of the body."""

from reimagine.appearance.regions import REGION_OF_JOINT, Region
from reimagine.body.joints import Joint


def test_each_joint_moves_the_region_that_hangs_on_it():
    def region(joint: Joint) -> Region:
        return Region(REGION_OF_JOINT[joint])

    assert region(Joint.PELVIS) is Region.PELVIS
    assert region(Joint.SPINE2) is Region.TORSO
    assert region(Joint.RIGHT_COLLAR) is Region.TORSO
    assert region(Joint.NECK) is Region.HEAD
    assert region(Joint.LEFT_EYE) is Region.HEAD
    assert region(Joint.LEFT_SHOULDER) is Region.LEFT_UPPER_ARM
    assert region(Joint.RIGHT_ELBOW) is Region.RIGHT_FOREARM
    assert region(Joint.RIGHT_WRIST) is Region.RIGHT_HAND
    assert region(Joint.LEFT_PINKY2) is Region.LEFT_HAND
    assert region(Joint.LEFT_HIP) is Region.LEFT_THIGH
    assert region(Joint.RIGHT_KNEE) is Region.RIGHT_SHIN
    assert region(Joint.LEFT_ANKLE) is Region.LEFT_FOOT


def test_every_region_moves_with_some_joint():
    assert set(REGION_OF_JOINT) == set(Region)
