from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from av.error import PermissionError as DeniedError
from torch.nn.functional import interpolate

from reimagine.errors import InputError
from reimagine.pictures import over
from reimagine.video import KINDS, TRANSPARENT, VIDEO_KINDS, read_video, write_video


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
    [("mp4", 3, 0.012), ("webm", 3, 0.012), ("webm", 4, 0.02), ("mov", 3, 0.003), ("mov", 4, 0.008), ("lossless", 3, 0.002),
     ("lossless", 4, 0.002)],
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


@pytest.mark.parametrize("kind", ["mov", "lossless"])
def test_mov_and_lossless_keep_an_odd_size(tmp_path: Path, kind: str):
    footage = read_video(written(tmp_path, moving(height=95, width=63), kind))
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
    with pytest.raises(InputError, match="video webm, mov or lossless"):
        write_video(tmp_path / "a.mp4", moving(4), 24, "mp4")


def test_an_unknown_kind_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="expected one of mp4, webm, mov, lossless, png"):
        write_video(tmp_path / "a.avi", moving(), 24, "avi")


def test_a_missing_video_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="There is no video"):
        read_video(tmp_path / "none.mp4")


def test_what_is_no_video_is_refused(tmp_path: Path):
    (tmp_path / "a.mp4").write_text("hello")
    with pytest.raises(InputError, match="is no video"):
        read_video(tmp_path / "a.mp4")


def test_a_video_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "v.mp4").touch()

    def refuse(*_: object, **__: object) -> None:
        raise DeniedError(13, "Permission denied", str(tmp_path / "v.mp4"))

    monkeypatch.setattr("av.open", refuse)
    with pytest.raises(InputError, match=r"v\.mp4 may not be read"):
        read_video(tmp_path / "v.mp4")


STRIPES = [
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (224, 172, 140), (16, 16, 16), (128, 128, 128), (0, 0, 0),
]  # fmt: skip
"""Eight even ones, from top to bottom, 0..255."""


def bars() -> np.ndarray:
    return np.repeat(np.array(STRIPES, np.uint8), 16, axis=0)[:, None].repeat(96, axis=1)


