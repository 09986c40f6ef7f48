"""Surfaces are cut where the photo's kinds meet: sleeves on arms, collars on necks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reimagine.appearance.borders import allowed, only, shares, split
from reimagine.appearance.coat import coat
from reimagine.appearance.collar import open_collar, sink
from reimagine.appearance.fit import Fit
from reimagine.appearance.mesh import normals_of
from reimagine.appearance.outline import HAIR, LOWER, SHOES, SKIN, UPPER, Outline
from reimagine.appearance.piece import HAIRY, HATTED, Piece
from reimagine.appearance.plane import CELL_M, Plane
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.steps import ALL, Steps
from reimagine.appearance.texture import View, colours
from reimagine.records import Body, Pose, Skin

AROUND, RINGS = 60, 40
BARE, CLOTH = 0, 1
IDLE = Pose(
    transforms=torch.eye(4)[None, None, :3].expand(1, 55, 3, 4),
    rotations=torch.eye(3).expand(1, 55, 3, 3),
)
BLUE, TAN = [0.1, 0.1, 0.9], [0.8, 0.6, 0.5]


def tube(name: str, middle: float = 0.15) -> Piece:
    """An upright open tube of 5 cm radius at x = `middle`, z = 0, from y = 0.9 down to 0.705."""
    angle, down = (
        grid.ravel()
        for grid in np.meshgrid(np.radians(np.arange(0, 360, 360 // AROUND)), range(RINGS))
    )
    verts = np.stack([middle + 0.05 * np.sin(angle), 0.9 - down * CELL_M, 0.05 * np.cos(angle)], -1)
    at = np.arange(AROUND * (RINGS - 1)).reshape(RINGS - 1, AROUND)
    right, below = np.roll(at, -1, 1), at + AROUND
    opposite = np.roll(below, -1, 1)
    corners = [(at, below, right), (right, below, opposite)]
    faces = np.concatenate([np.stack(c, -1).reshape(-1, 3) for c in corners])
    skin = Skin(
        verts=torch.from_numpy(verts.astype(np.float32)),
        faces=torch.from_numpy(faces.astype(np.int32)),
        weight_joints=torch.zeros(len(verts), 1, dtype=torch.int32),
        weights=torch.ones(len(verts), 1),
    )
    return Piece(name=name, skin=skin, part=0, regions=(2,))


def shown(plane: Plane, labels: np.ndarray) -> Seeing:
    outline = Outline(mask=labels > 0, bottom=None, regions=(2,), part="skin", top=30.0)
    return Seeing(
        plane=plane,
        labels=labels,
        bare=labels - 1,
        guide=np.where(labels > 0, 2, -1),
        joints=np.zeros((55, 2)),
        outlines={"left_arm": outline, "trunk": outline},
    )


@pytest.fixture
def sleeve(plane: Plane) -> Seeing:
    """Cloth down to y = 0.8025, skin below it."""
    labels = np.zeros((80, 60), np.int64)
    labels[20:40, 20:41], labels[40:60, 20:41] = UPPER, SKIN
    return shown(plane, labels)


def test_an_arm_is_cut_where_the_sleeve_ends_all_around(sleeve: Seeing):
    whole = tube("left_arm")
    cut = split(whole, shares(whole, [IDLE], [sleeve]))
    assert cut.kind is not None
    y = cut.skin.verts[:, 1].numpy()
    assert np.ptp(y[cut.kind == CLOTH]) == pytest.approx(0.9 - 0.8025, abs=0.003)
    assert np.ptp(y[cut.kind == BARE]) == pytest.approx(0.8025 - 0.705, abs=0.003)
    # No face has both, the border is there twice, and nothing of the surface is lost.
    kinds = cut.kind[cut.skin.faces.numpy()]
    assert (kinds == kinds[:, :1]).all()
    bare, cloth = (set(map(tuple, cut.skin.verts[cut.kind == k].tolist())) for k in (BARE, CLOTH))
    assert len(bare & cloth) > AROUND
    assert area(cut.skin) == pytest.approx(area(whole.skin), rel=1e-5)
    assert torch.allclose(cut.skin.weights.sum(1), torch.ones(len(y)))


def test_a_forearm_that_is_taken_for_cloth_behind_is_bare_all_around(plane: Plane):
    upright = tube("left_arm")
    x, y, z = upright.skin.verts.T
    along = torch.stack([0.9 - y, 0.65 + x, z], 1)  # as arms lie in the zero pose
    whole = replace(
        upright,
        skin=replace(upright.skin, verts=along, faces=upright.skin.faces[:, [0, 2, 1]]),
    )
    labels = np.zeros((80, 60), np.int64)
    labels[30:51, :40] = UPPER
    behind = shown(plane, labels)
    labels = labels.copy()
    labels[30:51, 20:40] = SKIN
    found = shares(whole, [IDLE, IDLE], [shown(plane, labels), behind])
    out = along[:, 0].numpy()
    assert found[BARE, out > 0.13].min() > 0.5
    assert found[CLOTH, out < 0.09].min() > 0.5


def area(skin: Skin) -> float:
    corners = skin.verts[skin.faces.long()]
    across = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return float(across.norm(dim=1).sum() / 2)


def test_three_kinds_meet_without_a_gap():
    whole = tube("left_leg")
    angle = torch.atan2(whole.skin.verts[:, 0] - 0.15, whole.skin.verts[:, 2]).numpy()
    parts = np.stack([np.cos(angle - turn) for turn in (0, 2.1, 4.2)]).astype(np.float32)
    cut = split(whole, parts)
    assert cut.kind is not None
    assert set(np.unique(cut.kind)) == {0, 1, 2}
    assert area(cut.skin) == pytest.approx(area(whole.skin), rel=1e-5)
    one = only(cut, (1,))
    assert one.kind is not None
    assert set(np.unique(one.kind)) == {1}
    assert area(one.skin) == pytest.approx(area(whole.skin) / 3, rel=0.02)


def seen_by(plane: Plane, piece: Piece, rgb: np.ndarray) -> View:
    """A front photo of the piece, a colour for each cell of the plane."""
    verts = piece.skin.verts.numpy()
    normals = normals_of(verts, piece.skin.faces.numpy())
    return View(plane=plane, rgb=rgb.astype(np.float32), verts=verts, normals=normals, sign=1.0)


def coloured_arm(
    body: Body, plane: Plane, sleeve: Seeing, rgb: np.ndarray
) -> tuple[Piece, View, np.ndarray]:
    """A left arm in a sleeve, its photo before a white background, and the arm's colours (verts 3)."""
    whole = tube("left_arm")
    piece = split(whole, shares(whole, [IDLE], [sleeve]))
    view = seen_by(plane, piece, np.where((sleeve.labels == 0)[..., None], 1, rgb))
    fit = Fit(body=body, stances=())
    worn = coat(piece, np.arange(len(view.verts)), fit, [sleeve], [view])
    share = worn.share[0, :, None]
    return piece, view, share * colours(view, worn.xy[0]) + (1 - share) * worn.fill


