from pathlib import Path

import pytest
import torch

from reimagine.appearance.store import load_person
from reimagine.records import Raster
from reimagine.refine.diffusion.places import (
    at_vertices,
    marks_of,
    nearest_vertex,
    region_cells,
    seen_cells,
)

FACES = torch.tensor([[0, 1, 2], [2, 3, 4]], dtype=torch.int32)
"""Shown by the left and the right half of a picture; nothing in its last row."""


@pytest.fixture
def raster():
    face = torch.zeros(1, 8, 16, dtype=torch.int32)
    face[:, :, 8:] = 1
    face[:, 7] = -1
    barycentrics = torch.zeros(1, 8, 16, 2)
    barycentrics[:, :, 8:, 1] = 0.9
    return Raster(face=face, barycentrics=barycentrics, depth=torch.ones(1, 8, 16))


def test_each_pixel_is_of_the_vertex_it_is_nearest_to(raster):
    vertex = nearest_vertex(raster, FACES)
    assert set(vertex[0, :7, :8].flatten().tolist()) == {0}
    assert set(vertex[0, :7, 8:].flatten().tolist()) == {4}
    assert set(vertex[0, 7].tolist()) == {-1}


def test_a_region_grows_by_one_cell(raster):
    region = torch.tensor([False, False, False, False, True])
    cells = region_cells(nearest_vertex(raster, FACES), region, 2, 4)
    assert cells.tolist() == [[0, 1, 1, 1]] * 2


def test_how_far_photos_show_a_cell_is_the_mean_over_what_is_there(raster):
    seen = torch.tensor([0.25, 0, 0, 0, 1.0])
    cells = seen_cells(nearest_vertex(raster, FACES), seen, 2, 2)
    assert torch.allclose(cells, torch.tensor([[0.25, 1.0], [0.25, 1.0]]))
    nothing = seen_cells(torch.full((1, 8, 16), -1), seen, 2, 2)
    assert torch.equal(nothing, torch.ones(2, 2))


@pytest.mark.parametrize("scale", [1, 2])
def test_a_vertex_takes_the_mean_of_its_pixels_at_any_size(raster, scale):
    change = torch.zeros(3, 8 // scale, 16 // scale)
    change[:, :, : 8 // scale] = 0.5
    change[1, :, 8 // scale :] = -0.25
    region = torch.tensor([True, True, False, False, True])
    found = at_vertices(change, nearest_vertex(raster, FACES), region)
    assert found.shape == (3, 3)
    assert found[0].tolist() == [0.5, 0.5, 0.5]
    assert bool(found[1].isnan().all())
    assert found[2].tolist() == [0, -0.25, 0]


def test_hands_are_at_the_wrists_and_the_face_in_the_head(plain_person: Path):
    person = load_person(plain_person)
    marks = marks_of(person)
    verts = person.surface.verts
    hands, face = verts[marks.regions["hands"]], verts[marks.regions["face"]]
    assert float(face[:, 1].min()) > float(person.body.joints[12, 1]) - 0.05
    wrists = person.body.joints[[20, 21]]
    assert float(torch.cdist(hands, wrists).amin(dim=1).max()) < 0.25
    assert not bool((marks.regions["hands"] & marks.regions["face"]).any())
