"""Frames from a video or a folder of pictures, imported into a run folder."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from reimagine.errors import InputError
from reimagine.foreign import MOST_TEXT_BYTES, reading
from reimagine.pictures import encode_png, read_picture
from reimagine.progress import Progress
from reimagine.request_json import from_json
from reimagine.runs import RunFolder, frame_name
from reimagine.video import read_video

KINDS = (".png", ".jpg", ".jpeg", ".webp")
_DONE = "source.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where frames come from."""

    video: Path | None
    folder: Path | None
    """One of the two."""
    fps: float
    """Of a folder's frames; a video knows its own."""

    @property
    def flag(self) -> str:
        """What the user gave, in their words."""
        return (
            f"`from_video` {self.video}" if self.folder is None else f"`frames_dir` {self.folder}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was brought in."""

    frames: int
    width: int
    height: int
    fps: float


def check_source(source: Source) -> None:
    """Nothing, where there is something to begin with.

    Raises:
        InputError: for a file that is no video, a folder without two pictures, or a frame rate that is none.
    """
    if source.folder is None:
        assert source.video is not None
        read_video(source.video)
        return
    found = pictures_in(source.folder)
    if len(found) < 2:
        raise InputError(
            f"`frames_dir` {source.folder} holds {len(found)} pictures ({', '.join(KINDS)}); expected at least 2."
        )
    if not 0 < source.fps <= 240:
        raise InputError(
            f"`fps` is {source.fps:g}; expected more than 0 and at most 240, such as 24."
        )


def pictures_in(folder: Path) -> list[Path]:
    """Pictures of a folder in the order of their names, numbers within names by value: 2 before 10."""
    if not folder.is_dir():
        raise InputError(f"`frames_dir` {folder} is no folder; expected one with pictures.")
    found = [path for path in folder.iterdir() if path.suffix.lower() in KINDS and path.is_file()]
    return sorted(found, key=lambda path: _by_number(path.name))


def take_frames(run: RunFolder, source: Source, folder: str, listener: Progress) -> Taken:
    """Write every frame as a PNG into `folder` of the run, unless that was done; 8 bit.

    Raises:
        InputError: for fewer than two frames, frames of two sizes, or one that cannot be read.
    """
    if run.has(_DONE):
        done = run.path / _DONE
        with reading(done, "what a run says of its frames", most_bytes=MOST_TEXT_BYTES):
            return from_json(Taken, json.loads(done.read_text(encoding="utf-8")), str(done))
    listener.say(f"Reading the frames of {source.video or source.folder}.")
    footage = None if source.video is None else read_video(source.video)
    fps = source.fps if footage is None else footage.fps
    pictures = _read(source.folder) if footage is None else iter(footage.pictures)
    count, shape = 0, None
    for picture in pictures:
        size = (picture.shape[2], picture.shape[1])
        shape = shape or size
        if size != shape:
            raise InputError(
                f"{source.flag}: frame {count} is {size[0]}x{size[1]} and frame 0 is {shape[0]}x{shape[1]}; "
                "expected one size. Resize the frames."
            )
        run.write(frame_name(folder, count), encode_png(picture))
        count += 1
    if shape is None or count < 2:
        raise InputError(f"{source.flag} has {count} frames; expected at least 2.")
    taken = {"frames": count, "width": shape[0], "height": shape[1], "fps": fps}
    run.write(_DONE, json.dumps(taken))
    return Taken(frames=count, width=shape[0], height=shape[1], fps=fps)


def _read(folder: Path | None) -> Iterator[Float[Tensor, "channels height width"]]:
    assert folder is not None
    return (read_picture(path, least_side=1) for path in pictures_in(folder))


def _by_number(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]