def test_skin_takes_its_colour_from_skin_and_cloth_from_cloth_all_around(
    body: Body, plane: Plane, sleeve: Seeing
):
    # A sleeve over the upper half of an arm, which the photo shows from the front only.
    rgb = np.where((sleeve.labels == UPPER)[..., None], BLUE, TAN)
    piece, _, colour = coloured_arm(body, plane, sleeve, rgb)
    wanted = np.where((piece.kind == CLOTH)[:, None], BLUE, TAN)
    # Up to the very border.
    assert np.abs(colour - wanted).max() < 0.1


def test_the_shade_of_a_sleeve_does_not_stain_the_arm(body: Body, plane: Plane, sleeve: Seeing):
    rgb = np.where((sleeve.labels == UPPER)[..., None], BLUE, TAN)
    rgb[40:43] *= 0.3  # the sleeve's shade
    rgb[50:55, 28:33] = 0.0  # a tattoo
    piece, view, colour = coloured_arm(body, plane, sleeve, rgb)
    x, y, z = view.verts.T
    brightness = colour.mean(1)[(piece.kind == BARE) & (z > 0)]
    y, x = y[(piece.kind == BARE) & (z > 0)], x[(piece.kind == BARE) & (z > 0)]
    assert brightness[y > 0.77].min() > 0.8 * np.mean(TAN)
    assert brightness[np.hypot(x - 0.15, y - 0.74) < 0.005].max() < 0.2


