"""Sleeves end once, all around, and skin in the shade of cloth does not stain the arm."""

import numpy as np
import pytest

from reimagine.appearance.arms import shaded_by_cloth, with_one_hem
from reimagine.appearance.outline import SKIN, UPPER

ALONG_M = np.arange(0.1, 0.7, 0.005)
USUAL = np.array([0.8, 0.6, 0.5])


def sleeve(ends_m: float) -> np.ndarray:
    """Votes for skin and for cloth of an arm whose sleeve ends there."""
    return np.stack([ends_m < ALONG_M, ends_m >= ALONG_M]).astype(float)


@pytest.mark.parametrize("behind_m", [0.2, 0.68])
def test_a_sleeve_ends_behind_where_it_ends_in_front(behind_m: float):
    front, back = sleeve(0.4), sleeve(behind_m)
    found = with_one_hem(front, back, ALONG_M)
    off = found.argmax(0) != front.argmax(0)
    assert (back.argmax(0) != front.argmax(0)).sum() >= 40
    assert off.sum() * 0.005 <= 0.065  # a cuff may be rolled up
    assert np.allclose(found.sum(0), back.sum(0))


def test_a_sleeve_may_be_rolled_up_a_little_behind():
    back = sleeve(0.35)
    assert np.array_equal(with_one_hem(sleeve(0.4), back, ALONG_M), back)


def test_an_arm_that_is_bare_or_covered_in_front_is_so_behind():
    for ends_m in (0.0, 1.0):
        found = with_one_hem(sleeve(ends_m), sleeve(0.4), ALONG_M)
        inner = ALONG_M < 0.6
        assert np.array_equal(found[:, inner], sleeve(ends_m)[:, inner])


def test_where_the_front_shows_no_one_end_the_back_is_believed():
    bare_shoulder = sleeve(0.4)[::-1]
    back = sleeve(0.3)
    assert np.array_equal(with_one_hem(bare_shoulder, back, ALONG_M), back)
    assert np.array_equal(with_one_hem(0 * back, back, ALONG_M), back)


def forearm() -> tuple[np.ndarray, np.ndarray]:
    """Labels and picture of a forearm, 10 cm broad, with cloth at its right and background at its left."""
    labels = np.zeros((40, 60), np.int64)
    labels[:, 10:30], labels[:, 30:50] = SKIN, UPPER
    picture = np.ones((40, 60, 3))
    picture[labels == SKIN] = USUAL
    return labels, picture


def test_dark_skin_hard_by_cloth_is_doubted_and_no_other():
    labels, picture = forearm()
    picture[:, 27:50] *= 0.4  # a shadow
    picture[10:20, 15:20] = 0.1  # a tattoo
    picture[:, 10] *= 0.4  # turned away, before the background
    found = shaded_by_cloth(labels, labels > 0, picture, USUAL)
    wanted = np.zeros_like(found)
    wanted[:, 27:30] = True
    assert np.array_equal(found, wanted)


def test_bright_skin_hard_by_cloth_is_believed():
    labels, picture = forearm()
    assert not shaded_by_cloth(labels, labels > 0, picture, USUAL).any()


def test_without_cloth_nothing_is_in_its_shade():
    labels, picture = forearm()
    labels[labels == UPPER] = 0
    assert not shaded_by_cloth(labels, labels > 0, 0.1 * picture, USUAL).any()
