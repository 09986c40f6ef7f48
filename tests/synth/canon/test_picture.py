import math

import numpy as np
import pytest
import torch

from reimagine.records import CameraPath
from reimagine.synth.canon.human import make_human
from reimagine.synth.canon.layers import farthest, nearest
from reimagine.synth.canon.picture import flow, moments, official, prepare, take
from reimagine.synth.canon.stances import STANCES, motion_stance, photo_stance, pose_human
from reimagine.synth.canon.studio import draw_camera, draw_studio, photographed
from reimagine.synth.canon.traits import draw
from reimagine.synth.shapes import ball


@pytest.fixture(scope="module")
def human():
    return make_human(draw(0, 3), subdivisions=0)


@pytest.fixture(scope="module")
def scene(human):
    rng = np.random.default_rng(0)
    frame = moments(prepare(human), pose_human(human, photo_stance("A-pose", rng)))[0]
    camera = draw_camera(rng, frame.verts, 0.0, 96, 160, plain=True)
    return frame, camera, take(frame, camera, draw_studio(rng, plain=True, busy=False))


def test_front_and_back_of_a_ball_lie_where_a_ray_enters_and_leaves_it():
    verts, faces = ball(torch.tensor([0.1, -0.05, 3.0]), torch.full((3,), 0.5), rows=96)
    camera = CameraPath(
        K=torch.tensor([[[100.0, 0, 32], [0, 100, 32], [0, 0, 1]]]),
        R=torch.eye(3)[None],
        t=torch.zeros(1, 3),
        width=64,
        height=64,
    )
    front, back = nearest(verts, faces, camera), farthest(verts, faces, camera)
    for seen, sign in ((front, -1), (back, 1)):
        rows, columns = seen.seen.nonzero()[:, 0] // 64, seen.seen.nonzero()[:, 0] % 64
        rays = torch.stack(
            [(columns + 0.5 - 32) / 100, (rows + 0.5 - 32) / 100, torch.ones(len(rows))], 1
        )
        centre = torch.tensor([0.1, -0.05, 3.0])
        along = rays @ centre / (rays * rays).sum(1)
        root = (0.25 - (centre - rays * along[:, None]).square().sum(1)).clamp_min(0) / (
            rays * rays
        ).sum(1)
        inner = root > 0.02
        wanted = along + sign * root.sqrt()
        assert float((seen.depth - wanted)[inner].abs().max()) < 0.01
        assert float((seen.at(verts)[:, 2] - seen.depth).abs().max()) < 1e-3


def test_walls_carry_no_sharp_copies_of_the_person(scene):
    _, _, picture = scene
    clear = (picture.person[3] == 0)[:60]  # the floor begins lower
    steps = (picture.rgb[:, :60, 1:] - picture.rgb[:, :60, :-1]).abs().amax(0)
    assert float(steps[clear[:, 1:] & clear[:, :-1]].max()) < 0.006


def test_labels_lie_where_the_person_is(scene):
    _, _, picture = scene
    inside = picture.part > 0
    assert bool((inside == (picture.limb > 0)).all())
    assert float(picture.person[3][inside].min()) > 0
    assert float(picture.person[3][~inside].max()) < 1
    depths = picture.depths_m
    assert bool((depths[0][inside] <= depths[1][inside] + 1e-4).all())
    both = inside & (depths[2] > 0)
    assert float((depths[0] - depths[2])[both].quantile(0.95)) < 0.01
    assert torch.allclose(picture.normals[:3].norm(dim=0)[inside], torch.ones(1), atol=1e-4)


def test_joints_lie_within_the_person(scene):
    _, _, picture = scene
    inside = picture.part > 0
    for joint in (0, 3, 9, 12, 15, 4, 5, 18, 19):
        x, y = (int(value) for value in picture.joints_xy[joint])
        assert bool(inside[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].any())


def test_the_front_of_a_person_has_the_official_blue_and_what_is_empty_is_white(scene):
    _, _, picture = scene
    colours = official(picture.normals[6:9])
    body = picture.depths_m[2] > 0
    assert float(colours[2][body].mean()) > 0.75
    assert torch.equal(colours[:, ~body], torch.ones_like(colours[:, ~body]))


def test_flow_is_where_the_same_point_is_next(human):
    rng = np.random.default_rng(4)
    frames = moments(prepare(human), pose_human(human, motion_stance(rng, {})))
    camera = draw_camera(rng, torch.cat([one.verts for one in frames]), 0.4, 64, 104, plain=False)
    still, moved = flow(frames[0], frames[0], camera), flow(frames[0], frames[1], camera)
    assert float(still.nan_to_num().abs().max()) < 1e-3
    assert 0.05 < float(moved.nan_to_num().abs().max()) < 30
    assert torch.equal(still.isnan(), moved.isnan())


def test_clothes_fold_only_where_a_pose_presses_them(human):
    rng = np.random.default_rng(5)
    assert float(human.crease.abs().max()) > 0
    for name in STANCES:
        posed = pose_human(human, photo_stance(name, rng))
        frame = moments(prepare(human), posed)[0]
        assert abs(float(frame.verts[:, 1].min())) < 1e-4
        assert bool(torch.isfinite(frame.verts).all())


def test_a_camera_holds_the_whole_person_from_every_side(scene):
    frame, _, _ = scene
    rng = np.random.default_rng(6)
    for yaw in np.linspace(0, 2 * math.pi, 7):
        camera = draw_camera(rng, frame.verts, float(yaw), 256, 416, plain=False)
        seen = frame.verts @ camera.R[0].T + camera.t[0]
        pixels = seen[:, :2] / seen[:, 2:] * camera.K[0, 0, 0] + torch.tensor([128.0, 208.0])
        assert float(pixels.min()) > -1
        assert bool((pixels.amax(dim=0) < torch.tensor([257.0, 417.0])).all())


def test_a_photo_is_eight_bits_and_near_the_scene():
    rng = np.random.default_rng(7)
    image, quality = photographed(torch.full((3, 20, 12), 0.5), rng)
    assert image.shape == (20, 12, 3)
    assert image.dtype == np.uint8
    assert 55 <= quality < 97
    assert abs(float(image.mean()) - 127.5) < 4