def test_patterned_cloth_is_folded_around_the_side_and_plain_cloth_mostly_not(
    body: Body, plane: Plane, sleeve: Seeing
):
    whole = tube("left_arm")
    piece = split(whole, shares(whole, [IDLE], [sleeve]))
    fit, everyone = Fit(body=body, stances=()), np.arange(len(piece.skin.verts))

    def folded(rgb: np.ndarray, steps: Steps = ALL) -> float:
        view = seen_by(plane, piece, rgb)
        beside = (view.verts[:, 1] > 0.82) & (np.abs(view.normals[:, 2]) < 0.05)
        worn = coat(piece, everyone, fit, [sleeve], [view], steps)
        return float(worn.share[0, beside].max())

    plain = np.where((sleeve.labels == UPPER)[..., None], BLUE, TAN)
    striped = plain * np.where(np.arange(80) % 8 < 4, 1.0, 0.3)[:, None, None]
    assert folded(striped) > 0.3
    assert 0 < folded(plain) < 0.2
    assert folded(striped, Steps(fold=False)) == 0
    # That is a step of its own.
    assert folded(plain, Steps(prints=False)) < 0.2
    assert folded(plain, Steps(even=False)) > 0.3


def test_sides_of_hair_are_hair_even_where_the_photo_mostly_shows_a_forehead_through_it(
    body: Body, plane: Plane
):
    labels = np.zeros((80, 60), np.int64)
    labels[10:70, 8:53], labels[72:78, 20:40] = HAIR, SKIN
    seen = replace(shown(plane, labels), guide=np.where(labels > 0, 1, -1))
    rgb = np.full((80, 60, 3), 0.1)
    rgb[:, 23:38] = [0.45, 0.35, 0.3]  # strands, and skin between them
    rgb[72:78] = TAN
    hair = replace(tube("tail"), kind=np.zeros(AROUND * RINGS, np.int64))
    view = seen_by(plane, hair, rgb)
    worn = coat(hair, np.arange(len(view.verts)), Fit(body=body, stances=()), [seen], [view])
    share = worn.share[0, :, None]
    colour = share * colours(view, worn.xy[0]) + (1 - share) * worn.fill
    assert colour[np.abs(view.normals[:, 2]) < 0.15].max() < 0.2


def test_a_hand_before_cloth_and_its_rim_are_not_taken_for_cloth(plane: Plane):
    labels = np.zeros((80, 60), np.int64)
    labels[10:70, 10:50] = UPPER
    labels[30:50, 20:30] = SKIN  # a hand, all of it before cloth
    labels[20:24, 38:42] = SKIN  # a print of skin's colour
    seen = replace(shown(plane, labels), guide=np.where(labels > 0, 1, -1))
    seen.guide[30:34, 20:30] = 4
    may = allowed(Piece(name="trunk", skin=tube("trunk").skin, part=0, regions=(1,)), seen)
    assert not may[30:50, 19:31].any()
    assert may[20:24, 38:42].all()
    assert may[30:50, 34:48].all()


def test_a_shoe_that_is_broader_than_the_hem_stays_off_the_trousers(plane: Plane):
    # Trousers down to y = 0.75, narrower from 0.80 on than the leg that was made; shoes beside and below them.
    labels = np.zeros((80, 60), np.int64)
    labels[20:40, 20:41], labels[40:50, 20:41], labels[50:60, 20:41] = LOWER, SHOES, SHOES
    labels[40:50, 24:37] = LOWER
    seen = shown(plane, labels)
    outlines = {"left_leg": seen.outlines["left_arm"]}
    whole = tube("left_leg")
    parts = shares(whole, [IDLE], [replace(seen, outlines=outlines)])
    y = whole.skin.verts[:, 1].numpy()
    assert (parts.argmax(0)[y > 0.76] == 2).all()
    assert (parts.argmax(0)[y < 0.74] == 1).all()


