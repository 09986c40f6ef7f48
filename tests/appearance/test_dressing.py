"""From fitted photos to dressed surfaces: laws of the plane, the outlines, the sculpting and the colours."""

from importlib import resources

import numpy as np
import pytest
import torch

from reimagine.appearance import fit as fitting
from reimagine.appearance.build import build_person
from reimagine.appearance.coat import beside
from reimagine.appearance.fit import Fit, Stance, fit_body, shaped
from reimagine.appearance.mesh import normals_of
from reimagine.appearance.odd import crevices, likeness, oddness
from reimagine.appearance.plane import CELL_M, depths, plane_of, region_picture, regions_of
from reimagine.appearance.sculpt import dress_weights, unpose
from reimagine.appearance.texture import View, Way, colours, guess, places, sight
from reimagine.appearance.weights import dense_weights
from reimagine.body.anny import load_anny
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.project import project
from reimagine.records import Body, CameraPath, Motion
from reimagine.render.rasterize import rasterize
from reimagine.settings import Photos


@pytest.fixture(scope="module")
def stance(body: Body) -> Stance:
    poses = torch.zeros(1, 55, 3)
    poses[0, 16, 2], poses[0, 17, 2] = -1.1, 1.1
    motion = Motion(poses=poses, transl=torch.zeros(1, 3), fps=1.0, betas=torch.zeros(10))
    return Stance(motion=motion, pose=pose_body(body, motion), camera=studio(front=True))


def studio(*, front: bool) -> CameraPath:
    turn = torch.diag(torch.tensor([1.0, -1.0, -1.0] if front else [-1.0, -1.0, 1.0]))
    K = torch.tensor([[[440.0, 0, 130], [0, 440.0, 210], [0, 0, 1]]])
    shift = torch.tensor([0.0, -0.45, 2.4])
    return CameraPath(K=K, R=turn[None], t=shift[None], width=260, height=420)


def silhouette(body: Body, stance: Stance, camera: CameraPath) -> torch.Tensor:
    raster = rasterize(pose_skin(body.skin, stance.pose), body.skin.faces, camera)
    return (raster.face[0] >= 0).float()


def test_the_plane_reads_the_body_at_its_own_size(body, stance):
    plane = plane_of(body, stance)
    seen = plane.read(silhouette(body, stance, stance.camera).numpy()) > 0.5
    rows = np.flatnonzero(seen.any(1))
    verts = pose_skin(body.skin, stance.pose)[0]
    tall = float(verts[:, 1].max() - verts[:, 1].min())
    # Crown and soles lie a little before or behind the plane, so they appear slightly larger.
    assert len(rows) * CELL_M == pytest.approx(tall, rel=0.04)
    left_hand = plane.x[np.flatnonzero(seen.any(0))[-1]]
    assert left_hand == pytest.approx(float(verts[:, 0].max()), abs=0.03)


def test_the_front_of_a_body_lies_before_its_back(body, stance):
    plane = plane_of(body, stance)
    front, back = depths(pose_skin(body.skin, stance.pose)[0], body.skin.faces, plane)
    both = np.isfinite(front) & np.isfinite(back)
    assert both.sum() > 5000
    assert (front[both] >= back[both] - 1e-4).all()


def test_the_left_hand_is_at_positive_x_in_front_and_back_photos(body, stance):
    regions = regions_of(body.skin)
    assert body.skin.verts[torch.from_numpy(regions == 4), 0].min() > 0
    picture = region_picture(body, stance)
    assert (picture == 4).nonzero()[:, 1].float().mean() > 130
    behind = Stance(motion=stance.motion, pose=stance.pose, camera=studio(front=False))
    assert (region_picture(body, behind) == 4).nonzero()[:, 1].float().mean() < 130


@pytest.mark.timeout(240)  # half a minute on a quiet machine
def test_a_fit_to_a_bare_body_covers_its_silhouettes(body, stance):
    cameras = [studio(front=True), studio(front=False)]
    truth = [silhouette(body, stance, camera) for camera in cameras]
    heard: list[float] = []
    fit: Fit = fit_body(truth, ["front", "back"], height_m=1.8, report=heard.append)
    assert fit.body.height_m == pytest.approx(1.8)
    assert heard[-1] == 1.0
    for found, wanted in zip(fit.stances, truth, strict=True):
        ours = region_picture(fit.body, found) >= 0
        both, either = (ours & (wanted > 0.5)).sum(), (ours | (wanted > 0.5)).sum()
        assert both / either > 0.82


