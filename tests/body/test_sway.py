"""Loose things swing behind what carries them, and only where something speeds up or slows down."""

from dataclasses import replace

import pytest
import torch

from reimagine.body.library import built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.body.sway import swung
from reimagine.records import Pose

FPS = 24.0


def carried(path_m) -> Pose:
    """A body that is moved along a path (frames 3) without turning."""
    path = torch.as_tensor(path_m, dtype=torch.float32)
    turns = torch.eye(3).expand(len(path), 55, 3, 3)
    places = path[:, None, :, None].expand(-1, 55, -1, -1)
    return Pose(transforms=torch.cat([turns, places], -1), rotations=turns)


def swings(pose: Pose, point=(0.0, 0.5, 0.0), fps: float = FPS) -> torch.Tensor:
    """Of a loose point on the pelvis, frames 3, metres."""
    swing = swung(pose, fps, 1.0).swing
    assert swing is not None
    return swing[:, 0] @ torch.tensor([*point, 1.0])


def test_without_sway_or_enough_frames_a_pose_stays(body):
    pose = pose_body(body, built_in_motion("walk", 48, FPS))
    assert swung(pose, FPS, 0) is pose
    assert swung(pose, 2.0, 1.0) is pose
    assert swung(pose[:5], FPS, 1.0).swing is None


def test_steady_motion_leaves_no_trace():
    time = torch.arange(60)[:, None] / FPS
    assert float(swings(carried(time * torch.tensor([1.3, 0, -0.4]))).abs().max()) < 1e-5


def test_after_a_stop_it_runs_on_and_comes_to_rest():
    ahead = torch.arange(96).clamp(max=40)[:, None] / FPS * torch.tensor([0.0, 0.0, 1.0])
    swing = swings(carried(ahead))
    assert 0.02 < float(swing[:, 2].max()) < 0.2
    assert 40 < int(swing[:, 2].argmax()) < 50
    assert float(swing[-1].norm()) < 0.002
    assert float(swing[:, 0].abs().max()) < 1e-6


def test_a_shake_is_followed_as_theory_says():
    hertz, high = 3.0, 0.01
    time = torch.arange(240) / FPS
    shaken = torch.zeros(240, 3)
    shaken[:, 0] = high * torch.sin(2 * torch.pi * hertz * time)
    # |s^2 / (s^2 + 2 z w s + w^2)| at 3 Hz with w of 1.4 Hz and z of 0.6, frequencies warped by the bilinear transform.
    warped = FPS / torch.pi * torch.tan(torch.tensor(torch.pi * hertz / FPS))
    s = 1j * float(warped)
    gain = abs(s**2 / (s**2 + 2 * 0.6 * 1.4 * s + 1.4**2))
    assert float(swings(carried(shaken))[120:, 0].abs().max()) == pytest.approx(
        high * gain, rel=0.05
    )


def test_along_the_vertical_it_swings_less():
    time = torch.arange(240) / FPS
    wave = 0.02 * torch.sin(2 * torch.pi * 2 * time)
    aside, up = (
        torch.stack([wave * on for on in axis], 1) for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    )
    swing = (
        swings(carried(up)).norm(dim=1)[120:].max() / swings(carried(aside)).norm(dim=1)[120:].max()
    )
    assert float(swing) == pytest.approx(0.3, rel=0.01)


def test_a_clip_that_repeats_swings_without_a_seam(body):
    """The second of two repeats swings as a single one that closes upon itself."""
    once = pose_body(body, built_in_motion("dance", 48, FPS))
    twice = replace(
        once,
        transforms=once.transforms.repeat(2, 1, 1, 1),
        rotations=once.rotations.repeat(2, 1, 1, 1),
    )
    # A last frame from elsewhere makes it a clip that does not repeat.
    twice.transforms[-1] = twice.transforms[70]
    single, double = swings(once), swings(twice)
    assert (
        float((single - double[48:])[:40].norm(dim=1).max())
        < 0.01 * float(single.norm(dim=1).max()) + 1e-3
    )
    assert float(single[0].norm()) > 0.01


def test_what_is_tight_stays_and_what_is_loose_goes_no_farther_than_it_may(body):
    pose = pose_body(body, built_in_motion("run", 48, FPS))
    rows = len(body.skin.verts)
    loose_m = torch.linspace(-0.03, 0.05, rows).clamp_min(0)
    skin = replace(body.skin, loose_m=loose_m)
    still = pose_skin(skin, pose)
    moved = pose_skin(skin, swung(pose, FPS, 1.0))
    far = (moved - still).norm(dim=-1)
    assert torch.equal(moved[:, loose_m == 0], still[:, loose_m == 0])
    assert bool((far <= loose_m + 1e-5).all())
    assert float(far.max()) > 0.03
    assert torch.equal(pose_skin(body.skin, swung(pose, FPS, 1.0)), still)


def test_a_frame_swings_alike_however_frames_are_cut(body):
    skin = replace(body.skin, loose_m=torch.full((len(body.skin.verts),), 0.05))
    pose = swung(pose_body(body, built_in_motion("walk", 48, FPS)), FPS, 1.0)
    assert torch.equal(pose_skin(skin, pose)[20:23], pose_skin(skin, pose[20:23]))
