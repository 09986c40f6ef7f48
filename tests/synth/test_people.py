from dataclasses import replace
from importlib import resources

import cv2
import numpy as np
import pytest
import torch

from reimagine.errors import InputError
from reimagine.records import PARTS
from reimagine.synth.dress import kinds, make_dressed, parts, stance
from reimagine.synth.hair import Haircut
from reimagine.synth.looks import LOOKS, Worn, colours
from reimagine.synth.people import camera_yaw, dressed, studio_camera
from reimagine.synth.pieces import Piece


@pytest.fixture(scope="module")
def alex():
    return make_dressed("alex", subdivisions=0)


def test_a_name_that_was_not_made_is_refused():
    with pytest.raises(InputError, match="made person 'kim' is unknown; expected one of alex, sam"):
        dressed("kim")


def test_every_part_of_a_person_is_there(alex):
    assert set(parts(alex).tolist()) == set(range(len(PARTS)))


def test_the_skin_is_whole(alex):
    skin = alex.skin
    assert torch.allclose(skin.weights.sum(dim=1), torch.ones(len(skin.verts)), atol=1e-5)
    assert 0 <= int(skin.faces.min()) <= int(skin.faces.max()) < len(skin.verts)
    assert bool(torch.isfinite(skin.verts).all())


def test_clothes_lie_outside_the_body(alex):
    """At the hips, from the middle outwards."""
    hips = float(alex.measure.joints[1, 1]) + 0.05

    def width(verts):
        near = verts[((verts[:, 1] - hips).abs() < 0.02) & (verts[:, 0].abs() < 0.4)]
        return float(near[:, 0].max())

    body, cloth = alex.body.skin.verts, alex.skin.verts[parts(alex) == PARTS.index("upper")]
    assert width(body) < width(cloth) < width(body) + 0.06


def test_long_hair_falls_down_the_back_outside_the_clothes():
    look = replace(LOOKS["sam"], haircut=Haircut(top_m=0.02, sides_m=0.014, length_m=0.42))
    long, short = (make_dressed(one, subdivisions=0) for one in (look, "sam"))
    hair, cloth = (long.skin.verts[parts(long) == PARTS.index(one)] for one in ("hair", "upper"))
    usual = short.skin.verts[parts(short) == PARTS.index("hair")]
    eyes = float(long.measure.face.middle[1])
    assert float(usual[:, 1].min()) > eyes - 0.2
    assert eyes - 0.46 < float(hair[:, 1].min()) < eyes - 0.38

    def rearmost(verts, height):
        near = verts[((verts[:, 1] - height).abs() < 0.02) & (verts[:, 0].abs() < 0.05)]
        return float(near[:, 2].min())

    for below in (0.28, 0.36):
        assert rearmost(hair, eyes - below) < rearmost(cloth, eyes - below)


def test_what_is_worn_is_there_in_its_own_colour_and_counts_as_its_part(alex):
    def plate(_body, measure, _look):
        weights = torch.zeros(3, 55)
        weights[:, 15] = 1
        corners = torch.tensor([[-0.1, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.0, 0.1]])
        verts = measure.face.middle + torch.tensor([0.0, 0.2, 0.0]) + corners
        return Piece(verts=verts, faces=torch.tensor([[0, 1, 2]]), weights=weights, kind="plate")

    def green(_look, _measure, points):
        return torch.tensor([0.1, 0.8, 0.2]).expand(len(points), 3)

    hat = Worn(kind="plate", part="hair", make=plate, paint=green)
    look = replace(LOOKS["alex"], worn=(hat,))
    made = make_dressed(look, subdivisions=0)
    assert kinds(look) == (*kinds(LOOKS["alex"]), "plate")
    assert len(made.skin.verts) == len(alex.skin.verts) + 3
    assert parts(made)[-3:].tolist() == [PARTS.index("hair")] * 3
    painted = colours(look, made.measure, "plate", made.skin.verts[-3:])
    assert torch.allclose(painted, torch.tensor([0.1, 0.8, 0.2]).expand(3, 3))


def test_the_mouth_is_below_the_eyes_and_in_front(alex):
    face = alex.measure.face
    assert 0.05 < float(face.middle[1] - face.mouth[1]) < 0.09
    assert abs(float(face.mouth[0])) < 0.01
    assert face.eyes[0, 0] > 0 > face.eyes[1, 0]


def test_the_stance_stands_on_the_floor_with_arms_away(alex):
    from reimagine.body.model import pose_skin

    verts = pose_skin(alex.skin, stance(alex.body))[0]
    assert abs(float(verts[:, 1].min())) < 0.01
    assert 1.6 < float(verts[:, 1].max()) < 1.95
    assert 0.5 < float(verts[:, 0].max() - verts[:, 0].min()) < 1.2


def test_the_cameras_look_from_front_and_back():
    assert abs(camera_yaw(studio_camera(0.0))) < 1e-5
    assert abs(abs(camera_yaw(studio_camera(np.pi))) - np.pi) < 1e-5


@pytest.mark.parametrize("name", ["alex", "sam"])
def test_the_photos_that_ship_show_two_sides(name):
    folder = resources.files("reimagine") / "data" / "people" / name
    front, back = (cv2.imread(str(folder / f"{side}.png")) for side in ("front", "back"))
    assert front is not None
    assert back is not None
    assert front.shape == back.shape == (1328, 800, 3)
    assert np.abs(front.astype(int) - back).mean() > 3
