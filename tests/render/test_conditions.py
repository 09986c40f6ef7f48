"""Conditions of the undressed body, and their colours."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from reimagine.body.anny import anny_body
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.path import make_camera
from reimagine.cameras.project import project
from reimagine.records import Body, CameraPath, Conditions, Motion, Pose
from reimagine.render.conditions import (
    depth_mm,
    make_conditions,
    normals_picture,
    official_colours,
    vertex_normals,
)
from reimagine.render.rasterize import interpolate
from reimagine.settings import View

WIDTH, HEIGHT = 200, 332
VIEWS = ("front", "right", "back", "left")


@pytest.fixture(scope="module")
def body() -> Body:
    return anny_body(torch.full((6,), 0.5))


def standing(body: Body, heading_rad: float = 0.0, frames: int = 4) -> Pose:
    """Arms half down, turned about Y by this much."""
    poses = torch.zeros(frames, 55, 3)
    poses[:, 0, 1] = heading_rad
    poses[:, 16, 2], poses[:, 17, 2] = -0.8, 0.8
    still = Motion(poses=poses, transl=torch.zeros(frames, 3), fps=24.0, betas=torch.zeros(10))
    return pose_body(body, still)


def all_round(body: Body, pose: Pose) -> CameraPath:
    return make_camera("orbit", View(elevation_deg=0.0), pose_skin(body.skin, pose), WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def seen(body: Body) -> Conditions:
    """From the front, the right, the back and the left."""
    pose = standing(body)
    return make_conditions(body, pose, all_round(body, pose), 0.0)


def inside(picture: Tensor) -> Tensor:
    """Colours (pixels 3) of the body, without a rim of half a per cent of the height that mixes with the white."""
    body = (picture < 0.93).any(0).float()[None, None]
    rim = -(-picture.shape[1] // 200)
    inner = torch.nn.functional.max_pool2d(1 - body, 2 * rim + 1, stride=1, padding=rim)[0, 0] == 0
    return picture[:, inner].T


def facing(picture: Tensor, channel: int, lowest: bool) -> Tensor:
    """Median colour where the other two channels are in the middle: what faces exactly this way."""
    colours = inside(picture)
    others = [other for other in range(3) if other != channel]
    exact = ((colours[:, others] - 0.5).abs() < 10 / 255).all(-1)
    exact &= (colours[:, channel] < 0.5) == lowest
    assert int(exact.sum()) >= 10
    return colours[exact].median(0).values


def read_official(file: Path) -> Tensor:
    image = cv2.imread(str(file))
    assert image is not None
    return torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1).float() / 255


@pytest.mark.parametrize(
    ("view", "camera", "channel", "lowest", "colour"),
    [
        ("front", "00", 2, False, (0.5, 0.5, 1.0)),
        ("right", "04", 1, False, (0.5, 1.0, 0.5)),
        ("back", "08", 2, True, (0.5, 0.5, 0.0)),
        ("left", "12", 1, True, (0.5, 0.0, 0.5)),
    ],
)
def test_the_sides_of_a_body_have_the_colours_of_the_official_maps(
    seen: Conditions,
    shared_data: Path,
    view: str,
    camera: str,
    channel: int,
    lowest: bool,
    colour: tuple[float, float, float],
) -> None:
    official = read_official(shared_data / "normals" / f"103444_cam{camera}.jpg")
    ours = normals_picture(seen)[VIEWS.index(view)]
    assert torch.allclose(facing(official, channel, lowest), torch.tensor(colour), atol=6 / 255)
    assert torch.allclose(facing(ours, channel, lowest), torch.tensor(colour), atol=6 / 255)


def test_red_is_the_third_side_of_the_official_maps_and_up_is_bright(
    seen: Conditions, shared_data: Path
) -> None:
    """Nothing there faces exactly up, but unit length tells red from green and blue."""
    official = [read_official(f) for f in sorted((shared_data / "normals").glob("103444_cam*.jpg"))]
    assert len(official) == 4
    for picture in (*official, *normals_picture(seen)):
        normals = inside(picture) * 2 - 1
        up = normals[normals[:, 0] > 0.5]
        assert len(up) > 50
        expected = (1 - up[:, 1] ** 2 - up[:, 2] ** 2).clamp(min=0).sqrt()
        assert float((up[:, 0] - expected).abs().median()) < 2 * 6 / 255
        # The crown of the head: a strip a fiftieth of the height below the topmost pixel.
        body = (picture < 0.93).any(0)
        top = int(body.any(1).nonzero()[0]) + picture.shape[1] // 100
        crown = picture[:, top : top + picture.shape[1] // 100][
            :, body[top : top + picture.shape[1] // 100]
        ]
        assert float(crown[0].median()) > 0.65


def test_the_official_colours_of_the_six_directions() -> None:
    six = torch.tensor(
        [[0, 1, 0], [-1, 0, 0], [0, 0, 1], [0, -1, 0], [1, 0, 0], [0, 0, -1]]
    ).float()
    colours = official_colours(six, 0.0)
    assert torch.allclose(colours[:3], torch.eye(3) * 0.5 + 0.5, atol=1e-6)
    assert torch.allclose(colours[3:], 0.5 - torch.eye(3) * 0.5, atol=1e-6)


@pytest.mark.parametrize("heading_deg", [90.0, -40.0, 180.0])
def test_a_person_who_heads_elsewhere_gets_the_same_picture_from_the_same_side(
    body: Body, seen: Conditions, heading_deg: float
) -> None:
    heading = math.radians(heading_deg)
    pose = standing(body, heading)
    # The same cameras, carried along as the person turns about the pelvis.
    turn = pose.rotations[:, 0]
    pelvis = body.joints[0].expand(4, 3)[..., None]
    R = seen.camera.R @ turn.transpose(1, 2)
    t = seen.camera.t + ((seen.camera.R - R) @ pelvis)[..., 0]
    camera = CameraPath(K=seen.camera.K, R=R, t=t, width=WIDTH, height=HEIGHT)
    turned = make_conditions(body, pose, camera, heading)
    assert float((turned.coverage - seen.coverage).abs().mean()) < 1e-3
    assert float((normals_picture(turned) - normals_picture(seen)).abs().mean()) < 1e-3


def test_pictures_of_left_and_right_are_not_confused(body: Body, seen: Conditions) -> None:
    """The left hand of a person seen from the front is on the right of the picture."""
    left_wrist = seen.pose.transforms[:1, 20, :, 3] + (
        seen.pose.transforms[:1, 20, :, :3] @ body.joints[20]
    )
    x = float(project(seen.camera[:1], left_wrist[None])[0, 0, 0])
    assert x > WIDTH / 2
    green = normals_picture(seen)[:, 1]
    on_body = seen.raster.face >= 0
    assert float(green[1][on_body[1]].mean()) > 0.75
    assert float(green[3][on_body[3]].mean()) < 0.25


def test_normals_are_unit_on_the_body_and_zero_off_it(seen: Conditions) -> None:
    length = seen.normals.norm(dim=1)
    on_body = seen.raster.face >= 0
    assert torch.allclose(length[on_body], torch.ones(int(on_body.sum())), atol=1e-4)
    assert (length[~on_body] == 0).all()


def test_what_is_seen_faces_the_camera(body: Body, seen: Conditions) -> None:
    places = interpolate(seen.raster, body.skin.faces, pose_skin(body.skin, seen.pose))
    centre = -(seen.camera.R.transpose(1, 2) @ seen.camera.t[..., None])[..., 0]
    towards = (centre[:, None, None] - places).movedim(-1, 1)
    facing = (seen.normals * towards).sum(1)[seen.raster.face >= 0]
    assert float((facing > 0).float().mean()) > 0.97


def test_the_picture_is_white_off_the_body_and_its_outline_is_soft(seen: Conditions) -> None:
    picture = normals_picture(seen)
    assert (picture.movedim(1, -1)[seen.coverage == 0] == 1).all()
    assert float(picture.min()) >= 0
    assert float(picture.max()) <= 1 + 1e-6
    outline = (seen.coverage > 0) & (seen.coverage < 1)
    assert 200 < int(outline.sum()) / len(seen) < 4000
    inner = seen.coverage == 1
    exact = official_colours(seen.normals.movedim(1, -1)[inner & (seen.raster.face >= 0)], 0.0)
    assert torch.allclose(picture.movedim(1, -1)[inner & (seen.raster.face >= 0)], exact, atol=1e-6)


def test_the_outline_blends_the_bodys_colour_with_white(seen: Conditions) -> None:
    """A half covered pixel whose centre sees nothing takes its colour from its neighbours, not from nowhere."""
    bare = (seen.raster.face < 0) & (seen.coverage > 0.2)
    picture = normals_picture(seen).movedim(1, -1)[bare]
    share = seen.coverage[bare][:, None]
    colour = (picture - (1 - share)) / share
    length = (colour * 2 - 1).norm(dim=-1)
    assert float((length - 1).abs().quantile(0.95)) < 1e-3


def test_chunks_of_frames_equal_the_whole(body: Body, seen: Conditions) -> None:
    half = make_conditions(body, seen.pose[2:], seen.camera[2:], 0.0)
    assert torch.equal(half.normals, seen.normals[2:])
    assert torch.equal(half.coverage, seen.coverage[2:])
    assert torch.equal(normals_picture(half), normals_picture(seen)[2:])


def test_depth_counts_millimetres_from_one_and_nothing_is_zero(seen: Conditions) -> None:
    depth = depth_mm(seen)
    assert depth.dtype == torch.uint16
    values = depth.numpy().astype(np.float64)
    on_body = (seen.raster.face >= 0).numpy()
    assert (values[~on_body] == 0).all()
    assert np.abs(values[on_body] / 1000 - seen.raster.depth.numpy()[on_body]).max() <= 0.00051
    far = Conditions(
        pose=seen.pose,
        camera=seen.camera,
        raster=type(seen.raster)(
            face=torch.zeros(1, 1, 1, dtype=torch.int32),
            barycentrics=torch.zeros(1, 1, 1, 2),
            depth=torch.full((1, 1, 1), 99.0),
        ),
        normals=seen.normals,
        coverage=seen.coverage,
        heading_rad=0.0,
    )
    assert int(depth_mm(far).numpy()[0, 0, 0]) == 65535


def test_vertex_normals_of_a_ball_point_away_from_its_middle() -> None:
    corners = torch.tensor(
        [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]
    ).float()
    faces = torch.tensor(
        [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    )
    lonely = torch.cat([corners, torch.zeros(1, 3)])
    normals = vertex_normals(lonely[None] * 3 + 1, faces)[0]
    assert torch.allclose(normals[:6], corners, atol=1e-6)
    assert (normals[6] == 0).all()
