import io
import json
import os
import pickle
import shlex
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from reimagine.body.library import built_in_motion
from reimagine.body.model import joint_positions, pose_body
from reimagine.body.motion import into_our_world
from reimagine.body.readers.hands import relaxed_hands
from reimagine.body.readers.read import read_motion
from reimagine.body.write import amass_arrays
from reimagine.errors import InputError
from reimagine.records import Body, Motion

WALK = built_in_motion("walk", 12, 24.0)
RELAXED = torch.from_numpy(relaxed_hands(12)).float()


def smplx_arrays(motion: Motion = WALK) -> dict[str, np.ndarray]:
    poses = motion.poses.numpy()
    frames = len(poses)
    return {
        "global_orient": poses[:, 0],
        "body_pose": poses[:, 1:22].reshape(frames, 63),
        "jaw_pose": poses[:, 22],
        "leye_pose": poses[:, 23],
        "reye_pose": poses[:, 24],
        "left_hand_pose": poses[:, 25:40].reshape(frames, 45),
        "right_hand_pose": poses[:, 40:].reshape(frames, 45),
        "transl": motion.transl.numpy(),
        "betas": np.zeros((1, 10), np.float32),
    }


def saved(folder: Path, arrays: dict[str, np.ndarray], name: str = "motion.npz") -> Path:
    np.savez(folder / name, allow_pickle=True, **arrays)
    return folder / name


def easymocap(motion: Motion, frame: int, pelvis: torch.Tensor) -> list[dict[str, object]]:
    """One frame as MVHumanNet saves it; the person's place is the same as in SMPL-X terms."""
    from scipy.spatial.transform import Rotation

    turn = motion.poses[frame, 0].numpy()
    joint = pelvis.numpy()
    place = motion.transl[frame].numpy() + joint - Rotation.from_rotvec(turn).apply(joint)
    body = motion.poses[frame, 1:22].flatten().tolist()
    poses = [0.0] * 3 + body + [0.3] * 12 + [0.0] * 9
    return [
        {
            "id": 0,
            "Rh": [turn.tolist()],
            "Th": [place.tolist()],
            "poses": [poses],
            "shapes": [[0.1 * frame] + [0.0] * 9],
            "expression": [[0.0] * 10],
        }
    ]


def places(body: Body, motion: Motion) -> torch.Tensor:
    return joint_positions(body, pose_body(body, motion))


def test_smplx_parameters_are_taken_as_they_are(tmp_path: Path):
    motion = read_motion(saved(tmp_path, smplx_arrays() | {"fps": np.array(24.0)}))
    assert torch.equal(motion.poses, WALK.poses)
    assert torch.equal(motion.transl, WALK.transl)
    assert (motion.fps, motion.up, motion.turns_about) == (24.0, "unknown", "pelvis")
    assert motion.notes == ()


def test_the_name_of_a_file_does_not_matter(tmp_path: Path):
    motion = read_motion(saved(tmp_path, smplx_arrays()).rename(tmp_path / "what.ever"))
    assert torch.equal(motion.poses, WALK.poses)
    assert motion.name == "what"


@pytest.mark.parametrize("numbers", [6, 12])
def test_pca_hands_become_relaxed_hands_and_say_so(tmp_path: Path, numbers: int):
    pca = np.ones((12, numbers))
    hands = {"left_hand_pose": pca, "right_hand_pose": pca}
    motion = read_motion(saved(tmp_path, smplx_arrays() | hands))
    assert torch.allclose(motion.poses[:, 25:], RELAXED)
    assert any(f"{numbers} PCA" in note for note in motion.notes)


def test_rows_as_joints_by_three_and_one_row_for_all_are_known(tmp_path: Path):
    arrays = smplx_arrays() | {"jaw_pose": np.array([[0.1, 0.0, 0.0]])}
    arrays["body_pose"] = arrays["body_pose"].reshape(12, 21, 3)
    arrays["global_orient"] = arrays["global_orient"][:, None]
    motion = read_motion(saved(tmp_path, arrays))
    assert torch.equal(motion.poses[:, :22], WALK.poses[:, :22])
    assert torch.allclose(motion.poses[:, 22, 0], torch.tensor(0.1))