def stripes_of(picture: torch.Tensor) -> torch.Tensor:
    """The middle of each stripe: stripes channels, 0..255."""
    return 255 * picture[:, 8::16, picture.shape[2] // 2].T


def elsewhere(
    path: Path,
    pixels: np.ndarray,
    codec: str,
    layout: str,
    *,
    tag: int = 2,
    wide: int = 0,
    **to: int,
) -> Path:
    """A video of three frames as other programs write it: `tag` is its matrix (2 is none), `wide` its range (2 is full)."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=24)
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = layout
        stream.codec_context.colorspace, stream.codec_context.color_range = tag, wide
        if codec == "libx264":
            stream.options = {"crf": "4"}
        container.metadata["title"] = "A title!"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(pixels, "rgba" if pixels.shape[2] == 4 else "rgb24")
            container.mux(stream.encode(frame.reformat(format=layout, **to)))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("tag", "wide", "to"),
    [
        (2, 0, {}),
        (6, 1, {"dst_colorspace": 5}),
        (5, 1, {"dst_colorspace": 5}),
        (1, 1, {"dst_colorspace": 1}),
        (1, 2, {"dst_colorspace": 1, "dst_color_range": 2}),
        (6, 2, {"dst_colorspace": 5, "dst_color_range": 2}),
        (9, 1, {"dst_colorspace": 9}),
    ],
    ids=["untagged is BT.601", "BT.601", "BT.601 of PAL", "BT.709", "full range", "BT.601 in full", "BT.2020"],
)  # fmt: skip
def test_colours_are_read_as_the_video_says(
    tmp_path: Path, tag: int, wide: int, to: dict[str, int]
):
    path = elsewhere(tmp_path / "a.mp4", bars(), "libx264", "yuv420p", tag=tag, wide=wide, **to)
    for picture in read_video(path).pictures:
        assert float((stripes_of(picture) - torch.tensor(STRIPES)).abs().max()) <= 3


@pytest.mark.parametrize("kind", ["mp4", "webm", "mov"])
def test_what_is_written_is_tagged_and_neither_darker_nor_lighter(tmp_path: Path, kind: str):
    picture = torch.from_numpy(bars()).permute(2, 0, 1) / 255
    path = written(tmp_path, [picture] * 3, kind)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)
    away = stripes_of(next(read_video(path).pictures)) - torch.tensor(STRIPES)
    assert float(away.abs().max()) <= 2
    assert float(away.mean().abs()) < 0.5


TURNS: dict[str, tuple[tuple[int, ...], Callable[[torch.Tensor], torch.Tensor]]] = {
    "a quarter clockwise": ((0, 1, -1, 0), lambda one: torch.rot90(one, -1, (1, 2))),
    "a quarter back": ((0, -1, 1, 0), lambda one: torch.rot90(one, 1, (1, 2))),
    "upside down": ((-1, 0, 0, -1), lambda one: torch.rot90(one, 2, (1, 2))),
    "mirrored": ((-1, 0, 0, 1), lambda one: one.flip(2)),
    "mirrored and turned": ((0, 1, 1, 0), lambda one: one.transpose(1, 2)),
}
"""The four upper left numbers of a track's matrix, and what they do."""


@pytest.mark.parametrize("turn", TURNS)
def test_a_video_is_turned_as_its_container_says(tmp_path: Path, turn: str):
    numbers, turned = TURNS[turn]
    path = written(tmp_path, moving(), "mp4")
    plain = list(read_video(path).pictures)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44  # ISO/IEC 14496-12, 8.3.2
    for place, number in zip((0, 4, 12, 16), numbers, strict=True):
        data[matrix + place : matrix + place + 4] = (number << 16).to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    footage = read_video(path)
    assert (footage.height, footage.width) == tuple(turned(plain[0]).shape[1:])
    for before, after in zip(plain, footage.pictures, strict=True):
        assert torch.equal(after, turned(before))


@pytest.mark.parametrize(
    ("name", "codec", "layout"), [("a.mov", "prores_ks", "yuva444p10le"), ("a.mov", "qtrle", "argb"), ("a.mkv", "ffv1", "yuva420p"), ("a.mov", "png", "rgba")],
)  # fmt: skip
def test_alpha_is_read_whatever_the_code(tmp_path: Path, name: str, codec: str, layout: str):
    pixels = np.full((64, 96, 4), 255, np.uint8)
    pixels[:, :, 3] = np.repeat([0, 128, 255], 32)
    for picture in read_video(elsewhere(tmp_path / name, pixels, codec, layout)).pictures:
        assert picture.shape == (4, 64, 96)
        got = 255 * picture[3, 32, [16, 48, 80]]
        assert float((got - torch.tensor([0.0, 128, 255])).abs().max()) <= 1.01


def test_a_video_of_grey_frames_has_three_channels(tmp_path: Path):
    path = elsewhere(tmp_path / "a.mkv", bars(), "ffv1", "gray")
    assert next(read_video(path).pictures).shape == (3, 128, 96)


def test_videos_that_other_programs_wrote_are_read_right(shared_data: Path):
    folder = shared_data.parent / "cases" / "videos"
    if not folder.is_dir():
        pytest.skip("the videos are not here")
    for path in sorted(folder.glob("bars-bt*.mp4")):
        picture = torch.nn.functional.interpolate(
            next(read_video(path).pictures)[None], size=(128, 80), mode="nearest"
        )[0]
        assert float((stripes_of(picture) - torch.tensor(STRIPES)).abs().max()) <= 3, path.name
    turned = read_video(folder / "bars-turned-by-the-container.mp4")
    assert (turned.width, turned.height) == (512, 320)
    for path in sorted(folder.glob("alpha-*")):
        picture = next(read_video(path).pictures)
        assert (255 * picture[3, 32, [16, 48, 80]]).round().int().tolist() in (
            [0, 128, 255],
            [0, 129, 255],
        ), path.name


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_the_edge_of_a_plain_disc_stays_its_colour_over_any_ground(tmp_path: Path, kind: str):
    y, x = torch.meshgrid(torch.arange(96), torch.arange(96), indexing="ij")
    alpha = ((x - 48) ** 2 + (y - 48) ** 2 < 900)[None].float()
    disc = torch.cat([torch.tensor([0.9, 0.6, 0.3])[:, None, None] * alpha, alpha])
    after = list(read_video(written(tmp_path, [disc] * 3, kind)).pictures)[-1]
    for shade in (0.0, 1.0):
        ground = torch.full((3, 1, 1), shade)
        # Alpha itself may be a little off at a hard edge: what is asked is whether colours are.
        wrong = over(torch.cat([after[:3], alpha]), ground) - over(disc, ground)
        assert float(wrong.abs().max()) <= 2 / 255


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pictures_always_make_the_same_file(tmp_path: Path, kind: str):
    chance = torch.Generator().manual_seed(0)
    still = torch.rand(3, 160, 128, generator=chance)
    pictures = [
        still.roll(frame, 2) * 0.9 + 0.1 * torch.rand(3, 160, 128, generator=chance)
        for frame in range(8)
    ]
    files = {written(tmp_path, pictures, kind).read_bytes() for _ in range(10)}
    assert len(files) == 1


def test_a_title_that_is_no_utf_8_does_not_matter(tmp_path: Path):
    path = elsewhere(tmp_path / "a.mp4", bars(), "libx264", "yuv420p")
    assert b"A title!" in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"A title!", b"\xff\xfe\xe9itle!"))
    assert len(list(read_video(path).pictures)) == 3


