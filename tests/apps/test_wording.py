import json
from pathlib import Path

import pytest

from reimagine.apps.cli import BAD_INPUT, main
from reimagine.apps.wording import flag_of, place_of, words_for
from reimagine.errors import InputError
from reimagine.request import Request

ERROR = InputError("`size` is 5x5; expected more than `control_scale`. Give `refinement.steps` 8.")


def test_an_error_as_a_string_names_fields_without_marks():
    assert str(ERROR) == "size is 5x5; expected more than control_scale. Give refinement.steps 8."


def test_the_command_line_names_fields_as_flags():
    assert ERROR.worded(flag_of) == (
        "--size is 5x5; expected more than --control-scale. Give --refine-steps 8."
    )


def test_marks_around_what_is_no_field_stay():
    assert str(InputError("Run `reimagine person` with `size`.")) == (
        "Run `reimagine person` with size."
    )


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("size", "clip.size"),
        ("clip.size", "clip.size"),
        ("seed", "seed"),
        ("radius_m", "clip.view.radius_m"),
    ],
)
def test_a_request_file_names_fields_by_their_place(field: str, place: str):
    assert place_of(Request, field) == place


def test_flags_beside_a_request_file_keep_their_names():
    word = words_for(Request, ["generate", "--request", "a.json", "--size=5x5"])
    assert (word("size"), word("fps")) == ("--size", "clip.fps")
    assert words_for(Request, ["generate", "--size", "5x5"])("fps") == "--fps"


def test_the_command_says_where_in_the_file_a_value_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "request.json"
    file.write_text(json.dumps({"clip": {"size": "5x5"}}))
    assert main(["normals", "--request", str(file), "--out", str(tmp_path / "run")]) == BAD_INPUT
    assert "clip.size is '5x5'" in capsys.readouterr().err
    assert main(["normals", "--size", "5x5", "--out", str(tmp_path / "run")]) == BAD_INPUT
    assert "--size is '5x5'" in capsys.readouterr().err
