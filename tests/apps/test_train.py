"""`reimagine train` as it is typed."""

import os
import sys

import pytest

from reimagine.apps.cli import main


def test_help_names_the_flags_and_needs_no_torch(capsys):
    assert main(["train"]) == 0
    assert "reimagine train lora --data" in capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        main(["train", "lora", "--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    for flag in ("--data", "--base", "--train-controlnet", "--sample-every"):
        assert flag in shown


def test_a_library_that_finds_no_memory_is_not_said_to_be_missing(capsys, monkeypatch, tmp_path):
    class Full:
        def find_spec(self, name, *_):
            if name == "reimagine.train.lora":
                raise ImportError("libx.so: failed to map segment from shared object")

    monkeypatch.delitem(sys.modules, "reimagine.train.lora", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Full(), *sys.meta_path])
    assert main(["train", "lora", "--data", str(tmp_path)]) == 2
    assert "memory ran out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lorra"], "train 'lorra' is unknown; expected train lora. Did you mean train lora?"),
        (["lora"], "train lora got no --data"),
        (["lora", "--data", "x", "--stepps", "3"], "Did you mean --steps?"),
        (["lora", "--data", "x", "--steps", "0"], "--steps is 0; expected a number from 1"),
        (["lora", "--data", "x"], "--data x is no folder; expected"),
        (
            ["lora", "--data", os.curdir, "--base", os.devnull],
            "--base /dev/null has no folder FLUX.1",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_one_line(capsys, arguments, said):
    assert main(["train", *arguments]) == 2
    heard = capsys.readouterr().err
    assert said in heard
    assert heard.count("\n") == 1
