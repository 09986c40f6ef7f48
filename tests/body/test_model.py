from dataclasses import replace

import pytest
import torch
from torch import Tensor

from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body
from reimagine.body.model import (
    JOINTS,
    PARENTS,
    joint_positions,
    pose_body,
    pose_skin,
    rotation_matrices,
)
from reimagine.records import Body, Motion, Skin


@pytest.fixture(scope="module")
def body() -> Body:
    return anny_body(DEFAULT_PHENOTYPE)


def still(frames: int = 1) -> Motion:
    return Motion(
        poses=torch.zeros(frames, 55, 3),
        transl=torch.zeros(frames, 3),
        fps=30.0,
        betas=torch.zeros(10),
    )


def moving(frames: int, seed: int = 0) -> Motion:
    random = torch.Generator().manual_seed(seed)
    poses = torch.randn(frames, 55, 3, generator=random) * 0.3
    return replace(still(), poses=poses, transl=torch.randn(frames, 3, generator=random))


def turned(**joints: tuple[float, float, float]) -> Motion:
    motion = still()
    for name, turn in joints.items():
        motion.poses[0, JOINTS.index(name)] = torch.tensor(turn)
    return motion


def skinned(body: Body, motion: Motion) -> Tensor:
    return pose_skin(body.skin, pose_body(body, motion))


def test_there_are_55_joints_and_parents_come_first():
    assert len(JOINTS) == len(set(JOINTS)) == len(PARENTS) == 55
    assert all(parent < joint for joint, parent in enumerate(PARENTS))
    for joint, parent in enumerate(PARENTS):
        name = JOINTS[joint]
        if name[-1] in "23" and not name.startswith("spine"):
            assert JOINTS[parent] == f"{name[:-1]}{int(name[-1]) - 1}"
        if parent > 0:
            assert not (name.startswith("left") and JOINTS[parent].startswith("right"))


def test_rotation_matrices_agree_with_the_matrix_exponential():
    random = torch.Generator().manual_seed(1)
    turns = torch.randn(20, 3, generator=random) * torch.logspace(-7, 0.6, 20)[:, None]
    x, y, z = turns.unbind(-1)
    zero = torch.zeros_like(x)
    K = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
    torch.testing.assert_close(
        rotation_matrices(turns), torch.linalg.matrix_exp(K), atol=2e-6, rtol=0
    )


def test_rotation_matrices_have_the_right_gradient_at_zero():
    turn = torch.zeros(3, requires_grad=True)
    rotation_matrices(turn)[2, 1].backward()
    torch.testing.assert_close(turn.grad, torch.tensor([1.0, 0.0, 0.0]))


def test_zero_pose_leaves_the_surface_where_it_is(body: Body):
    torch.testing.assert_close(skinned(body, still())[0], body.skin.verts, atol=1e-6, rtol=0)


def test_translation_moves_everything_alike(body: Body):
    motion = replace(still(), transl=torch.tensor([[0.5, -2.0, 3.0]]))
    shift = skinned(body, motion)[0] - body.skin.verts
    torch.testing.assert_close(shift, motion.transl.expand_as(shift), atol=2e-6, rtol=0)


@pytest.mark.parametrize("about", ["pelvis", "origin"])
def test_global_orientation_turns_about(body: Body, about: str):
    motion = replace(turned(pelvis=(0.3, 1.9, -0.4)), transl=torch.tensor([[1.0, 2.0, 3.0]]))
    motion = replace(motion, turns_about=about)
    pivot = body.joints[0] if about == "pelvis" else torch.zeros(3)
    R = rotation_matrices(motion.poses[0, 0])
    expected = (body.skin.verts - pivot) @ R.T + pivot + motion.transl[0]
    torch.testing.assert_close(skinned(body, motion)[0], expected, atol=3e-6, rtol=0)


def test_joints_follow_a_plain_walk_down_the_tree(body: Body):
    motion = moving(3)
    local = rotation_matrices(motion.poses)
    pose = pose_body(body, motion)
    for frame in range(3):
        world: list[tuple[Tensor, Tensor]] = []
        for joint, parent in enumerate(PARENTS):
            if parent < 0:
                world.append((local[frame, 0], body.joints[0] + motion.transl[frame]))
            else:
                turn, place = world[parent]
                offset = body.joints[joint] - body.joints[parent]
                world.append((turn @ local[frame, joint], place + turn @ offset))
        expected = torch.stack([place for _, place in world])
        torch.testing.assert_close(joint_positions(body, pose)[frame], expected, atol=3e-6, rtol=0)