def test_a_missing_frame_rate_is_guessed_and_said(tmp_path: Path):
    motion = read_motion(saved(tmp_path, smplx_arrays()))
    assert motion.fps == 30.0
    assert any("frame rate" in note for note in motion.notes)


def test_keys_that_are_not_used_are_named(tmp_path: Path):
    arrays = smplx_arrays() | {"strange": np.zeros(3), "scale": np.array([1.2])}
    notes = " ".join(read_motion(saved(tmp_path, arrays)).notes)
    assert "strange" in notes
    assert "1.2" in notes


@pytest.mark.parametrize("spelling", ["mocap_framerate", "mocap_frame_rate"])
def test_amass_is_turned_to_y_up_whatever_it_calls_its_rate(
    tmp_path: Path, spelling: str, plain_body: Body
):
    arrays = amass_arrays(WALK)
    rate = arrays.pop("mocap_frame_rate")
    motion = read_motion(saved(tmp_path, arrays | {spelling: rate}))
    assert (motion.fps, motion.up) == (24.0, "y")
    assert torch.allclose(places(plain_body, motion), places(plain_body, WALK), atol=1e-5)


def test_amass_smpl_h_has_its_hands_after_the_body(tmp_path: Path, plain_body: Body):
    arrays = amass_arrays(WALK)
    poses = np.delete(arrays["poses"], np.s_[66:75], axis=1)
    assert poses.shape[1] == 156
    smplh = {"poses": poses, "trans": arrays["trans"], "mocap_framerate": np.array(24.0)}
    motion = read_motion(saved(tmp_path, smplh))
    assert torch.allclose(motion.poses, WALK.poses, atol=1e-5)
    assert torch.allclose(places(plain_body, motion), places(plain_body, WALK), atol=1e-5)
    only_body = read_motion(saved(tmp_path, smplh | {"poses": poses[:, :72]}))
    assert torch.allclose(only_body.poses[:, 25:], RELAXED)