@pytest.mark.timeout(240)  # as the one above
def test_a_fit_finds_how_large_the_head_is_and_where_the_hips_are(stance):
    made = torch.zeros(8)
    made[7] = 0.55  # a head 15 % larger than the model's
    body = shaped(load_anny(), made)
    bare = [silhouette(body, stance, studio(front=front)) for front in (True, False)]
    # Hair, four pixels high.
    crown = (torch.arange(420) < 70)[:, None]
    truth = [torch.maximum(one, one.roll(-4, 0) * crown) for one in bare]
    found = fit_body(truth, ["front", "back"], height_m=body.height_m).body

    def head(of: Body) -> float:
        return float(of.skin.verts[:, 1].max() - of.joints[15, 1])

    assert head(found) / head(body) == pytest.approx(1.0, abs=0.05)
    soles = [float(of.skin.verts[:, 1].min()) for of in (found, body)]
    assert float(found.joints[1, 1]) - soles[0] == pytest.approx(
        float(body.joints[1, 1]) - soles[1], abs=0.02
    )


def test_unposing_is_the_inverse_of_posing(body, stance):
    verts = pose_skin(body.skin, stance.pose)[0].numpy()
    faces = body.skin.faces.numpy()
    skin = unpose(verts, faces, dense_weights(body.skin), stance.pose)
    back = pose_skin(skin, stance.pose)[0].numpy()
    assert np.abs(back - verts).max() < 1e-4


def test_weights_taken_from_the_body_sum_to_one_and_agree_on_its_surface(body):
    verts, faces = body.skin.verts.numpy(), body.skin.faces.numpy()
    weights = dress_weights(
        verts[:500],
        faces[(faces < 500).all(1)],
        body_verts=verts,
        body_weights=dense_weights(body.skin),
        smoothing=2,
    )
    assert np.allclose(weights.sum(1), 1, atol=1e-5)
    assert np.abs(weights - dense_weights(body.skin)[:500]).mean() < 0.01


def test_a_photo_is_trusted_only_where_the_surface_faces_it(plane):
    allowed = np.zeros((80, 60), bool)
    allowed[20:60, 15:45] = True
    verts = np.array([[0.15, 0.8, 0.0]] * 2, np.float32)
    normals = np.array([[0, 0, 1], [0, 0, -1]], np.float32)
    rgb = np.zeros((80, 60, 3), np.float32)
    view = View(plane=plane, rgb=rgb, verts=verts, normals=normals, sign=1.0)
    seen = sight(view, places(view, np.arange(2), allowed, way=Way()), allowed)
    assert seen.share.tolist() == seen.trust.tolist() == [1.0, 0.0]
    assert np.allclose(seen.xy[0], [0.15 / CELL_M + 0.5, 0.2 / CELL_M + 0.5], atol=0.01)


def test_a_photo_is_not_trusted_where_it_is_doubted(plane):
    allowed = np.ones((80, 60), bool)
    doubt = np.zeros((80, 60), bool)
    doubt[30:50, 20:40] = True
    verts = np.array([[0.15, 0.8, 0.0], [0.25, 0.8, 0.0]], np.float32)
    normals = np.array([[0, 0, 1]] * 2, np.float32)
    rgb = np.zeros((80, 60, 3), np.float32)
    view = View(plane=plane, rgb=rgb, verts=verts, normals=normals, sign=1.0)
    at = places(view, np.arange(2), allowed, way=Way())
    seen = sight(view, at, allowed, doubt=doubt)
    assert seen.share.tolist() == pytest.approx([0, 1], abs=0.01)
    assert seen.trust.tolist() == pytest.approx([0, 1], abs=0.01)


def test_a_line_thinner_than_the_distance_of_vertices_is_seen_beside_them(plane):
    rgb = np.zeros((80, 60, 3), np.float32)
    rgb[:, 30] = 1
    none = np.zeros((0, 3), np.float32)
    view = View(plane=plane, rgb=rgb, verts=none, normals=none, sign=-1.0)
    xy = np.array([[29.7, 40.0], [31.3, 40.0], [10.0, 40.0]], np.float32)
    assert colours(view, xy).max() < 0.3
    brightest = np.max(beside(view, xy), axis=(0, 2))
    assert brightest[:2].min() > 0.6
    assert brightest[2] == 0


