"""Frames that are carried from their neighbours: a ball that moves aside, painted by the atlas."""

from dataclasses import replace

import pytest
import torch

from reimagine.frames.backends.atlas import make
from reimagine.frames.between import between
from reimagine.pictures import over
from reimagine.records import Skin
from reimagine.render.view import view_mesh, view_surface


def shown(picture):
    return over(picture, torch.ones(3, 1, 1))


@pytest.fixture(scope="module")
def moving(person, scene):
    """Pictures and surface of three frames."""
    conditions = scene(person, 3, step_m=0.06)
    return make().paint(person, conditions, 0), view_surface(
        person, conditions.pose, conditions.camera
    )


def test_it_is_nearly_what_would_have_been_painted(moving):
    (before, true, after), seen = moving
    made = between(before, after, torch.zeros_like(true), seen=seen, share=0.5)
    away = (shown(made) - shown(true)).abs()
    stood_still = (shown(before) - shown(true)).abs()
    assert float(away.mean()) < 0.15 * float(stood_still.mean())
    inner = -torch.nn.functional.max_pool2d(-true[3:], 7, 1, 3)[0] == 1
    assert float(away[:, inner].max()) < 0.03


def test_what_stands_still_stays_as_it_is(person, scene):
    conditions = scene(person, 3)
    [picture, *_] = make().paint(person, conditions, 0)
    seen = view_surface(person, conditions.pose, conditions.camera)
    made = between(picture, picture, torch.zeros_like(picture), seen=seen, share=0.25)
    assert torch.allclose(shown(made), shown(picture), atol=1e-4)


def test_it_goes_from_one_neighbour_to_the_other(moving):
    (before, _, after), seen = moving
    bright = torch.cat([torch.ones_like(after[:3]), after[3:]])
    dark = torch.cat([torch.zeros_like(before[:3]), before[3:]])
    inner = seen.raster.face[1] >= 0
    for share in (0.25, 0.5, 0.75):
        made = between(dark, bright, torch.zeros_like(dark), seen=seen, share=share)
        assert float(made[:3, inner].median()) == pytest.approx(share, abs=1e-3)


def test_hair_beyond_the_surface_moves_along(moving):
    (before, true, after), seen = moving

    def haired(picture, frame):
        """With a red fringe where the surface does not reach."""
        on = (seen.raster.face[frame] >= 0).float()[None, None]
        fringe = (torch.nn.functional.max_pool2d(on, 9, 1, 4) - on)[0, 0] > 0
        picture = picture.clone()
        picture[:, fringe] = torch.tensor([[1.0], [0], [0], [1]])
        return picture, fringe

    (before, _), (true, fringe), (after, _) = (
        haired(one, frame) for frame, one in enumerate((before, true, after))
    )
    made = between(before, after, torch.zeros_like(before), seen=seen, share=0.5)
    assert float((shown(made) - shown(true)).abs()[:, fringe].mean()) < 0.1
    assert float(made[3, fringe].mean()) > 0.9


@pytest.fixture(scope="module")
def uncovered(person, scene):
    """A wall, and a ball before it which is elsewhere in the frame between: what it hid is shown by neither neighbour."""
    ball: Skin = person.surface
    at = torch.linspace(-1, 1, 30)
    y, x = torch.meshgrid(at, at, indexing="ij")
    wall = torch.stack([x, y, torch.full_like(x, -0.7)], dim=-1).reshape(-1, 3)
    corner = (torch.arange(29)[:, None] * 30 + torch.arange(29)).reshape(-1)
    faces = torch.cat(
        [
            torch.stack([corner, corner + 1, corner + 30], dim=1),
            torch.stack([corner + 1, corner + 31, corner + 30], dim=1),
        ]
    )
    small = ball.verts * 0.4
    verts = torch.stack(
        [torch.cat([wall, small + torch.tensor([dx, 0, 0])]) for dx in (0.0, 0.3, 0.0)]
    )
    camera = scene(person, 3).camera
    seen = view_mesh(verts, torch.cat([faces, ball.faces + len(wall)]).int(), camera)
    is_wall = seen.raster.face < len(faces)
    pictures = torch.where((seen.raster.face >= 0)[:, None], 1.0, 0.0).expand(-1, 4, -1, -1).clone()
    pictures[:, :3] *= torch.where(is_wall, 0.4, 0.8)[:, None]
    hidden = is_wall[1] & ~is_wall[0]
    deep = -torch.nn.functional.max_pool2d(-hidden.float()[None], 7, 1, 3)[0] == 1
    assert int(deep.sum()) > 50
    return pictures, seen, deep


def test_what_neither_neighbour_shows_comes_from_the_other_picture(uncovered):
    pictures, seen, hidden = uncovered
    fill = pictures[1].clone()
    fill[0, hidden] = 0.9
    made = between(pictures[0], pictures[2], fill, seen=seen, share=0.5)
    assert float(made[0, hidden].min()) > 0.8
    assert float((made[1, hidden] - 0.4).abs().max()) < 0.02


def test_its_colours_are_brought_to_those_around_it(uncovered):
    pictures, seen, hidden = uncovered
    tinted = pictures[1].clone()
    tinted[:3] += 0.1
    made = between(pictures[0], pictures[2], tinted, seen=seen, share=0.5)
    assert float((made[:3, hidden] - 0.4).abs().max()) < 0.05


def test_without_a_surface_in_sight_places_keep_their_colours(moving):
    (before, _, after), seen = moving
    empty = replace(seen, raster=replace(seen.raster, face=torch.full_like(seen.raster.face, -1)))
    made = between(before, before, torch.zeros_like(after), seen=empty, share=0.5)
    assert torch.allclose(shown(made), shown(before), atol=1e-4)
