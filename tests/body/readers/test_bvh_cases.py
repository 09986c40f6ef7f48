"""Small BVH files of many makers' kinds: limbs point as forward kinematics of the file says, whatever zero pose it has.

The kinematics here are written from the format alone and share nothing with the reader.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from reimagine.body.model import JOINTS, PARENTS, joint_positions, pose_body
from reimagine.body.motion import into_our_world
from reimagine.body.readers.read import read_motion
from reimagine.records import Body, Motion

CASES = Path(__file__).parent / "cases"
LIMBS = {
    "hip": ("LeftUpLeg", "LeftLeg"),
    "knee": ("LeftLeg", "LeftFoot"),
    "shoulder": ("LeftArm", "LeftForeArm"),
    "elbow": ("LeftForeArm", "LeftHand"),
}
NEXT = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist"}


def kinematics(text: str) -> dict[str, np.ndarray]:
    """Where each joint of a BVH text is in each frame."""
    head, tail = text.split("MOTION\n")
    rows = np.array([line.split() for line in tail.splitlines()[2:] if line.strip()], dtype=float)
    parent, order, offset, channels = {}, [], {}, {}
    stack: list[str] = []
    for line in head.splitlines():
        word, *rest = line.split() or [""]
        if word in ("ROOT", "JOINT", "End"):
            name = rest[0] if word != "End" else f"{stack[-1]} end"
            parent[name] = stack[-1] if stack else ""
            order.append(name)
            channels[name] = []
            stack.append(name)
        elif word == "OFFSET":
            offset[stack[-1]] = np.array(rest, dtype=float)
        elif word == "CHANNELS":
            channels[stack[-1]] = rest[1:]
        elif word == "}":
            stack.pop()
    at: dict[str, np.ndarray] = {}
    turn: dict[str, np.ndarray] = {}
    column = 0
    for name in order:
        matrix = np.broadcast_to(np.eye(3), (len(rows), 3, 3))
        place = np.broadcast_to(offset[name], (len(rows), 3)).copy()
        for channel in channels[name]:
            axis = "XYZ".index(channel[0])
            if channel.endswith("position"):
                place[:, axis] = rows[:, column]
            else:
                angle = np.radians(rows[:, column])
                about = np.eye(3)[axis]
                matrix = matrix @ Rotation.from_rotvec(angle[:, None] * about).as_matrix()
            column += 1
        if parent[name]:
            place = at[parent[name]] + (turn[parent[name]] @ place[..., None])[..., 0]
            matrix = turn[parent[name]] @ matrix
        at[name], turn[name] = place, matrix
    return at


def degrees(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (one, other))
    return np.degrees(
        np.arctan2(np.linalg.norm(np.cross(one, other), axis=-1), (one * other).sum(-1))
    )


def limb_errors(motion: Motion, file: dict[str, np.ndarray], body: Body) -> np.ndarray:
    """Degrees between the file's limbs and ours."""
    at = joint_positions(body, pose_body(body, motion)).numpy()
    errors = []
    for side in ("left", "right"):
        for joint, (start, end) in LIMBS.items():
            start, end = (name.replace("Left", side.title()) for name in (start, end))
            ours = (
                at[:, JOINTS.index(f"{side}_{NEXT[joint]}")]
                - at[:, JOINTS.index(f"{side}_{joint}")]
            )
            errors.append(degrees(ours, file[end] - file[start]))
    return np.stack(errors)


def world_turns(motion: Motion) -> list[Rotation]:
    turns: list[Rotation] = []
    for joint, parent in enumerate(PARENTS[:22]):
        turn = Rotation.from_rotvec(motion.poses[:, joint].double().numpy())
        turns.append(turn if parent < 0 else turns[parent] * turn)
    return turns


def assert_as_reference(motion: Motion) -> None:
    pairs = zip(world_turns(read_motion(CASES / "reference.bvh")), world_turns(motion), strict=True)
    for joint, (right, ours) in enumerate(pairs):
        assert np.degrees((right.inv() * ours).magnitude().max()) < 5, JOINTS[joint]


@pytest.mark.parametrize("name", ["reference", "along_bone", "along_bone_legs_turned", "lying"])
def test_limbs_point_as_the_file_says(name: str, plain_body: Body):
    path = CASES / f"{name}.bvh"
    errors = limb_errors(read_motion(path), kinematics(path.read_text()), plain_body)
    assert np.median(errors) < 3
    assert errors.max() < 6


@pytest.mark.parametrize("name", ["along_bone", "along_bone_legs_turned"])
def test_axes_along_the_bones_are_seen_through_by_how_limbs_bend(name: str):
    motion = read_motion(CASES / f"{name}.bvh")
    assert_as_reference(motion)
    assert any("zero pose is no stance" in note for note in motion.notes)


