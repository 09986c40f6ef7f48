"""Tied hair is told from hair that hangs loose, and stands off the head."""

import numpy as np
import pytest

from reimagine.appearance.outline import HAIR, SKIN, UPPER
from reimagine.appearance.plane import CELL_M, Plane
from reimagine.appearance.tail import before_skin, carried, find_tail, tail_depths

HEAD, NAPE, COLLAR = 42, 45, 58
"""Rows of the head joint, of the end of what grows on the head, and of the collar."""
JOINTS = np.full((55, 2), (HEAD, 30.0))
PLAIN = np.full((80, 60, 3), 0.1, np.float32)


def behind(*hair: tuple[int, int, int, int]) -> np.ndarray:
    """Head, neck and shirt from behind, with hair in places (first row, last, first column, last)."""
    labels = np.zeros((80, 60), np.int64)
    labels[NAPE:COLLAR, 18:43], labels[COLLAR:, 2:58] = SKIN, UPPER
    labels[12:NAPE, 12:49] = HAIR
    for top, end, left, right in hair:
        labels[top:end, left:right] = HAIR
    return labels


def test_a_tail_is_found_from_the_tie_to_its_end():
    found = find_tail(behind((NAPE, 72, 27, 35)), JOINTS, PLAIN)
    assert found is not None
    rows = np.flatnonzero(found.any(1))
    assert HEAD - rows[0] == pytest.approx(0.10 / CELL_M, abs=2)  # where tails are tied
    assert abs(rows[-1] - 71) <= 2
    assert found[COLLAR].sum() == pytest.approx(8, abs=1)
    assert found[rows[2]].sum() < found[NAPE].sum()


@pytest.mark.parametrize(
    "hair",
    [
        (),
        ((NAPE, 72, 18, 43),),
        ((NAPE, 49, 27, 35),),
        ((NAPE, 72, 30, 32),),
        ((NAPE, 72, 14, 20),),
        ((NAPE, 72, 21, 27), (NAPE, 72, 33, 39)),
        ((NAPE, COLLAR, 18, 43), (COLLAR, 70, 27, 35)),
    ],
    ids=["short", "loose", "a nape's", "a strand", "beside the neck", "two", "loose, to a tip"],
)
def test_other_hair_is_no_tail(hair):
    assert find_tail(behind(*hair), JOINTS, PLAIN) is None


def test_no_hair_has_no_tail():
    assert find_tail(np.zeros((80, 60), np.int64), JOINTS, PLAIN) is None


def test_a_tail_begins_at_a_tie_of_another_colour():
    picture = PLAIN.copy()
    picture[35:37, 28:34] = 0.9
    picture[20, 30] = 0.9  # a gleam
    found = find_tail(behind((NAPE, 72, 27, 35)), JOINTS, picture)
    assert found is not None
    assert np.flatnonzero(found.any(1))[0] == pytest.approx(34, abs=1)


def test_hair_with_a_waist_at_the_nape_is_tied_there():
    found = find_tail(behind((NAPE, 48, 28, 33), (48, 72, 24, 37)), JOINTS, PLAIN)
    assert found is not None
    assert np.flatnonzero(found.any(1))[0] >= NAPE - 3


def test_a_tail_leaves_the_skull_and_falls_straight_until_it_lies_on_the_back():
    mask = np.zeros((80, 60), bool)
    mask[20:70, 26:35] = True
    far = np.full((80, 60), -0.12)
    far[:32], far[32:55] = -0.09, -0.02
    ahead, back = tail_depths(mask, far)
    assert ahead[20, 30] > -0.09  # it grows out of the head
    fallen = ahead[33:54, 30]
    breadth = 9 * CELL_M
    assert fallen.max() < -0.09
    assert np.ptp(fallen) < 0.01
    middle = (ahead + back)[40, 30] / 2
    assert -0.09 - middle == pytest.approx(0.5 * breadth, abs=0.025)
    deep = (ahead - back)[:, 30]
    assert deep[33:40] == pytest.approx(breadth, abs=0.005)
    assert (np.diff(deep[40:70]) <= 1e-6).all()
    assert 0 < deep[69] < 0.5 * breadth  # towards its tip it is thin
    assert (ahead[60:70, 30] <= -0.12 + 1e-6).all()
    assert np.isnan(ahead[40, 0])


def test_a_tail_goes_with_the_head_from_one_photo_to_the_other(plane: Plane):
    mask = np.zeros((80, 60), bool)
    mask[20:70, 20:30] = True
    stood = np.eye(4)[:3]
    joint = np.array([0.12, 0.8, 0.0])
    same = carried(mask, (plane, plane), (stood, stood), joint)
    assert (same ^ mask).sum() < 20
    stands = stood.copy()
    stands[:, 3] = 0.05, 0.02, 0.0
    moved = carried(mask, (plane, plane), (stood, stands), joint)
    assert (moved[16:66, 30:40]).mean() > 0.95
    assert moved.sum() == pytest.approx(mask.sum(), rel=0.05)


def test_a_collar_does_not_go_up_beneath_a_tail():
    labels = behind((NAPE, 72, 27, 35))
    tail = find_tail(labels, JOINTS, PLAIN)
    assert tail is not None
    found = before_skin(labels, tail)
    assert found[NAPE:COLLAR, 27:35].all()
    assert not found[COLLAR:].any()
    assert not found[: NAPE - 1].any()
