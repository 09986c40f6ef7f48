"""MVHumanNet++ folders: made up here around the public sample's own camera and motion."""

import json

import pytest
import torch

from reimagine.cameras.read import read_camera
from reimagine.errors import InputError
from reimagine.pictures import read_picture, write_picture
from reimagine.progress import SILENT, Progress
from reimagine.runs import open_run
from reimagine.train.captures import find_people, make_triples, picture_and_mask, world_from_capture
from reimagine.train.settings import LoraRequest
from reimagine.train.triples import find_triples, read_triple

SIZE = "96x160"


def made(captures, out, **changes):
    request = LoraRequest(data=str(captures), out=str(out), size=SIZE, **changes)
    said = []
    with open_run(out, {"command": "test"}) as run:
        listener = Progress(on_step=lambda *step: said.append(step))
        make_triples(run, "pairs", find_people(captures), request, listener)
    assert said == [("captures", 1, 1)]
    return out / "pairs"


def test_people_are_found_from_the_person_up_to_the_data_set(captures):
    person = captures / "train" / "100842"
    for folder in (captures, captures / "train", person):
        assert find_people(folder) == (person,)
    assert find_people(captures / "nothing") == ()


def test_triples_are_made_in_our_own_layout(captures, tmp_path):
    folder = made(captures, tmp_path / "out")
    triples = find_triples(folder, "a person")
    assert len(triples) == 8
    pictures = read_triple(triples[0])
    assert pictures.target.shape == (3, 160, 96)
    assert pictures.reference.shape == (3, 160, 192)
    # Outside the mask all is white; the A-pose from the front is at the left, from behind at the right.
    assert torch.equal(pictures.target[:, 0], torch.ones(3, 96))
    assert float(pictures.reference[0, 80, 46]) == pytest.approx(0.1, abs=0.01)
    assert float(pictures.reference[0, 80, 96 + 46]) == pytest.approx(0.5, abs=0.01)


def test_normal_colours_are_the_official_ones_from_each_side(captures, tmp_path):
    """Blue is front and green the subject's right; cameras go round towards the subject's right."""
    folder = made(captures, tmp_path / "out")
    means = {}
    for camera in ("cam_00", "cam_04", "cam_08", "cam_12"):
        picture = read_picture(folder / "100842" / "normals" / f"{camera}_0025.png")
        body = (picture.min(0).values < 0.95).nonzero()
        means[camera] = picture[:, body[:, 0], body[:, 1]].mean(1)
    assert means["cam_00"].argmax() == 2
    assert means["cam_08"].argmin() == 2
    sides = [means["cam_04"][1], means["cam_12"][1]]
    assert max(sides) > 0.7
    assert min(sides) < 0.3


def test_so_many_triples_are_made_as_are_asked_for_from_all_sides(captures, tmp_path):
    folder = made(captures, tmp_path / "out", views_per_person=4)
    names = [
        json.loads(line)["target"] for line in (folder / "pairs.jsonl").read_text().splitlines()
    ]
    assert {name.split("/")[-1][:6] for name in names} == {"cam_00", "cam_04", "cam_08", "cam_12"}


def test_our_world_is_a_rotation_with_the_front_camera_ahead(shared_data):
    path = shared_data / "cameras/mvhumannet_pp_100842_cam_00.npz"
    camera = read_camera(path, 1, 1024, 1024)
    R = world_from_capture(camera)
    assert torch.allclose(R @ R.T, torch.eye(3), atol=1e-6)
    assert float(torch.linalg.det(R)) == pytest.approx(1, abs=1e-5)
    ahead = R @ (-camera.R[0].T @ camera.t[0])
    assert abs(float(ahead[0])) < 1e-4
    assert float(ahead[2]) > 1


def test_a_person_without_usable_pictures_is_refused(captures, tmp_path):
    for mask in (captures / "train" / "100842" / "masks").glob("*/0*.png"):
        mask.unlink()
    with pytest.raises(InputError, match="has no picture with a mask, a camera and parameters"):
        made(captures, tmp_path / "out")


def test_a_size_that_cannot_be_trained_is_refused(captures, tmp_path):
    request = LoraRequest(data=str(captures), out=str(tmp_path / "out"), size="90x160")
    people = find_people(captures)
    wrong = pytest.raises(InputError, match="size is 90x160; expected multiples of 16")
    with open_run(request.out, {"command": "test"}) as run, wrong:
        make_triples(run, "pairs", people, request, SILENT)


def test_a_mask_of_another_size_than_its_picture_is_refused(captures):
    person = find_people(captures)[0]
    picture = person / "images/cam_00/0025.jpg"
    small = person / "masks/cam_00/0025.png"
    write_picture(small, torch.zeros(1, 128, 128))
    with pytest.raises(InputError, match="128x128 pixels, its picture 256x256; expected one size"):
        picture_and_mask(picture, small)
