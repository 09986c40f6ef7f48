import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from reimagine.body.library import built_in_motion
from reimagine.body.model import joint_positions, pose_body, pose_skin
from reimagine.body.motion import (
    cut,
    describe,
    face_front,
    heading_rad,
    into_our_world,
    loop,
    put_on_floor,
    resample,
    scale_travel,
    stand_up,
)
from reimagine.body.readers.read import read_motion
from reimagine.body.turn import smallest_turn, turn_world
from reimagine.errors import InputError
from reimagine.records import Body, Motion


def places(body: Body, motion: Motion) -> torch.Tensor:
    return joint_positions(body, pose_body(body, motion))


def spinning(frames: int, fps: float, rad_per_s: float) -> Motion:
    """A joint that turns at an even pace, and a pelvis that travels at one."""
    poses = torch.zeros(frames, 55, 3)
    seconds = torch.arange(frames) / fps
    angle = (seconds * rad_per_s + math.pi) % (2 * math.pi) - math.pi
    poses[:, 18, 1] = angle
    transl = seconds[:, None] * torch.tensor([1.0, 0.0, 2.0])
    return Motion(poses=poses, transl=transl, fps=fps, betas=torch.zeros(10), name="spin")


def in_world(motion: Motion, rotation: Rotation, up: str = "unknown") -> Motion:
    poses, transl = turn_world(motion, rotation.as_matrix())
    return replace(motion, poses=poses, transl=transl, up=up)


def about_origin(motion: Motion, body: Body) -> Motion:
    """The same motion in EasyMocap's terms."""
    turn = Rotation.from_rotvec(motion.poses[:, 0].numpy())
    joint = body.joints[0].numpy()
    shift = torch.from_numpy(joint - turn.apply(joint)).float()
    return replace(motion, transl=motion.transl + shift, turns_about="origin")


@pytest.mark.parametrize("fps", [12.0, 24.0, 25.0, 60.0, 120.0])
def test_an_even_turn_stays_even_at_any_rate(fps: float):
    motion = resample(spinning(31, 30.0, 4.0), fps)
    assert len(motion.poses) == math.floor(fps + 1e-6) + 1
    wanted = spinning(len(motion.poses), fps, 4.0)
    turn = Rotation.from_rotvec(motion.poses[:, 18].numpy())
    between = turn.inv() * Rotation.from_rotvec(wanted.poses[:, 18].numpy())
    assert between.magnitude().max() < 1e-5
    assert torch.allclose(motion.transl, wanted.transl, atol=1e-5)
    assert motion.fps == fps


def test_twice_the_rate_and_back_changes_nothing():
    motion = built_in_motion("dance", 30, 24.0)
    back = resample(resample(motion, 48.0), 24.0)
    assert torch.allclose(back.poses, motion.poses, atol=1e-5)
    assert torch.allclose(back.transl, motion.transl, atol=1e-6)


def test_a_still_has_any_rate():
    still = resample(built_in_motion("apose", 1, 24.0), 60.0)
    assert (len(still.poses), still.fps) == (1, 60.0)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_is_not_positive_is_refused(fps: float):
    with pytest.raises(InputError, match=r"fps is .*; expected more than 0"):
        resample(spinning(3, 30.0, 1.0), fps)


def test_a_cut_is_a_part_of_the_motion():
    motion = spinning(31, 30.0, 1.0)
    part = cut(motion, 0.5, 10)
    assert torch.equal(part.poses, motion.poses[15:25])
    assert torch.equal(part.transl, motion.transl[15:25])


def test_a_motion_shorter_than_the_clip_is_refused_with_the_way_out():
    with pytest.raises(InputError, match=r"'spin' has 16 frames from 0.5 s on .*frames 16 .*loop"):
        cut(spinning(31, 30.0, 1.0), 0.5, 17)
    with pytest.raises(InputError, match="frames is 0"):
        cut(spinning(31, 30.0, 1.0), 0.0, 0)
    with pytest.raises(InputError, match="start_s is -1"):
        cut(spinning(31, 30.0, 1.0), -1.0, 3)


