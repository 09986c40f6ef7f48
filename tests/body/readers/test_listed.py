"""Kimodo's and SAM 3D Body's files: made here by an independent forward kinematics, read back by world directions."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from tests.body.readers.test_bvh import bones, places_of, t_pose

from reimagine.body.library import built_in_motion
from reimagine.body.model import JOINTS, PARENTS
from reimagine.body.readers.joint_names import name_joints
from reimagine.body.readers.listed import MHR_127, SMPLX_22, SOMA_30, SOMA_77, Listed
from reimagine.body.readers.read import read_motion
from reimagine.errors import InputError
from reimagine.records import Body

FRAMES = 24
LISTED = {"SOMA": SOMA_77, "SOMA, old": SOMA_30, "SMPL-X": SMPLX_22}
CAMERA = np.array([1.0, -1.0, -1.0])


def danced(listed: Listed) -> tuple[np.ndarray, np.ndarray]:
    """World rotations since a T-pose, and places in metres, Y up. What is not SMPL-X's goes with its parent."""
    motion = built_in_motion("dance", FRAMES, 12.0)
    world: list[Rotation] = []
    for i, parent in enumerate(PARENTS):
        local = Rotation.from_rotvec(motion.poses[:, i].numpy())
        world.append(local if parent < 0 else world[parent] * local)
    at = name_joints(list(listed.names), list(listed.parents))
    spine = [i for i, name in enumerate(listed.names) if "pine" in name or name == "Chest"]
    at |= {f"spine{k}": place for k, place in enumerate(spine[-3:], start=1)}
    follows = {place: joint for joint, place in at.items()}
    turns = np.zeros((FRAMES, len(listed.names), 3, 3))
    places = np.zeros((FRAMES, len(listed.names), 3))
    for i, parent in enumerate(listed.parents):
        joint = follows.get(i, "")
        turns[:, i] = turns[:, max(parent, 0)]
        if joint or parent < 0:
            turns[:, i] = world[JOINTS.index(joint or "pelvis")].as_matrix()
        places[:, i] = motion.transl.numpy()
        if parent >= 0:
            places[:, i] = places[:, parent] + turns[:, parent] @ offset(joint)
    return turns, places


def offset(joint: str) -> np.ndarray:
    """From the parent, metres."""
    sign = 1.0 if joint.startswith("left") else -1.0
    fingers = {"index": (3, 0, 2), "middle": (3, 0, 0), "pinky": (3, 0, -2)}
    finger = next((np.array(one) for part, one in fingers.items() if part in joint), np.zeros(3))
    return t_pose().get(joint, finger * [sign, 1.0, 1.0]) / 100


def limbs(listed: Listed, places: np.ndarray) -> np.ndarray:
    at = name_joints(list(listed.names), list(listed.parents))
    return bones({joint: places[:, place] for joint, place in at.items()})


def off_deg(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip((ours * theirs).sum(-1), -1, 1))).max())


def kimodo(path: Path, listed: Listed, turns: np.ndarray, places: np.ndarray) -> Path:
    local = turns.copy()
    for joint, parent in enumerate(listed.parents):
        if parent >= 0:
            local[:, joint] = np.swapaxes(turns[:, parent], 1, 2) @ turns[:, joint]
    np.savez(path, local_rot_mats=local, posed_joints=places, root_positions=places[:, 0])
    return path


def mhr(path: Path, turns: np.ndarray, places: np.ndarray, unit: float = 1.0) -> Path:
    """Every joint has axes of its own, as MHR's; places lie about the root, in the camera's axes."""
    own = Rotation.from_quat(np.random.default_rng(3).normal(size=(turns.shape[1], 4))).as_matrix()
    root = places[:, :1] - [0.0, 0.0, 4.0]
    np.savez(
        path,
        pred_global_rots=turns @ own,
        pred_joint_coords=(places - places[:, :1]) * CAMERA * unit,
        pred_cam_t=root[:, 0] * CAMERA,
    )
    return path


@pytest.mark.parametrize("name", LISTED)
def test_kimodo_s_limbs_point_as_in_the_file(tmp_path: Path, plain_body: Body, name: str):
    turns, places = danced(LISTED[name])
    motion = read_motion(kimodo(tmp_path / "m.npz", LISTED[name], turns, places))
    assert off_deg(bones(places_of(plain_body, motion)), limbs(LISTED[name], places)) < 3
    assert (motion.source, motion.fps, motion.up) == ("Kimodo", 30.0, "y")
    assert any("usual 30 frames" in note for note in motion.notes)


