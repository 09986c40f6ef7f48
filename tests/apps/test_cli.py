import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reimagine.apps.cli import main
from reimagine.apps.flags import read_flags
from reimagine.errors import InputError
from reimagine.request import Clip, PersonRequest, Request
from reimagine.request_json import from_json, read_request_file, to_json
from reimagine.settings import Lora, Photos, View

COMMANDS = ("generate", "normals", "person", "refine", "score", "motion", "backends")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == main([]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {command} " in out for command in COMMANDS)


@pytest.mark.parametrize("command", ["generate", "normals", "person", "refine"])
def test_help_does_not_wait_for_torch(command: str):
    code = (
        "import sys\n"
        "from reimagine.apps.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'warp', 'scipy', 'cv2', 'av'} & sys.modules.keys()\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, command, "--help"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "--out" in ran.stdout


@pytest.mark.parametrize("command", ["motion", "backends"])
def test_small_commands_have_help_too(command: str, capsys: pytest.CaptureFixture[str]):
    assert main([command, "--help"]) == 0
    assert f"usage: reimagine {command}" in capsys.readouterr().out


def test_flags_are_flat_and_the_view_may_be_named():
    flags = ["--front", "a.jpg", "--frames", "5", "--view.radius-m", "2", "--turns", "0.5"]
    request = read_flags(Request, "generate", [*flags, "--seed", "3"])
    view = View(radius_m=2.0, turns=0.5)
    assert request == Request(photos=Photos(front="a.jpg"), clip=Clip(frames=5, view=view), seed=3)


def test_flags_win_over_the_request_file(tmp_path: Path):
    asked = Request(
        photos=Photos(person="alex"), clip=Clip(frames=9, view=View(margin=0.2)), seed=4
    )
    (tmp_path / "r.json").write_text(json.dumps({"command": "generate", **to_json(asked)}))
    request = read_flags(
        Request, "generate", ["--request", str(tmp_path / "r.json"), "--frames", "7"]
    )
    assert request.clip == Clip(frames=7, view=View(margin=0.2))
    assert (request.photos.person, request.seed) == ("alex", 4)
    assert read_flags(Request, "generate", [f"--request={tmp_path / 'r.json'}"]) == asked


def test_a_request_survives_json():
    asked = Request(
        photos=Photos(front="a", back="b"), clip=Clip(fps=12.5, view=View(focal_mm=50.0))
    )
    assert from_json(Request, json.loads(json.dumps(to_json(asked))), "here") == asked


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"clipp": {}}, "Did you mean clip"),
        ({"clip": {"frame": 3}}, "Did you mean frames"),
        ({"clip": {"frames": "many"}}, 'clip: frames is "many"; expected a whole number'),
        ({"clip": {"frames": True}}, "expected a whole number"),
        ({"clip": 3}, "holds 3; expected an object"),
        ({"photos": {"front": 3}}, "expected a text or nothing"),
        ([], "expected an object"),
    ],
)
def test_a_request_file_that_does_not_fit_is_refused(tmp_path: Path, content: object, says: str):
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        read_request_file(Request, tmp_path / "r.json")
    assert says in str(caught.value)
    assert "r.json" in str(caught.value)