def test_a_loop_is_as_long_as_asked_and_starts_as_the_motion_does():
    motion = built_in_motion("walk", 26, 24.0)
    longer = loop(motion, 100)
    assert len(longer.poses) == len(longer.transl) == 100
    assert torch.equal(longer.poses[:26], motion.poses)
    assert torch.equal(loop(motion, 5).poses, motion.poses[:5])
    with pytest.raises(InputError, match="frames is 0"):
        loop(motion, 0)


def test_a_looped_walk_walks_on():
    once, whole = built_in_motion("walk", 26, 24.0), built_in_motion("walk", 104, 24.0)
    assert torch.allclose(loop(once, 104).transl, whole.transl, atol=0.06)


def test_nothing_jumps_where_a_loop_is_joined(plain_body: Body):
    motion = cut(built_in_motion("dance", 96, 48.0), 0.3, 50)  # ends far from where it starts
    steps = places(plain_body, loop(motion, 150)).diff(dim=0).norm(dim=-1).amax(1)
    assert float(steps[45:].max()) < 2.5 * float(steps[:49].max())


def test_a_looped_turn_goes_on_turning(plain_body: Body):
    quarter = cut(built_in_motion("turn", 72, 24.0), 0.0, 18)
    ahead = pose_body(plain_body, loop(quarter, 72)).transforms[:, 0, :3, 2]
    heading = np.unwrap(torch.atan2(ahead[:, 0], ahead[:, 2]).numpy())
    assert heading[-1] == pytest.approx(2 * np.pi * 71 / 72, abs=0.02)


def test_where_up_is_unknown_a_loop_repeats_on_the_spot(plain_body: Body):
    lying = in_world(built_in_motion("dance", 40, 24.0), Rotation.from_euler("x", np.pi / 2))
    again = loop(lying, 120)
    assert torch.allclose(again.transl[60:80], lying.transl[20:40], atol=1e-6)
    steps = places(plain_body, again).diff(dim=0).norm(dim=-1).amax(1)
    assert float(steps[39:].max()) < 1.5 * float(steps[:39].max())


def test_a_looped_still_holds():
    still = built_in_motion("apose", 1, 24.0)
    assert torch.equal(loop(still, 7).poses, still.poses.expand(7, 55, 3))


@pytest.mark.parametrize("angle", [-3.0, -1.0, 0.0, 0.5, 2.0])
def test_heading_is_the_angle_that_the_world_was_turned_by(angle: float, plain_body: Body):
    turned = in_world(built_in_motion("apose", 1, 24.0), Rotation.from_euler("y", angle))
    assert heading_rad(pose_body(plain_body, turned)) == pytest.approx(angle, abs=1e-4)


@pytest.mark.parametrize(
    ("pitch", "angle"), [(np.pi / 2, 0.0), (-np.pi / 2, 0.0), (np.pi / 2, 1.0)]
)
def test_heading_of_a_lying_body_is_where_it_would_face_standing(
    pitch: float, angle: float, plain_body: Body
):
    lying = in_world(built_in_motion("apose", 1, 24.0), Rotation.from_euler("YX", [angle, pitch]))
    assert heading_rad(pose_body(plain_body, lying)) == pytest.approx(angle, abs=0.1)


@pytest.mark.parametrize("origin", [False, True])
def test_facing_front_moves_the_whole_motion_rigidly(origin: bool, plain_body: Body):
    walk = built_in_motion("walk", 20, 24.0)
    moved = in_world(walk, Rotation.from_euler("y", 2.0), up="y")
    moved = replace(moved, transl=moved.transl + torch.tensor([3.0, 0.5, -7.0]))
    if origin:
        moved = about_origin(moved, plain_body)
    front = face_front(moved, plain_body)
    at, before = places(plain_body, front), places(plain_body, moved)
    assert heading_rad(pose_body(plain_body, front)) == pytest.approx(0.0, abs=1e-4)
    assert torch.allclose(at[0, 0, [0, 2]], torch.zeros(2), atol=1e-5)
    assert torch.allclose(at[..., 1], before[..., 1], atol=1e-5)
    gaps, gaps_before = at.flatten(0, 1).diff(dim=0), before.flatten(0, 1).diff(dim=0)
    assert torch.allclose(gaps.norm(dim=-1), gaps_before.norm(dim=-1), atol=1e-4)


