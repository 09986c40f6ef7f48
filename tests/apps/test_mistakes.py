from dataclasses import dataclass, field

import pytest

from reimagine.apps.cli import main
from reimagine.apps.flags import parse_flags
from reimagine.errors import InputError
from reimagine.request import Request


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["generate", "--fron", "a.jpg"],
            "generate got --fron, which is none of its flags. Did you mean --front?",
        ),
        (["generate", "--zzzz"], "which is none of its flags. See reimagine generate --help"),
        (["generate", "-f", "a.jpg"], "got -f, which is none of its flags"),
        (["generate", "--front"], "--front came without a value; expected a name"),
        (["generate", "--front", "--back", "a.jpg"], "--front came without a value"),
        (
            ["generate", "my", "photo.jpg"],
            "got 'my', which belongs to no flag. Put names with spaces in quotes",
        ),
        (["generate", "--loop=yes"], "--loop got 'yes'; expected no value. Give --loop alone"),
        (
            ["generate", "--frames", "many"],
            "--frames is 'many'; expected a whole number, for example --frames 48",
        ),
        (["generate", "--frames=2.5"], "--frames is '2.5'; expected a whole number"),
        (
            ["generate", "--view.fov-y-deg", "wide"],
            "--fov-y-deg is 'wide'; expected a number, for example --fov-y-deg 28.0",
        ),
        (["generate", "--height_m", "tall"], "--height_m is 'tall'; expected a number"),
        (["normals", "--front", "a.jpg"], "normals got --front, which is none of its flags"),
        (["person", "--outt", "p"], "Did you mean --out?"),
        (["refine", "--refinr", "flow", "--run", "r"], "Did you mean --refiner?"),
        (
            ["refine", "runs/a"],
            "got 'runs/a', which belongs to no flag. Did you mean --run runs/a?",
        ),
        (["score", "runs/a"], "Did you mean --run runs/a?"),
        (["score", "--run", "runs/a", "b"], "got 'b', which belongs to no flag. Put names with"),
        (["score", "--trut", "1"], "Did you mean --truth?"),
        (["study", "a", "b", "--seed", "x"], "--seed is 'x'; expected a whole number"),
        (["study", "one"], "study got 1 names; expected 2. Such as: reimagine study runs/a"),
        (["generate", "--hlep"], "Did you mean --help?"),
        (["study", "one", "two", "three"], "study got 'three', which belongs to no flag"),
        (["study", "one", "two", "--questoin", "?"], "Did you mean --question?"),
        (["motion", "--frames", "3"], "expected motion inspect or motion convert"),
    ],
)
def test_a_wrong_flag_is_one_line_and_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
):
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("reimagine: ")
    assert says in said.err
    assert (said.err.count("\n"), said.out) == (1, "")


@pytest.mark.parametrize("command", ["generate", "normals", "person", "refine", "score", "study"])
def test_help_is_help_whatever_else_is_given(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main([command, "--nothing", "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr()
    assert f"usage: reimagine {command}" in said.out
    assert said.err == ""


def test_what_is_right_passes():
    for line in (
        "",
        "--front a.jpg --frames 3 --loop --fps 12.5 --seed -1",
        "--azimuth-deg -30 --turns=-1 --front_mask m.png --side-by-side",
    ):
        parse_flags(Request, "generate", str(line).split())


@dataclass(frozen=True)
class _Pair:
    """Two numbers."""

    must: int
    """To be given."""
    lens: tuple[float, float] = field(default=(1.0, 2.0))
    """Two in a row, without a flag."""


def test_what_a_request_file_sets_need_not_be_given():
    with pytest.raises(InputError, match="got no --must"):
        parse_flags(_Pair, "pair", ["1", "2"])
    assert parse_flags(_Pair, "pair", ["3", "4"], default=_Pair(must=7)) == _Pair(
        must=7, lens=(3.0, 4.0)
    )