def test_the_trunk_ends_where_the_photo_shows_the_neck(plane: Plane):
    # Cloth from y = 0.82 down, and skin above, with a neckline 4 cm deep before the middle.
    labels = np.zeros((80, 60), np.int64)
    labels[14:36, 0:25], labels[36:60, 0:25] = SKIN, UPPER
    labels[36:44, 8:17] = SKIN
    seen = replace(shown(plane, labels), joints=np.full((55, 2), 70.0))
    whole = tube("trunk", 0.06)
    trunk, under = open_collar(whole, [IDLE], [seen], shoulder_m=0.85)
    x, y, z = trunk.skin.verts.numpy().T
    before, behind = y[(z > 0.04) & (np.abs(x - 0.06) < 0.01)], y[z < -0.04]
    assert before.max() == pytest.approx(0.78, abs=0.008)
    assert behind.max() > 0.8
    assert y.min() == pytest.approx(0.705, abs=1e-4)  # a hem stays a hem
    # What lies under cloth is sunk, the deeper the further in; bare skin stays.
    neck = replace(whole.skin, verts=whole.skin.verts.clone())
    sunk = sink(neck, whole.skin, under).verts.numpy()
    moved = np.linalg.norm(sunk - neck.verts.numpy(), axis=1)
    height = neck.verts[:, 1].numpy()
    assert moved[height > 0.83].max() < 1e-4
    assert moved[height < 0.72].min() > 0.02
    assert (np.hypot(sunk[:, 0] - 0.06, sunk[:, 2]) < 0.0501).all()


def test_without_skin_at_the_neck_only_what_stands_above_the_collar_goes(plane: Plane):
    labels = np.zeros((80, 60), np.int64)
    labels[14:60, 0:25] = UPPER
    trunk, under = open_collar(tube("trunk", 0.06), [IDLE], [shown(plane, labels)], shoulder_m=0.85)
    assert trunk.skin.verts[:, 1].max() == pytest.approx(1 - 30 * CELL_M + 0.015, abs=0.002)
    assert np.isfinite(under).all()


def test_a_hat_is_apart_from_the_hair_beneath_it(plane: Plane):
    labels = np.zeros((80, 60), np.int64)
    labels[20:60, 20:41] = HAIR
    hat = (labels == HAIR) & (np.arange(80)[:, None] < 40)
    seen = replace(shown(plane, labels), joints=np.full((55, 2), 70.0), hat=hat)
    piece = tube("head")
    parts = shares(piece, [IDLE], [seen])
    row = (1 - piece.skin.verts[:, 1].numpy()) / CELL_M
    assert (parts[HATTED][row < 35] > 0.8).all()
    assert (parts[HAIRY][row > 45] > 0.8).all()


def test_a_trunk_takes_nothing_from_a_sleeve_that_hangs_before_it(plane: Plane):
    # The trunk ends in column 40, but a sleeve covers it from column 30 on, down to row 45.
    labels = np.zeros((80, 60), np.int64)
    labels[10:75, 5:41], labels[10:45, 30:50] = UPPER, UPPER
    guide = np.where(labels > 0, 1, -1)
    guide[10:45, 30:50] = 2
    joints = np.full((55, 2), 70.0)
    joints[16] = 12, 38
    trunk = Outline(mask=labels > 0, bottom=None, regions=(1,), part="upper")
    seen = replace(shown(plane, labels), guide=guide, bare=guide, joints=joints)
    may = allowed(tube("trunk"), replace(seen, outlines={"trunk": trunk}))
    assert not may[40:45, 32:].any()
    assert may[10:75, 5:26].all()
    assert may[62:75, 5:41].all()
    # Below the hem it comes out bit by bit.
    assert (np.diff(may[42:70].sum(1)) >= 0).all()
    assert may[44].sum() + 3 < may[58].sum() < 36
    # Above the armpit it goes on to the shoulder.
    assert may[12, :36].sum() > may[37].sum()
