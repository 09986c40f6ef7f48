from dataclasses import dataclass, field

import pytest

from reimagine.apps.cli import main
from reimagine.apps.flags import read_flags
from reimagine.apps.help import help_text
from reimagine.request import NormalsRequest, PersonRequest, RefineRequest, Request
from reimagine.settings import ImageModel, Photos, Refinement


@dataclass(frozen=True)
class _Lens:
    """How it looks."""

    width_mm: float = 50.0
    """Wide or
    narrow."""


@dataclass(frozen=True)
class _Asked:
    """A picture of something."""

    front: str
    """What is seen."""
    lens: _Lens = field(default_factory=_Lens)
    times: int = 1
    """How often."""
    sharp: bool = True
    """Whether it is."""
    name: str | None = None
    """Whose it is. Default: nobody's."""


def test_help_has_every_flag_with_its_words_and_its_default():
    text = help_text(_Asked, "snap", about="That is all.")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in (
        "usage: reimagine snap [flags]",
        "A picture of something.",
        "How it looks:",
        "--width-mm NUMBER Wide or narrow. (default 50)",
        "--front PATH What is seen.",
        "--times N How often. (default 1)",
        "--no-sharp Whether it is.",
        "--name VALUE Whose it is. Default: nobody's.",
        "That is all.",
    ):
        assert line in lines


def test_help_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "60")
    text = help_text(PersonRequest, "person").split("\n", 1)[1]
    assert max(map(len, text.splitlines())) <= 60


def test_flags_for_models_with_weights_are_told_when_asked_for(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["generate", "--help"])
    assert caught.value.code == 0
    short = capsys.readouterr().out
    assert "reimagine generate --help-all" in short
    with pytest.raises(SystemExit):
        main(["generate", "--help-all"])
    whole = capsys.readouterr().out
    names = {*ImageModel.__dataclass_fields__} - {"loras"} | {"lora", "lora_strength"}
    names |= {f"refine_{name}" for name in Refinement.__dataclass_fields__}
    for name in names:
        flag = name.replace("_", "-")
        assert f"  --{flag} " in whole or f"  --{flag}\n" in whole or f"  --no-{flag}" in whole
        assert f"  --{flag} " not in short
    for name in Photos.__dataclass_fields__:
        assert f"  --{name.replace('_', '-')} " in short


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (Request, "generate"),
        (NormalsRequest, "normals"),
        (PersonRequest, "person"),
        (RefineRequest, "refine"),
    ],
)
def test_the_example_that_help_begins_with_is_understood(kind: type, command: str):
    first = help_text(kind, command).splitlines()[0]
    words = first.removeprefix(f"usage: reimagine {command} ").split()
    assert isinstance(read_flags(kind, command, words), kind)


def test_what_is_on_can_be_turned_off_and_what_a_file_turned_on_too(tmp_path):
    assert read_flags(Request, "generate", []).refinement.guard
    off = read_flags(Request, "generate", ["--no-refine-guard"])
    assert not off.refinement.guard
    assert read_flags(Request, "generate", ["--refine-guard"]).refinement.guard
    (tmp_path / "r.json").write_text('{"side_by_side": true}')
    file = ["--request", str(tmp_path / "r.json")]
    assert read_flags(Request, "generate", file).side_by_side
    assert read_flags(Request, "generate", [*file, "--side-by-side"]).side_by_side
    assert not read_flags(Request, "generate", [*file, "--no-side-by-side"]).side_by_side
