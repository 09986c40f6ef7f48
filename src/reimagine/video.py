"""Videos in and out, and the contact sheet. Single pictures are in `pictures.py`."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
import numpy as np
import torch
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.errors import InputError
from reimagine.foreign import reading, reads
from reimagine.pictures import (
    encode_png,
    over,
    read_picture,
    resize_to_cover,
    to_bytes,
    write_picture,
)

__all__ = [
    "VIDEO_KINDS",
    "Footage",
    "contact_sheet",
    "encode_png",
    "over",
    "read_picture",
    "read_video",
    "resize_to_cover",
    "sheet_frames",
    "write_picture",
    "write_video",
]

VIDEO_KINDS = {"mp4": ".mp4", "webm": ".webm", "lossless": ".mkv", "png": ""}
"""What `--video` takes, and the file's ending; png makes no file beside the frames."""
SHEET_FRAMES = 12
SHEET_WIDTH = 1920
_BT709 = 1
_CODECS: dict[str, tuple[str, str]] = {
    # crf 17 is the field's visually lossless; veryfast costs a few percent of size and saves most of the time.
    "mp4": ("libx264", "yuv420p"),
    "webm": ("libvpx-vp9", "yuv420p"),
    "lossless": ("ffv1", "bgr0"),
}
_OPTIONS: dict[str, dict[str, str]] = {
    "mp4": {"crf": "17", "preset": "veryfast"},
    "webm": {"crf": "18", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
    "lossless": {"level": "3"},
}
_WITH_ALPHA = {"yuv420p": "yuva420p", "bgr0": "bgra"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A video that is read as it is looked at."""

    fps: float
    """Frames per second."""
    width: int
    height: int
    pictures: Iterator[Float[Tensor, "channels height width"]]
    """In order, 0..1, RGB or RGBA (straight alpha); can be gone through once."""


def write_video(
    path: str | Path,
    pictures: Iterable[Float[Tensor, "channels height width"]],
    fps: float,
    kind: str = "mp4",
) -> None:
    """Write pictures of 3 or 4 channels (0..1), one at a time, as "mp4", "webm" or "lossless".

    mp4: H.264, yuv420p, BT.709, plays from the start while it loads; its last row or column is doubled where a side is
    odd. webm: VP9. lossless: FFV1 in Matroska. webm and lossless keep a fourth channel as alpha.

    Raises:
        InputError: for another kind, or mp4 with alpha.
    """
    if kind not in _CODECS:
        raise InputError(f"--video is {kind!r}; expected one of {', '.join(VIDEO_KINDS)}.")
    pictures = iter(pictures)
    first = next(pictures)
    channels, height, width = first.shape
    if kind == "mp4" and channels == 4:
        raise InputError("mp4 holds no transparency; give --video webm or --video lossless.")
    codec, layout = _CODECS[kind]
    layout = _WITH_ALPHA[layout] if channels == 4 else layout
    even = 2 if layout.endswith("420p") else 1
    options = {"movflags": "+faststart"} if kind == "mp4" else {}
    container_format = {"mp4": "mp4", "webm": "webm", "lossless": "matroska"}[kind]
    with av.open(str(path), "w", format=container_format, options=options) as container:
        stream = container.add_stream(codec, rate=_rate(fps), options=_OPTIONS[kind])
        stream = cast("VideoStream", stream)
        stream.width, stream.height = width + width % even, height + height % even
        stream.pix_fmt = layout
        _tag_colours(stream)
        for picture in itertools.chain([first], pictures):
            container.mux(stream.encode(_frame(picture, layout, even)))
        container.mux(stream.encode(None))


@reads("a video")
def read_video(path: str | Path) -> Footage:
    """The video in a file.

    Raises:
        InputError: at once for a file that is absent or no video, while reading for one that is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no video {path}; check the name.")
    try:
        container = av.open(str(path))
        stream = container.streams.video[0]
    except PermissionError:
        raise InputError(
            f"{path} may not be read (permission denied); expected a video. Check its permissions."
        ) from None
    except (av.error.FFmpegError, IndexError):
        raise InputError(f"{path} is no video; expected mp4, webm, mkv or mov.") from None
    return Footage(
        fps=float(stream.average_rate or 24),
        width=stream.width,
        height=stream.height,
        pictures=_decode(container, stream, path),
    )


def sheet_frames(frames: int, most: int = SHEET_FRAMES) -> list[int]:
    """Indices of up to `most` frames, evenly spread over the clip, first and last among them."""
    if frames <= most:
        return list(range(frames))
    return [round(index * (frames - 1) / (most - 1)) for index in range(most)]


def contact_sheet(
    pictures: list[Float[Tensor, "3 height width"]], columns: int = 6
) -> Float[Tensor, "3 sheet_height sheet_width"]:
    """The pictures side by side, row after row, all cropped to the part where anything happens.

    Plain borders that all pictures share are cut away but for a little air. At most 1920 pixels wide.
    """
    left, top, right, bottom = _shared_box(pictures)
    columns = min(columns, len(pictures))
    gap = 4
    width = min(right - left, (SHEET_WIDTH - gap * (columns + 1)) // columns)
    height = max(1, round((bottom - top) * width / (right - left)))
    rows = -(-len(pictures) // columns)
    sheet = torch.ones(3, gap + rows * (height + gap), gap + columns * (width + gap))
    for index, picture in enumerate(pictures):
        tile = resize_to_cover(picture[:, top:bottom, left:right], width, height)
        y, x = (
            gap + place * (side + gap)
            for place, side in zip(divmod(index, columns), (height, width), strict=True)
        )
        sheet[:, y : y + height, x : x + width] = tile
    return sheet


def _shared_box(pictures: list[Float[Tensor, "3 height width"]]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what differs from the corner's colour in any picture, with some air."""
    height, width = pictures[0].shape[1:]
    differs = torch.zeros(height, width, dtype=torch.bool)
    for picture in pictures:
        differs |= (picture - picture[:, :1, :1]).abs().amax(0) > 0.03
    rows, columns = (differs.any(dim=axis).nonzero()[:, 0].tolist() for axis in (1, 0))
    if not rows:
        return 0, 0, width, height
    air = max(2, height // 40)
    return (
        max(columns[0] - air, 0),
        max(rows[0] - air, 0),
        min(columns[-1] + 1 + air, width),
        min(rows[-1] + 1 + air, height),
    )


def _rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(1001)


def _tag_colours(stream: VideoStream) -> None:
    """Say that the colours are BT.709 in video range, else players guess by size."""
    context: Any = stream.codec_context
    if stream.pix_fmt is not None and stream.pix_fmt.startswith("yuv"):
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = ColorRange.MPEG


def _frame(
    picture: Float[Tensor, "channels height width"], layout: str, even: int
) -> av.VideoFrame:
    pixels = to_bytes(picture)
    height, width, channels = pixels.shape
    if height % even or width % even:
        pixels = np.pad(pixels, ((0, height % even), (0, width % even), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(pixels, "rgba" if channels == 4 else "rgb24")
    if layout.startswith("yuv"):
        return frame.reformat(
            format=layout, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
    return frame.reformat(format=layout)


def _decode(
    container: Any,  # noqa: ANN401
    stream: VideoStream,
    path: Path,
) -> Iterator[Float[Tensor, "channels height width"]]:
    with closing(container):
        decoder = _alpha_decoder(stream)
        frames = (
            container.decode(stream)
            if decoder is None
            else _decode_with(container, stream, decoder)
        )
        while True:
            with reading(path, "a whole video"):
                frame = next(frames, None)
                picture = None if frame is None else _picture(frame)
            if picture is None:
                return
            yield picture


def _alpha_decoder(stream: VideoStream) -> Any:  # noqa: ANN401
    """The decoder libvpx for a VP9 stream that says it has alpha: FFmpeg's own VP9 decoder drops it."""
    if stream.codec_context.name == "vp9" and stream.metadata.get("alpha_mode") == "1":
        return av.CodecContext.create("libvpx-vp9", "r")
    return None


def _decode_with(container: Any, stream: VideoStream, decoder: Any) -> Iterator[av.VideoFrame]:  # noqa: ANN401
    for packet in container.demux(stream):
        yield from decoder.decode(packet if packet.size else None)


def _picture(frame: av.VideoFrame) -> Float[Tensor, "channels height width"]:
    layout = "rgba" if frame.format.name in ("bgra", "rgba", "yuva420p", "gbrap") else "rgb24"
    if frame.format.name.startswith("yuv"):
        frame = frame.reformat(format=layout, src_colorspace=Colorspace.ITU709)
    pixels = cast("NDArray[np.uint8]", frame.to_ndarray(format=layout))
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