def test_bones_keep_their_lengths_in_any_pose(body: Body):
    places = joint_positions(body, pose_body(body, moving(4)))
    parents = torch.tensor(PARENTS[1:])
    lengths = (places[:, 1:] - places[:, parents]).norm(dim=-1)
    rest = (body.joints[1:] - body.joints[parents]).norm(dim=-1)
    torch.testing.assert_close(lengths, rest.expand_as(lengths), atol=1e-5, rtol=0)


def test_turning_the_elbow_moves_forearm_and_hand_only(body: Body):
    moved = (skinned(body, turned(left_elbow=(0.0, 1.2, 0.0)))[0] - body.skin.verts).norm(dim=1)
    x = body.skin.verts[:, 0]
    assert moved[x < 0.25].max() < 1e-6
    assert moved[x > 0.75].min() > 0.2


@pytest.mark.parametrize(("side", "sign"), [("left", 1.0), ("right", -1.0)])
def test_left_fingers_close_about_minus_z_and_right_ones_about_plus_z(
    body: Body, side: str, sign: float
):
    curled = {f"{side}_middle{k}": (0.0, 0.0, -sign * 1.2) for k in (1, 2, 3)}
    knuckle = body.joints[JOINTS.index(f"{side}_middle1")]
    is_finger = (
        body.skin.weights * (body.skin.weight_joints == JOINTS.index(f"{side}_middle3"))
    ).sum(1) > 0.9
    assert is_finger.sum() > 10
    tip = skinned(body, turned(**curled))[0][is_finger].mean(0) - knuckle
    straight = body.skin.verts[is_finger].mean(0) - knuckle
    assert sign * straight[0] > 0.05
    assert abs(straight[1]) < 0.02
    assert tip[1] < -0.015, "the tip goes down, to the palm of a hand that faces down"
    assert sign * tip[0] < 0.3 * sign * straight[0]


def test_a_frame_does_not_depend_on_the_frames_beside_it(body: Body):
    pose = pose_body(body, moving(5))
    assert torch.equal(pose_skin(body.skin, pose)[3:4], pose_skin(body.skin, pose[3:4]))


def test_no_frames_give_no_frames(body: Body):
    assert skinned(body, still(0)).shape == (0, len(body.skin.verts), 3)


def test_gradients_reach_pose_and_place(body: Body):
    poses = torch.zeros(1, 55, 3, requires_grad=True)
    transl = torch.zeros(1, 3, requires_grad=True)
    tip = body.skin.verts[:, 0].argmax()
    skinned(body, replace(still(), poses=poses, transl=transl))[0, tip, 1].backward()
    torch.testing.assert_close(transl.grad, torch.tensor([[0.0, 1.0, 0.0]]))
    assert poses.grad is not None
    arm = body.skin.verts[tip, 0] - body.joints[JOINTS.index("left_shoulder"), 0]
    assert poses.grad[0, JOINTS.index("left_shoulder"), 2] == pytest.approx(float(arm), rel=1e-3)
    assert poses.grad[0, JOINTS.index("right_shoulder")].abs().max() == 0


def test_correctives_add_what_rotations_minus_identity_ask_for(body: Body):
    random = torch.Generator().manual_seed(2)
    correctives = torch.randn(54 * 9, 5, 3, generator=random) * 0.01
    skin = Skin(
        verts=body.skin.verts[:5],
        faces=torch.tensor([[0, 1, 2]], dtype=torch.int32),
        weight_joints=torch.zeros(5, 1, dtype=torch.int32),
        weights=torch.ones(5, 1),
        correctives=correctives,
    )
    motion = turned(left_knee=(0.7, 0.0, 0.0))
    change = rotation_matrices(torch.tensor([0.7, 0.0, 0.0])) - torch.eye(3)
    first = 9 * (JOINTS.index("left_knee") - 1)
    shift = torch.einsum("k,kvc->vc", change.flatten(), correctives[first : first + 9])
    posed = pose_skin(skin, pose_body(body, motion))[0]
    torch.testing.assert_close(posed, skin.verts + shift, atol=2e-6, rtol=0)
