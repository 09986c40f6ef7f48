"""A shirt of 15 cm, seen from both sides, whose hem a hand hides in front."""

import numpy as np
import pytest

from reimagine.appearance.flanks import with_flanks
from reimagine.appearance.outline import SKIN, UPPER, Outline
from reimagine.appearance.plane import CELL_M, Plane
from reimagine.appearance.seeing import Seeing

LEFT, RIGHT, HEM, HAND = 15, 45, 60, 5
WIDER = 4
"""By so many cells the back photo's cloth reaches further than the front's, which a hand hides there."""


def shown(plane: Plane, labels: np.ndarray, guide: np.ndarray, right: int) -> Seeing:
    mask = np.zeros(labels.shape, bool)
    mask[10:HEM, LEFT:right] = True
    joints = np.full((55, 2), 50.0)
    joints[:, 1] = (LEFT + RIGHT) / 2
    joints[[1, 2], 1] += (-5, 5)
    return Seeing(
        plane=plane,
        labels=labels,
        bare=np.where(labels > 0, 1, -1),
        guide=guide,
        joints=joints,
        outlines={
            "trunk": Outline(
                mask=mask,
                bottom=np.full(labels.shape[1], HEM, np.float32),
                regions=(1,),
                part="upper",
            )
        },
    )


def photos(plane: Plane, *, beside: int, behind: int) -> tuple[Seeing, Seeing]:
    """Front and back; `beside`: what lies on the front's side near the hem, `behind`: which region the back's side is."""
    found: list[Seeing] = []
    for right in (RIGHT, RIGHT + WIDER):
        labels = np.zeros((80, 60), np.int64)
        labels[10:HEM, LEFT:right] = UPPER
        guide = np.where(labels > 0, 1, -1)
        if right == RIGHT:
            labels[HEM - 20 : HEM + 5, RIGHT : RIGHT + HAND] = beside
        else:
            guide[:, RIGHT:][labels[:, RIGHT:] > 0] = behind
        found.append(shown(plane, labels, guide, RIGHT))
    return found[0], found[1]


@pytest.mark.parametrize(
    ("beside", "behind", "wider"),
    [(SKIN, 1, True), (0, 1, False), (UPPER, 1, False), (SKIN, 3, False)],
    ids=["a hand", "nothing", "a sleeve", "a sleeve behind"],
)
def test_a_side_that_a_hand_hides_is_as_far_out_as_behind(
    plane: Plane, beside: int, behind: int, wider: bool
):
    found = with_flanks(*photos(plane, beside=beside, behind=behind))["trunk"].mask
    near_hem = round(HEM - 0.02 / CELL_M)
    assert found[near_hem, RIGHT + WIDER - 2] == wider
    assert found[near_hem, RIGHT - 1]
    assert found[near_hem, LEFT]
    assert not found[near_hem, LEFT - 2]
    assert not found[HEM - 50, RIGHT + 1]
