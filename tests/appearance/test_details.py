"""What no photo from front or back shows stands off the head where the user says that it is there."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.appearance.conftest import standing

from reimagine.appearance.details import details
from reimagine.appearance.head import find_ears
from reimagine.appearance.outline import FACE, HAIR, SKIN
from reimagine.appearance.piece import Piece
from reimagine.appearance.plane import CELL_M, depths, plane_of, regions_of
from reimagine.appearance.seeing import Seeing
from reimagine.body.model import joint_positions, pose_skin
from reimagine.records import Body, Skin

HEAD, LEFT_EYE, RIGHT_EYE = 15, 23, 24
NAVY, GREY = (0.1, 0.1, 0.3), (0.5, 0.5, 0.5)


def head_of(body: Body) -> Skin:
    """The head of the body alone."""
    faces = body.skin.faces.long()
    own = torch.from_numpy(regions_of(body.skin) == 0)
    used, faces = faces[own[faces].all(1)].unique(return_inverse=True)
    return Skin(
        verts=body.skin.verts[used],
        faces=faces.int(),
        weight_joints=body.skin.weight_joints[used],
        weights=body.skin.weights[used],
    )


def photo(body: Body, skin: Skin) -> tuple[Seeing, np.ndarray]:
    """The head as a photo shows it, a hat down to over the eyes; and the photo, all grey."""
    stance = standing(body)
    plane = plane_of(body, stance)
    joints = joint_positions(body, stance.pose)[0].numpy()
    cells = plane.cells(plane.seen_at(joints[:, :2], joints[:, 2], back=True))
    near, _ = depths(pose_skin(skin, stance.pose)[0], skin.faces, plane)
    rows = np.arange(len(near))[:, None]
    eyes = cells[LEFT_EYE, 0]
    labels = np.where(rows < eyes - 4, HAIR, np.where(rows < cells[HEAD, 0] + 12, FACE, SKIN))
    labels = np.where(np.isfinite(near), labels, 0)
    seen = Seeing(
        plane=plane,
        labels=labels,
        bare=np.where(np.isfinite(near), 0, -1),
        guide=np.where(np.isfinite(near), 0, -1),
        joints=cells,
        outlines={},
        hat=labels == HAIR,
    )
    return seen, np.full((420, 260, 3), GREY, np.float32)


def made(
    body: Body, *names: str, paint: tuple[float, ...] = NAVY, at: tuple[float, float] = (0, 0)
) -> list[Piece]:
    """Details of a head whose photos show something in this colour around a place (metres from the head's joint)."""
    skin = head_of(body)
    seen, picture = photo(body, skin)
    row, column = np.indices(picture.shape[:2]) + 0.5
    middle = seen.joints[HEAD] + [-at[1] / CELL_M, at[0] / CELL_M]
    u, v = seen.plane.pixels[tuple(middle.round().astype(int))]
    metre = 1 / np.linalg.norm(seen.plane.pixels[0, 1] - seen.plane.pixels[0, 0]) * CELL_M
    picture[np.hypot(row - v, column - u) * metre < 0.04] = paint
    below = np.arange(len(seen.labels))[:, None] >= seen.joints[HEAD, 0]
    behind = replace(seen, labels=np.where(seen.labels > 0, np.where(below, SKIN, HAIR), 0))
    poses = [standing(body).pose] * 2
    return details(names, body, skin, poses, [seen, behind], [picture, picture])


def middle_of(knot: Piece, body: Body) -> np.ndarray:
    """Where the photo shows it: metres aside and above the head's joint."""
    seen, _ = photo(body, head_of(body))
    verts = pose_skin(knot.skin, standing(body).pose)[0].mean(0, keepdim=True).numpy()
    cell = seen.plane.cells(seen.plane.seen_at(verts[:, :2], verts[:, 2], back=True))[0]
    return (cell - seen.joints[HEAD])[::-1] * [CELL_M, -CELL_M]


def test_a_knot_stands_off_behind_where_the_photo_shows_a_rim(body: Body, signed_volume):
    whole = head_of(body).verts
    for up in (0.07, 0.11):
        (bun,) = made(body, "bun", at=(0.0, up))
        assert middle_of(bun, body) == pytest.approx([0, up], abs=0.012)
        out = float(whole[:, 2].min() - bun.skin.verts[:, 2].min())
        assert 0.01 < out < 0.06
        assert signed_volume(bun.skin.verts.numpy(), bun.skin.faces.numpy()) > 5e-5
        assert bun.colour is None


def test_a_knot_that_no_photo_shows_is_where_most_are(body: Body):
    (bun,) = made(body, "bun", paint=GREY)
    assert middle_of(bun, body) == pytest.approx([0, 0.09], abs=0.005)


def test_a_visor_reaches_ahead_of_the_hat_and_hides_no_more_of_the_face(body: Body, signed_volume):
    skin = head_of(body)
    seen, _ = photo(body, skin)
    (visor,) = made(body, "visor", at=(0.0, 0.09))
    verts = pose_skin(visor.skin, standing(body).pose)[0].numpy()
    ahead = verts[:, 2].max() - pose_skin(skin, standing(body).pose)[0][:, 2].max()
    assert 0.03 < float(ahead) < 0.08
    rows = seen.plane.cells(seen.plane.seen_at(verts[:, :2], verts[:, 2], back=True))[:, 0]
    assert seen.hat is not None
    assert rows.max() <= np.flatnonzero(seen.hat.any(1))[-1] + 2
    assert visor.colour is not None
    assert np.allclose(visor.colour, NAVY, atol=0.05)
    assert signed_volume(visor.skin.verts.numpy(), visor.skin.faces.numpy()) > 0


def test_who_wears_no_hat_gets_no_visor(body: Body):
    skin = head_of(body)
    seen, picture = photo(body, skin)
    bald = replace(seen, labels=np.where(seen.labels > 0, SKIN, 0), hat=None)
    poses = [standing(body).pose]
    assert details(["visor"], body, skin, poses, [bald], [picture]) == []


def test_glasses_have_temples_from_the_eyes_to_the_ears_outside_the_head(body: Body):
    eyes = body.joints[[LEFT_EYE, RIGHT_EYE]].mean(0) - body.joints[HEAD]
    bars = made(body, "glasses", at=(float(eyes[0]), float(eyes[1])))
    skin = head_of(body)
    assert len(bars) == 2
    for side, bar in zip((1, -1), bars, strict=True):
        x, y, z = bar.skin.verts.unbind(1)
        assert bool((side * x > 0.04).all())
        assert float(y.max() - y.min()) < 0.01
        assert float(z.max()) == pytest.approx(float(body.joints[LEFT_EYE, 2]), abs=0.005)
        ears = find_ears(skin.verts.numpy(), skin.faces.numpy())
        ear = skin.verts.numpy()[ears[side < 0], 2]
        assert float(ear.min()) < float(z.min()) < float(ear.max())
        assert np.allclose(bar.colour, NAVY, atol=0.02)  # pyright: ignore[reportArgumentType]
        level = (skin.verts[:, 1] - y.mean()).abs() < 0.005
        before = level & (skin.verts[:, 2] > z.min() + 0.02) & (side * skin.verts[:, 0] > 0)
        assert float((side * x).max()) > float((side * skin.verts[before, 0]).max())


def test_nothing_is_made_that_nobody_told(body: Body):
    assert made(body) == []
