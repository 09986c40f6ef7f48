"""What is known exactly: a body's own silhouettes, moved by known turns."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.appearance.conftest import standing

from reimagine.appearance.fit import Fit, Stance, shaped
from reimagine.appearance.hair import hair_depths, hanging_hair
from reimagine.appearance.head import fill_out, find_ears
from reimagine.appearance.outline import FACE, HAIR
from reimagine.appearance.plane import CELL_M, depths, plane_of, region_picture, regions_of
from reimagine.appearance.seeing import seeing
from reimagine.appearance.settle import settle
from reimagine.body.anny import load_anny
from reimagine.body.model import joint_positions, pose_skin
from reimagine.cameras.project import project
from reimagine.records import Body, Skin
from reimagine.render.rasterize import rasterize

pytestmark = pytest.mark.timeout(240)  # on a loaded machine


def silhouette(body: Body, stance: Stance) -> torch.Tensor:
    raster = rasterize(pose_skin(body.skin, stance.pose), body.skin.faces, stance.camera)
    return (raster.face[0] >= 0).float()


def overlap(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(((a > 0) & (b > 0)).sum() / ((a > 0) | (b > 0)).sum())


def test_a_stance_is_settled_on_the_silhouette_of_another(body):
    first = standing(body)
    true = standing(body, left_hip=4.0, right_shoulder=8.0)
    true = replace(true, camera=replace(true.camera, t=true.camera.t + 0.01))
    wanted = silhouette(body, true)
    (settled,) = settle(Fit(body=body, stances=(first,)), body.skin, [wanted])
    before = overlap(silhouette(body, first), wanted)
    assert before < 0.7
    assert overlap(silhouette(body, settled), wanted) > 0.85


def head_of(body: Body) -> Skin:
    chosen = regions_of(body.skin) == 0
    faces = body.skin.faces.long()
    kept = faces[torch.from_numpy(chosen)[faces].all(1)]
    used, index = torch.unique(kept, return_inverse=True)
    return Skin(
        verts=body.skin.verts[used],
        faces=index.int(),
        weight_joints=body.skin.weight_joints[used],
        weights=body.skin.weights[used],
    )


def test_hair_takes_the_head_out_to_the_outline_and_leaves_the_face(body):
    stance = standing(body)
    head = head_of(body)
    plane = plane_of(body, stance)
    verts = pose_skin(head, stance.pose)[0].numpy()

    def on_plane(points):
        """As the camera sees places of the head, each nearer to it than the plane by its own depth."""
        return plane.seen_at(points[:, :2], points[:, 2], back=True)

    joint = on_plane(joint_positions(body, stance.pose)[0, 15:16].numpy())[0]
    regions = region_picture(body, stance).numpy()
    x, y = np.meshgrid(plane.x, plane.y)
    far = np.hypot(x - joint[0], y - joint[1] - 0.03)
    crown = on_plane(verts)[:, 1].max()
    radius = float(crown - joint[1] - 0.03) + 0.03  # hair stands 3 cm above the crown
    on_body = seeing(
        plane,
        (regions >= 0).astype(np.int64),
        regions,
        joint_positions(body, stance.pose)[0].numpy(),
        np.ones((*regions.shape, 3), np.float32),
    )
    labels = np.where(on_body.labels > 0, FACE, 0)
    labels[(far < radius) & (y > joint[1] + 0.08)] = HAIR
    seen = replace(on_body, labels=labels)
    filled, hairy = fill_out(head, [stance.pose], [seen])
    moved = pose_skin(filled, stance.pose)[0].numpy()
    assert abs(on_plane(moved)[:, 1].max() - crown - 0.03) < 0.004
    nose = verts[:, 2].argmax()
    assert np.linalg.norm(moved[nose] - verts[nose]) < 0.006
    assert hairy[verts[:, 1].argmax()] > 0.9
    assert hairy[nose] < 0.1
    # Nothing hangs: what lies on the skull is no volume of its own.
    assert not any(one.mask.any() for one in hanging_hair(seen, None).values())
    # A plait on the left shoulder does.
    aside = x - joint[0]
    plait = (np.abs(aside - 0.09) < 0.025) & (y < joint[1] + 0.10) & (y > joint[1] - 0.30)
    hair = hanging_hair(replace(seen, labels=np.where(plait, HAIR, labels)), None)
    falls = hair["hair"].mask | hair["locks"].mask
    # Before the chest it lies on the body.
    before, behind = hair_depths(
        pose_skin(body.skin, stance.pose)[0], body, regions_of(body.skin), seen, None
    )["locks"]
    near, _ = depths(pose_skin(body.skin, stance.pose)[0], body.skin.faces, plane)
    chest = hair["locks"].mask & (seen.bare == 1)
    assert chest.sum() * CELL_M**2 > 0.002
    assert (before[chest] > near[chest]).all()
    assert (behind[chest] < near[chest]).all()
    assert (falls & (aside < 0)).sum() == 0
    low = y < joint[1] - 0.06
    assert (falls & low).sum() * CELL_M**2 == pytest.approx(0.05 * 0.24, rel=0.3)


@pytest.mark.parametrize("size", [-0.5, 0.5])
def test_both_ears_are_found_whatever_the_size_of_the_head(size):
    skin = shaped(load_anny(), torch.tensor([0.0] * 7 + [size])).skin
    head = regions_of(skin) == 0
    verts = skin.verts.numpy()[head]
    index = np.cumsum(head) - 1
    faces = skin.faces.numpy()
    faces = index[faces[head[faces].all(1)]]
    left, right = find_ears(verts, faces)
    assert left.sum() == right.sum() > 100
    assert np.allclose(verts[left].mean(0) * [-1, 1, 1], verts[right].mean(0), atol=2e-3)
    assert np.ptp(verts[left], axis=0).max() < 0.07
    assert np.abs(verts[left, 0]).min() > 0.7 * np.abs(verts[:, 0]).max()


def test_places_on_the_plane_are_those_that_the_camera_sees(body):
    stance = standing(body)
    plane = plane_of(body, stance)
    points = joint_positions(body, stance.pose)[0, :22]
    flat = plane.seen_at(points[:, :2].numpy(), points[:, 2].numpy(), back=True)
    there = plane.seen_at(flat, points[:, 2].numpy())
    assert np.allclose(there, points[:, :2].numpy(), atol=1e-5)
    row, column = np.round(plane.cells(flat)).astype(int).T
    seen = project(stance.camera, points[None])[0].numpy()
    step = np.linalg.norm(plane.pixels[0, 1] - plane.pixels[0, 0])
    assert np.abs(plane.pixels[row, column] - seen).max() < step


def test_a_larger_head_leaves_the_body_as_it_is():
    anny = load_anny()
    plain, larger = (shaped(anny, torch.tensor([0.0] * 7 + [size])) for size in (0.0, 0.5))
    head = torch.from_numpy(regions_of(plain.skin) == 0)
    feet = torch.from_numpy(np.isin(regions_of(plain.skin), (11, 14)))
    high, grown = plain.skin.verts[head], larger.skin.verts[head]
    assert torch.equal(plain.skin.verts[feet], larger.skin.verts[feet])
    assert torch.equal(plain.joints[:15], larger.joints[:15])
    breadth = (grown[:, 0].max() - grown[:, 0].min()) / (high[:, 0].max() - high[:, 0].min())
    assert 1.1 < float(breadth) < 1.2
    assert larger.height_m > plain.height_m
