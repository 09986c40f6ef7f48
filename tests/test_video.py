import itertools
from pathlib import Path

import av
import pytest
import torch
from av.error import PermissionError as DeniedError

from reimagine.errors import InputError
from reimagine.video import VIDEO_KINDS, contact_sheet, read_video, sheet_frames, write_video


def moving(
    channels: int = 3, frames: int = 5, height: int = 96, width: int = 64
) -> list[torch.Tensor]:
    """A soft saturated blob that walks over a coloured ground, with alpha where asked for."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    pictures: list[torch.Tensor] = []
    for frame in range(frames):
        blob = torch.exp(-((x - 20 - 4 * frame) ** 2 + (y - 48) ** 2) / 400)
        ground = torch.tensor([0.1, 0.4, 0.8])[:, None, None]
        rgb = ground + (torch.tensor([0.9, 0.2, 0.1])[:, None, None] - ground) * blob
        pictures.append(torch.cat([rgb, blob[None]])[:channels])
    return pictures


def written(folder: Path, pictures: list[torch.Tensor], kind: str, fps: float = 24.0) -> Path:
    path = folder / ("a" + VIDEO_KINDS[kind])
    write_video(path, iter(pictures), fps, kind)
    return path


@pytest.mark.parametrize(
    ("kind", "channels", "error"),
    [("mp4", 3, 0.012), ("webm", 3, 0.012), ("webm", 4, 0.02), ("lossless", 3, 0.002), ("lossless", 4, 0.002)],
)  # fmt: skip
def test_what_is_written_is_what_is_read(tmp_path: Path, kind: str, channels: int, error: float):
    pictures = moving(channels)
    footage = read_video(written(tmp_path, pictures, kind))
    got = list(footage.pictures)
    assert (footage.width, footage.height, footage.fps, len(got)) == (64, 96, 24.0, 5)
    for before, after in zip(pictures, got, strict=True):
        assert after.shape == before.shape
        if channels == 4:  # a colour that is not seen is nobody's business
            seen = before[3] > 0.5
            assert float((after - before)[:, seen].abs().mean()) < error
            assert float((after - before)[3].abs().max()) < 0.06
        else:
            assert float((after - before).abs().mean()) < error


def test_mp4_plays_in_a_browser(tmp_path: Path):
    path = written(tmp_path, moving(), "mp4")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), (
        "the index stands in front: playing starts at once"
    )
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert int(context.color_range) == 1


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_odd_sides_are_made_even_by_doubling_the_last_row_and_column(tmp_path: Path, kind: str):
    footage = read_video(written(tmp_path, moving(height=95, width=63), kind))
    first = next(footage.pictures)
    assert first.shape == (3, 96, 64)
    assert float((first[:, :95, :63] - moving(height=95, width=63)[0]).abs().mean()) < 0.012
    assert float((first[:, 95] - first[:, 94]).abs().mean()) < 0.02


def test_lossless_keeps_an_odd_size(tmp_path: Path):
    footage = read_video(written(tmp_path, moving(height=95, width=63), "lossless"))
    assert (footage.width, footage.height) == (63, 95)


@pytest.mark.parametrize("fps", [12.5, 23.976, 30.0, 60.0])
def test_the_frame_rate_is_kept(tmp_path: Path, fps: float):
    assert read_video(written(tmp_path, moving(), "mp4", fps)).fps == pytest.approx(fps, rel=1e-4)


def test_pictures_are_taken_one_at_a_time(tmp_path: Path):
    alive: list[int] = []

    def pictures():
        for index, picture in enumerate(moving(frames=30)):
            alive.append(index)
            yield picture

    write_video(tmp_path / "a.mp4", pictures(), 24)
    assert alive == list(range(30))


def test_mp4_refuses_alpha(tmp_path: Path):
    with pytest.raises(InputError, match="--video webm"):
        write_video(tmp_path / "a.mp4", moving(4), 24, "mp4")


def test_an_unknown_kind_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="expected one of mp4, webm, lossless, png"):
        write_video(tmp_path / "a.avi", moving(), 24, "avi")


def test_a_missing_video_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="There is no video"):
        read_video(tmp_path / "none.mp4")


def test_what_is_no_video_is_refused(tmp_path: Path):
    (tmp_path / "a.mp4").write_text("hello")
    with pytest.raises(InputError, match="is no video"):
        read_video(tmp_path / "a.mp4")


def test_the_sheet_shows_first_and_last_frame_and_what_lies_evenly_between():
    assert sheet_frames(5) == [0, 1, 2, 3, 4]
    chosen = sheet_frames(48)
    steps = {b - a for a, b in itertools.pairwise(chosen)}
    assert (len(chosen), chosen[0], chosen[-1]) == (12, 0, 47)
    assert max(steps) - min(steps) <= 1


def test_the_sheet_crops_what_all_pictures_leave_plain():
    pictures = [torch.ones(3, 200, 100) for _ in range(4)]
    for index, picture in enumerate(pictures):
        picture[:, 50:150, 30 + 5 * index : 50 + 5 * index] = 0
    sheet = contact_sheet(pictures, columns=4)
    air = 200 // 40
    tile_height, tile_width = 100 + 2 * air, 35 + 2 * air
    assert sheet.shape == (3, tile_height + 8, 4 * (tile_width + 4) + 4)
    assert float((sheet == 0).all(0).sum()) == 4 * 100 * 20


def test_a_sheet_of_plain_pictures_shows_them_whole():
    assert contact_sheet([torch.full((3, 40, 30), 0.5)] * 2).shape == (3, 48, 72)


def test_a_sheet_of_large_pictures_stays_a_page_wide():
    generator = torch.Generator().manual_seed(0)
    pictures = [torch.rand(3, 300, 900, generator=generator) for _ in range(12)]
    assert contact_sheet(pictures).shape[2] <= 1920


def test_a_video_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "v.mp4").touch()

    def refuse(*_: object) -> None:
        raise DeniedError(13, "Permission denied", str(tmp_path / "v.mp4"))

    monkeypatch.setattr("av.open", refuse)
    with pytest.raises(InputError, match=r"v\.mp4 may not be read"):
        read_video(tmp_path / "v.mp4")