def y_up(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """AMASS' arrays as BEAT2 and EMAGE save them."""
    return arrays | {
        "poses": WALK.poses.numpy().reshape(12, 165),
        "trans": WALK.transl.numpy(),
        "betas": np.zeros(300),
        "expressions": np.zeros((12, 100)),
        "model": np.array("smplx2020"),
    }


def test_amass_layout_with_y_up_stands_and_says_so(tmp_path: Path, plain_body: Body):
    motion = read_motion(saved(tmp_path, y_up({"mocap_frame_rate": np.array(30)})))
    assert torch.allclose(places(plain_body, motion), places(plain_body, WALK), atol=1e-5)
    assert any("Y is up in the file" in note for note in motion.notes)
    assert len(motion.betas) == 16


def test_who_lies_in_a_z_up_file_stays_lying(tmp_path: Path, plain_body: Body):
    lying = Rotation.from_euler("x", -90, degrees=True)
    poses = WALK.poses.numpy().copy()
    poses[:, 0] = lying.as_rotvec()
    moved = replace(WALK, poses=torch.from_numpy(poses).float(), transl=torch.zeros(12, 3))
    low = places(plain_body, moved)[:, :22, 1].min()
    moved = replace(moved, transl=torch.tensor([[0.0, 0.02 - float(low), 0.0]]).repeat(12, 1))
    motion = read_motion(saved(tmp_path, amass_arrays(moved)))
    at = places(plain_body, motion)
    spine = (at[:, 15] - at[:, 0]).mean(0)
    assert abs(float(spine[1] / spine.norm())) < 0.1
    assert motion.notes == ()


@pytest.mark.parametrize("scaled", [True, False])
def test_aist_is_scaled_upright_and_at_60_frames(tmp_path: Path, scaled: bool, plain_body: Body):
    arrays = {
        "smpl_poses": WALK.poses.numpy()[:, :24].reshape(12, 72),
        "smpl_trans": (WALK.transl.numpy() + [[k / 10, 0, 0] for k in range(12)]) * 93.8,
        "smpl_loss": np.array(0.1),
    }
    if scaled:
        arrays["smpl_scaling"] = np.array([93.8])
    motion = read_motion(saved(tmp_path, arrays))
    assert (motion.fps, motion.source) == (60.0, "AIST++")
    assert float(motion.transl[-1, 0] - motion.transl[0, 0]) == pytest.approx(1.1, rel=0.1)
    at = places(plain_body, motion)
    spine = (at[:, 15] - at[:, 0]).mean(0)
    assert float(spine[1] / spine.norm()) > 0.95
    assert any("centimetres" in note for note in motion.notes) is not scaled


@pytest.mark.parametrize("shape", [(10,), (1, 10), (12, 10), (300,)])
def test_shape_numbers_come_in_many_shapes(tmp_path: Path, shape: tuple[int, ...]):
    betas = np.full(shape, 0.5)
    amass = read_motion(saved(tmp_path, amass_arrays(WALK) | {"betas": betas}))
    parameters = read_motion(saved(tmp_path, smplx_arrays() | {"betas": betas}))
    for motion in (amass, parameters):
        assert len(motion.betas) == min(shape[-1], 16)
        assert torch.allclose(motion.betas, torch.tensor(0.5))


def test_hands_relative_to_the_mean_hand_are_put_on_a_relaxed_one(tmp_path: Path):
    zero = np.zeros((12, 45))
    hands = {"left_hand_pose": zero, "right_hand_pose": zero, "flat_hand_mean": np.array(False)}
    motion = read_motion(saved(tmp_path, smplx_arrays() | hands))
    assert torch.allclose(motion.poses[:, 25:], RELAXED)
    assert any("mean hand" in note for note in motion.notes)


def test_a_folder_of_smplx_files_is_one_motion_of_one_person(tmp_path: Path):
    folder = tmp_path / "smplx"
    folder.mkdir()
    for frame in range(12):
        arrays = {
            name: values[frame : frame + 1]
            for name, values in smplx_arrays().items()
            if name != "betas"
        }
        arrays["body_pose"] = arrays["body_pose"].reshape(21, 3)
        saved(folder, arrays | {"betas": np.zeros((1, 10))}, f"{frame + 95}_0.npz")
        if frame % 2:
            saved(folder, arrays | {"betas": np.ones((1, 10))}, f"{frame + 95}_1.npz")
    motion = read_motion(folder)
    assert torch.equal(motion.poses, WALK.poses)
    assert torch.equal(motion.transl, WALK.transl)
    assert any("2 people" in note for note in motion.notes)
    saved(folder, smplx_arrays(), "200_0.npz")
    with pytest.raises(InputError, match=r"200_0.npz: 'global_orient' has the shape \(12, 3\)"):
        read_motion(folder)


def test_one_person_is_followed_through_easymocap_whatever_the_order(
    tmp_path: Path, plain_body: Body
):
    for frame in range(6):
        one = easymocap(WALK, frame, plain_body.joints[0])[0] | {"Th": [[-1 + 0.02 * frame, 0, 0]]}
        two = one | {"id": 1, "Th": [[1.0, 0, 0]]}
        people = [[one, two], [two, one], [two, one]][frame % 3]
        people = [two] if frame == 4 else people
        people = [one] if frame == 5 else people
        (tmp_path / f"{frame}.json").write_text(json.dumps(people if frame else [one, two]))
    motion = read_motion(tmp_path)
    right = [-1, -0.98, -0.96, -0.94, -0.94, -0.9]  # kept where they are missing
    assert np.allclose(motion.transl[:, 0], right)
    assert any("2 people; 0 is used, who is in 5 of 6" in note for note in motion.notes)


@pytest.mark.parametrize("nested", [False, True])
def test_the_line_that_mends_a_pickle_works_as_printed(
    tmp_path: Path, nested: bool, plain_body: Body
):
    """WHAM's results are a dict for each person; AIST++'s are one."""
    (tmp_path / "joblib.py").write_text(
        "import pickle\ndef load(p): return pickle.load(open(p, 'rb'))\n"
    )
    wham = {
        "pose_world": WALK.poses.numpy()[:, :24].reshape(12, 72),
        "trans_world": WALK.transl.numpy(),
        "betas": np.zeros((12, 10)),
        "verts": None,
    }
    (tmp_path / "wham.pkl").write_bytes(pickle.dumps({0: wham} if nested else wham))
    with pytest.raises(InputError) as refused:
        read_motion(tmp_path / "wham.pkl")
    line = str(refused.value).partition("trust it: python ")[2]
    assert line
    command = [sys.executable, *shlex.split(line)]
    subprocess.run(
        command, cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    motion = read_motion(tmp_path / "motion.npz")
    assert motion.source == "WHAM or TRAM (world)"
    at, right = places(plain_body, motion), places(plain_body, WALK)
    assert torch.allclose(at[:, :20], right[:, :20], atol=1e-5)


def test_amass_in_parts_is_the_same_as_in_one(tmp_path: Path):
    arrays = amass_arrays(WALK)
    arrays.pop("poses")
    assert torch.allclose(read_motion(saved(tmp_path, arrays)).poses, WALK.poses, atol=1e-5)


def test_easymocap_lands_where_smplx_does(tmp_path: Path, plain_body: Body):
    for frame in range(12):
        text = json.dumps(easymocap(WALK, frame, plain_body.joints[0]))
        (tmp_path / f"{frame + 90}.json").write_text(text)
    motion = read_motion(tmp_path)
    assert (motion.turns_about, motion.up) == ("origin", "unknown")
    assert torch.allclose(
        places(plain_body, motion)[:, :22], places(plain_body, WALK)[:, :22], atol=1e-5
    )
    assert float(motion.betas[0]) == pytest.approx(0.55)
    single = read_motion(tmp_path / "99.json")
    assert torch.allclose(single.poses[0], motion.poses[9])


def test_a_second_turn_inside_easymocap_poses_is_joined_to_the_first(
    tmp_path: Path, plain_body: Body
):
    person = easymocap(WALK, 3, plain_body.joints[0])
    poses = np.array(person[0]["poses"])
    poses[0, :3] = np.array(person[0]["Rh"])[0]
    moved = person[0] | {"poses": poses.tolist(), "Rh": [[0.0, 0.0, 0.0]]}
    moved["Th"] = [WALK.transl[3].tolist()]
    (tmp_path / "a.json").write_text(json.dumps({"annots": [moved, moved]}))
    motion = read_motion(tmp_path / "a.json")
    assert torch.allclose(
        places(plain_body, motion)[0, :22], places(plain_body, WALK)[3, :22], atol=1e-4
    )
    assert any("2 people" in note for note in motion.notes)


def test_lhm_folders_are_read_frame_by_frame(tmp_path: Path):
    for frame in range(12):
        poses = WALK.poses[frame]
        held = {
            "betas": [0.5] + [0.0] * 9,
            "root_pose": poses[0].tolist(),
            "body_pose": poses[1:22].tolist(),
            "jaw_pose": poses[22].tolist(),
            "leye_pose": poses[23].tolist(),
            "reye_pose": poses[24].tolist(),
            "lhand_pose": poses[25:40].tolist(),
            "rhand_pose": poses[40:].tolist(),
            "trans": WALK.transl[frame].tolist(),
            "focal": [1000.0, 1000.0],
        }
        (tmp_path / f"{frame:05d}.json").write_text(json.dumps(held))
    motion = read_motion(tmp_path)
    assert torch.allclose(motion.poses, WALK.poses)
    assert torch.allclose(motion.transl, WALK.transl)
    assert float(motion.betas[0]) == 0.5
    (tmp_path / "00003.json").write_text('{"else": 1}')
    with pytest.raises(InputError, match=r"00003.json is of another form"):
        read_motion(tmp_path)


def test_gvhmr_results_stand_in_a_world_with_y_up(tmp_path: Path):
    names = ("global_orient", "body_pose", "transl")
    arrays = {k: torch.from_numpy(v) for k, v in smplx_arrays().items() if k in names}
    held = {
        "smpl_params_global": arrays | {"betas": torch.full((12, 10), 0.2)},
        "K_fullimg": torch.eye(3).expand(12, 3, 3).clone(),
    }
    torch.save(held, tmp_path / "hmr4d_results.pt")
    motion = read_motion(tmp_path / "hmr4d_results.pt")
    assert torch.equal(motion.poses[:, :22], WALK.poses[:, :22])
    assert torch.allclose(motion.betas, torch.full((10,), 0.2))
    assert (motion.up, motion.fps) == ("y", 30.0)
    torch.save({"other": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match=r"other.pt holds other; expected smpl_params_global"):
        read_motion(tmp_path / "other.pt")


def test_gem_s_results_are_read_where_they_are_smpl_s(tmp_path: Path):
    names = ("global_orient", "body_pose", "transl")
    arrays = {k: torch.from_numpy(v) for k, v in smplx_arrays().items() if k in names}
    torch.save({"body_params_global": arrays}, tmp_path / "smpl_params.pt")
    motion = read_motion(tmp_path / "smpl_params.pt")
    assert torch.equal(motion.poses[:, :22], WALK.poses[:, :22])
    assert motion.source == "GEM-SMPL (world)"
    soma = arrays | {"identity_coeffs": torch.zeros(12, 45)}
    torch.save({"body_params_global": soma}, tmp_path / "hpe_results.pt")
    with pytest.raises(InputError, match=r"hpe_results\.pt holds GEM-X's SOMA parameters"):
        read_motion(tmp_path / "hpe_results.pt")


def test_a_torch_file_that_would_run_code_is_refused(tmp_path: Path):
    torch.save({"smpl_params_global": Path("x")}, tmp_path / "evil.pt")
    with pytest.raises(InputError, match=r"evil.pt holds more than tensors"):
        read_motion(tmp_path / "evil.pt")


def test_a_real_mvhumannet_motion_is_slow_enough_for_a_person(shared_data: Path, plain_body: Body):
    motion = read_motion(shared_data / "motion" / "mvhumannet_pp_100842.npz")
    assert len(motion.poses) == 61
    assert motion.fps == pytest.approx(1.2)
    at = places(plain_body, into_our_world(motion, plain_body))
    assert float(at.diff(dim=0).norm(dim=-1).max()) * motion.fps < 5.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"transl": np.full((12, 3), np.nan)}, "the places hold NaN or infinity, first in row 0"),
        ({"body_pose": np.full((12, 63), np.inf)}, "the rotations hold NaN or infinity"),
        ({"betas": np.full((1, 10), np.nan)}, "the shape numbers hold NaN"),
        ({"global_orient": np.zeros((0, 3))}, "'global_orient' is empty"),
        (
            {"body_pose": np.zeros((12, 60))},
            r"'body_pose' has the shape \(12, 60\); expected 12 x 63",
        ),
        ({"transl": np.zeros((5, 3))}, r"'transl' has the shape \(5, 3\); expected 12 x 3"),
        ({"left_hand_pose": np.zeros((12, 7))}, r"'left_hand_pose' has the shape \(12, 7\)"),
        ({"global_orient": np.array(["a"] * 12)}, "'global_orient' does not hold plain numbers"),
        ({"body_pose": np.array([{}] * 12)}, "'body_pose' holds Python objects"),
        ({"transl": np.full((12, 3), 1e6)}, "up to 1000000 m from the origin"),
        ({"fps": np.array(0.0)}, "the frame rate is 0"),
    ],
)
def test_bad_numbers_are_refused_in_one_line(
    tmp_path: Path, change: dict[str, np.ndarray], message: str
):
    with pytest.raises(InputError, match=message) as refused:
        read_motion(saved(tmp_path, smplx_arrays() | change))
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("motion.npz")


