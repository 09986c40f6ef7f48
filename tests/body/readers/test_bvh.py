"""Skeletons of other makers: written here with their names, axes and units, read back by world directions."""

from collections.abc import Sized
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from reimagine.body.library import built_in_motion
from reimagine.body.model import JOINTS, PARENTS, joint_positions, pose_body
from reimagine.body.readers.joint_names import name_joints
from reimagine.body.readers.read import read_motion
from reimagine.body.write_bvh import bvh_text
from reimagine.errors import InputError
from reimagine.records import Body, Motion

_LEFT = {
    "pelvis": "Hips",
    "spine1": "Spine",
    "spine2": "Spine1",
    "spine3": "Spine2",
    "neck": "Neck",
    "head": "Head",
    "left_hip": "LeftUpLeg",
    "left_knee": "LeftLeg",
    "left_ankle": "LeftFoot",
    "left_foot": "LeftToeBase",
    "left_collar": "LeftShoulder",
    "left_shoulder": "LeftArm",
    "left_elbow": "LeftForeArm",
    "left_wrist": "LeftHand",
}
MIXAMO = _LEFT | {
    k.replace("left", "right"): v.replace("Left", "Right") for k, v in _LEFT.items() if "left" in k
}
NAMES = list(MIXAMO)
TO_Z_UP = Rotation.from_matrix(np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]))


def t_pose() -> dict[str, np.ndarray]:
    """A textbook T-pose, centimetres, from each joint's parent."""
    half = {
        "left_hip": (9, -4, 0),
        "left_knee": (0, -42, 0),
        "left_ankle": (0, -42, 0),
        "left_foot": (0, -8, 14),
        "left_collar": (3, 15, 0),
        "left_shoulder": (14, 0, 0),
        "left_elbow": (28, 0, 0),
        "left_wrist": (26, 0, 0),
    }
    trunk = {
        "pelvis": (0, 0, 0),
        "spine1": (0, 10, 0),
        "spine2": (0, 13, 0),
        "spine3": (0, 13, 0),
        "neck": (0, 20, 0),
        "head": (0, 12, 2),
    }
    other = {k.replace("left", "right"): (-x, y, z) for k, (x, y, z) in half.items()}
    return {k: np.array(v, dtype=float) for k, v in (trunk | half | other).items()}


def bvh(
    path: Path,
    offsets: dict[str, np.ndarray],
    turns: dict[str, Rotation],
    places: np.ndarray,
    prefix: str = "",
) -> Path:
    """A file in Mixamo's names; `turns` are local rotations of each joint (all frames), `places` the hips'."""
    order: list[str] = []

    def joint(name: str, depth: int) -> list[str]:
        order.append(name)
        tab = "\t" * depth
        x, y, z = offsets[name]
        channels = "6 Xposition Yposition Zposition" if depth == 0 else "3"
        children = [k for k in NAMES if JOINTS[PARENTS[JOINTS.index(k)]] == name and k != "pelvis"]
        inner = [line for child in children for line in joint(child, depth + 1)]
        inner = inner or [f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET 0 1 0", f"{tab}\t}}"]
        head = f"{tab}{'ROOT' if depth == 0 else 'JOINT'} {prefix}{MIXAMO[name]}"
        return [
            *(head, f"{tab}{{", f"{tab}\tOFFSET {x} {y} {z}"),
            *(f"{tab}\tCHANNELS {channels} Yrotation Xrotation Zrotation", *inner, f"{tab}}}"),
        ]

    lines = ["HIERARCHY", *joint("pelvis", 0), "MOTION", f"Frames: {len(places)}"]
    lines.append("Frame Time: 0.0333333")
    angles = [turns[name].as_euler("YXZ", degrees=True) for name in order]
    for frame, place in enumerate(places):
        numbers = [*place, *np.concatenate([a[frame] for a in angles])]
        lines.append(" ".join(f"{n:.9f}" for n in numbers))
    path.write_text("\n".join(lines))
    return path