def test_a_code_that_nobody_knows_is_refused(tmp_path: Path):
    path = elsewhere(tmp_path / "a.mp4", bars(), "libx264", "yuv420p")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    with pytest.raises(InputError, match=r"Convert it to H\.264"):
        read_video(path)


def test_a_huge_video_is_refused_before_a_frame_is_decoded(tmp_path: Path):
    path = elsewhere(tmp_path / "a.mov", bars(), "qtrle", "rgb24")
    data = bytearray(path.read_bytes())
    size = data.index(b"rle ", data.index(b"stsd")) + 28  # ISO/IEC 14496-12, 12.1.3
    data[size : size + 4] = (16000).to_bytes(2, "big") * 2
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.mov"):
        read_video(path)


def refusal_of(path: Path) -> str | None:
    """What reading all of a video ends with, if not well."""
    try:
        for _ in read_video(path).pictures:
            pass
    except InputError as error:
        return str(error)
    return None


def test_whatever_of_a_video_is_broken_it_is_read_or_refused_in_one_line(tmp_path: Path):
    chance = np.random.default_rng(0)
    for kind in KINDS:
        whole = np.frombuffer(written(tmp_path, moving(frames=2), kind).read_bytes(), np.uint8)
        for _ in range(25):
            broken = whole.copy()
            broken[chance.integers(len(broken), size=chance.integers(1, 9))] = chance.integers(256)
            path = tmp_path / ("broken" + VIDEO_KINDS[kind])
            path.write_bytes(broken.tobytes()[: chance.integers(1, 2 * len(broken))])
            said = refusal_of(path)
            assert said is None or (path.name in said and "\n" not in said)


def test_tiny_videos_come_to_the_same_file_too(tmp_path: Path):
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(6, 3, 6, 4, generator=generator)
    pictures = interpolate(coarse, size=(96, 64), mode="bicubic").clamp(0, 1)
    found: set[bytes] = set()
    for _ in range(40):
        write_video(tmp_path / "video.mp4", iter(pictures), 24.0)
        found.add((tmp_path / "video.mp4").read_bytes())
    assert len(found) == 1