def test_easymocap_terms_mean_the_same_places(plain_body: Body):
    walk = in_world(built_in_motion("walk", 10, 24.0), Rotation.from_euler("xyz", [0.3, 1.0, -0.2]))
    same = about_origin(walk, plain_body)
    assert torch.allclose(places(plain_body, same), places(plain_body, walk), atol=1e-5)


@pytest.mark.parametrize("axes", ["x", "-x", "y", "-y", "z", "-z"])
@pytest.mark.parametrize("origin", [False, True])
def test_any_axis_can_be_up(axes: str, origin: bool, plain_body: Body):
    up = np.zeros(3)
    up["xyz".index(axes[-1])] = -1.0 if axes.startswith("-") else 1.0
    turn = smallest_turn(np.array([0.0, 1.0, 0.0]), up)
    walk = into_our_world(built_in_motion("walk", 12, 24.0), plain_body)
    strange = in_world(walk, turn)
    if origin:
        strange = about_origin(strange, plain_body)
    again = into_our_world(strange, plain_body)
    assert again.up == "y"
    assert torch.allclose(places(plain_body, again), places(plain_body, walk), atol=1e-4)


def test_a_motion_whose_up_is_known_is_not_stood_up(plain_body: Body):
    lying = in_world(built_in_motion("apose", 2, 24.0), Rotation.from_euler("x", 1.5), up="y")
    assert stand_up(lying, plain_body) is lying


def test_the_lowest_point_of_the_clip_is_on_the_floor(plain_body: Body):
    jump = built_in_motion("apose", 9, 24.0)
    height = torch.zeros(9, 3)
    height[:, 1] = torch.linspace(0, math.pi, 9).sin() * 0.4 + 5.0
    grounded = put_on_floor(replace(jump, transl=jump.transl + height), plain_body)
    low = pose_skin(plain_body.skin, pose_body(plain_body, grounded))[..., 1].amin(1)
    assert float(low[0]) == pytest.approx(0.0, abs=1e-4)
    assert float(low[4]) == pytest.approx(0.4, abs=1e-4)


def test_places_grow_with_the_body(body_of_size: Callable[[float], Body]):
    walk = built_in_motion("walk", 12, 24.0)
    small, large = body_of_size(1.0), body_of_size(1.25)
    grown = places(large, scale_travel(walk, large))
    assert torch.allclose(grown, 1.25 * places(small, scale_travel(walk, small)), atol=1e-4)


def test_real_captures_stand_on_the_floor_and_face_front(shared_data: Path, plain_body: Body):
    motion = into_our_world(
        read_motion(shared_data / "motion" / "mvhumannet_pp_100842.npz"), plain_body
    )
    at = places(plain_body, motion)
    assert float((at[:, 15, 1] - at[:, 0, 1]).min()) > 0.4
    assert float(at[:, 7:9, 1].min()) < 0.2
    left = at[0, 16] - at[0, 17]
    assert float(left[0]) > 0.9 * float(left.norm())


def test_a_real_amass_motion_has_its_head_up(shared_data: Path, plain_body: Body):
    motion = read_motion(shared_data / "motion" / "amass_sample.npz")
    at = places(plain_body, motion)
    assert float((at[:, 15, 1] - at[:, 0, 1]).min()) > 0.4
    assert float(at[:, 10:12, 1].mean()) < float(at[:, 0, 1].mean())


def test_what_was_understood_is_told():
    told = describe(built_in_motion("walk", 48, 24.0))
    assert "48 at 24 per second = 2.00 s" in told
    assert "one hand shape" in told
    assert "mean body" in told
    noted = replace(spinning(3, 30.0, 1.0), notes=("something was guessed",), up="unknown")
    told = describe(noted)
    assert "something was guessed" in told
    assert "none (flat hands)" in told
    assert "not known" in told