def walking(frames: int = 8) -> tuple[dict[str, Rotation], np.ndarray]:
    motion = built_in_motion("walk", frames, 8.0)
    turns = {
        name: Rotation.from_rotvec(motion.poses[:, JOINTS.index(name)].numpy()) for name in NAMES
    }
    return turns, motion.transl.numpy() * 100.0


def flat(names: Sized) -> list[int]:
    """Parents of joints that all hang on the first."""
    return [-1, *[0] * (len(names) - 1)]


def world(
    offsets: dict[str, np.ndarray], turns: dict[str, Rotation], places: np.ndarray
) -> dict[str, np.ndarray]:
    """Where the file's joints are, by its own bones."""
    turn: dict[str, Rotation] = {}
    at: dict[str, np.ndarray] = {}
    for name in JOINTS[:22]:
        parent = JOINTS[PARENTS[JOINTS.index(name)]]
        if name == "pelvis":
            turn[name], at[name] = turns[name], places
        else:
            turn[name] = turn[parent] * turns[name]
            at[name] = at[parent] + turn[parent].apply(offsets[name])
    return at


def bones(at: dict[str, np.ndarray] | torch.Tensor) -> np.ndarray:
    """Directions of arms and legs."""
    pairs = [
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
    ]
    if isinstance(at, torch.Tensor):
        at = {name: at[:, i].numpy() for i, name in enumerate(JOINTS)}
    each = np.stack([at[b] - at[a] for a, b in pairs])
    return each / np.linalg.norm(each, axis=-1, keepdims=True)


def places_of(body: Body, motion: Motion) -> torch.Tensor:
    return joint_positions(body, pose_body(body, motion))


@pytest.mark.parametrize("arms_down", [0.0, 0.8])
@pytest.mark.parametrize("prefix", ["", "mixamorig:"])
def test_limbs_point_as_in_the_file_whatever_its_rest_pose(
    tmp_path: Path, arms_down: float, prefix: str, plain_body: Body
):
    offsets, (turns, places) = t_pose(), walking()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        down = Rotation.from_euler("z", -sign * arms_down)
        for joint in ("elbow", "wrist"):
            offsets[f"{side}_{joint}"] = down.apply(offsets[f"{side}_{joint}"])
    motion = read_motion(bvh(tmp_path / "m.bvh", offsets, turns, places, prefix))
    ours = bones(places_of(plain_body, motion))
    assert np.allclose(ours, bones(world(offsets, turns, places)), atol=1e-4)
    assert motion.fps == 30.0


def test_the_trunk_of_a_t_pose_skeleton_keeps_its_rotations(tmp_path: Path):
    turns, places = walking()
    motion = read_motion(bvh(tmp_path / "m.bvh", t_pose(), turns, places))
    for name in ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar"):
        ours = Rotation.from_rotvec(motion.poses[:, JOINTS.index(name)].numpy())
        assert (ours.inv() * turns[name]).magnitude().max() < 1e-4


@pytest.mark.parametrize("unit", [1.0, 0.01, 1 / 2.54])
def test_units_do_not_matter(tmp_path: Path, unit: float):
    turns, places = walking()
    cm = read_motion(bvh(tmp_path / "a.bvh", t_pose(), turns, places))
    scaled = {name: offset * unit for name, offset in t_pose().items()}
    other = read_motion(bvh(tmp_path / "b.bvh", scaled, turns, places * unit))
    assert torch.allclose(other.transl, cm.transl, atol=1e-4)
    stride = float(cm.transl[-1, 2] - cm.transl[0, 2])
    assert 0.8 < stride / (places[-1, 2] - places[0, 2]) * 100 < 1.05


def test_z_up_files_stand_on_their_feet(tmp_path: Path):
    turns, places = walking()
    y_up = read_motion(bvh(tmp_path / "a.bvh", t_pose(), turns, places))
    offsets = {name: TO_Z_UP.apply(offset) for name, offset in t_pose().items()}
    turned = {name: TO_Z_UP * turn * TO_Z_UP.inv() for name, turn in turns.items()}
    z_up = read_motion(bvh(tmp_path / "b.bvh", offsets, turned, TO_Z_UP.apply(places)))
    assert torch.allclose(z_up.poses, y_up.poses, atol=1e-4)
    assert torch.allclose(z_up.transl, y_up.transl, atol=1e-4)