def test_a_photo_is_folded_back_around_the_sides(plane):
    angle = np.radians(np.arange(-150, 151, 2))
    x, z = 0.15 + 0.08 * np.sin(angle), 0.08 * np.cos(angle)
    verts = np.stack([x, np.full_like(x, 0.8), z], -1).astype(np.float32)
    normals = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], -1).astype(np.float32)
    rgb = np.zeros((80, 60, 3), np.float32)
    view = View(plane=plane, rgb=rgb, verts=verts, normals=normals, sign=1.0)
    allowed = np.ones((80, 60), bool)
    at = places(view, np.arange(len(verts)), allowed, way=Way())
    plain, folded = (sight(view, at, allowed, mirror=mirror) for mirror in (False, True))
    front = np.cos(angle) >= 0.5
    assert np.allclose(plain.xy[front], folded.xy[front])
    # Beyond the fold, at 60 degrees, the picture runs back inwards as it came.
    beyond = (angle > np.radians(60)) & (angle < np.radians(100))
    before = np.interp(np.radians(120) - angle[beyond], angle, plain.xy[:, 0])
    assert np.abs(folded.xy[beyond, 0] - before).max() < 0.7
    assert folded.share[np.cos(angle) > 0.3].min() == 1
    assert folded.share[np.cos(angle) < -0.3].max() == 0
    assert np.array_equal(folded.trust, plain.trust)


def test_cloth_goes_on_mirrored_beyond_the_rim_and_skin_as_the_rim_is(plane):
    across = np.arange(10, 31)
    verts = np.stack([across * CELL_M, 0 * across + 0.8, 0 * across], -1).astype(np.float32)
    view = View(
        plane=plane,
        rgb=np.zeros((80, 60, 3), np.float32),
        verts=verts,
        normals=np.tile(np.array([0, 0, 1], np.float32), (len(verts), 1)),
        sign=1.0,
    )
    allowed = np.zeros((80, 60), bool)
    allowed[10:70, 18:50] = True
    at = places(view, np.arange(len(verts)), allowed, way=Way())
    cloth, skin = (sight(view, at, allowed, mirror=is_cloth).xy[:, 0] for is_cloth in (True, False))
    rim = skin.min()
    assert np.allclose(skin, np.maximum(across + 0.5, rim))
    assert np.abs(cloth - rim - np.abs(across + 0.5 - rim)).max() < 2  # the line is smoothed


def test_a_part_is_laid_onto_its_own_outline_and_only_where_it_is_to_be(plane):
    down, across = (grid.ravel() for grid in np.meshgrid(range(60), range(21), indexing="ij"))
    verts = np.stack([0.1 + across * CELL_M, 0.95 - down * CELL_M, 0 * down], -1)
    view = View(
        plane=plane,
        rgb=np.zeros((80, 60, 3), np.float32),
        verts=verts.astype(np.float32),
        normals=np.tile(np.array([0, 0, 1], np.float32), (len(verts), 1)),
        sign=1.0,
    )
    allowed = np.zeros((80, 60), bool)
    allowed[5:75, 23:44] = True
    allowed[5:75, 48:52] = True  # hair beside it
    laid = (down < 30).astype(np.float32)
    at = places(view, np.arange(len(verts)), allowed, way=Way(lay=laid))
    moved = at.cells[:, 1] - (20 + across)
    assert np.abs(moved[down < 30] - 3).max() < 0.3
    assert np.abs(moved[down >= 30]).max() < 1e-3


