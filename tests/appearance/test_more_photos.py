"""Further photos: the bare body is photographed from the side, in colours that front and back do not know."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reimagine.appearance import find_view as find_view_module
from reimagine.appearance import more_photos, settle
from reimagine.appearance.find_view import find_view
from reimagine.appearance.fit import Fit, Stance
from reimagine.appearance.mesh import normals_of
from reimagine.appearance.more_photos import add_photos
from reimagine.appearance.photos import Picture
from reimagine.appearance.plane import regions_of
from reimagine.appearance.side_depth import deepen
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.path import make_camera
from reimagine.records import Body, CameraPath, Motion, Person, Photo
from reimagine.render.rasterize import interpolate, rasterize
from reimagine.settings import View

pytestmark = pytest.mark.timeout(240)  # on a loaded machine


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch):
    """Here stances are right from the start: the search for them may be short."""
    monkeypatch.setattr(settle, "_STEPS", 25)
    monkeypatch.setattr(find_view_module, "SWINGS", find_view_module.SWINGS[:1])


YAW_DEG = 75.0


def seen_from(body: Body, stance: Stance, azimuth_deg: float) -> CameraPath:
    verts = pose_skin(body.skin, stance.pose)
    return make_camera("static", View(azimuth_deg=azimuth_deg), verts, 240, 400)


def rendered(body: Body, stance: Stance, camera: CameraPath, colours: torch.Tensor) -> Picture:
    raster = rasterize(pose_skin(body.skin, stance.pose), body.skin.faces, camera)
    alpha = (raster.face[0] >= 0).float()
    rgb = interpolate(raster, body.skin.faces, colours)[0].permute(2, 0, 1)
    rgb = torch.where(alpha > 0, rgb, torch.tensor(1.0)).contiguous()
    return Picture(rgb=rgb, mask=alpha, side="photo 1", name="side.png")


@pytest.fixture(scope="module")
def fit(body: Body) -> Fit:
    poses = torch.zeros(1, 55, 3)
    poses[0, 16, 2], poses[0, 17, 2] = -1.2, 1.2
    motion = Motion(poses=poses, transl=torch.zeros(1, 3), fps=1.0, betas=torch.zeros(10))
    stance = Stance(
        motion=motion,
        pose=pose_body(body, motion),
        camera=make_camera("static", View(), body.skin.verts[None], 240, 400),
    )
    return Fit(body=body, stances=(replace(stance, camera=seen_from(body, stance, 0.0)),))


@pytest.fixture(scope="module")
def colours(body: Body) -> torch.Tensor:
    """Grey, the front of the head red: what tells half before from half behind."""
    colours = torch.full((len(body.skin.verts), 3), 0.4)
    head = torch.from_numpy(regions_of(body.skin) == 0)
    colours[head & (body.skin.verts[:, 2] > 0.03)] = torch.tensor([0.8, 0.3, 0.2])
    return colours


@pytest.fixture(scope="module")
def person(body: Body, fit: Fit, colours: torch.Tensor) -> Person:
    """Known from front and back alone."""
    count, stance = len(body.skin.verts), fit.stances[0]
    normals = normals_of(pose_skin(body.skin, stance.pose)[0].numpy(), body.skin.faces.numpy())
    return Person(
        body=body,
        surface=body.skin,
        photos=(
            Photo(
                rgb=torch.full((3, 400, 240), 0.4),
                alpha=torch.ones(400, 240),
                camera=stance.camera,
                pose=stance.pose,
                side="front",
            ),
        ),
        photo_xy=torch.zeros(1, count, 2),
        photo_weight=torch.zeros(1, count),
        seen=torch.from_numpy(np.clip(2 * np.abs(normals[:, 2]) - 0.5, 0, 1).astype(np.float32)),
        fill=colours,
        part=torch.zeros(count, dtype=torch.long),
        notes=("Before.",),
    )


@pytest.mark.parametrize("azimuth_deg", [YAW_DEG, 180 - YAW_DEG + 30])
def test_a_view_is_found_whether_half_before_or_half_behind(body, fit, colours, azimuth_deg):
    stance = fit.stances[0]
    picture = rendered(body, stance, seen_from(body, stance, azimuth_deg), colours)
    assert picture.mask is not None
    found = find_view(fit, body.skin, colours, picture.rgb, picture.mask)
    assert abs(found.yaw_deg - azimuth_deg) < 6
    assert found.overlap > 0.93


def test_a_view_that_is_told_is_not_looked_for(body, fit, colours):
    stance = fit.stances[0]
    picture = rendered(body, stance, seen_from(body, stance, YAW_DEG), colours)
    assert picture.mask is not None
    for told in (YAW_DEG, YAW_DEG - 360):
        found = find_view(fit, body.skin, colours, picture.rgb, picture.mask, yaw_deg=told)
        assert abs(found.yaw_deg - YAW_DEG) < 6
        assert found.overlap > 0.93
    wrong = find_view(fit, body.skin, colours, picture.rgb, picture.mask, yaw_deg=0.0)
    assert abs((wrong.yaw_deg + 180) % 360 - 180) < 20


def test_a_side_that_only_a_further_photo_shows_takes_its_colours(body, fit, colours, person):
    stance = fit.stances[0]
    true = colours.clone()
    # A stripe over the right ear, which no photo has shown so far.
    ear = torch.from_numpy(regions_of(body.skin) == 0) & (body.skin.verts[:, 0] < -0.055)
    ear &= body.skin.verts[:, 2].abs() < 0.05
    true[ear] = torch.tensor([0.1, 0.2, 0.9])
    picture = rendered(body, stance, seen_from(body, stance, 90.0), true)
    heard: list[float] = []
    made = add_photos(person, fit, [picture], heard.append)
    assert heard == [1.0]
    assert len(made.photos) == 2
    assert made.photos[1].side == "photo 1"
    assert made.notes[0] == "Before."
    assert "side.png was taken as seen from 9" in made.notes[1] or "from 8" in made.notes[1]
    share = made.photo_weight[1]
    assert float(made.photo_weight.sum(0).max()) <= 1 + 1e-5
    assert float(share[ear].median()) > 0.6
    # The left is hidden from the right, and the front is left to the front photo.
    normals = normals_of(body.skin.verts.numpy(), body.skin.faces.numpy())
    assert float(share[torch.from_numpy(normals[:, 0] > 0.5)].max()) < 0.05
    assert float(share[torch.from_numpy(normals[:, 2] > 0.95)].mean()) < 0.1
    before, after = ((one - true)[ear].abs().mean() for one in (colours, shown(made)))
    assert after < 0.5 * before
    assert bool((made.seen >= person.seen).all())
    assert float(made.seen[ear].mean()) > float(person.seen[ear].mean())


def shown(person: Person) -> torch.Tensor:
    return torch.from_numpy(more_photos.colours_of(person))


def test_a_photo_of_something_else_is_left_out_and_told(fit, person):
    rgb = torch.rand(3, 400, 240, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(400, 240)
    mask[20:380, 40:200] = 1.0
    made = add_photos(person, fit, [Picture(rgb=rgb, mask=mask, side="photo 1", name="box.png")])
    assert len(made.photos) == 1
    assert torch.equal(made.surface.verts, person.surface.verts)
    assert "box.png was left out" in made.notes[1]
    assert "expected 80%" in made.notes[1]


def test_a_photo_from_the_side_tells_how_deep_the_body_is(body, fit):
    stance = fit.stances[0]
    deeper = replace(body.skin, verts=body.skin.verts * torch.tensor([1.0, 1.0, 1.25]))
    side = replace(stance, camera=seen_from(body, stance, 90.0))

    def outline(skin):
        return rasterize(pose_skin(skin, stance.pose), skin.faces, side.camera).face[0] >= 0

    def overlap(skin) -> float:
        ours, wanted = outline(skin), outline(deeper)
        return float((ours & wanted).sum() / (ours | wanted).sum())

    found = deepen(body, body.skin, side, outline(deeper).float())
    assert overlap(body.skin) < 0.88
    assert overlap(found) > 0.94
    assert torch.allclose(found.verts[:, :2], body.skin.verts[:, :2], atol=0.02)


def test_where_all_of_them_stands_a_photo_from_the_side_does_not_tell(body, fit):
    stance = fit.stances[0]
    camera = seen_from(body, stance, 90.0)
    ahead = replace(body.skin, verts=body.skin.verts + torch.tensor([0.0, 0.0, 0.02]))
    outline = rasterize(pose_skin(ahead, stance.pose), ahead.faces, camera).face[0] >= 0
    found = deepen(body, body.skin, replace(stance, camera=camera), outline.float())
    moved = (found.verts - body.skin.verts)[:, 2]
    assert float(moved.median().abs()) < 0.003
    assert float(moved.mean().abs()) < 0.01


def test_from_the_front_depth_stays_as_it_is(body, fit):
    stance = fit.stances[0]
    assert deepen(body, body.skin, stance, torch.ones(400, 240)) is body.skin