@pytest.mark.parametrize("unit", [1.0, 100.0])
@pytest.mark.parametrize("frames", [FRAMES, 1])
def test_sam_3d_body_s_limbs_point_as_the_camera_sees_them(
    tmp_path: Path, plain_body: Body, unit: float, frames: int
):
    turns, places = danced(MHR_127)
    turns, places = turns[:frames], places[:frames]
    motion = read_motion(mhr(tmp_path / "m.npz", turns, places, unit))
    at = places_of(plain_body, motion)
    assert off_deg(bones(at), limbs(MHR_127, places)) < 3
    assert float(at[:, 15, 1].min() - at[:, 0, 1].max()) > 0.2
    assert motion.source == "SAM 3D Body (MHR)"
    assert any("held level" in note for note in motion.notes)


def test_who_walks_away_from_the_camera_goes_as_far_as_they_do(tmp_path: Path):
    turns, places = danced(MHR_127)
    places = places + np.linspace(0, 1, FRAMES)[:, None, None] * [0.0, 0.0, -2.0]
    motion = read_motion(mhr(tmp_path / "m.npz", turns, places))
    went = (motion.transl[-1] - motion.transl[0]).numpy()
    true = places[-1, 1] - places[0, 1]
    assert went @ true / np.linalg.norm(went) / np.linalg.norm(true) > 0.999
    assert 0.8 < np.linalg.norm(went) / np.linalg.norm(true) < 1.2


def test_the_orders_of_joints_are_the_makers():
    assert [
        MHR_127.names.index(name) for name in ("c_spine0", "l_clavicle", "c_head", "c_head_null")
    ] == [34, 74, 113, 126]
    assert [SOMA_77.names.index(name) for name in ("RightShoulder", "LeftLeg", "RightToeEnd")] == [
        39,
        67,
        76,
    ]
    assert [len(listed.names) for listed in (MHR_127, SOMA_77, SOMA_30)] == [127, 77, 30]


def broken(path: Path, change: str) -> Path:
    turns, places = danced(SOMA_77)
    with np.load(kimodo(path, SOMA_77, turns, places)) as file:
        held = dict(file)
    if change == "robot":
        held = {name: value[:, :34] for name, value in held.items() if value.ndim > 2}
    elif change == "samples":
        held = {name: np.stack([value, value]) for name, value in held.items()}
    elif change == "frames":
        held["local_rot_mats"] = held["local_rot_mats"][:-1]
    elif change == "scaled":
        held["local_rot_mats"][3, 5] *= 2
    elif change == "nan":
        held["local_rot_mats"][3, 5] = np.nan
    elif change == "places":
        held["posed_joints"][3, 5] = np.nan
    np.savez(path, allow_pickle=True, **held)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("robot", r"m.npz holds 34 joints \(a G1 robot's\); expected 77, 30, 22"),
        ("samples", "holds 2 samples; expected one"),
        ("frames", "'local_rot_mats' has the shape"),
        ("scaled", "'local_rot_mats' of frame 3, joint 5 is no rotation"),
        ("nan", "'local_rot_mats' holds NaN"),
        ("places", "NaN or infinity"),
    ],
)
def test_files_that_do_not_hold_together_are_refused_in_one_line(
    tmp_path: Path, change: str, message: str
):
    with pytest.raises(InputError, match=message) as refused:
        read_motion(broken(tmp_path / "m.npz", change))
    assert "\n" not in str(refused.value)


def test_the_lines_in_the_docs_make_sam_3d_body_s_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    docs = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    line = (
        docs.partition("SAM 3D Body gives a dict")[2]
        .partition("```python\n")[2]
        .partition("```")[0]
    )
    turns, places = danced(MHR_127)
    with np.load(mhr(tmp_path / "whole.npz", turns, places)) as file:
        people = [{name: file[name][frame] for name in file} for frame in range(FRAMES)]
    monkeypatch.chdir(tmp_path)
    exec(line, {"people": people})
    whole, made = read_motion(tmp_path / "whole.npz"), read_motion(tmp_path / "motion.npz")
    assert made.poses.equal(whole.poses)
    assert made.fps == 30.0
