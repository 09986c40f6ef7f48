"""What version 0.1 wrote into request.json."""

import json
from pathlib import Path

import pytest

from reimagine.old_requests import converted
from reimagine.request import NormalsRequest, Request
from reimagine.request_json import read_request_file, to_json
from reimagine.runs import differences, read_request
from reimagine.settings import Lora

HERE = Path(__file__).parent / "data"


def old(name: str) -> dict[str, object]:
    return json.loads((HERE / name).read_text())


def test_a_run_folder_of_0_1_is_read(tmp_path: Path):
    (tmp_path / "request.json").write_text((HERE / "request_0_1.json").read_text())
    held = read_request(tmp_path)
    assert held.pop("command") == "generate"
    asked = read_request_file(Request, tmp_path / "request.json")
    assert asked.gender == 0.25
    assert asked.image_model.loras == (Lora(strength=0.5), Lora(path="b", strength=0.25))
    assert (asked.refinement.steps, asked.refinement.guard) == (6, False)
    assert differences(held, json.loads(json.dumps(to_json(asked)))) == []


def test_normals_of_0_1_keep_their_shape():
    clip = {"frames": 3, "shape": {"gender": 1.0, "age": 0.5}}
    new = converted({"clip": clip, "video": "mp4"})
    assert new == {"clip": {"frames": 3}, "shape": clip["shape"], "video": "mp4"}


@pytest.mark.parametrize("asked", [Request(), NormalsRequest()])
def test_today_s_requests_stay_as_they_are(asked: object):
    assert converted(to_json(asked)) == to_json(asked)
