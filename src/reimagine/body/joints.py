"""The joints of SMPL-X by name, and the groups of them that several files need."""

from enum import IntEnum


class Joint(IntEnum):
    """The 55 joints in SMPL-X's order; a member is the index of its row in `Body.joints` and `Motion.poses`."""

    PELVIS = 0
    LEFT_HIP = 1
    RIGHT_HIP = 2
    SPINE1 = 3
    LEFT_KNEE = 4
    RIGHT_KNEE = 5
    SPINE2 = 6
    LEFT_ANKLE = 7
    RIGHT_ANKLE = 8
    SPINE3 = 9
    LEFT_FOOT = 10
    RIGHT_FOOT = 11
    NECK = 12
    LEFT_COLLAR = 13
    RIGHT_COLLAR = 14
    HEAD = 15
    LEFT_SHOULDER = 16
    RIGHT_SHOULDER = 17
    LEFT_ELBOW = 18
    RIGHT_ELBOW = 19
    LEFT_WRIST = 20
    RIGHT_WRIST = 21
    JAW = 22
    LEFT_EYE = 23
    RIGHT_EYE = 24
    LEFT_INDEX1 = 25
    LEFT_INDEX2 = 26
    LEFT_INDEX3 = 27
    LEFT_MIDDLE1 = 28
    LEFT_MIDDLE2 = 29
    LEFT_MIDDLE3 = 30
    LEFT_PINKY1 = 31
    LEFT_PINKY2 = 32
    LEFT_PINKY3 = 33
    LEFT_RING1 = 34
    LEFT_RING2 = 35
    LEFT_RING3 = 36
    LEFT_THUMB1 = 37
    LEFT_THUMB2 = 38
    LEFT_THUMB3 = 39
    RIGHT_INDEX1 = 40
    RIGHT_INDEX2 = 41
    RIGHT_INDEX3 = 42
    RIGHT_MIDDLE1 = 43
    RIGHT_MIDDLE2 = 44
    RIGHT_MIDDLE3 = 45
    RIGHT_PINKY1 = 46
    RIGHT_PINKY2 = 47
    RIGHT_PINKY3 = 48
    RIGHT_RING1 = 49
    RIGHT_RING2 = 50
    RIGHT_RING3 = 51
    RIGHT_THUMB1 = 52
    RIGHT_THUMB2 = 53
    RIGHT_THUMB3 = 54


HIPS = [Joint.LEFT_HIP, Joint.RIGHT_HIP]
KNEES = [Joint.LEFT_KNEE, Joint.RIGHT_KNEE]
ANKLES = [Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE]
FEET = [Joint.LEFT_FOOT, Joint.RIGHT_FOOT]
SHOULDERS = [Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER]
WRISTS = [Joint.LEFT_WRIST, Joint.RIGHT_WRIST]
EYES = [Joint.LEFT_EYE, Joint.RIGHT_EYE]
"""Pairs, left before right; lists, as arrays are indexed by them."""

FACE = slice(Joint.JAW, Joint.RIGHT_EYE + 1)
FINGERS = slice(Joint.LEFT_INDEX1, Joint.RIGHT_THUMB3 + 1)
LEFT_FINGERS = slice(Joint.LEFT_INDEX1, Joint.LEFT_THUMB3 + 1)
RIGHT_FINGERS = slice(Joint.RIGHT_INDEX1, Joint.RIGHT_THUMB3 + 1)
"""Joints that lie next to one another."""

HEAD = (Joint.HEAD, *tuple(Joint)[FACE])
HANDS = (*WRISTS, *tuple(Joint)[FINGERS])
"""What turns with the head, and with either hand."""

BODY_JOINTS = int(Joint.RIGHT_WRIST) + 1
"""How many come before jaw, eyes and fingers."""