def test_a_folded_photo_keeps_its_size_on_a_shoulder(plane):
    # A rod that falls by 30 degrees towards the side: its top is seen by nobody.
    along, angle = np.meshgrid(np.arange(0, 0.1, 0.005), np.radians(np.arange(-100, 101, 5)))
    fall = np.radians(30)
    way, up = np.array([np.cos(fall), -np.sin(fall), 0]), np.array([np.sin(fall), np.cos(fall), 0])
    out = np.sin(angle)[..., None] * up + np.cos(angle)[..., None] * [0, 0, 1]
    verts = ([0.1, 0.85, 0] + along[..., None] * way + 0.04 * out).reshape(-1, 3)
    view = View(
        plane=plane,
        rgb=np.zeros((80, 60, 3), np.float32),
        verts=verts.astype(np.float32),
        normals=out.reshape(-1, 3).astype(np.float32),
        sign=1.0,
    )
    allowed = np.ones((80, 60), bool)
    at = places(view, np.arange(len(verts)), allowed, way=Way())
    xy = sight(view, at, allowed, mirror=True).xy.reshape(*along.shape, 2) * CELL_M
    round_it, along_it = np.diff(xy, axis=0), np.diff(xy, axis=1)
    beyond = np.radians(65) < angle[1:, 0]
    beyond &= angle[1:, 0] < np.radians(95)
    pace = np.linalg.norm(round_it[beyond], axis=-1) / (0.04 * np.radians(5))
    assert pace.min() > 0.45
    assert pace.max() < 1.1
    assert np.abs(along_it[1:][beyond] - [way[0] * 0.005, -way[1] * 0.005]).max() < 5e-4


def test_cloth_beyond_what_may_be_seen_is_the_photo_mirrored(plane):
    x, y = (
        grid.ravel()
        for grid in np.meshgrid(np.arange(8, 40) * CELL_M, 1 - np.arange(20, 40) * CELL_M)
    )
    verts = np.stack([x, y, 0 * x], -1).astype(np.float32)
    normals = np.broadcast_to(np.array([0, 0, 1], np.float32), verts.shape)
    rgb = np.zeros((80, 60, 3), np.float32)
    view = View(plane=plane, rgb=rgb, verts=verts, normals=normals, sign=1.0)
    allowed = np.broadcast_to(np.arange(60) < 30, (80, 60)).copy()
    at = places(view, np.arange(len(verts)), allowed, way=Way())
    seen = sight(view, at, allowed, mirror=True)
    column, row = (seen.xy - 0.5).T
    end = column.max()  # a little within
    assert end > 26
    assert np.allclose(row, (1 - y) / CELL_M, atol=0.3)
    beyond = x / CELL_M > end + 2
    assert np.allclose(column[beyond], 2 * end - x[beyond] / CELL_M, atol=1.5)
    assert seen.share[beyond].min() == 1
    assert seen.trust[x / CELL_M > end + 4].max() == 0


def test_parts_of_the_body_are_seen_along_the_cameras_rays(body, stance):
    plane = plane_of(body, stance)
    verts = pose_skin(body.skin, stance.pose)[0].numpy()
    normals = normals_of(verts, body.skin.faces.numpy())
    chosen = np.flatnonzero(normals[:, 2] > 0.9)[::50]
    rgb = np.zeros((420, 260, 3), np.float32)
    view = View(plane=plane, rgb=rgb, verts=verts, normals=normals, sign=1.0)
    allowed = np.ones(plane.pixels.shape[:2], bool)
    way = Way(through_camera=True)
    seen = sight(view, places(view, chosen, allowed, way=way), allowed)
    exact = project(stance.camera, torch.from_numpy(verts[None, chosen]))[0].numpy()
    assert np.abs(seen.xy - exact).max() < 0.5


