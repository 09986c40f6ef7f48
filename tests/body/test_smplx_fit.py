from pathlib import Path

import pytest
import torch

from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body
from reimagine.body.facing import vertex_normals
from reimagine.body.library import built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.body.smplx import Smplx, read_smplx
from reimagine.body.smplx_fit import fit_betas, follow_joints, smplx_like
from reimagine.records import Skin


@pytest.fixture(scope="module")
def model(smplx_file: Path) -> Smplx:
    return read_smplx(smplx_file)


def volume(skin: Skin) -> float:
    a, b, c = (skin.verts[skin.faces[:, corner].long()] for corner in range(3))
    return float((torch.linalg.cross(a, b) * c).sum()) / 6


def test_a_body_of_the_model_itself_is_found_again(model: Smplx):
    truth = model.body(torch.tensor([0.8, -0.5, 0.6, 0.3, -0.7]))
    found, mean = smplx_like(model, truth), model.body(torch.zeros(5), truth.height_m)
    off = (found.skin.verts - truth.skin.verts).norm(dim=1).mean()
    assert off < 0.002
    assert off < 0.2 * (mean.skin.verts - truth.skin.verts).norm(dim=1).mean()


def test_height_is_exact_and_changes_no_shape_number(model: Smplx):
    tall, short = (anny_body(DEFAULT_PHENOTYPE, height) for height in (1.9, 1.2))
    assert smplx_like(model, tall).height_m == pytest.approx(1.9)
    assert smplx_like(model, short).height_m == pytest.approx(1.2)
    torch.testing.assert_close(fit_betas(model, tall), fit_betas(model, short), atol=0.02, rtol=0)


def test_stout_and_slim_people_become_stout_and_slim(model: Smplx):
    mean = volume(model.body(torch.zeros(5), 1.7).skin)
    for weight in (0.1, 0.9):
        phenotype = DEFAULT_PHENOTYPE.clone()
        phenotype[3] = weight
        body = anny_body(phenotype, 1.7)
        wanted = volume(body.skin) / volume(anny_body(DEFAULT_PHENOTYPE, 1.7).skin)
        assert volume(smplx_like(model, body).skin) / mean == pytest.approx(wanted, rel=0.03)


def test_a_surface_whose_joints_all_shift_shifts_with_them():
    body = anny_body(DEFAULT_PHENOTYPE, 1.7)
    shift = torch.tensor([0.1, -0.2, 0.3])
    moved = follow_joints(body.skin, body.joints, body.joints + shift)
    torch.testing.assert_close(moved.verts, body.skin.verts + shift, atol=1e-5, rtol=0)


def test_a_hand_follows_its_wrist_and_the_other_stays():
    body = anny_body(DEFAULT_PHENOTYPE, 1.7)
    joints = body.joints.clone()
    joints[20:22] = joints[20:22] + torch.tensor([[0.1, 0.0, 0.0], [0.0, 0.0, 0.0]])
    joints[25:40] += torch.tensor([0.1, 0.0, 0.0])
    gone = (follow_joints(body.skin, body.joints, joints).verts - body.skin.verts)[:, 0]
    assert gone[body.skin.verts[:, 0].argmax()] == pytest.approx(0.1, abs=1e-3)
    assert gone[body.skin.verts[:, 0].argmin()] == 0


def test_clothes_stay_on_the_body_in_every_pose(model: Smplx):
    phenotype = torch.tensor([0.9, 0.67, 0.5, 0.7, 0.5, 0.5])
    worn = anny_body(phenotype, 1.6)
    coat = Skin(
        verts=worn.skin.verts + 0.02 * vertex_normals(worn.skin.verts[None], worn.skin.faces)[0],
        faces=worn.skin.faces,
        weight_joints=worn.skin.weight_joints,
        weights=worn.skin.weights,
    )
    body = smplx_like(model, worn)
    carried = follow_joints(coat, worn.joints, body.joints)
    pose = pose_body(body, built_in_motion("squat", 3, 24.0))
    skin, dressed = pose_skin(body.skin, pose), pose_skin(carried, pose)
    for frame in range(3):
        far = torch.cdist(dressed[frame, ::7], skin[frame]).amin(1)
        assert float(far.quantile(0.95)) < 0.05
