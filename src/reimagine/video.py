"""Videos in and out. Single pictures are in `pictures.py`."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
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
from reimagine.pictures import LARGEST_SIDE, MOST_PIXELS, to_bytes
from reimagine.resize import carried_outwards
from reimagine.workers import one_behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a kind of video is written."""

    ending: str
    """Of the file."""
    container: str
    codec: str
    layout: str
    """FFmpeg's name of how pixels are stored."""
    with_alpha: str | None
    """The same with a fourth channel; None where it holds none."""
    options: dict[str, str]
    """Of the codec."""
    muxer: dict[str, str] = field(default_factory=dict)
    """Options of the container."""


KINDS = {
    # crf 17 is the field's visually lossless; veryfast costs a few percent of size and saves most of the time.
    "mp4": Kind(
        ending=".mp4",
        container="mp4",
        codec="libx264",
        layout="yuv420p",
        with_alpha=None,
        # With more threads x264 does not always come to the same file: one in 400 differed, with sliced threads more.
        # Nor in one: up to one in ten tiny clips differed, by x264's fast estimate of what later frames use of a block.
        options={
            "crf": "17",
            "preset": "veryfast",
            "threads": "1",
            "x264-params": "cpu-independent=1",
        },
        muxer={"movflags": "+faststart"},
    ),
    "webm": Kind(
        ending=".webm",
        container="webm",
        codec="libvpx-vp9",
        layout="yuv420p",
        with_alpha="yuva420p",
        options={"crf": "18", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
    ),
    "mov": Kind(
        ending=".mov",
        container="mov",
        codec="prores_ks",
        layout="yuv444p10le",
        with_alpha="yuva444p10le",
        # Editors look for the vendor that Apple's own encoder writes.
        options={"profile": "4444", "vendor": "apl0"},
    ),
    "lossless": Kind(
        ending=".mkv",
        container="matroska",
        codec="ffv1",
        layout="bgr0",
        with_alpha="bgra",
        options={"level": "3"},
    ),
}
VIDEO_KINDS = {name: kind.ending for name, kind in KINDS.items()} | {"png": ""}
"""What `--video` takes, and the file's ending; png makes no file beside the frames."""
TRANSPARENT = [name for name, kind in KINDS.items() if kind.with_alpha is not None]
"""Kinds that keep alpha."""
_BT709 = 1
_SCALER = 0x2 | 0x2000 | 0x40000
"""FFmpeg's BILINEAR, FULL_CHR_H_INT and ACCURATE_RND: its default comes out 1 to 2 of 255 darker."""
_BT601 = 5
_MATRICES = {1: 1, 4: 4, 5: _BT601, 6: _BT601, 7: 7, 9: 9, 10: 9}
"""FFmpeg's scaler's number of each matrix of ITU-T H.273, table 4: BT.709, FCC, BT.601 twice, SMPTE 240M, BT.2020 twice. A
video that names none is BT.601, as FFmpeg and OpenCV write it at every size."""
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these drop alpha."""


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
    """Write pictures of 3 or 4 channels (0..1), one at a time; the same pictures always make the same file.

    mp4: H.264, yuv420p, plays from the start while it loads. webm: VP9; in both the last row or column is doubled where
    a side is odd. mov: ProRes 4444, for editing. lossless: FFV1 in Matroska, to the bit. All but mp4 keep a fourth
    channel as alpha; all but lossless are tagged BT.709 in video range.

    Raises:
        InputError: for another kind, or mp4 with alpha.
    """
    if kind not in KINDS:
        raise InputError(f"`video` is {kind!r}; expected one of {', '.join(VIDEO_KINDS)}.")
    chosen = KINDS[kind]
    pictures = iter(pictures)
    first = next(pictures)
    channels, height, width = first.shape
    layout = chosen.with_alpha if channels == 4 else chosen.layout
    if layout is None:
        raise InputError(
            f"{kind} holds no transparency; give `video` {', '.join(TRANSPARENT[:-1])} or {TRANSPARENT[-1]}."
        )
    even = 2 if layout.endswith("420p") else 1
    # Without bitexact, Matroska draws numbers for its tracks by chance.
    options = {"fflags": "+bitexact", **chosen.muxer}
    with av.open(str(path), "w", format=chosen.container, options=options) as container:
        stream = container.add_stream(chosen.codec, rate=_rate(fps), options=chosen.options)
        stream = cast("VideoStream", stream)
        stream.width, stream.height = width + width % even, height + height % even
        stream.pix_fmt = layout
        _tag_colours(stream)

        def encode(frame: av.VideoFrame | None) -> None:
            container.mux(stream.encode(frame))

        with one_behind() as later:
            for picture in itertools.chain([first], pictures):
                later(partial(encode, _frame(picture, layout, even)))
            later(partial(encode, None))


@reads("a video")
def read_video(path: str | Path) -> Footage:
    """The video in a file, upright as a player shows it; a video without a tag for its colours counts as BT.601.

    Raises:
        InputError: at once for a file that is absent, too large or no video, or whose first frame is damaged; while
            reading for one that is damaged later.
    """
    path = Path(path)
    container, stream = _opened(path)
    pictures = _decode(container, stream, path)
    first = next(pictures, None)
    if first is None:
        raise InputError(f"{path} holds no frame; expected a whole video. Copy it again.")
    return Footage(
        fps=float(stream.average_rate or 24),
        width=first.shape[2],
        height=first.shape[1],
        pictures=itertools.chain([first], pictures),
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
    """Where the codec mixes neighbours, hidden colours are those of the nearest pixel that shows."""
    mixes = layout.startswith("yuv")
    pixels = to_bytes(carried_outwards(picture) if mixes and len(picture) == 4 else picture)
    height, width, channels = pixels.shape
    if height % even or width % even:
        pixels = np.pad(pixels, ((0, height % even), (0, width % even), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(pixels, "rgba" if channels == 4 else "rgb24")
    if not mixes:
        return frame.reformat(format=layout)
    return frame.reformat(
        format=layout,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=_SCALER,
    )


def _opened(path: Path) -> tuple[Any, VideoStream]:
    """The file and its first video stream, of a size that is read."""
    if not path.is_file():
        raise InputError(f"There is no video {path}; check the name.")
    try:
        # Titles that are not UTF-8 are nobody's business; FFmpeg itself refuses larger frames, wherever they come.
        container = av.open(
            str(path), metadata_errors="replace", options={"max_pixels": str(MOST_PIXELS)}
        )
        stream = container.streams.video[0]
    except PermissionError:
        raise InputError(
            f"{path} may not be read (permission denied); expected a video. Check its permissions."
        ) from None
    except (av.error.FFmpegError, IndexError, ValueError):
        raise InputError(f"{path} is no video; expected mp4, webm, mkv or mov.") from None
    if cast("Any", stream).codec_context is None:
        raise InputError(
            f"{path} is in a code that FFmpeg cannot read here; expected a usual one. Convert it to H.264 or VP9."
        )
    width, height = stream.width, stream.height
    if max(width, height) > LARGEST_SIDE or width * height > MOST_PIXELS:
        raise InputError(
            f"{path} is {width}x{height} pixels; expected sides of at most {LARGEST_SIDE} and {MOST_PIXELS / 1e6:.0f} "
            "million pixels. Scale it down."
        )
    return container, stream


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
                picture = None if frame is None else _upright(_picture(frame), frame)
            if picture is None:
                return
            yield picture


def _alpha_decoder(stream: VideoStream) -> Any:  # noqa: ANN401
    """A decoder that keeps alpha, for a stream that says it has some and whose usual decoder drops it; else None."""
    tags = {name.lower(): value for name, value in stream.metadata.items()}
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None or tags.get("alpha_mode") != "1":
        return None
    decoder = av.CodecContext.create(name, "r")
    decoder.options = {"max_pixels": str(MOST_PIXELS)}
    return decoder


def _decode_with(container: Any, stream: VideoStream, decoder: Any) -> Iterator[av.VideoFrame]:  # noqa: ANN401
    for packet in container.demux(stream):
        yield from decoder.decode(packet if packet.size else None)


def _picture(frame: av.VideoFrame) -> Float[Tensor, "channels height width"]:
    """The frame as it is stored, in RGB, or RGBA where its pixels hold alpha: by its own matrix and range."""
    layout = "rgba" if any(part.is_alpha for part in frame.format.components) else "rgb24"
    matrix = _MATRICES.get(int(frame.colorspace), _BT601)
    shown = frame.reformat(
        format=layout,
        src_colorspace=None if frame.format.is_rgb else matrix,
        src_color_range=None if frame.format.is_rgb else int(frame.color_range),
        interpolation=_SCALER,
    )
    pixels = cast("NDArray[np.uint8]", shown.to_ndarray())
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def _upright(
    picture: Float[Tensor, "channels height width"], frame: av.VideoFrame
) -> Float[Tensor, "channels height width"]:
    """Turned and mirrored in quarters as the container says."""
    found = [one for one in cast("Any", frame.side_data) if one.type.name == "DISPLAYMATRIX"]
    if not found:
        return picture
    # ISO/IEC 14496-12, 6.2.2: (x, y) comes to (a x + c y, b x + d y); the rows are (a b u), (c d v), (x y w).
    a, b, _, c, d = np.frombuffer(found[0], np.int32)[:5].tolist()
    if abs(b) > abs(a):
        picture, a, d = picture.transpose(1, 2), c, b
    mirrored = [axis for axis, sign in ((2, a), (1, d)) if sign < 0]
    return picture.flip(mirrored).contiguous()