def test_legs_twisted_in_a_zero_pose_that_looks_like_a_stance_bend_the_right_way(tmp_path: Path):
    text = (CASES / "reference.bvh").read_text()
    # The zero pose's left leg is turned by 180 degrees about itself, which only its toes would show.
    at = text.index("JOINT LeftToeBase")
    end = text.index("JOINT RightUpLeg")
    without = (
        text[:at].rstrip()
        + "\n\t\t\t\tEnd Site\n\t\t\t\t{\n\t\t\t\t\tOFFSET 0 -7 0\n\t\t\t\t}\n\t\t\t}\n\t\t}\n\t}\n\t"
    )
    head, tail = (without + text[end:]).split("MOTION\n")
    names = re.findall(r"(?:ROOT|JOINT) (\S+)", text)
    first = {name: 3 + 3 * i for i, name in enumerate(names)}
    lines = tail.splitlines()
    for i in range(2, len(lines)):
        numbers = [float(n) for n in lines[i].split()]
        thigh = slice(first["LeftUpLeg"], first["LeftUpLeg"] + 3)
        half = Rotation.from_euler("Y", 180, degrees=True)
        turn = Rotation.from_euler("ZXY", numbers[thigh], degrees=True) * half
        numbers[thigh] = turn.as_euler("ZXY", degrees=True).tolist()
        for name in ("LeftLeg", "LeftFoot"):
            own = slice(first[name], first[name] + 3)
            turn = half * Rotation.from_euler("ZXY", numbers[own], degrees=True) * half
            numbers[own] = turn.as_euler("ZXY", degrees=True).tolist()
        toes = first["LeftToeBase"]
        lines[i] = " ".join(f"{n:.6f}" for n in numbers[:toes] + numbers[toes + 3 :])
    path = tmp_path / "twisted.bvh"
    path.write_text(head + "MOTION\n" + "\n".join(lines) + "\n")
    motion = read_motion(path)
    assert any("left_hip does not fit" in note for note in motion.notes)
    reference = world_turns(read_motion(CASES / "reference.bvh"))
    for joint in (1, 4):
        assert (
            np.degrees((reference[joint].inv() * world_turns(motion)[joint]).magnitude().max()) < 5
        )


def test_who_lies_on_the_floor_stays_there(plain_body: Body):
    motion = read_motion(CASES / "lying.bvh")
    for placed in (motion, into_our_world(motion, plain_body)):
        at = joint_positions(plain_body, pose_body(plain_body, placed))
        spine = (at[:, 15] - at[:, 0]).mean(0)
        assert abs(float(spine[1] / spine.norm())) < 0.3
    at = joint_positions(plain_body, pose_body(plain_body, motion)).numpy()
    assert degrees((at[:, 15] - at[:, 0]).mean(0), np.array([0, 0.08, -1.0])) < 10


def test_a_lone_bind_pose_is_left_out_and_said(plain_body: Body):
    motion = read_motion(CASES / "bind_pose_first.bvh")
    assert len(motion.poses) == 12
    assert any("bound in, and is left out" in note for note in motion.notes)
    first = into_our_world(motion, plain_body)
    ahead = pose_body(plain_body, first).transforms[0, 0, :3, 2]
    assert float(ahead[2]) > 0.9


def test_blender_s_export_of_our_file_is_the_same_motion(plain_body: Body):
    ours, theirs = (read_motion(CASES / f"{name}.bvh") for name in ("walk8", "walk8_from_blender"))
    at, there = (joint_positions(plain_body, pose_body(plain_body, m)) for m in (ours, theirs))
    assert torch.allclose(at, there, atol=1e-3)
    change = Rotation.from_rotvec(ours.poses.reshape(-1, 3).numpy()).inv() * Rotation.from_rotvec(
        theirs.poses.reshape(-1, 3).numpy()
    )
    assert change.magnitude().max() < 1e-3
    assert torch.allclose(at[0, 0], torch.tensor([-0.007, 0.919, 0.0]), atol=1e-3)
    assert torch.allclose(at[-1, 0], torch.tensor([0.022, 0.943, 0.328]), atol=1e-3)
    assert torch.allclose(at[0, 20], torch.tensor([0.221, 0.881, -0.202]), atol=1e-3)
    assert any("Z is up" in note for note in theirs.notes)


def test_a_blank_line_after_the_frame_time_is_no_matter(tmp_path: Path):
    text = (CASES / "reference.bvh").read_text()
    path = tmp_path / "blank.bvh"
    path.write_text(re.sub(r"(Frame Time: \S+\n)", r"\1\n", text))
    assert torch.equal(read_motion(path).poses, read_motion(CASES / "reference.bvh").poses)
