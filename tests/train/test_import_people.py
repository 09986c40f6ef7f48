import json

import numpy as np
import pytest
import torch

import reimagine.synth
from reimagine.apps.cli import main
from reimagine.cameras.read import read_camera
from reimagine.errors import InputError
from reimagine.synth.canon.dataset import damaged_shards, read_description
from reimagine.train.captures import find_people
from reimagine.train.import_people import import_people

SIZE = (96, 160)


@pytest.fixture
def brought(captures, tmp_path):
    out = str(tmp_path / "out")
    import_people(captures, out, size=SIZE, views=5, people_per_shard=4)
    return out


def test_captures_come_back_as_samples_with_what_they_have(captures, brought):
    samples = list(reimagine.synth.read(brought, split="all"))
    assert [one.name for one in samples] == [f"p0000000_v{k:03d}" for k in range(5)]
    one = samples[0]
    assert one.rgb.shape == (3, 160, 96)
    assert one.person.shape == (4, 160, 96)
    assert (one.part, one.limb, one.depth_m, one.normals, one.flow) == (None,) * 5
    person = find_people(captures)[0]
    camera = read_camera(person / "cameras/cam_00/camera.npz", 1, *SIZE)
    assert torch.allclose(torch.tensor(one.facts["K"]), camera.K[0])
    assert torch.allclose(torch.tensor(one.facts["R"]), camera.R[0])
    assert one.facts["name"] == "100842"
    with np.load(person / "smplx_params.npz") as held:
        turn = held["global_orient"][one.facts["frame"]]
    assert np.allclose(one.facts["smplx_poses"][0], turn, atol=1e-5)


def test_alpha_is_the_mask(brought):
    one = next(iter(reimagine.synth.read(brought)))
    # The mask is a box from 40/256 to 220/256 of the height.
    rows = (one.person[3].float().mean(1) > 60).nonzero()[:, 0]
    assert abs(int(rows[0]) - 160 * 40 / 256) <= 1
    assert abs(int(rows[-1]) + 1 - 160 * 220 / 256) <= 1


def test_captures_are_described_under_their_own_licence(brought, captures):
    held = read_description(brought)
    assert held["licence"] == "that of MVHumanNet++"
    assert held["balance"] == {}
    assert damaged_shards(brought) == []
    again = import_people(captures, brought, size=SIZE, views=5, people_per_shard=4)
    assert again == held
    with pytest.raises(InputError, match="another plan: views was 5, now 4"):
        import_people(captures, brought, size=SIZE, views=4, people_per_shard=4)


def test_a_folder_without_captures_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no MVHumanNet\+\+ people; expected folders with"):
        import_people(tmp_path, str(tmp_path / "out"), size=SIZE, views=5, people_per_shard=4)


def test_the_command_imports_inspects_and_shows(captures, tmp_path, capsys):
    out, page = str(tmp_path / "out"), tmp_path / "page.html"
    command = ["dataset", "import", str(captures), "--views", "2", "--size", "96x160"]
    assert main([*command, "--out", out]) == 0
    assert "1 people, 2 pictures are in" in capsys.readouterr().out
    assert main(["dataset", "inspect", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 2
    assert main(["dataset", "view", out, "--out", str(page)]) == 0
    assert "data:image/jpeg;base64," in page.read_text()
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Its licence is that of MVHumanNet++" in card
