"""Hair hangs as hair does."""

from dataclasses import replace

import numpy as np
import pytest
from tests.appearance.conftest import standing

from reimagine.appearance.hair import hair_depths, hanging_hair
from reimagine.appearance.outline import FACE, HAIR
from reimagine.appearance.plane import CELL_M, depths, plane_of, region_picture, regions_of
from reimagine.appearance.seeing import Seeing, seeing
from reimagine.body.model import joint_positions, pose_skin
from reimagine.records import Body

pytestmark = pytest.mark.timeout(240)  # on a loaded machine
HEAD = 15


def bald(body: Body) -> Seeing:
    """All is face but what hangs, which is yet to be painted."""
    stance = standing(body)
    regions = region_picture(body, stance).numpy()
    return seeing(
        plane_of(body, stance),
        np.where(regions >= 0, FACE, 0),
        regions,
        joint_positions(body, stance.pose)[0].numpy(),
        np.ones((*regions.shape, 3), np.float32),
    )


def test_hair_falls_from_where_the_head_stands_out_until_it_touches_the_back(body):
    verts = pose_skin(body.skin, standing(body).pose)[0]
    seen = bald(body)
    row, column = seen.joints[HEAD].round().astype(int)
    labels = np.where((np.arange(len(seen.labels)) < row)[:, None], HAIR, seen.labels)
    seen = replace(seen, labels=labels)
    _, behind = hair_depths(verts, body, regions_of(body.skin), seen, None)["hair"]
    _, far = depths(verts, body.skin.faces, seen.plane)
    occiput = np.nanmin(far[row - 20 : row, column])
    neck, back = far[row : row + 60, column].max(), far[row + 60, column]
    assert neck > occiput + 0.02
    hangs = behind[row + 10 : row + 60, column]
    assert hangs.max() < occiput + 0.1 * 70 * CELL_M
    assert behind[row + 60, column] < back
    # Beside the neck it falls on, where there is nothing of the body behind it.
    beside = column + round(0.065 / CELL_M)
    below = row + round(0.04 / CELL_M)
    assert np.isnan(far[below, beside])
    assert behind[below, beside] < np.nanmin(far[row - 20 : row, beside]) + 0.02


def test_a_tail_is_a_piece_of_its_own_and_no_hair_hangs_beside_it(body):
    seen = bald(body)
    row, column = seen.joints[HEAD].round().astype(int)
    tail = np.zeros(seen.labels.shape, bool)
    tail[row - 15 : row + 50, column - 6 : column + 7] = True
    above = (np.arange(len(tail)) < row)[:, None] & (seen.labels > 0)
    back = replace(seen, labels=np.where(tail | above, HAIR, seen.labels))
    front = replace(seen, labels=np.where(above, HAIR, seen.labels))
    loose = hanging_hair(front, back)
    assert loose["hair"].mask.any()
    assert "tail" not in loose
    tied = hanging_hair(front, back, tail)
    assert not tied["hair"].mask.any()
    assert np.array_equal(tied["tail"].mask, tail)
    verts = pose_skin(body.skin, standing(body).pose)[0]
    found = hair_depths(verts, body, regions_of(body.skin), front, None, tail)
    ahead, behind = found["tail"]
    assert (ahead[tail] >= behind[tail]).all()
    assert float(np.median((ahead - behind)[tail])) > 0.04
