"""Laws of mesh flow, on a coarse ball before a wall."""

import pytest
import torch
from torch import Tensor

from reimagine.cameras.path import make_camera
from reimagine.records import CameraPath, SurfaceView
from reimagine.render.flow import mesh_flow
from reimagine.render.view import view_mesh
from reimagine.settings import View

WIDTH, HEIGHT = 96, 120


def ball(radius: float, rings: int = 24, around: int = 40) -> tuple[Tensor, Tensor]:
    polar, turn = (
        torch.linspace(0.01, torch.pi - 0.01, rings),
        torch.arange(around) * (2 * torch.pi / around),
    )
    p, a = torch.meshgrid(polar, turn, indexing="ij")
    verts = radius * torch.stack([p.sin() * a.cos(), p.cos(), p.sin() * a.sin()], -1).reshape(-1, 3)
    i, j = torch.meshgrid(torch.arange(rings - 1), torch.arange(around), indexing="ij")
    here, right = (i * around + j).flatten(), (i * around + (j + 1) % around).flatten()
    upper = torch.stack([here, right, here + around], -1)
    lower = torch.stack([right, right + around, here + around], -1)
    return verts, torch.cat([upper, lower])


def pixels() -> Tensor:
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    return torch.stack([x, y], -1)


def front_camera(frames: int, focal: float = 100.0, distance: float = 5.0) -> CameraPath:
    K = torch.tensor([[focal, 0, WIDTH / 2], [0, focal, HEIGHT / 2], [0, 0, 1.0]])
    R = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    t = torch.tensor([0.0, 0.0, distance])
    return CameraPath(
        K=K.expand(frames, 3, 3),
        R=R.expand(frames, 3, 3),
        t=t.expand(frames, 3),
        width=WIDTH,
        height=HEIGHT,
    )


def orbiting_ball(frames: int = 24) -> SurfaceView:
    verts, faces = ball(1.0)
    moving = verts.expand(frames, -1, 3).contiguous()
    return view_mesh(
        moving, faces, make_camera("orbit", View(elevation_deg=15.0), moving, WIDTH, HEIGHT)
    )


def test_flow_to_the_same_frame_is_the_identity_and_all_of_it_is_visible() -> None:
    seen = orbiting_ball()
    for frame in (0, 7):
        flow = mesh_flow(seen, frame, frame)
        body = seen.raster.face[frame] >= 0
        assert torch.equal(flow.visible, body)
        assert float((flow.target - pixels())[body].abs().max()) < 1e-3
        assert flow.target[~body].isnan().all()


def test_flow_of_a_still_scene_is_the_identity() -> None:
    verts, faces = ball(1.0)
    seen = view_mesh(verts.expand(2, -1, 3).contiguous(), faces, front_camera(2))
    flow = mesh_flow(seen, 0, 1)
    body = seen.raster.face[0] >= 0
    assert torch.equal(flow.visible, body)
    assert float((flow.target - pixels())[body].abs().max()) < 1e-3