def test_unequal_lengths_in_amass_are_refused(tmp_path: Path):
    arrays = amass_arrays(WALK)
    with pytest.raises(InputError, match="12 frames of rotations but 11 of places"):
        read_motion(saved(tmp_path, arrays | {"trans": arrays["trans"][:11]}))
    with pytest.raises(
        InputError, match=r"'poses' has the shape \(12, 100\); expected frames x 156"
    ):
        read_motion(saved(tmp_path, arrays | {"poses": np.zeros((12, 100))}))


def test_too_many_frames_are_refused(tmp_path: Path):
    many = 200_001
    arrays = {"poses": np.zeros((many, 66), np.float32), "trans": np.zeros((many, 3), np.float32)}
    np.savez_compressed(tmp_path / "long.npz", allow_pickle=False, **arrays)
    with pytest.raises(InputError, match="has 200001 frames; expected at most 200000"):
        read_motion(tmp_path / "long.npz")


def test_a_small_file_that_claims_terabytes_is_refused_unread(tmp_path: Path):
    header = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (10**10, 156)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as folder:
        folder.writestr("poses.npy", header.getvalue())
        folder.writestr("trans.npy", header.getvalue())
    with pytest.raises(InputError, match=r"claims the shape \(10000000000, 156\) and holds"):
        read_motion(tmp_path / "bomb.npz")


