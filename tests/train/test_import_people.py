import json

import numpy as np
import pytest
import torch

import reimagine.synth
from reimagine.apps.cli import main
from reimagine.cameras.read import read_camera
from reimagine.errors import InputError
from reimagine.pictures import write_picture
from reimagine.synth.canon.dataset import damaged_shards, read_description
from reimagine.train.captures import find_people
from reimagine.train.import_people import import_people
from reimagine.train.scans import read_scan

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
    with pytest.raises(
        InputError, match=r"holds no MVHumanNet\+\+ people and no THuman-style scans"
    ):
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


@pytest.fixture
def scans(tmp_path):
    """A cube of side 1 whose texture is red below and green above."""
    folder = tmp_path / "scans" / "model" / "0001"
    folder.mkdir(parents=True)
    corners = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    quads = ["1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4"]
    lines = [f"v {x} {y} {z}\nvt {x} {0.25 + y / 2}" for x, y, z in corners]
    lines += ["f " + " ".join(f"{k}/{k}" for k in quad.split()) for quad in quads]
    (folder / "0001.obj").write_text("# cube\n" + "\n".join(lines))
    texture = torch.zeros(3, 64, 64)
    texture[1, :32], texture[0, 32:] = 1, 1
    write_picture(folder / "material0.png", texture)
    return tmp_path / "scans"


def test_scans_come_back_with_the_labels_of_their_surface(scans, tmp_path):
    np.savez(scans / "model/0001/smplx_param.npz", betas=np.ones((1, 10)))
    made = import_people(scans, str(tmp_path / "out"), size=SIZE, views=4, people_per_shard=4)
    assert made["licence"] == "that of THuman-style scans"
    samples = list(reimagine.synth.read(str(tmp_path / "out")))
    assert len(samples) == 4
    for one in samples:
        assert one.part is None
        assert one.facts["smplx_betas"] == [[1.0] * 10]
        assert one.depth_m.shape == (2, 160, 96)
        assert one.normals.shape == (2, 3, 160, 96)
        inside = one.depth_m[0] > 0
        thick = (one.depth_m[1] - one.depth_m[0])[inside]
        assert float(thick.min()) > -0.003  # millimetres are rounded
        assert 0.9 < float(thick.max()) < 1.75
        rows = (one.person[3] == 255).nonzero()[:, 0]
        seen = one.person[:, :, 48]
        assert seen[:2, int(rows.min()) + 2].tolist() == [0, 255]
        assert seen[:2, int(rows.max()) - 2].tolist() == [255, 0]


@pytest.mark.parametrize("text", ["v 0 0\nf 1 2 3", "v 0 0 0\nvt 0 0\nf 1/1 2/2 3/3", "hello"])
def test_a_mesh_that_is_none_is_refused(scans, text):
    (scans / "model/0001/0001.obj").write_text(text)
    with pytest.raises(InputError, match=r"0001\.obj is no textured mesh; expected lines v x y z"):
        read_scan(scans / "model/0001")


def test_a_scan_without_texture_is_refused(scans):
    (scans / "model/0001/material0.png").unlink()
    with pytest.raises(InputError, match="holds no texture; expected material0"):
        read_scan(scans / "model/0001")
