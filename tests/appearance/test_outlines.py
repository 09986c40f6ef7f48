"""Outlines of parts on the frontal plane, where they are seen and where others hide them."""

import numpy as np
import pytest

from reimagine.appearance.guide import nearest_region, settle_arms
from reimagine.appearance.legs import leg_cloth
from reimagine.appearance.outline import HAIR, LOWER, SHOES, SKIN, UPPER
from reimagine.appearance.outlines import outlines


def doll() -> tuple[np.ndarray, np.ndarray]:
    """Labels and body regions of a doll: head, shirt, arms beside it, trousers, shoes. Columns grow to its left."""
    labels, bare = np.zeros((360, 160), np.int64), np.full((360, 160), -1, np.int64)
    for rows, columns, label, region in (
        ((10, 55), (65, 95), SKIN, 0),
        ((60, 180), (50, 110), UPPER, 1),
        ((60, 110), (114, 132), UPPER, 2),
        ((110, 170), (114, 132), SKIN, 3),
        ((60, 110), (28, 46), UPPER, 5),
        ((110, 170), (28, 46), SKIN, 6),
        ((180, 330), (84, 112), LOWER, 9),
        ((180, 330), (48, 76), LOWER, 12),
        ((330, 350), (84, 112), SHOES, 11),
        ((330, 350), (48, 76), SHOES, 14),
    ):
        place = np.s_[rows[0] : rows[1], columns[0] : columns[1]]
        labels[place], bare[place] = label, region
    labels[10:25, 65:95] = HAIR
    return labels, bare


def doll_joints() -> np.ndarray:
    """Row and column of the doll's joints."""
    joints = np.zeros((55, 2))
    for index, place in {
        0: (190, 80), 1: (195, 98), 2: (195, 62), 4: (250, 98), 5: (250, 62), 12: (58, 80),
        15: (40, 80), 16: (68, 114), 17: (68, 46),
    }.items():  # fmt: skip
        joints[index] = place
    return joints


def test_outlines_part_trunk_arms_and_legs():
    labels, bare = doll()
    guide = settle_arms(labels, np.where(labels > 0, bare, -1), bare)
    assert (guide[labels == 0] == -1).all()
    found = outlines(labels, guide, bare, doll_joints())
    assert {"trunk", "left_arm", "right_arm", "left_leg", "right_leg"} == set(found)
    columns = {name: np.nonzero(part.mask)[1].mean() for name, part in found.items()}
    assert columns["left_arm"] > columns["trunk"] > columns["right_arm"]
    assert columns["left_leg"] > columns["right_leg"]
    trunk = found["trunk"]
    assert trunk.bottom is not None
    assert np.median(trunk.bottom[50:110]) == pytest.approx(180, abs=3)


def test_legs_that_touch_in_the_photo_are_still_two():
    labels, bare = doll()
    labels[180:330, 76:84] = LOWER
    guide = settle_arms(labels, nearest_region(bare, labels > 0), bare)
    found = outlines(labels, guide, bare, doll_joints())
    left, right = found["left_leg"].mask[240:320], found["right_leg"].mask[240:320]
    assert not (left & right).any()
    assert left.any(1).all()
    assert right.any(1).all()
    assert (left | right)[:, 52:108].mean() > 0.95


def test_a_trunk_goes_on_a_little_above_its_collar():
    labels, bare = doll()
    labels[60:70, 70:90] = SKIN  # a neckline, 10 cells deep
    guide = settle_arms(labels, nearest_region(bare, labels > 0), bare)
    trunk = outlines(labels, guide, bare, doll_joints())["trunk"]
    assert trunk.top == 60
    assert trunk.mask[54, 80]
    assert trunk.mask[65, 80]
    assert not trunk.mask[:54].any()


def test_hands_before_the_hips_leave_no_dent_in_the_trousers():
    labels, bare = doll()
    labels[200:230, 104:116], bare[200:230, 104:116] = SKIN, 4
    guide = settle_arms(labels, nearest_region(bare, labels > 0), bare)
    leg = outlines(labels, guide, bare, doll_joints())["left_leg"].mask
    edges = [np.flatnonzero(leg[row])[-1] for row in (190, 215, 245)]
    assert np.ptp(edges) <= 3


def test_a_hem_goes_straight_on_where_a_hand_hides_it():
    labels, bare = doll()
    labels[165:210, 92:112], bare[165:210, 92:112] = SKIN, 4
    guide = settle_arms(labels, nearest_region(bare, labels > 0), bare)
    bottom = outlines(labels, guide, bare, doll_joints())["trunk"].bottom
    assert bottom is not None
    assert bottom[50:110] == pytest.approx(180, abs=1)


def test_the_rim_of_a_wide_sleeve_beside_the_trunk_is_no_trunk():
    labels, bare = doll()
    labels[110:170, 28:46] = labels[110:170, 114:140] = UPPER
    bare[110:170, 28:46] = bare[110:170, 114:140] = -1
    bare[110:170, 120:135], bare[110:170, 28:40] = 3, 6
    guide = settle_arms(labels, nearest_region(bare, labels > 0), bare)
    guide[140:170, 114:118] = 1
    trunk = outlines(labels, guide, bare, doll_joints())["trunk"].mask
    assert not trunk[140:175, 112:].any()
    assert trunk[140:175, 52:108].all()


def test_trousers_come_out_of_a_short_shirt_no_broader_than_it():
    labels, bare = doll()
    guide = settle_arms(labels, nearest_region(bare, labels > 0), bare)
    bare[150:190, 35:125] = 8  # a body that was fitted to hands beside it
    found = outlines(labels, guide, bare, doll_joints())
    under = found["left_leg"].mask[170:180] & ~found["trunk"].mask[170:180]
    assert found["left_leg"].mask[176:180, 55:105].all()
    assert not under[:, :48].any()
    assert not under[:, 112:].any()


def test_cloth_that_is_seen_beside_a_hand_is_not_drawn_in():
    labels, bare = doll()
    labels[195:225, 84:119], bare[195:225, 84:119] = LOWER, 9  # a bag of cloth
    labels[190:230, 119:131], bare[190:230, 119:131] = SKIN, 4
    guide = settle_arms(labels, nearest_region(bare, labels > 0), bare)
    leg = outlines(labels, guide, bare, doll_joints())["left_leg"].mask
    assert np.flatnonzero(leg[210])[-1] >= 115


def test_skin_beside_trousers_is_not_leg():
    labels, _ = doll()
    assert not leg_cloth(labels)[110:170, 114:132].any()
    assert leg_cloth(labels)[200:320, 90:105].all()
