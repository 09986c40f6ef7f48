"""Closed surfaces from outlines."""

import numpy as np
import pytest

from reimagine.appearance.outline import Outline, risen
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.sculpt import relax, sculpt


def test_a_sculpted_part_is_closed_faces_outwards_and_keeps_its_breadth(plane, signed_volume):
    mask = np.zeros((80, 60), bool)
    mask[10:70, 15:45] = True
    round_body = np.where(mask, 0.06, np.nan).astype(np.float32)
    outline = Outline(mask=mask, bottom=None, regions=(1,), part="upper")
    verts, faces = sculpt(outline, plane, round_body, -round_body, ease_m=0.0)
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    assert signed_volume(verts, faces) > 0
    assert np.ptp(verts[:, 0]) == pytest.approx(30 * CELL_M, abs=0.012)
    assert np.ptp(verts[:, 2]) == pytest.approx(0.12, abs=0.015)


def test_a_hem_is_cut_flat(plane):
    mask = np.zeros((80, 60), bool)
    mask[10:78, 15:45] = True
    depth = np.where(mask, 0.06, np.nan).astype(np.float32)
    bottom = np.full(60, 50.0, np.float32)
    outline = Outline(mask=mask, bottom=bottom, regions=(1,), part="upper")
    verts, _ = sculpt(outline, plane, depth, -depth, ease_m=0.0)
    assert verts[:, 1].min() == pytest.approx(1 - 50 * CELL_M, abs=0.012)
    lowest = verts[verts[:, 1] < verts[:, 1].min() + 0.01]
    assert np.ptp(lowest[:, 0]) > 0.8 * 30 * CELL_M


def test_what_begins_under_a_hem_is_cut_flat_there_too(plane):
    mask = np.zeros((80, 60), bool)
    hem = (30 + 4 * np.sin(np.arange(60) / 60 * np.pi)).astype(np.float32)  # lower in the middle
    mask[10:70, 15:45] = np.arange(10, 70)[:, None] >= hem[None, 15:45]
    depth = np.full((80, 60), 0.06, np.float32)
    up = risen(mask, hem)
    assert up[25:34, 15:45].all()
    assert np.array_equal(up[36:], mask[36:])
    outline = Outline(mask=up, bottom=None, begins=hem - 5, regions=(1,), part="lower")
    verts, _ = sculpt(outline, plane, depth, -depth, ease_m=0.0)
    middle = verts[np.abs(verts[:, 0] - np.median(verts[:, 0])) < 0.02]
    assert verts[:, 1].max() == pytest.approx(1 - (hem[15] - 5) * CELL_M, abs=0.012)
    assert middle[:, 1].max() == pytest.approx(1 - 29 * CELL_M, abs=0.012)
    highest = middle[middle[:, 1] > middle[:, 1].max() - 0.012]
    assert np.ptp(highest[:, 2]) > 0.8 * 0.12


@pytest.mark.parametrize(
    ("wider", "free_from", "drawn_in"), [(1.0, None, True), (1.3, None, False), (1.0, 30, False)]
)
def test_loose_cloth_falls_from_where_the_body_stands_out_and_tight_cloth_follows_it(
    wider, free_from, drawn_in, plane
):
    body = np.zeros((80, 60), bool)
    body[10:78, 20:40] = True
    mask = np.zeros((80, 60), bool)
    mask[10:78, 30 - int(10 * wider) : 30 + int(10 * wider)] = True
    depth = np.where(body, 0.04, np.nan)
    behind = depth.copy()
    behind[20:35] += 0.04  # the buttocks
    outline = Outline(mask=mask, bottom=np.full(60, 70.0, np.float32), regions=(1,), part="lower")
    ahead, behind = depth.astype(np.float32), -behind.astype(np.float32)
    verts, _ = sculpt(outline, plane, ahead, behind, ease_m=0.0, free_from=free_from)
    below = verts[np.abs(verts[:, 1] - (1 - 50 * CELL_M)) < 0.01]
    assert (below[:, 2].min() > -0.055) == drawn_in


def test_wide_cloth_about_a_thin_leg_is_round(plane):
    mask, leg = np.zeros((80, 60), bool), np.zeros((80, 60), bool)
    mask[10:70, 12:48], leg[10:70, 24:36] = True, True
    depth = np.where(leg, 0.03, np.nan).astype(np.float32)
    outline = Outline(mask=mask, bottom=None, regions=(9,), part="lower")
    verts, _ = sculpt(outline, plane, depth, -depth, ease_m=0.0)
    assert np.ptp(verts[:, 2]) > 0.7 * np.ptp(verts[:, 0])


def test_shoulders_are_as_deep_as_the_body_though_arms_are_no_part_of_it(plane):
    # Above the armpit the outline is broader than the trunk by the shoulders' joints, not by loose cloth.
    mask, body = np.zeros((80, 60), bool), np.zeros((80, 60), bool)
    mask[2:78, 15:45], body[2:78, 18:42] = True, True
    depth = np.where(body, 0.06, np.nan).astype(np.float32)
    outline = Outline(mask=mask, bottom=None, regions=(1,), part="upper")
    verts, _ = sculpt(outline, plane, depth, -depth, ease_m=0.0, covers_to=16)
    row = (1 - verts[:, 1]) / CELL_M
    above, below = (np.ptp(verts[np.abs(row - at) < 2, 2]) for at in (24, 64))
    assert above == pytest.approx(0.12, abs=0.006)
    assert below > 1.08 * above


def test_relaxing_keeps_the_volume(body, signed_volume):
    verts, faces = body.skin.verts.numpy(), body.skin.faces.numpy()
    before, after = signed_volume(verts, faces), signed_volume(relax(verts, faces), faces)
    assert after == pytest.approx(before, rel=0.03)
