from dataclasses import replace

import pytest
import torch

from reimagine.body.anny import anny_body
from reimagine.synth.canon.fabrics import FABRICS, Cloth, Dye
from reimagine.synth.canon.garments import collar, has_skirt, height_at, skirt, torso, trousers
from reimagine.synth.canon.headwear import STYLES
from reimagine.synth.canon.human import LIMBS, PARTS, limb_of, make_human
from reimagine.synth.canon.traits import draw
from reimagine.synth.canon.wardrobe import GARMENTS, Outfit
from reimagine.synth.pieces import Piece


@pytest.fixture(scope="module")
def body():
    shape = anny_body(torch.tensor([0.5, 0.67, 0.5, 0.5, 0.5, 0.5]), height_m=1.7)
    weights = torch.zeros(len(shape.skin.verts), 55)
    weights.scatter_add_(1, shape.skin.weight_joints.long(), shape.skin.weights)
    piece = Piece(verts=shape.skin.verts, faces=shape.skin.faces.long(), weights=weights)
    return piece, shape.joints


@pytest.fixture(scope="module")
def human():
    return make_human(draw(0, 0), subdivisions=0)


@pytest.mark.parametrize("name", list(GARMENTS))
def test_a_garment_covers_what_its_cut_says(body, name):
    piece, joints = body
    garment = GARMENTS[name]
    made = []
    if garment.sleeve is not None:
        made.append(torso(garment, piece, joints, 0.0))
    if garment.legs is not None:
        made.append(trousers(garment, piece, joints, 0.0))
    elif has_skirt(garment):
        made.append(skirt(garment, piece, joints, 0.0))
    assert made
    for one in made:
        assert bool(torch.isfinite(one.verts).all())
        assert torch.allclose(one.weights.sum(dim=1), torch.ones(len(one.verts)), atol=1e-4)
    lowest = min(float(one.verts[:, 1].min()) for one in made)
    end = garment.legs if garment.legs is not None else garment.hem
    assert end is not None
    assert abs(lowest - height_at(joints, end)) < 0.06


@pytest.mark.parametrize("name", ["tunic", "kurta"])
def test_a_long_top_hangs_outside_a_wide_skirt(body, name):
    piece, joints = body
    below = skirt(GARMENTS["long skirt"], piece, joints, 0.0)
    above = skirt(GARMENTS[name], piece, joints, 0.014, below.verts)
    hips_y = float(joints[1, 1])
    for down in (0.04, 0.08, 0.12):
        widths = [
            float(one.verts[(one.verts[:, 1] - (hips_y - down)).abs() < 0.012][:, 0].abs().max())
            for one in (below, above)
        ]
        assert widths[1] > widths[0] + 0.005


def test_a_jacket_over_a_dress_stays_at_the_trunk():
    traits = replace(draw(0, 7), outfit=Outfit(top="tunic", bottom="leggings", outer="blazer"))
    human = make_human(traits, subdivisions=0)
    waist = human.body.joints[3, 1]
    level = (human.surface.verts[:, 1] - waist).abs() < 0.02
    assert float(human.surface.verts[level][:, 0].abs().max()) < 0.3


def test_very_wide_trousers_do_not_stand_off_the_hips(body):
    piece, joints = body
    made = trousers(GARMENTS["very wide trousers"], piece, joints, 0.0)
    y = made.verts[:, 1] - joints[1, 1]
    hips, thigh, hem = (
        float(made.verts[(y + down).abs() < 0.012][:, 0].abs().max()) for down in (0.0, 0.2, 0.7)
    )
    assert thigh < hips + 0.042
    assert hem > thigh + 0.02


def test_collars_stand_about_the_neck(body):
    piece, joints = body
    for name in ("collared shirt", "roll-neck", "hoodie", "kurta"):
        made = collar(GARMENTS[name], piece, joints, 0.0)
        assert made is not None
        near = made.verts - joints[12] - torch.tensor([0.0, 0.0, 0.016])  # the neck's middle
        assert float(near[:, 1].max()) > 0.02
        assert float(near[:, [0, 2]].norm(dim=1).min()) > 0.03
    assert collar(GARMENTS["T-shirt"], piece, joints, 0.0) is None


@pytest.mark.parametrize("name", list(FABRICS))
def test_a_fabric_gives_a_colour_everywhere_and_the_same_again(name):
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(400, 3, generator=generator)
    cloth = Cloth(rest=points, uv=points[:, :2], front=points[:, :2] * 0.2 - 0.1)
    dye = Dye(base=(0.3, 0.4, 0.5), light=(0.9, 0.9, 0.8), dark=(0.1, 0.1, 0.1), seed=3)
    first, again = (FABRICS[name](dye, cloth) for _ in range(2))
    assert first.shape == (400, 3)
    assert bool(torch.isfinite(first).all())
    assert torch.equal(first, again)
    assert float(first.std(dim=0).max()) > 0.001


def test_a_person_is_whole_and_has_every_label(human):
    surface = human.surface
    assert torch.allclose(surface.weights.sum(dim=1), torch.ones(len(surface.verts)), atol=1e-5)
    assert 0 <= int(surface.faces.min()) <= int(surface.faces.max()) < len(surface.verts)
    assert bool(torch.isfinite(surface.verts).all())
    assert {PARTS.index(one) for one in ("skin", "face", "upper")} <= set(human.part.tolist())
    assert set(human.limb.tolist()) == set(range(len(LIMBS)))
    left_eye, right_eye = human.landmarks[:2]
    assert float(left_eye[0]) > 0.01 > -0.01 > float(right_eye[0])
    assert float(human.landmarks[3, 1]) < float(left_eye[1])


def test_every_head_style_can_be_worn():
    seen = set()
    for index in range(len(STYLES)):
        traits = draw(5, index)
        made = make_human(traits, subdivisions=0)
        words = {PARTS[part] for part in made.part.unique().tolist()}
        style = STYLES[traits.hair_style]
        assert ("hat" in words) == (style.cover is not None)
        assert ("hair" in words) == (
            style.cap is not None or traits.beard in ("short beard", "full beard")
        )
        seen.add(traits.hair_style)
    assert seen == set(STYLES)


def test_a_vertex_belongs_to_the_limb_that_moves_it_most():
    weights = torch.zeros(3, 55)
    weights[0, 16], weights[0, 13] = 0.6, 0.4
    weights[1, 30] = 1
    weights[2, 2] = 1
    assert [LIMBS[one] for one in limb_of(weights)] == [
        "left upper arm",
        "left hand",
        "right thigh",
    ]
