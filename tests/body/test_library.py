from collections.abc import Callable

import numpy as np
import pytest
import torch

from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body
from reimagine.body.library import BUILT_IN_MOTIONS, built_in_motion
from reimagine.body.model import joint_positions, pose_body, pose_skin, rotation_matrices
from reimagine.body.motion import into_our_world, put_on_floor, scale_travel
from reimagine.errors import InputError
from reimagine.records import Body, Motion

MOVING = ("walk", "run", "wave", "squat", "dance")
SOLES = slice(55, 63)


def one_repeat(name: str, fps: float = 60.0) -> Motion:
    return built_in_motion(name, round(BUILT_IN_MOTIONS[name].seconds * fps), fps)


def places(body: Body, motion: Motion) -> torch.Tensor:
    return joint_positions(body, pose_body(body, motion))


def soles(body: Body, motion: Motion) -> torch.Tensor:
    return pose_skin(body.skin, pose_body(body, motion))[:, SOLES]


def turned_by(a: torch.Tensor, b: torch.Tensor) -> float:
    between = rotation_matrices(a).mT @ rotation_matrices(b)
    cosine = (between.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    return float(cosine.clamp(-1, 1).acos().max())


def centre_of_mass(at: torch.Tensor) -> torch.Tensor:
    """Of one frame's joints, with the shares of body segments (de Leva 1996, rounded)."""
    segments = {(15,): 0.07, (0, 3, 6, 9, 12): 0.43}
    for side in (0, 1):
        segments |= {(16 + side, 18 + side): 0.028, (18 + side, 20 + side): 0.022}
        segments |= {(1 + side, 4 + side): 0.142, (4 + side, 7 + side): 0.058}
    total = sum(segments.values())
    return sum((at[list(k)].mean(0) * share / total for k, share in segments.items()), at[0] * 0)


@pytest.mark.parametrize("name", BUILT_IN_MOTIONS)
def test_the_frame_after_the_last_is_the_first_again(name: str):
    motion = one_repeat(name)
    steps = [turned_by(a, b) for a, b in zip(motion.poses[:-1], motion.poses[1:], strict=True)]
    assert turned_by(motion.poses[-1], motion.poses[0]) <= max(steps) * 1.05 + 1e-3


@pytest.mark.parametrize("name", BUILT_IN_MOTIONS)
def test_nothing_jumps(name: str, plain_body: Body):
    at = places(plain_body, one_repeat(name, fps=120.0))[:, :22]
    speed = at.diff(dim=0) * 120.0
    assert float(speed.norm(dim=-1).max()) < 9.0
    assert float(speed.diff(dim=0).norm(dim=-1).max()) < 2.5  # a runner's foot as it lands


@pytest.mark.parametrize("name", BUILT_IN_MOTIONS)
def test_knees_never_bend_backwards(name: str):
    knees = one_repeat(name).poses[:, 4:6]
    assert float(knees[..., 0].min()) > -0.1
    assert float(knees[..., 0].max()) < 2.5
    assert float(knees[..., 1:].abs().max()) < 1e-6


@pytest.mark.parametrize("scale", [0.85, 1.0, 1.2])
@pytest.mark.parametrize("name", MOVING)
def test_planted_feet_stay_where_they_are(
    name: str, scale: float, body_of_size: Callable[[float], Body]
):
    body = body_of_size(scale)
    motion = put_on_floor(scale_travel(one_repeat(name), body), body)
    at = soles(body, motion)
    down = at[..., 1] < 0.004
    both = down[1:] & down[:-1]
    assert both.any()
    step = at.diff(dim=0)[..., [0, 2]].norm(dim=-1)
    slid = torch.zeros(at.shape[1])
    for moved, on_floor in zip(step, both, strict=True):
        slid = torch.where(on_floor, slid + moved, torch.zeros(()))
        assert float(slid.max()) < 0.01


@pytest.mark.parametrize("name", BUILT_IN_MOTIONS)
def test_nothing_sinks_into_the_floor(name: str, plain_body: Body):
    at = soles(plain_body, one_repeat(name))
    assert float(at[..., 1].min()) > -0.01
    assert float(at[..., 1].min()) < 0.01


def test_a_walker_always_has_a_foot_on_the_floor_and_a_runner_does_not(plain_body: Body):
    def highest_low_point(name: str) -> float:
        return float(soles(plain_body, one_repeat(name))[..., 1].amin(1).max())

    assert highest_low_point("walk") < 0.01
    assert highest_low_point("run") > 0.02


def test_steps_are_taken_left_and_right_in_turn(plain_body: Body):
    at = places(plain_body, built_in_motion("walk", 64, 60.0))
    left, right = at[:, 7, 2] - at[:, 0, 2], at[:, 8, 2] - at[:, 0, 2]
    assert float((left - right.roll(32)).abs().max()) < 0.015


TEXTBOOK_KNEE = {
    0.0: 5,
    0.05: 11,
    0.13: 18,
    0.2: 15,
    0.3: 8,
    0.4: 5,
    0.5: 10,
    0.55: 21,
    0.6: 36,
    0.66: 51,
    0.72: 60,
    0.8: 48,
    0.85: 33,
    0.9: 16,
    0.97: 4,
}
"""Flexion in degrees at shares of a walking stride from heel strike (Perry, Gait Analysis, free walking)."""


def knee_flexion(body: Body, name: str, frames: int) -> np.ndarray:
    """Degrees between thigh and shin seen from the side, of one stride, left and right from their own landing."""
    at = places(body, built_in_motion(name, frames, frames / BUILT_IN_MOTIONS[name].seconds))
    both = []
    for side in (0, 1):
        thigh, shin = at[:, 4 + side] - at[:, 1 + side], at[:, 7 + side] - at[:, 4 + side]
        ahead = [torch.atan2(bone[:, 2], -bone[:, 1]) for bone in (thigh, shin)]
        flexion = torch.rad2deg(ahead[0] - ahead[1]).numpy()
        both.append(np.roll(flexion, -side * frames // 2))
    return np.stack(both)


def test_a_walking_knee_bends_like_the_textbooks(plain_body: Body):
    flexion = knee_flexion(plain_body, "walk", 200)
    for share, expected in TEXTBOOK_KNEE.items():
        assert flexion[:, round(share * 200)] == pytest.approx(expected, abs=8), share


def test_a_walking_knee_is_nearly_straight_in_mid_stance_and_as_the_heel_lands(plain_body: Body):
    flexion = knee_flexion(plain_body, "walk", 200)
    assert flexion[:, 60:96].max() < 12
    assert flexion[:, [0, 196]].max() < 13


def test_a_jogger_lands_on_a_bent_knee_that_gives_and_stretches_again(plain_body: Body):
    flexion = knee_flexion(plain_body, "run", 200)
    assert ((flexion[:, 0] > 10) & (flexion[:, 0] < 25)).all()
    assert ((flexion[:, :70].max(1) > 38) & (flexion[:, :70].max(1) < 50)).all()
    assert flexion[:, 64:72].max() < 28


@pytest.mark.parametrize("name", ["walk", "run"])
def test_a_knee_never_snaps_straight(name: str, plain_body: Body):
    """Neither too quick for a leg, nor stretched to its end with any speed left."""
    flexion = knee_flexion(plain_body, name, 200)
    speed = np.gradient(flexion, axis=1) * 200 / BUILT_IN_MOTIONS[name].seconds
    assert np.abs(speed[:, 1:-1]).max() < 800
    assert flexion.min() > 0
    assert -speed[:, 1:-1][flexion[:, 1:-1] < 3].min(initial=0) < 160


def test_a_walkers_pelvis_rises_over_each_standing_leg(plain_body: Body):
    height = places(plain_body, built_in_motion("walk", 200, 200 / 1.08))[:, 0, 1].numpy()
    assert 0.02 < np.ptp(height) < 0.05
    for half in (height[:100], height[100:]):
        assert 40 <= np.argmax(half) <= 64  # textbooks: a little after 0.25 of the stride


@pytest.mark.parametrize("name", ["walk", "run"])
def test_arms_swing_against_the_legs(name: str, plain_body: Body):
    at = places(plain_body, one_repeat(name)) - places(plain_body, one_repeat(name))[:, :1]
    for hand, foot in ((20, 8), (21, 7)):
        together = np.corrcoef(at[:, hand, 2].numpy(), at[:, foot, 2].numpy())[0, 1]
        assert together > 0.6


@pytest.mark.parametrize(("name", "low", "high"), [("walk", 1.0, 1.4), ("run", 2.3, 3.2)])
def test_speed_is_that_of_a_person(name: str, low: float, high: float):
    motion = built_in_motion(name, 240, 24.0)
    ahead = float(motion.transl[-1, 2] - motion.transl[0, 2]) / (239 / 24.0)
    assert low < ahead < high
    assert float(motion.transl[:, 0].abs().max()) < 0.05


@pytest.mark.parametrize("name", ["walk", "run"])
def test_the_head_stays_level(name: str, plain_body: Body):
    turns = pose_body(plain_body, one_repeat(name)).transforms[:, 15, :3, :3]
    up = turns[:, 1, 1]
    assert float(up.min()) > np.cos(0.2)
    assert float(turns[:, 2, 2].min()) > np.cos(0.2)


def test_the_turntable_goes_round_once_towards_the_left(plain_body: Body):
    motion = built_in_motion("turn", 72, 24.0)
    ahead = pose_body(plain_body, motion).transforms[:, 0, :3, 2]
    assert torch.allclose(ahead[0], torch.tensor([0.0, 0.0, 1.0]), atol=1e-5)
    assert torch.allclose(ahead[18], torch.tensor([1.0, 0.0, 0.0]), atol=1e-5)
    heading = np.unwrap(torch.atan2(ahead[:, 0], ahead[:, 2]).numpy())
    assert heading[-1] == pytest.approx(2 * np.pi * 71 / 72, abs=1e-4)


def test_arms_of_the_a_pose_point_half_down(plain_body: Body):
    at = places(plain_body, built_in_motion("apose", 1, 24.0))[0]
    for shoulder, wrist in ((16, 20), (17, 21)):
        arm = at[wrist] - at[shoulder]
        down = np.degrees(np.arctan2(-float(arm[1]), abs(float(arm[0]))))
        assert 38 < down < 52


def test_the_waving_hand_is_up_and_goes_from_side_to_side(plain_body: Body):
    at = places(plain_body, one_repeat("wave"))
    assert float((at[:, 21, 1] - at[:, 17, 1]).min()) > 0.1
    sideways = (at[:, 21, 0] - at[:, 19, 0]).numpy()
    assert np.ptp(sideways) > 0.1
    turns = np.sum(np.diff(np.sign(np.diff(sideways))) != 0)
    assert turns >= 6
    assert float((at[:, 20, 1] - at[:, 16, 1]).max()) < -0.3


def test_a_squat_goes_low_with_the_weight_over_the_feet(plain_body: Body):
    at = places(plain_body, one_repeat("squat"))
    low = at[len(at) // 2]
    assert float(at[0, 0, 1] - low[0, 1]) > 0.35
    middle = centre_of_mass(low)
    assert float(low[7, 2]) - 0.05 < float(middle[2]) < float(low[10, 2])
    assert float(low[[20, 21], 2].min() - low[[16, 17], 2].max()) > 0.3


def test_frames_do_not_depend_on_the_frame_rate():
    slow, quick = built_in_motion("dance", 48, 24.0), built_in_motion("dance", 96, 48.0)
    assert torch.allclose(slow.poses, quick.poses[::2], atol=1e-5)


def test_whole_repeats_fill_a_clip():
    motion = built_in_motion("walk", 48, 24.0)
    assert turned_by(motion.poses[0], motion.poses[24]) < 1e-3


def test_a_very_short_clip_gets_the_start_of_the_motion():
    few, many = built_in_motion("squat", 4, 24.0), built_in_motion("squat", 62, 24.0)
    assert turned_by(few.poses[3], many.poses[3]) < 0.02


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"'wlak'; expected one of walk, run, wave.*"):
        built_in_motion("wlak", 10, 24.0)


def test_no_frames_and_no_rate_are_refused():
    with pytest.raises(InputError, match="frames is 0"):
        built_in_motion("walk", 0, 24.0)
    for fps in (0.0, float("nan")):
        with pytest.raises(InputError, match="fps is"):
            built_in_motion("walk", 10, fps)


@pytest.mark.parametrize("name", ["apose", "wave", "squat", "turn"])
def test_whoever_stands_is_balanced(name: str, plain_body: Body):
    """The centre of mass stays over the feet, heels to toes and between their outer edges."""
    at = places(plain_body, one_repeat(name))[::8]
    for frame in at:
        middle, heels = centre_of_mass(frame)[[0, 2]], frame[[7, 8]][:, [0, 2]]
        ahead = frame[[10, 11]][:, [0, 2]].mean(0) - heels.mean(0)
        along = float((middle - heels.mean(0)) @ ahead / (ahead @ ahead))
        assert -0.3 < along < 1.2
        across = heels[0] - heels[1]
        assert -0.7 < float((middle - heels.mean(0)) @ across / (across @ across)) < 0.7


@pytest.mark.parametrize("name", MOVING)
def test_the_default_bodys_skin_stays_where_it_touches_the_floor(name: str):
    body = anny_body(DEFAULT_PHENOTYPE, 1.7)
    motion = into_our_world(one_repeat(name, fps=30.0), body)
    verts = pose_skin(body.skin, pose_body(body, motion))
    heights = verts[..., 1].amin(1)
    assert float(heights.min()) == pytest.approx(0.0, abs=1e-4)
    if name != "run":
        assert float(heights.max()) < 0.01
    touching = verts[..., 1] < 0.004
    where = torch.full_like(verts[0], float("nan"))
    for frame, down in zip(verts, touching, strict=True):
        where = torch.where(down[:, None], where, torch.nan)
        where = torch.where(down[:, None] & where.isnan(), frame, where)
        slid = (frame - where)[:, [0, 2]].norm(dim=-1).nan_to_num(0.0)
        assert float(slid.max()) < 0.01
