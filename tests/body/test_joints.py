"""Joints by name."""

from reimagine.body.joints import BODY_JOINTS, FACE, FINGERS, HANDS, HEAD, LEFT_FINGERS, Joint
from reimagine.body.joints import RIGHT_FINGERS as RIGHT
from reimagine.body.model import JOINTS, PARENTS


def test_members_are_rows_in_smplx_order():
    assert [int(joint) for joint in Joint] == list(range(55))
    assert JOINTS[15] == "head"
    assert JOINTS[21] == "right_wrist"
    assert JOINTS[39] == "left_thumb3"
    assert JOINTS[40] == "right_index1"


def test_left_joints_have_a_right_one_with_the_same_parent_or_its_mirror():
    for joint in Joint:
        if joint.name.startswith("LEFT_"):
            other = Joint[joint.name.replace("LEFT_", "RIGHT_")]
            parent, mirrored = Joint(PARENTS[joint]), Joint(PARENTS[other])
            assert parent.name.replace("LEFT_", "RIGHT_") == mirrored.name


def test_slices_cover_what_comes_after_the_body():
    after = [*range(55)[FACE], *range(55)[LEFT_FINGERS], *range(55)[RIGHT]]

    assert after == list(range(BODY_JOINTS, 55))
    assert list(range(55)[FINGERS]) == list(range(25, 55))
    assert HEAD == (15, 22, 23, 24)
    assert (20, 21, *range(25, 55)) == HANDS
