"""Cloth beneath hair that hangs over a collar."""

import numpy as np
import pytest

from reimagine.appearance.nape import under_hair
from reimagine.appearance.outline import HAIR, SKIN, UPPER

JOINTS = np.full((55, 2), 30.0)


def back() -> np.ndarray:
    """A shirt from row 30 on; a neck, and hair over its middle."""
    labels = np.zeros((80, 60), np.int64)
    labels[10:30, 22:39] = SKIN
    labels[30:, 5:55] = UPPER
    labels[5:40, 28:33] = HAIR
    return labels


def test_skin_beside_hair_below_the_collar_is_cloth():
    labels = back()
    labels[30:38, 33:37] = SKIN
    found = under_hair(labels, JOINTS)
    assert (found[31:38, 33:37] == UPPER).all()
    assert np.array_equal(found[:30], labels[:30])
    assert np.array_equal(found == HAIR, labels == HAIR)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(30, 60), slice(33, 37)),
        (slice(32, 40), slice(40, 44)),
        (slice(30, 32), slice(33, 36)),
    ],
    ids=["an open back", "far from hair", "a ragged edge"],
)
def test_other_skin_stays(rows: slice, columns: slice):
    labels = back()
    labels[rows, columns] = SKIN
    assert np.array_equal(under_hair(labels, JOINTS), labels)


def test_a_bare_back_stays():
    labels = np.where(back() == UPPER, SKIN, back())
    assert np.array_equal(under_hair(labels, JOINTS), labels)
