import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reimagine.apps.cli import main
from reimagine.apps.flags import read_flags
from reimagine.apps.score_clips import run_clip, video_clip
from reimagine.checks import earlier_request
from reimagine.errors import InputError
from reimagine.request import Clip, RefineRequest, Request
from reimagine.request_json import read_request_file, to_json
from reimagine.settings import Photos
from reimagine.trust import module_names

REQUEST = Request(photos=Photos(person="alex"), clip=Clip(frames=1))
FOREIGN = [
    ("--image", replace(REQUEST, image="stranger:make")),
    ("--refiner", replace(REQUEST, refiner="stranger:make")),
    ("--matting", replace(REQUEST, photos=Photos(front="a.jpg", matting="stranger:make"))),
]


def run_folder(folder: Path, request: Request) -> Path:
    (folder / "frames").mkdir(parents=True)
    (folder / "frames" / "000000.png").write_bytes(b"painted")
    (folder / "request.json").write_text(json.dumps({"command": "generate", **to_json(request)}))
    return folder


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the module `stranger` makes when it is imported."""
    path = tmp_path / "ran"
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "stranger.py").write_text(
        f"import pathlib\npathlib.Path({str(path)!r}).touch()\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.delitem(sys.modules, "stranger", raising=False)
    return path


@pytest.mark.parametrize(("flag", "request_of_file"), FOREIGN)
def test_code_that_a_file_names_is_not_run(
    tmp_path: Path,
    ran: Path,
    capsys: pytest.CaptureFixture[str],
    flag: str,
    request_of_file: Request,
):
    run = run_folder(tmp_path / "run", request_of_file)
    for arguments in (
        ["refine", "--run", str(run), "--out", str(tmp_path / "out")],
        ["generate", "--request", f"{run}/request.json", "--out", str(tmp_path / "out")],
        ["score", "--run", str(run)],
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert f"request.json names stranger:make for {flag}, and code that a file names" in error
        assert error.count("\n") == 1
    assert not ran.exists()
    assert not (tmp_path / "out").exists()


def test_who_trusts_a_file_says_so(tmp_path: Path):
    for flag, request in FOREIGN:
        run = run_folder(tmp_path / flag, request)
        assert module_names(request) == {flag: "stranger:make"}
        trusting = RefineRequest(run=str(run), trust_modules=True)
        assert earlier_request(trusting).photos == request.photos
        file = ["--request", f"{run}/request.json"]
        assert read_flags(Request, "generate", [*file, "--trust-modules"]) == request
        own = read_flags(Request, "generate", [*file, flag, "mine:make"])
        assert module_names(own) == {flag: "mine:make"}
        with pytest.raises(InputError, match="Give --trust-modules"):
            run_clip(run)


def test_a_video_is_not_measured_by_code_that_a_run_names(tmp_path: Path, ran: Path):
    import torch

    from reimagine.video import write_video

    run = run_folder(tmp_path / "run", FOREIGN[2][1])
    write_video(tmp_path / "v.mp4", [torch.zeros(3, 32, 32)], 24.0)
    with pytest.raises(InputError, match="for --matting, and code that a file names"):
        video_clip(tmp_path / "v.mp4", str(run))
    assert not ran.exists()


def test_a_file_cannot_ask_to_be_trusted(tmp_path: Path):
    (tmp_path / "r.json").write_text('{"run": "a", "trust_modules": true}')
    with pytest.raises(InputError, match="'trust_modules' that means nothing here"):
        read_request_file(RefineRequest, tmp_path / "r.json")
    assert "trust_modules" not in to_json(RefineRequest(trust_modules=True))


def test_the_current_folder_is_not_searched_first(tmp_path: Path):
    (tmp_path / "difflib.py").write_text("raise SystemExit('of the current folder')\n")
    command = [sys.executable, "-m", "reimagine", "--version"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
