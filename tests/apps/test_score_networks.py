"""`reimagine score` with networks of the user's: tiny ones here."""

import json

import pytest
import torch
from torch import Tensor, nn

from reimagine.apps.score import main
from reimagine.errors import InputError
from reimagine.pictures import write_picture
from reimagine.video import write_video

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class Mean(nn.Module):
    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.flatten(2).mean(dim=2)


class Apart(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (a - b).abs().mean(dim=(1, 2, 3))


def _pictures(count: int, brightness: float = 1.0) -> list[Tensor]:
    """A grey block on white, another grey each time."""
    generator = torch.Generator().manual_seed(0)
    pictures = []
    for grey in torch.rand(count, 3, generator=generator) * 0.8 * brightness:
        picture = torch.ones(3, 64, 48)
        picture[:, 16:48, 12:36] = grey[:, None, None]
        pictures.append(picture)
    return pictures


@pytest.fixture
def folder(tmp_path):
    torch.jit.script(Mean()).save(str(tmp_path / "mean.pt"))
    torch.jit.script(Apart()).save(str(tmp_path / "apart.pt"))
    write_video(tmp_path / "a.mp4", _pictures(50), 24)
    (tmp_path / "real").mkdir()
    for k, picture in enumerate(_pictures(50, brightness=0.5)):
        write_picture(tmp_path / "real" / f"{k:03}.png", picture)
    return tmp_path


def _perceptual(folder, *flags: str) -> dict:
    assert main(["--video", str(folder / "a.mp4"), *flags]) == 0
    return json.loads((folder / "a-scores" / "scores.json").read_text())["perceptual"]


def test_fid_and_kid_tell_darker_pictures_from_equal_ones(folder):
    weights = ["--fid-weights", str(folder / "mean.pt"), "--real"]
    darker = _perceptual(folder, *weights, str(folder / "real"))
    (folder / "same").mkdir()
    for k, picture in enumerate(_pictures(50)):
        write_picture(folder / "same" / f"{k:03}.png", picture)
    equal = _perceptual(folder, *weights, str(folder / "same"))
    for name in ("fid", "kid"):
        assert darker[name]["mean"] > 10 * abs(equal[name]["mean"])
    assert "perceptual.fid" in (folder / "a-scores" / "report.html").read_text()
    assert "perceptual.kid" in (folder / "a-scores" / "scores.md").read_text()


def test_fid_is_left_out_with_a_note_where_there_are_enough_pictures_for_kid_alone(folder, capsys):
    class Wide(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            return pictures.mean(dim=1).flatten(1)[:, :64]

    torch.jit.script(Wide()).save(str(folder / "wide.pt"))
    flags = ["--fid-weights", str(folder / "wide.pt"), "--real", str(folder / "real")]
    held = _perceptual(folder, *flags)
    assert "kid" in held
    assert "fid" not in held
    assert "FID got 50 pictures; expected at least 65" in capsys.readouterr().out


def test_too_few_pictures_are_refused_with_the_number_needed(folder):
    write_video(folder / "short.mp4", _pictures(20), 24)
    asked = ["--video", str(folder / "short.mp4"), "--fid-weights", str(folder / "mean.pt")]
    with pytest.raises(InputError, match="KID got 20 pictures; expected at least 50"):
        main([*asked, "--real", str(folder / "real")])


def test_fvd_needs_real_videos_and_enough_clips(folder):
    asked = ["--video", str(folder / "a.mp4"), "--fvd-weights", str(folder / "mean.pt")]
    with pytest.raises(InputError, match=r"holds no \.mp4"):
        main([*asked, "--real", str(folder / "real")])
    write_video(folder / "real" / "b.mp4", _pictures(80), 24)
    with pytest.raises(InputError, match="FVD got 3 clips of 16 frames; expected at least 4"):
        main([*asked, "--real", str(folder / "real")])
    write_video(folder / "a.mp4", _pictures(80), 24)
    same = _perceptual(folder, *asked[2:], "--real", str(folder / "real"))
    # Of so few clips the covariance is singular: its root makes 1e-4 of features that differ by float32's last digits.
    assert same["fvd"]["mean"] == pytest.approx(0, abs=1e-3)
    write_video(folder / "real" / "b.mp4", _pictures(80, brightness=0.5), 24)
    darker = _perceptual(folder, *asked[2:], "--real", str(folder / "real"))
    assert darker["fvd"]["mean"] > 0.01


def test_sets_without_real_pictures_are_refused(folder):
    asked = ["--video", str(folder / "a.mp4"), "--fid-weights", str(folder / "mean.pt")]
    with pytest.raises(InputError, match="expected --real"):
        main(asked)
    with pytest.raises(InputError, match="is no folder"):
        main([*asked, "--real", str(folder / "none")])


def test_lpips_is_of_the_person_and_the_truth(folder):
    write_video(folder / "true.mp4", _pictures(50, brightness=0.5), 24)
    weights = ["--lpips-weights", str(folder / "apart.pt"), "--truth"]
    equal = _perceptual(folder, *weights, str(folder / "a.mp4"))
    darker = _perceptual(folder, *weights, str(folder / "true.mp4"))
    assert equal["lpips_truth"]["mean"] == pytest.approx(0, abs=1e-6)
    assert darker["lpips_truth"]["mean"] > 0.1
    assert len(darker["lpips_truth"]["values"]) == 50


def test_lpips_without_anything_to_compare_with_is_refused(folder):
    asked = ["--video", str(folder / "a.mp4"), "--lpips-weights", str(folder / "apart.pt")]
    with pytest.raises(InputError, match="Give truth"):
        main(asked)


def test_identity_of_an_unknown_person_is_refused(folder):
    asked = ["--video", str(folder / "a.mp4"), "--identity-weights", str(folder / "mean.pt")]
    with pytest.raises(InputError, match="whose person is not known"):
        main(asked)


def test_a_file_that_is_absent_is_refused_before_anything_is_measured(folder):
    asked = ["--video", str(folder / "a.mp4"), "--lpips-weights", str(folder / "none.pt")]
    with pytest.raises(InputError, match=r"lpips_weights .* is no file"):
        main(asked)