def test_an_unknown_npz_is_refused_with_its_keys(tmp_path: Path):
    with pytest.raises(InputError, match=r"holds faces, verts; expected poses and trans"):
        read_motion(saved(tmp_path, {"verts": np.zeros(3), "faces": np.zeros(3)}))


def test_a_truncated_npz_is_refused(tmp_path: Path):
    whole = saved(tmp_path, smplx_arrays()).read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"half.npz is a damaged .npz"):
        read_motion(tmp_path / "half.npz")


def test_a_damaged_array_is_refused(tmp_path: Path):
    np.savez_compressed(tmp_path / "bad.npz", allow_pickle=False, **smplx_arrays())
    data = bytearray((tmp_path / "bad.npz").read_bytes())
    data[200:1200] = bytes(1000)
    (tmp_path / "bad.npz").write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"bad.npz"):
        read_motion(tmp_path / "bad.npz")


def test_a_pickle_is_refused_with_the_way_to_convert_it(tmp_path: Path):
    (tmp_path / "motion.pkl").write_bytes(pickle.dumps({"poses": [1.0]}))
    with pytest.raises(InputError, match=r"motion.pkl is a pickle.*numpy.savez"):
        read_motion(tmp_path / "motion.pkl")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("hello", "is no motion that we know"),
        ('{"poses": ', "is not whole JSON"),
        ("[]", "holds no person"),
        ('{"a": 1, "b": 2}', "holds a, b; expected Rh, Th and poses"),
        (
            '[{"Rh": [[0,0,0]], "Th": [[0,0,0]], "poses": [[1,2,3]]}]',
            "'poses' has 3 numbers a frame",
        ),
        ('[{"Rh": [[0,0,0]], "Th": [[0,0]], "poses": [[1,2,3]]}]', "'Th' has the shape"),
        (
            '[{"Rh": [[0,0,0]], "Th": [[0,0,0]], "poses": [[1],[2,3]]}]',
            "'poses' does not hold plain",
        ),
        ('[{"Rh": null, "Th": [[0,0,0]], "poses": [[1]]}]', "'Rh' does not hold plain"),
    ],
)
def test_bad_text_is_refused_in_one_line(tmp_path: Path, text: str, message: str):
    (tmp_path / "motion.json").write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        read_motion(tmp_path / "motion.json")
    assert "\n" not in str(refused.value)


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        read_motion(tmp_path / "none.npz")
    with pytest.raises(InputError, match=r"has no .json or .npz files"):
        read_motion(tmp_path)


def test_our_own_file_must_be_whole(tmp_path: Path):
    arrays = {"reimagine_motion": np.array(1), "poses": np.zeros((2, 55, 3))}
    with pytest.raises(InputError, match="lacks transl, fps, betas, turns_about, up, source"):
        read_motion(saved(tmp_path, arrays))
    rest = {"transl": np.zeros((2, 3)), "fps": np.array(24.0), "betas": np.zeros(10)}
    words = {"turns_about": np.array("head"), "up": np.array("y"), "source": np.array("x")}
    with pytest.raises(InputError, match="turns_about is 'head'"):
        read_motion(saved(tmp_path, arrays | rest | words))
