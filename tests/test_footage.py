from pathlib import Path

import pytest
import torch

from reimagine.errors import InputError
from reimagine.footage import pictures_in
from reimagine.pictures import read_picture, write_picture
from reimagine.pipeline import refine_run
from reimagine.request import RefineRequest
from reimagine.video import read_video, write_video

FRAMES = 6


def clip() -> torch.Tensor:
    """A texture that slides, with noise that is another in each frame."""
    chance = torch.Generator().manual_seed(1)
    coarse = torch.rand(1, 3, 24, 40, generator=chance)
    wide = torch.nn.functional.interpolate(coarse, (96, 160), mode="bicubic")[0].clamp(0.1, 0.9)
    sliding = torch.stack([wide[:, :, k : k + 128] for k in range(FRAMES)])
    return (sliding + 0.04 * torch.randn(sliding.shape, generator=chance)).clamp(0, 1)


def flicker(pictures: torch.Tensor) -> float:
    """Mean squared change along the true motion, one pixel a frame."""
    change = pictures[1:, :3, :, :-1] - pictures[:-1, :3, :, 1:]
    return float(change[:, :, 8:-8, 8:-8].square().mean())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "shots"
    place.mkdir()
    for k, picture in enumerate(clip()):
        write_picture(place / f"shot{k + 7}.png", picture)
    return place


def test_a_folder_of_pictures_is_steadied_and_left_as_it_is(folder: Path):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = refine_run(RefineRequest(frames_dir=str(folder), fps=12.0))
    assert result.folder == folder.with_name("shots-flow")
    assert result.frames == FRAMES
    refined = torch.stack([read_picture(p) for p in pictures_in(result.folder / "refined")])
    assert flicker(refined) < 0.4 * flicker(clip())
    assert result.video is not None
    assert read_video(result.video).fps == 12
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_stopped_run_goes_on_to_the_same_pictures(folder: Path):
    request = RefineRequest(frames_dir=str(folder), video="png")
    out = refine_run(request).folder
    whole = [path.read_bytes() for path in pictures_in(out / "refined")]
    for k in (4, 5):
        (out / f"refined/{k:06d}.png").unlink()
    refine_run(request)
    assert [path.read_bytes() for path in pictures_in(out / "refined")] == whole


def test_a_video_is_steadied_at_its_own_rate(tmp_path: Path):
    write_video(tmp_path / "theirs.mkv", clip(), 30.0, "lossless")
    result = refine_run(RefineRequest(from_video=str(tmp_path / "theirs.mkv"), refiner="none"))
    assert result.folder == tmp_path / "theirs-none"
    assert result.video is not None
    footage = read_video(result.video)
    assert (footage.fps, footage.width, footage.height) == (30, 128, 96)
    assert len(list(footage.pictures)) == FRAMES


def test_numbers_in_names_count_by_value(folder: Path):
    assert [path.stem for path in pictures_in(folder)][:4] == ["shot7", "shot8", "shot9", "shot10"]


def test_frames_of_two_sizes_are_refused(folder: Path):
    write_picture(folder / "shot9.png", torch.zeros(3, 80, 100))
    with pytest.raises(InputError, match="frame 2 is 100x80 and frame 0 is 128x96; expected one"):
        refine_run(RefineRequest(frames_dir=str(folder)))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "Got nothing to refine"),
        ({"run": "a", "from_video": "b"}, "run came together with from_video"),
        ({"frames_dir": "nowhere"}, "frames_dir nowhere is no folder"),
        ({"from_video": "nowhere.mp4"}, "There is no video nowhere.mp4"),
    ],
)
def test_what_cannot_be_refined_is_refused(asked: dict[str, str], says: str):
    with pytest.raises(InputError, match=says):
        refine_run(RefineRequest(**asked))  # pyright: ignore[reportArgumentType]


def test_one_picture_is_no_clip(tmp_path: Path):
    (tmp_path / "one").mkdir()
    write_picture(tmp_path / "one/a.png", torch.zeros(3, 64, 64))
    with pytest.raises(InputError, match=r"holds 1 pictures .* expected at least 2"):
        refine_run(RefineRequest(frames_dir=str(tmp_path / "one")))


def test_a_background_that_is_none_is_refused_before_frames_are_read(folder: Path, tmp_path: Path):
    asked = RefineRequest(frames_dir=str(folder), background="blurple", out=str(tmp_path / "out"))
    with pytest.raises(InputError, match="background is 'blurple'; expected white"):
        refine_run(asked)
    assert not (tmp_path / "out").exists()


def test_a_frame_rate_that_is_none_is_refused(folder: Path):
    with pytest.raises(InputError, match="fps is 0; expected more than 0"):
        refine_run(RefineRequest(frames_dir=str(folder), fps=0.0))