def test_a_root_that_stands_a_y_up_skeleton_into_a_z_up_world_is_seen_through(
    tmp_path: Path, plain_body: Body
):
    turns, places = walking()
    y_up = read_motion(bvh(tmp_path / "a.bvh", t_pose(), turns, places))
    turned = turns | {"pelvis": TO_Z_UP * turns["pelvis"]}
    z_up = read_motion(bvh(tmp_path / "b.bvh", t_pose(), turned, TO_Z_UP.apply(places)))
    at = places_of(plain_body, z_up)
    assert torch.allclose(at, places_of(plain_body, y_up), atol=1e-3)


@pytest.mark.parametrize(
    "names",
    [
        ["Hips", "LHipJoint", "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftShoulder", "LeftArm"],
        ["hip", "abdomen", "lThigh", "lShin", "lFoot", "lCollar", "lShldr"],
        ["Bip01_Pelvis", "Bip01_L_Thigh", "Bip01_L_Calf", "Bip01_L_Foot", "Bip01_L_UpperArm"],
        ["Hips", "LeftHip", "LeftKnee", "LeftAnkle", "LeftCollar", "LeftShoulder", "LeftElbow"],
        ["pelvis", "thigh.L", "shin.L", "foot.L", "upper_arm.L", "forearm.L"],
    ],
)
def test_the_makers_names_are_known(names: list[str]):
    found = name_joints(names, flat(names))
    at = {joint: names[place] for joint, place in found.items()}
    assert at["pelvis"] == next(n for n in names if n.lower().endswith(("hips", "hip", "pelvis")))
    knee = next(
        n for n in names if any(w in n.lower() for w in ("leftleg", "shin", "calf", "knee"))
    )
    assert at["left_knee"] == knee
    shoulder = [
        n for n in names if any(w in n for w in ("LeftArm", "Shldr", "UpperArm", "upper_arm"))
    ]
    assert at["left_shoulder"] == (shoulder or ["LeftShoulder"])[0]
    assert "left_ankle" in at


def test_fingers_in_the_file_are_used(tmp_path: Path):
    motion = built_in_motion("wave", 4, 24.0)
    text = bvh_text(motion)
    (tmp_path / "smpl.bvh").write_text(text)
    assert torch.allclose(
        read_motion(tmp_path / "smpl.bvh").poses[:, 25:], motion.poses[:, 25:], atol=1e-5
    )
    names = {"left_index1": "LeftHandIndex1", "right_thumb3": "RightHandThumb3"}
    assert set(name_joints(list(names.values()), flat(names))) == set(names)


def broken(text: str, change: str) -> str:
    changes = {
        "arm": text.replace("LeftForeArm", "Thing"),
        "motion": text.partition("MOTION")[0],
        "row": text[: text.rindex(" ")],
        "brace": text.replace("{", "", 1),
        "word": text.replace("OFFSET", "PLACE", 1),
        "channel": text.replace("Xposition", "Wposition", 1),
        "twice": text.replace("Yrotation Xrotation", "Xrotation Xrotation", 1),
        "time": text.replace("0.0333333", "0.0"),
        "frames": text.replace("Frames: 8", "Frames: 80"),
        "many": text.replace("Frames: 8", "Frames: 800000"),
        "none": text.partition("Frames: 8")[0] + "Frames: 0\nFrame Time: 0.03\n",
        "nan": text[: text.rindex(" ")] + " nan",
        "text": text[: text.rindex(" ")] + " abc",
    }
    return changes[change]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("arm", "no joint is known as left_elbow among Hips, .*expected a whole body"),
        ("motion", "has no MOTION section"),
        ("row", "is not well-formed BVH"),
        ("brace", "is not well-formed BVH"),
        ("word", "is not well-formed BVH"),
        ("channel", "is not well-formed BVH"),
        ("twice", "is not well-formed BVH"),
        ("time", "the frame time is 0 s"),
        ("frames", "is not well-formed BVH"),
        ("many", "has 800000 frames; expected at most 200000"),
        ("none", "expected 69 in each of at least one"),
        ("nan", "NaN or infinity"),
        ("text", "is not well-formed BVH"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, change: str, message: str):
    turns, places = walking()
    path = bvh(tmp_path / "m.bvh", t_pose(), turns, places)
    path.write_text(broken(path.read_text(), change))
    with pytest.raises(InputError, match=message) as refused:
        read_motion(path)
    assert "\n" not in str(refused.value)


