import importlib
import importlib.util
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reimagine.body.model import PARENTS, joint_positions, pose_body, pose_skin
from reimagine.body.smplx import smplx_body
from reimagine.errors import InputError
from reimagine.records import Motion

VERTS, SHAPES = 60, 400


def model_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """A small random model with the arrays of SMPLX_NEUTRAL.npz."""
    random = np.random.default_rng(seed)
    regressor = random.random((55, VERTS)) ** 8
    weights = random.random((VERTS, 55)) ** 12
    weights[weights < 0.05] = 0
    weights[np.arange(VERTS), random.integers(0, 55, VERTS)] += 0.5
    parents = np.array(PARENTS, dtype=np.int64)
    parents[0] = 2**32 - 1
    return {
        "v_template": random.normal(size=(VERTS, 3)) * 0.4,
        "shapedirs": random.normal(size=(VERTS, 3, SHAPES)) * 0.01,
        "posedirs": random.normal(size=(VERTS, 3, 486)) * 0.01,
        "J_regressor": regressor / regressor.sum(1, keepdims=True),
        "weights": weights / weights.sum(1, keepdims=True),
        "f": random.integers(0, VERTS, (100, 3)).astype(np.uint32),
        "kintree_table": np.stack([parents, np.arange(55)]).astype(np.uint32),
        "hands_meanl": random.normal(size=45) * 0.1,
        "hands_meanr": random.normal(size=45) * 0.1,
        "hands_componentsl": np.eye(45),
        "hands_componentsr": np.eye(45),
        "lmk_faces_idx": np.zeros(51, dtype=np.int64),
        "lmk_bary_coords": np.full((51, 3), 1 / 3),
        "joint2num": np.array({"Pelvis": 0}, dtype=object),
    }


def write(path: Path, **changes: np.ndarray | None) -> Path:
    arrays = model_arrays() | changes
    kept: dict[str, Any] = {name: array for name, array in arrays.items() if array is not None}
    np.savez(path, **kept)
    return path


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("model") / "SMPLX_NEUTRAL.npz")


def random_motion(frames: int) -> Motion:
    random = torch.Generator().manual_seed(1)
    return Motion(
        poses=torch.randn(frames, 55, 3, generator=random) * 0.4,
        transl=torch.randn(frames, 3, generator=random),
        fps=30.0,
        betas=torch.randn(10, generator=random),
    )


def test_the_mean_person_has_the_template_for_its_skin(model_file: Path):
    body = smplx_body(model_file, torch.zeros(10))
    arrays = model_arrays()
    np.testing.assert_allclose(body.skin.verts, arrays["v_template"], atol=1e-6)
    np.testing.assert_allclose(body.joints, arrays["J_regressor"] @ arrays["v_template"], atol=1e-6)
    assert body.height_m == pytest.approx(np.ptp(arrays["v_template"][:, 1]))


def test_shape_numbers_move_the_skin_along_the_shape_directions(model_file: Path):
    betas = torch.tensor([0.0, 2.0])
    change = (
        smplx_body(model_file, betas).skin.verts - smplx_body(model_file, torch.zeros(2)).skin.verts
    )
    np.testing.assert_allclose(change, 2 * model_arrays()["shapedirs"][:, :, 1], atol=1e-6)


def test_expression_columns_are_never_taken_for_shape(tmp_path: Path):
    small = write(tmp_path / "small.npz", shapedirs=model_arrays()["shapedirs"][:, :, :20])
    ten, sixteen = torch.ones(16), torch.ones(16)
    ten[10:] = 0
    assert torch.equal(smplx_body(small, ten).skin.verts, smplx_body(small, sixteen).skin.verts)


def test_the_skin_weights_are_those_of_the_file(model_file: Path):
    skin = smplx_body(model_file, torch.zeros(10)).skin
    table = torch.zeros(VERTS, 55).scatter_add_(1, skin.weight_joints.long(), skin.weights)
    np.testing.assert_allclose(table, model_arrays()["weights"], atol=1e-6)