def test_a_request_file_must_be_there_and_be_json(tmp_path: Path):
    with pytest.raises(InputError, match="There is no request file"):
        read_request_file(Request, tmp_path / "none.json")
    (tmp_path / "r.json").write_text("{")
    with pytest.raises(InputError, match="is no JSON from line 1, column 2 on"):
        read_request_file(Request, tmp_path / "r.json")
    (tmp_path / "r.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputError, match="is no text; expected a JSON file"):
        read_request_file(Request, tmp_path / "r.json")
    with pytest.raises(InputError, match=r"is a folder; .* A run's is .*request\.json"):
        read_request_file(Request, tmp_path)
    with pytest.raises(InputError, match="--request came without a file"):
        read_flags(Request, "generate", ["--request"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["generates"], "Did you mean generate"),
        (["dance"], "See reimagine --help"),
        (["generate"], "--person alex"),
        (["generate", "--person", "alex", "--frames", "0"], "--frames is 0"),
        (["normals", "--motion", "wlak"], "Did you mean walk"),
        (["refine", "--run", "nowhere"], "is no run folder"),
        (["motion", "inspect"], "expected reimagine motion inspect FILE"),
        (["motion", "play", "a"], "expected motion inspect or motion convert"),
        (["motion", "inspct", "a"], "Did you mean inspect"),
        (["motion", "inspect", "none.npz"], "there is no file none.npz"),
        (["motion", "inspect", "wak"], "Did you mean walk"),
        (["generate", "--person", ""], "--person is ''; expected alex, sam"),
        (
            ["generate", "--person", "alex", "--prompt", "a knight"],
            "--prompt came with --image atlas",
        ),
        (["normals", "--seconds", "3"], "For 3 s give --frames 72"),
        (["normals", "--radius-m", "-1"], "--radius-m is -1; expected a number above 0. Give"),
        (
            ["generate", "--person", "alex", "--image", "no_module:make"],
            "expected a module that Python finds. Install it, or put its folder into PYTHONPATH",
        ),
        (["generate", "--plan", "--image", "flux-kontext", "--keyframes", "0"], "--keyframes is 0"),
        (["study", "taly", "a.json"], "Did you mean reimagine study tally?"),
        (["study", "nowhere", "elsewhere"], "There is no folder nowhere; expected a run"),
        (["study", "tally", "answers-*.json"], "There is no file answers-*.json"),
        (["train", "--data", "x"], "Did you mean train lora?"),
        (["score", "--run", "nowhere"], "There is no folder nowhere"),
        (["score", "--video", "nowhere.mp4"], "There is no video nowhere.mp4"),
        (["motion", "convert", "walk", "/dev/null/walk.npz"], "does not exist"),
        (["motion", "convert", "walk", "/proc/walk.npz"], "cannot be written"),
        (["backends", "all"], "expected no arguments"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("reimagine: ")
    assert says in err
    assert err.count("\n") == 1


def test_normals_end_to_end_say_where_the_video_lies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "run"
    flags = ["--frames", "2", "--size", "32x48", "--motion", "apose", "--out", str(out)]
    assert main(["normals", *flags]) == 0
    said = capsys.readouterr()
    assert str(out / "video.mp4") in said.out
    assert "2 frames of 32x48" in said.err
    assert main(["normals", *flags, "--video", "png"]) == 2
    assert "--video was mp4, now png" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stop", "code", "says", "logged"),
    [
        (KeyboardInterrupt(), 130, "Run the same command again", "stopped by Ctrl-C"),
        (signal.SIGTERM, 143, "Run the same command again", "stopped by SIGTERM"),
        (RuntimeError("a bug"), 1, "our own fault", "a bug"),
        (RuntimeError("can't allocate memory"), 2, "a smaller --size", "memory ran out"),
    ],
    ids=str,
)
def test_what_stops_the_work_has_its_code_and_its_line_in_the_log(
    stop: BaseException | signal.Signals,
    code: int,
    says: str,
    logged: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    def fail(*_: object) -> None:
        if isinstance(stop, BaseException):
            raise stop
        os.kill(os.getpid(), stop)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("reimagine.pipeline.make_scene", fail)
    assert main(["normals", "--frames", "1", "--out", str(tmp_path / "run")]) == code
    err = capsys.readouterr().err
    assert says in err
    assert logged in (tmp_path / "run" / "log.txt").read_text()
    assert ("Traceback" in err) == (code == 1)
    assert signal.getsignal(signal.SIGTERM) == before


def test_memory_that_runs_out_where_there_is_no_run_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("reimagine.pipeline.find_person", fail)
    monkeypatch.setattr("reimagine.pipeline.check_person", lambda *_: None)
    assert main(["person", "--front", "a.png", "--out", str(tmp_path / "person")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_that_may_not_be_read_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    (tmp_path / "walk.npz").touch()

    def refuse(path: str, _: str | None) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("reimagine.scene.read_motion", refuse)
    assert main(["motion", "inspect", str(tmp_path / "walk.npz")]) == 2
    err = capsys.readouterr().err
    assert "walk.npz may not be read or written (Permission denied); expected" in err
    assert err.count("\n") == 1


def test_motions_are_inspected_and_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "walk.npz"
    assert main(["motion", "convert", "walk", str(out)]) == 0
    assert main(["motion", "inspect", str(out)]) == 0
    said = capsys.readouterr().out
    assert "at 24 per second" in said


def test_backends_lists_what_there_is(capsys: pytest.CaptureFixture[str]):
    assert main(["backends"]) == 0
    out = capsys.readouterr().out
    for name in ("atlas", "flux-kontext", "flow", "none", "anny", "smplx"):
        assert f"  {name}" in out


def test_backends_says_how_to_get_weights_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("REIMAGINE_WEIGHTS", str(tmp_path / "my weights"))
    assert main(["backends"]) == 0
    out = capsys.readouterr().out
    assert "accept its licence" in out
    assert "reimagine backends" not in out
    for model in ("FLUX.1-Kontext-dev", "FLUX.2-klein-4B"):
        assert f"hf download black-forest-labs/{model} --local-dir '{tmp_path}" in out


def test_a_plan_says_what_painting_costs_and_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    flags = ["generate", "--plan", "--out", str(tmp_path / "run"), "--image"]
    assert main([*flags, "flux-kontext", "--size", "800x1328", "--vram", "24"]) == 0
    out = capsys.readouterr().out
    assert "12962 tokens" in out
    assert "--vram 24: weights in 8 bits" in out
    assert not (tmp_path / "run").exists()
    assert main([*flags, "flux-kontext", "--keyframes", "4"]) == 0
    assert "one frame in 4 is painted" in capsys.readouterr().out
    assert main([*flags, "atlas"]) == 2
    assert "--image atlas, whose cost is not known" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        ["--lora", "a.safetensors", "--lora", "b.safetensors:0.5"],
        ["--lora=a.safetensors", "--seed", "3", "--lora", "b.safetensors:0.5"],
        ["--lora", "a.safetensors,b.safetensors:0.5"],
    ],
)
def test_a_lora_that_is_given_twice_counts_twice(flags):
    request = read_flags(Request, "generate", flags)
    assert request.image_model.loras == (
        Lora(path="a.safetensors"),
        Lora(path="b.safetensors", strength=0.5),
    )


def test_lora_strength_counts_for_those_without_their_own(tmp_path: Path):
    def loras(*flags: str) -> tuple[Lora, ...]:
        return read_flags(Request, "generate", [*flags]).image_model.loras

    assert loras() == (Lora(),)
    assert loras("--lora", "none") == ()
    assert loras("--lora-strength", "0.5") == (Lora(strength=0.5),)
    assert loras("--lora", "a:0.25,b", "--lora-strength", "0.5") == (
        Lora(path="a", strength=0.25),
        Lora(path="b", strength=0.5),
    )
    # A name with commas and colons, and one with a colon that is no strength.
    odd = tmp_path / "a,b:2"
    odd.touch()
    assert loras("--lora", str(odd)) == (Lora(path=str(odd)),)
    assert loras("--lora", "a:strong") == (Lora(path="a:strong"),)
    for wrong in ("a,none", "a,"):
        with pytest.raises(InputError, match=r"loras is .* beside others"):
            loras("--lora", wrong)


@pytest.mark.parametrize(
    "flags",
    [
        ["--photo", "a.jpg", "--seed", "3", "--photo=b.jpg"],
        ["--photo", "a.jpg", "b.jpg"],
    ],
)
def test_further_photos_may_be_given_again_and_again(flags):
    assert read_flags(Request, "generate", flags).photos.photo == ("a.jpg", "b.jpg")
    assert read_flags(Request, "generate", []).photos.photo == ()


@pytest.mark.parametrize(
    "flags", [["--detail", "visor", "--detail=glasses"], ["--detail", "visor", "glasses"]]
)
def test_details_may_be_given_again_and_again(flags):
    for kind, command in ((Request, "generate"), (PersonRequest, "person")):
        assert read_flags(kind, command, flags).photos.detail == ("visor", "glasses")


@pytest.mark.parametrize(
    "flags",
    [
        ["--photo-azimuth-deg", "90", "--seed", "3", "--photo-azimuth-deg=-90"],
        ["--photo-azimuth-deg=90", "--photo-azimuth-deg", "-90"],
        ["--photo-azimuth-deg", "90", "-90"],
    ],
)
def test_azimuths_of_further_photos_may_be_given_again_and_again(flags):
    assert read_flags(Request, "generate", flags).photos.photo_azimuth_deg == (90, -90)
    with pytest.raises(InputError, match="--photo-azimuth-deg is 'right'; expected a number"):
        read_flags(Request, "generate", ["--photo-azimuth-deg", "right"])


def test_a_further_photo_without_its_file_is_refused():
    with pytest.raises(InputError, match="--photo came without a value"):
        read_flags(Request, "generate", ["--photo", "--seed", "3"])


def test_further_photos_survive_json(tmp_path: Path):
    request = Request(photos=Photos(front="f.jpg", photo=("a.jpg", "b.jpg")))
    path = tmp_path / "r.json"
    path.write_text(json.dumps(to_json(request)))
    assert read_request_file(Request, path).photos == request.photos
    path.write_text('{"photos": {"photo": "a.jpg"}}')
    with pytest.raises(InputError, match=r'photo is "a\.jpg"; expected a list'):
        read_request_file(Request, path)
    path.write_text('{"photos": {"photo": [3]}}')
    with pytest.raises(InputError, match="number 1 is 3; expected a text"):
        read_request_file(Request, path)


def test_odd_names_reach_the_terminal_escaped_and_end_in_one_line():
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "LANG": "C"}
    name = b"no\xffsuch\x1b[2J\nreimagine: done"
    ran = subprocess.run(
        [sys.executable, "-m", "reimagine", "motion", "inspect", name],
        capture_output=True,
        check=False,
        env=environment,
    )
    assert ran.returncode == 2
    assert ran.stdout == b""
    assert ran.stderr.count(b"\n") == 1
    assert b"no\\udcffsuch\\x1b[2J" in ran.stderr