def test_a_flat_thing_that_moves_sideways_moves_by_focal_over_depth() -> None:
    square = torch.tensor([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
    moved = square + torch.tensor([0.25, 0.1, 0])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    seen = view_mesh(torch.stack([square, moved]), faces, front_camera(2))
    flow = mesh_flow(seen, 0, 1)
    body = seen.raster.face[0] >= 0
    shift = (flow.target - pixels())[body]
    # 0.25 m to the right and 0.1 m up, 5 m away, focal length 100 pixels.
    assert torch.allclose(shift, torch.tensor([5.0, -2.0]).expand_as(shift), atol=1e-3)
    assert flow.visible[body].all()


def test_there_and_back_again_returns_to_the_start() -> None:
    seen = orbiting_ball()
    there = mesh_flow(seen, 0, 2)
    back = mesh_flow(seen, 2, 0)
    column, row = there.target.floor().nan_to_num(-1).long().unbind(-1)
    fraction = there.target - there.target.floor() - 0.5
    inside = there.visible & (column >= 1) & (row >= 1) & (column < WIDTH - 1) & (row < HEIGHT - 1)
    column, row, fraction = column[inside], row[inside], fraction[inside]
    # To first order: the way back at the nearest pixel, and its slope there.
    returned = back.target[row, column]
    slope_x = (back.target[row, column + 1] - back.target[row, column - 1]) / 2
    slope_y = (back.target[row + 1, column] - back.target[row - 1, column]) / 2
    returned = returned + slope_x * fraction[:, :1] + slope_y * fraction[:, 1:]
    error = (returned - pixels()[inside]).norm(dim=-1)
    known = error.isfinite()
    assert float(known.float().mean()) > 0.85  # at the rim a neighbour for the slope is missing
    assert float(error[known].median()) < 0.02
    assert float(error[known].quantile(0.95)) < 0.25


def test_what_is_visible_there_is_what_faces_that_camera() -> None:
    seen = orbiting_ball()
    verts, faces = seen.verts[0], seen.faces
    quarter = 6
    flow = mesh_flow(seen, 0, quarter)
    body = seen.raster.face[0] >= 0
    face = seen.raster.face[0][body].long()
    middle = verts[faces[face].long()].mean(1)
    centre = -seen.camera.R[quarter].T @ seen.camera.t[quarter]
    # A ball of radius 1 shows where the direction to the camera, dotted with the place, is above 1.
    height_over_horizon = middle @ centre - 1
    clear = height_over_horizon.abs() > 0.4
    assert torch.equal(flow.visible[body][clear], (height_over_horizon > 0)[clear])
    assert 0.2 < float(flow.visible[body].float().mean()) < 0.8


def test_what_a_thing_hides_is_not_visible_and_its_surroundings_are() -> None:
    wall = torch.tensor([[-2.0, -2, -1], [2, -2, -1], [2, 2, -1], [-2, 2, -1]])
    card = torch.tensor([[-0.4, -0.4, 1], [0.4, -0.4, 1], [0.4, 0.4, 1], [-0.4, 0.4, 1]])
    away = card + torch.tensor([20.0, 0, 0])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    verts = torch.stack([torch.cat([wall, away]), torch.cat([wall, card])])
    seen = view_mesh(verts, faces, front_camera(2))
    flow = mesh_flow(seen, 0, 1)
    hidden = seen.raster.face[1] >= 2
    assert int(hidden.sum()) == 20 * 20
    assert torch.equal(flow.visible, ~hidden & (seen.raster.face[0] >= 0))
    # The card is out of the first picture: from the second, all of the card leaves the picture.
    assert not mesh_flow(seen, 1, 0).visible[hidden].any()


def test_a_sheet_seen_from_its_other_side_is_not_the_same_surface() -> None:
    square = torch.tensor([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    turned = square * torch.tensor([-1.0, 1.0, 1.0])
    seen = view_mesh(torch.stack([square, turned]), faces, front_camera(2))
    assert (seen.raster.face >= 0).any(-1).any(-1).all()
    assert not mesh_flow(seen, 0, 1).visible.any()


@pytest.mark.parametrize("tilt_deg", [60.0, 80.0])
def test_a_steep_plane_does_not_hide_itself(tilt_deg: float) -> None:
    """Depth changes by much from one pixel to the next, more than any fixed tolerance allows."""
    tilt = torch.deg2rad(torch.tensor(tilt_deg))
    u, v = torch.meshgrid(torch.linspace(-1, 1, 40), torch.linspace(-1, 1, 40), indexing="ij")
    sheet = torch.stack([u * tilt.cos(), v * 0.8, u * tilt.sin()], -1).reshape(-1, 3)
    i, j = torch.meshgrid(torch.arange(39), torch.arange(39), indexing="ij")
    here = (i * 40 + j).flatten()
    faces = torch.cat(
        [
            torch.stack([here, here + 40, here + 1], -1),
            torch.stack([here + 1, here + 40, here + 41], -1),
        ]
    )
    moved = sheet + torch.tensor([0.013, 0.007, 0.02])
    seen = view_mesh(torch.stack([sheet, moved]), faces, front_camera(2))
    flow = mesh_flow(seen, 0, 1)
    body = seen.raster.face[0] >= 0
    assert int(body.sum()) > 200
    assert float(flow.visible[body].float().mean()) > 0.99
