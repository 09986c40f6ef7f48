"""Hems that end higher behind than in front, and what comes from under them."""

from dataclasses import replace

import numpy as np
import pytest

from reimagine.appearance.hems import room_under, with_backs
from reimagine.appearance.outline import Outline
from reimagine.appearance.plane import CELL_M, Plane
from reimagine.appearance.sculpt import sculpt
from reimagine.appearance.seeing import Seeing

ROWS, COLUMNS, HEM = 80, 60, 40.0
MASK = np.zeros((ROWS, COLUMNS), bool)
MASK[10:75, 15:45] = True
DEEP = np.where(MASK, 0.06, np.nan).astype(np.float32)


def trunk(hem: float) -> Outline:
    bottom = np.full(COLUMNS, hem, np.float32)
    return Outline(mask=MASK, bottom=bottom, regions=(1,), part="upper")


def legs(begins: float) -> Outline:
    above = np.full(COLUMNS, begins, np.float32)
    return Outline(mask=MASK, bottom=None, begins=above, regions=(9,), part="lower")


def shown(plane: Plane, hem: float) -> Seeing:
    return Seeing(
        plane=plane,
        labels=MASK.astype(np.int64),
        bare=np.where(MASK, 1, -1),
        guide=np.where(MASK, 1, -1),
        joints=np.full((55, 2), 30.0),
        outlines={"trunk": trunk(hem), "left_leg": legs(hem - 5)},
    )


@pytest.mark.parametrize(("higher_m", "shown_m"), [(0.0, 0.0), (0.01, 0.0), (0.06, 0.06)])
def test_a_shirt_ends_behind_where_the_back_photo_shows_it(
    plane: Plane, higher_m: float, shown_m: float
):
    front, back = shown(plane, HEM), shown(plane, HEM - higher_m / CELL_M)
    found = with_backs(dict(front.outlines), front, back, (DEEP, -DEEP))
    verts, _ = sculpt(found["trunk"], plane, DEEP, -DEEP, ease_m=0.0)
    ahead, behind = (verts[side * verts[:, 2] > 0.04, 1].min() for side in (1, -1))
    assert behind - ahead == pytest.approx(shown_m, abs=0.012)
    # What comes from under it begins as far above its hem on either side.
    verts, _ = sculpt(found["left_leg"], plane, DEEP, -DEEP, ease_m=0.0)
    ahead, behind = (verts[side * verts[:, 2] > 0.04, 1].max() for side in (1, -1))
    assert behind - ahead == pytest.approx(shown_m, abs=0.012)


def test_a_hem_that_the_back_photo_shows_elsewhere_is_that_of_something_else(plane: Plane):
    front, back = shown(plane, HEM), shown(plane, HEM - 0.12 / CELL_M)
    found = with_backs(dict(front.outlines), front, back, (DEEP, -DEEP))
    lower = found["trunk"].lower_behind
    assert lower is not None
    assert np.allclose(lower, 0)


def test_trousers_lie_within_the_shirt_and_may_be_wider_below_it(plane: Plane):
    shirt = replace(trunk(HEM), lower_behind=np.full(COLUMNS, -10, np.float32))
    ended = np.arange(ROWS)[:, None] > HEM
    cloth = np.where(ended, np.nan, DEEP).astype(np.float32)
    near, far = room_under(shirt, (cloth, -cloth))
    high, low = int(HEM) - 20, int(HEM) + 10
    assert (near[high] < 0.06).all()
    assert (far[high] > -0.06).all()
    assert (near[low] > near[high]).all()
    # Behind, the shirt ends higher.
    assert (-far[int(HEM) - 2] > near[int(HEM) - 2]).all()
    wide = np.where(MASK, 0.12, np.nan).astype(np.float32)
    verts, _ = sculpt(legs(HEM - 15), plane, wide, -wide, ease_m=0.0, within=(near, far))
    covered = verts[verts[:, 1] > 1 - (HEM - 11) * CELL_M]
    assert np.abs(covered[:, 2]).max() < 0.06