def test_the_posed_body_is_the_one_of_the_smplx_package(
    model_file: Path, monkeypatch: pytest.MonkeyPatch
):
    if importlib.util.find_spec("smplx") is None:
        pytest.skip("the smplx package is not installed (for this test only: pip install smplx)")
    motion = random_motion(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Its landmarks are vertices that a small model lacks; they are not compared.
        table = importlib.import_module("smplx.body_models").VERTEX_IDS
        monkeypatch.setitem(table, "smplx", defaultdict(int))
        model = importlib.import_module("smplx").SMPLX(
            str(model_file),
            use_pca=False,
            flat_hand_mean=True,
            use_face_contour=False,
            batch_size=4,
            ext="npz",
        )
    p = motion.poses
    out = model(
        betas=motion.betas.expand(4, 10),
        global_orient=p[:, 0],
        body_pose=p[:, 1:22].flatten(1),
        jaw_pose=p[:, 22],
        leye_pose=p[:, 23],
        reye_pose=p[:, 24],
        left_hand_pose=p[:, 25:40].flatten(1),
        right_hand_pose=p[:, 40:55].flatten(1),
        transl=motion.transl,
    )
    body = smplx_body(model_file, motion.betas)
    pose = pose_body(body, motion)
    torch.testing.assert_close(pose_skin(body.skin, pose), out.vertices.detach(), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        joint_positions(body, pose), out.joints[:, :55].detach(), atol=1e-5, rtol=0
    )


def test_height_scales_skin_joints_and_correctives_alike(model_file: Path):
    own = smplx_body(model_file, torch.zeros(10))
    tall = smplx_body(model_file, torch.zeros(10), 2 * own.height_m)
    assert tall.height_m == pytest.approx(2 * own.height_m)
    motion = random_motion(2)
    still = torch.zeros(2, 3)
    motion = Motion(poses=motion.poses, transl=still, fps=30.0, betas=motion.betas)
    a, b = (pose_skin(body.skin, pose_body(body, motion)) for body in (own, tall))
    torch.testing.assert_close(b, 2 * a, atol=1e-5, rtol=0)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"there is no such file; .* leave body anny"):
        smplx_body(tmp_path / "absent.npz", torch.zeros(10))


@pytest.mark.parametrize("name", ["SMPLX_NEUTRAL.pkl", "renamed.npz"])
def test_a_pickle_is_refused_with_a_way_to_convert_it(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(b"\x80\x04N.")
    with pytest.raises(InputError, match=r"is a pickle, which we never load; .*numpy\.savez"):
        smplx_body(path, torch.zeros(10))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path):
    path = tmp_path / "text.npz"
    path.write_text("hello")
    with pytest.raises(InputError, match=r"text\.npz is not an \.npz; expected the model as \.npz"):
        smplx_body(path, torch.zeros(10))


def test_a_truncated_file_is_refused(tmp_path: Path, model_file: Path):
    path = tmp_path / "short.npz"
    path.write_bytes(model_file.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"short\.npz"):
        smplx_body(path, torch.zeros(10))


def test_needed_arrays_of_objects_are_refused_but_others_ignored(tmp_path: Path):
    objects = np.array([{"a": 1}] * VERTS, dtype=object)
    path = write(tmp_path / "odd.npz", weights=objects)
    with pytest.raises(InputError, match=r"'weights' holds Python objects"):
        smplx_body(path, torch.zeros(10))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"posedirs": None, "weights": None}, "has no posedirs, weights"),
        (
            {"weights": np.ones((VERTS, 52)) / 52},
            r"weights of shape \(60, 52\), not \('verts', 55\)",
        ),
        ({"posedirs": np.zeros((VERTS, 3, 207))}, r"posedirs of shape \(60, 3, 207\)"),
        ({"J_regressor": np.zeros((55, 7))}, r"J_regressor of shape \(55, 7\)"),
        ({"v_template": np.zeros(7)}, "v_template of shape"),
        ({"v_template": np.full((VERTS, 3), np.nan)}, "v_template with values that are not finite"),
        ({"shapedirs": np.full((VERTS, 3, 20), 1e300)}, "shapedirs with values .* larger than any"),
        ({"v_template": np.ones((VERTS, 3))}, r"is 0 m high, not 0\.1 to 10 m"),
        ({"weights": np.full((VERTS, 55), 0.5)}, "skin weights that do not sum to one"),
        ({"f": np.array([[0, 1, VERTS]])}, "faces of vertices that it lacks"),
        ({"kintree_table": np.zeros((2, 55), dtype=np.uint32)}, "another skeleton"),
    ],
)
def test_a_file_that_is_no_smplx_model_is_refused(
    tmp_path: Path, changes: dict[str, np.ndarray | None], words: str
):
    path = write(tmp_path / "model.npz", **changes)
    with pytest.raises(InputError, match=words) as caught:
        smplx_body(path, torch.zeros(10))
    text = str(caught.value)
    assert "\n" not in text
    assert "expected an SMPL-X model of 55 joints. Get SMPLX_NEUTRAL.npz" in text