def test_legs_without_length_are_refused(tmp_path: Path):
    turns, places = walking()
    flat = {k: v * (0.0 if "knee" in k or "ankle" in k else 1.0) for k, v in t_pose().items()}
    with pytest.raises(InputError, match="legs have no length"):
        read_motion(bvh(tmp_path / "m.bvh", flat, turns, places))


def with_spine(path: Path, count: int, bend_deg: float) -> Path:
    """One frame of a T-pose whose spine of `count` joints bends to the front, as much in each."""
    channels = "CHANNELS 3 Xrotation Yrotation Zrotation"

    def joint(name: str, offset: str, *inner: str) -> str:
        ends = " ".join(inner) or "End Site { OFFSET 0 1 0 }"
        return f"JOINT {name} {{ OFFSET {offset} {channels} {ends} }}"

    def limb(side: str, sign: int, names: tuple[str, ...], offsets: tuple[str, ...]) -> str:
        inner = ""
        for name, offset in reversed(list(zip(names, offsets, strict=True))):
            inner = joint(side + name, offset.replace("+", str(sign)), *filter(None, [inner]))
        return inner

    arm = (("Arm", "ForeArm", "Hand"), ("+7 40 0", "+5 0 0", "+5 0 0"))
    leg = (("UpLeg", "Leg", "Foot"), ("+ -4 0", "0 -40 0", "0 -40 0"))
    chest = (limb("Left", 1, *arm), limb("Right", -1, *arm), joint("Neck", "0 20 0"))
    for place in range(count):
        chest = (joint(f"Back{count - place}", "0 10 0", *chest),)
    legs = (limb("Left", 1, *leg), limb("Right", -1, *leg))
    text = (
        f"HIERARCHY ROOT Hips {{ OFFSET 0 0 0 CHANNELS 6 Xposition Yposition Zposition Xrotation "
        f"Yrotation Zrotation {' '.join((*chest, *legs))} }}\nMOTION\nFrames: 1\nFrame Time: 0.04\n"
    )
    bends = [f"{bend_deg / count} 0 0"] * count
    zeros = ["0 0 0"] * (text.count("CHANNELS 3") - count)
    path.write_text(text + " ".join(["0 90 0", "0 0 0", *bends, *zeros]))
    return path


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_spines_of_any_number_of_joints_bend_as_far(tmp_path: Path, count: int, plain_body: Body):
    motion = read_motion(with_spine(tmp_path / "m.bvh", count, 60.0))
    bends = np.degrees(motion.poses[0, [3, 6, 9]].numpy())
    assert np.allclose(bends, [[20.0, 0, 0]] * 3, atol=1e-3)
    chest = pose_body(plain_body, motion).transforms[0, 9, :3, :3].numpy()
    assert np.allclose(chest, Rotation.from_euler("x", 60, degrees=True).as_matrix(), atol=1e-5)
    arms, legs = np.eye(3)[0], -np.eye(3)[1]
    directions = bones(places_of(plain_body, motion))[:, 0]
    assert np.allclose(directions[[0, 1, 4, 5]], legs, atol=1e-3)
    assert np.allclose(
        directions[[2, 3]], Rotation.from_euler("x", 60, degrees=True).apply(arms), atol=1e-3
    )


def test_a_doubtful_name_is_settled_by_its_neighbours():
    names = ["Hips", "LeftShoulder", "LeftElbow", "LeftAnkle", "LeftFoot"]
    at = {joint: names[place] for joint, place in name_joints(names, flat(names)).items()}
    assert at["left_shoulder"] == "LeftShoulder"
    assert "left_collar" not in at
    assert (at["left_ankle"], at["left_foot"]) == ("LeftAnkle", "LeftFoot")