def test_prints_are_odd_on_plain_cloth_and_checks_are_not():
    place = np.stack(np.meshgrid(np.arange(60), np.arange(40)), -1).reshape(-1, 2)
    verts = np.concatenate([place * 0.005, np.zeros((len(place), 1))], 1).astype(np.float32)
    sure = np.ones(len(verts), np.float32)
    plain = np.full((len(verts), 3), 0.3, np.float32)
    printed = (np.abs(place - [30, 20]) < 4).all(1)
    plain[printed] = 0.9
    odd = oddness(verts, plain, plain, sure)
    assert odd[printed].min() == 1
    assert odd[np.abs(place[:, 0] - 30) > 10].max() == 0
    checks = np.where((place // 4).sum(1, keepdims=True) % 2, 0.9, 0.3).repeat(3, 1)
    assert oddness(verts, checks, checks, sure).max() == 0


def test_a_stripe_that_only_one_photo_shows_is_odd_however_much_of_its_height_it_fills():
    down, across = (
        grid.ravel() for grid in np.meshgrid(np.arange(60), np.arange(30), indexing="ij")
    )
    verts = np.stack([across * 0.01, down * 0.01, 0 * down], -1).astype(np.float32)
    striped = np.where((np.abs(down - 30) < 5)[:, None], 0.9, 0.3).repeat(3, 1)
    sure, plain = np.ones(len(verts), np.float32), np.full_like(striped, 0.3)
    inside, outside = np.abs(down - 30) < 3, np.abs(down - 30) > 12
    for other, odd in ((plain, 1), (striped, 0)):
        found = oddness(verts, striped, striped, sure, other)
        assert (found[inside] == odd).all()
        assert found[outside].max() == 0


def test_the_shade_of_a_sleeve_is_no_cloth_and_checks_and_dark_stripes_across_are():
    cloth = np.zeros((80, 70), bool)
    cloth[5:75, 10:60] = True
    down, across = np.indices(cloth.shape)
    checks = np.where(
        ((down // 6 + across // 6) % 2 > 0)[..., None], [0.9, 0.4, 0.2], [0.3, 0.2, 0.4]
    )
    picture = np.where(down // 20 == 1, 0.5, 1)[..., None] * checks
    assert not crevices(cloth, picture).any()
    shade = cloth & (across < 14) & (down > 30) & (down < 60)
    found = crevices(cloth, np.where(shade[..., None], 0.05, picture))
    assert found[shade & (down > 33) & (down < 57)].all()
    assert not found[(across > 17) | (down < 20) | (down > 70)].any()


def test_what_no_photo_shows_takes_the_colour_known_at_its_height():
    verts = np.array([[0, y, z] for y in (0.0, 1.0) for z in (0.0, 0.1)], np.float32)
    known = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]], np.float32)
    colour = guess(verts, known, np.array([1, 0, 1, 0], np.float32))
    assert colour[1, 0] > 0.9
    assert colour[3, 2] > 0.9


def test_skin_that_no_photo_shows_does_not_take_what_lies_at_its_height():
    down, ahead = (grid.ravel() for grid in np.meshgrid(np.arange(40), np.arange(30)))
    verts = np.stack([0 * down, down * 0.004, ahead * 0.004], -1).astype(np.float32)
    eye = np.abs(down - 20) < 3
    known = np.where(eye[:, None], 0.1, 0.7).repeat(3, 1).astype(np.float32)
    seen = (ahead > 14).astype(np.float32)
    beside = eye & (ahead < 5)
    assert guess(verts, known, seen)[beside].max() < 0.4
    assert guess(verts, known, seen, even=True)[beside].min() > 0.5


def test_a_forehead_seen_through_hair_is_rather_skin():
    verts = np.random.default_rng(0).random((400, 3), np.float32)
    near = verts[:, 0] < 0.25
    hair, skin = np.array([0.1, 0.08, 0.06]), np.array([0.8, 0.6, 0.5], np.float32)
    colour = np.where(near[:, None], 0.5 * hair + 0.5 * skin, hair).astype(np.float32)
    found = likeness(verts, colour, hair.astype(np.float32), skin)
    assert found[near].min() == 1
    assert found[verts[:, 0] > 0.7].max() == 0


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("views", [("front", "back"), ("front",)])
def test_photos_become_a_person_that_can_be_painted(views, monkeypatch):
    monkeypatch.setattr(fitting, "STEPS", 60)
    folder = resources.files("reimagine") / "data" / "people" / "alex"
    front, back = (
        str(folder / f"{view}.png") if view in views else None for view in ("front", "back")
    )
    photos = Photos(front=front, back=back)
    person = build_person(photos)
    assert bool(torch.isfinite(person.surface.verts).all())
    assert int(person.surface.faces.max()) < len(person.surface.verts)
    assert bool(torch.isfinite(person.photo_xy).all())
    assert float(person.photo_weight.min()) >= 0
    assert float(person.photo_weight.sum(0).max()) <= 1 + 1e-5
    assert 0 <= float(person.seen.min()) < float(person.seen.max()) <= 1
    assert 0 <= float(person.fill.min()) <= float(person.fill.max()) <= 1
    assert len(person.photos) == len(views)
    assert bool(person.notes) == (len(views) == 1)
