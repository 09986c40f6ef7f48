import json
from dataclasses import replace

import pytest
import torch

from reimagine.apps.score import main
from reimagine.errors import InputError
from reimagine.request import Request
from reimagine.request_json import to_json
from reimagine.scores.clip import Clip
from reimagine.video import write_video


def _pictures(count: int) -> list[torch.Tensor]:
    picture = torch.ones(3, 96, 64)
    picture[:, 20:80, 20:44] = torch.rand(3, 60, 24, generator=torch.Generator().manual_seed(0))
    return [picture.roll(k, 2) for k in range(count)]


def test_a_video_alone_is_scored_and_says_what_is_missing(tmp_path, capsys):
    write_video(tmp_path / "a.mp4", _pictures(5), 24)
    assert main(["--video", str(tmp_path / "a.mp4")]) == 0
    held = json.loads((tmp_path / "a-scores" / "scores.json").read_text())
    assert held["warping_error_optical"]["frames"]["mean"] > 0
    assert "Give --conditions" in capsys.readouterr().out
    assert (tmp_path / "a-scores" / "report.html").is_file()


def test_neither_or_both_of_run_and_video_are_refused():
    with pytest.raises(InputError, match="got neither of --run and --video"):
        main([])
    with pytest.raises(InputError, match="got both of --run and --video"):
        main(["--run", "a", "--video", "b"])


def test_conditions_without_a_video_are_refused():
    with pytest.raises(InputError, match="--conditions came without --video"):
        main(["--run", "a", "--conditions", "b"])


def test_real_pictures_without_a_network_are_refused():
    with pytest.raises(InputError, match="--real came without a network to compare by"):
        main(["--run", "a", "--real", "b"])


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(
    tmp_path, monkeypatch
):
    write_video(tmp_path / "a.mp4", _pictures(3), 24)
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr("reimagine.apps.score.score_clip", pytest.fail)
    with pytest.raises(InputError, match="file cannot be written"):
        main(["--video", str(tmp_path / "a.mp4"), "--out", str(tmp_path / "file")])
    assert (tmp_path / "file").read_bytes() == b""


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        main(["--run", str(tmp_path / "none")])
    with pytest.raises(InputError, match="There is no folder nowhere"):
        main(["--run", str(tmp_path), "--against", "nowhere"])
    with pytest.raises(InputError, match="is no run folder and holds none"):
        main(["--run", str(tmp_path)])


def test_a_video_of_another_length_than_its_conditions_is_refused(tmp_path):
    write_video(tmp_path / "a.mp4", _pictures(3), 24)
    (tmp_path / "run").mkdir()
    asked = {"command": "generate", **to_json(Request())}
    (tmp_path / "run" / "request.json").write_text(json.dumps(asked))
    with pytest.raises(InputError, match=r"a\.mp4 has 3 frames and --conditions .* 48"):
        main(["--video", str(tmp_path / "a.mp4"), "--conditions", str(tmp_path / "run")])


def test_a_run_that_is_not_finished_is_refused(tmp_path):
    asked = {"command": "generate", **to_json(Request())}
    (tmp_path / "frames").mkdir()
    (tmp_path / "request.json").write_text(json.dumps(asked))
    with pytest.raises(InputError, match="holds 0 of 48 frames"):
        main(["--run", str(tmp_path)])


def test_runs_of_two_lengths_are_not_compared(tmp_path, monkeypatch):
    write_video(tmp_path / "a.mp4", _pictures(3), 24)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "request.json").write_text("{}")
    pictures = _pictures(4)
    other = Clip(name="run", frames=4, fps=24.0, painted=lambda frame: pictures[frame])
    monkeypatch.setattr("reimagine.apps.score.run_clip", lambda _, **_how: other)
    asked = ["--video", str(tmp_path / "a.mp4"), "--against", str(tmp_path / "run")]
    with pytest.raises(InputError, match=r"a\.mp4 has 3 frames and run 4; expected clips of one"):
        main(asked)
    pictures.pop()
    monkeypatch.setattr("reimagine.apps.score.run_clip", lambda _, **_how: replace(other, frames=3))
    assert main([*asked, "--out", str(tmp_path / "both")]) == 0
    assert "a.mp4 against run" in (tmp_path / "both" / "report.html").read_text()


def test_runs_of_normals_paint_nobody(tmp_path):
    (tmp_path / "request.json").write_text('{"command": "normals"}')
    with pytest.raises(InputError, match="paints nobody"):
        main(["--run", str(tmp_path)])


def test_a_video_equals_itself_as_truth(tmp_path):
    write_video(tmp_path / "a.mp4", _pictures(3), 24)
    assert main(["--video", str(tmp_path / "a.mp4"), "--truth", str(tmp_path / "a.mp4")]) == 0
    held = json.loads((tmp_path / "a-scores" / "scores.json").read_text())["fidelity"]
    assert held["psnr_db"]["mean"] == 100
    assert held["ssim"]["mean"] == pytest.approx(1)
    assert "fidelity.ssim" in (tmp_path / "a-scores" / "report.html").read_text()


def test_noise_lowers_likeness_to_the_truth(tmp_path):
    generator = torch.Generator().manual_seed(1)
    noisy = [
        (p + 0.2 * torch.randn(p.shape, generator=generator)).clamp(0, 1) for p in _pictures(3)
    ]
    write_video(tmp_path / "a.mp4", noisy, 24)
    write_video(tmp_path / "true.mp4", _pictures(3), 24)
    assert main(["--video", str(tmp_path / "a.mp4"), "--truth", str(tmp_path / "true.mp4")]) == 0
    held = json.loads((tmp_path / "a-scores" / "scores.json").read_text())["fidelity"]
    assert held["psnr_db"]["mean"] < 30
    assert held["ssim"]["mean"] < 0.95


def test_truth_that_does_not_fit_is_refused(tmp_path):
    write_video(tmp_path / "a.mp4", _pictures(3), 24)
    write_video(tmp_path / "long.mp4", _pictures(4), 24)
    write_video(tmp_path / "wide.mp4", [p.repeat(1, 1, 2) for p in _pictures(3)], 24)
    asked = ["--video", str(tmp_path / "a.mp4"), "--truth"]
    with pytest.raises(InputError, match=r"has 4 pictures and a\.mp4 3 frames"):
        main([*asked, str(tmp_path / "long.mp4")])
    with pytest.raises(InputError, match="its true pictures 128x96"):
        main([*asked, str(tmp_path / "wide.mp4")])
    with pytest.raises(InputError, match="Give --truth a folder of PNG files or a video"):
        main([*asked, str(tmp_path / "none")])


def test_what_was_refined_from_elsewhere_is_scored_as_a_video(tmp_path):
    asked = {"command": "refine", "run": None, "from_video": "a.mp4"}
    (tmp_path / "request.json").write_text(json.dumps(asked))
    with pytest.raises(InputError, match=r"no body is known; .* Give --video .*video\.mp4"):
        main(["--run", str(tmp_path)])


def test_runs_of_two_lengths_are_told_apart_before_they_are_measured(tmp_path, monkeypatch):
    for name, frames in (("a", 3), ("b", 4)):
        (tmp_path / name).mkdir()
        asked = {"command": "generate", "clip": {"frames": frames}}
        (tmp_path / name / "request.json").write_text(json.dumps(asked))
    monkeypatch.setattr("reimagine.apps.score.run_clip", pytest.fail)
    with pytest.raises(InputError, match=r"has 3 frames and .* 4; expected clips of one length"):
        main(["--run", str(tmp_path / "a"), "--against", str(tmp_path / "b")])
