"""Runs, videos and folders of pictures as the measures see them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.background import read_background
from reimagine.body.model import joint_positions
from reimagine.errors import InputError
from reimagine.film import FINAL, PAINTED
from reimagine.foreign import reading
from reimagine.frames.load import load_backend
from reimagine.inside import check_links
from reimagine.people import check_surface, person_for
from reimagine.pictures import read_picture
from reimagine.records import Person, SurfaceView
from reimagine.render.conditions import make_conditions
from reimagine.render.view import view_surface
from reimagine.request import Request
from reimagine.request_json import from_json
from reimagine.runs import frame_name, read_request
from reimagine.scene import Scene, check_clip, find_motion, make_scene
from reimagine.scores.clip import Clip, Read
from reimagine.scores.learned import Real, Video
from reimagine.settings import ImageModel, parse_size
from reimagine.trust import check_modules
from reimagine.video import read_video
from reimagine.whole_run import own_request

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
VIDEOS = (".mp4", ".webm", ".mkv", ".mov", ".avi")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What a run folder says of itself."""

    painted: Path
    """Folder of the pictures as painted."""
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a run was to show."""

    person: Person
    scene: Scene


def clip_frames(path: Path) -> int:
    """How many frames a run was asked for.

    Raises:
        InputError: where it is no run of a person's video.
    """
    return _run(path).request.clip.frames


def _run(path: Path) -> _Run:
    held = dict(read_request(path))
    command = held.pop("command", "generate")
    if command not in ("generate", "refine"):
        raise InputError(
            f"{path} is a run of {command}, which paints nobody; expected one of generate or refine."
        )
    source = held.pop("run", None) if command == "refine" else path
    if source is None:
        raise InputError(
            f"{path} refined frames from elsewhere, of which no body is known; expected a run of generate, or of refine "
            f"--run. Give --video {path}/video.mp4."
        )
    if not isinstance(source, str | Path):
        raise InputError(
            f"{path}/request.json says that the run is {source!r}; expected a folder's name. Correct it there."
        )
    check_links(Path(source))
    place = f"{path}/request.json"
    with reading(place, "the request of a run"):
        request = from_json(Request, held, place)
    request = own_request(Path(source), request)
    check_clip(request.clip)
    return _Run(painted=Path(source) / PAINTED, request=request)


def run_clip(path: Path, *, trust_modules: bool = False) -> Clip:
    """A run folder as the measures see it; `trust_modules` lets code be run that its request.json names.

    Raises:
        InputError: where it is no run of a video, is not painted to its end, or names code and is not trusted.
    """
    run = _run(path)
    check_modules(run.request, f"{path}/request.json", trusted=trust_modules)
    request, source = run.request, run.painted.parent
    frames = request.clip.frames
    _check_whole(run.painted, frames)
    refined = path / FINAL
    if refined.is_dir():
        _check_whole(refined, frames)
    asked = _asked(request)
    check_surface(source, asked.person)
    painted = _reader(run.painted)
    return Clip(
        name=path.name,
        frames=frames,
        fps=request.clip.fps,
        painted=painted,
        refined=_reader(refined) if refined.is_dir() else None,
        behind=_behind(request),
        see=_see(asked),
        # What the atlas painted is the geometry-anchored rendering itself.
        anchor=painted if request.image == "atlas" else _anchor(asked),
        joints=_joints(asked),
        person=asked.person,
    )


def _behind(request: Request) -> Float[Tensor, "3 #height #width"] | None:
    """What the run put behind the person; None for nothing, and where its picture is no longer there."""
    try:
        return read_background(request.background, *parse_size(request.clip.size))
    except InputError:
        return None


def _check_whole(folder: Path, frames: int) -> None:
    count = sum(1 for _ in folder.glob("*.png")) if folder.is_dir() else 0
    if count != frames:
        raise InputError(
            f"{folder} holds {count} of {frames} frames; expected all. Run its command again first."
        )


def _reader(folder: Path) -> Read:
    @lru_cache(maxsize=2)
    def read(frame: int) -> Float[Tensor, "channels height width"]:
        return read_picture(folder / frame_name(folder.name, frame).split("/")[-1], least_side=1)

    return cast("Read", read)


def _asked(request: Request) -> _Asked:
    person = person_for(request)
    motion = find_motion(request.clip)
    scene = make_scene(
        request.clip, motion, person.body, person.surface, sway=request.sway, shade=request.shade
    )
    return _Asked(person=person, scene=scene)


def _see(asked: _Asked) -> Callable[[int, int], SurfaceView]:
    def see(start: int, stop: int) -> SurfaceView:
        scene = asked.scene
        return view_surface(asked.person, scene.pose[start:stop], scene.camera[start:stop])

    return see


def _anchor(asked: _Asked) -> Read:
    backend = load_backend("atlas", "cpu", ImageModel())

    @lru_cache(maxsize=2)
    def paint(frame: int) -> Float[Tensor, "channels height width"]:
        scene, one = asked.scene, slice(frame, frame + 1)
        conditions = make_conditions(
            asked.person.body, scene.pose[one], scene.camera[one], scene.heading_rad, scene.shade
        )
        return backend.paint(asked.person, conditions, 0)[0]

    return cast("Read", paint)


def _joints(asked: _Asked) -> Callable[[int], Float[Tensor, "joints 3"]]:
    def joints(frame: int) -> Float[Tensor, "joints 3"]:
        return joint_positions(asked.person.body, asked.scene.pose[frame : frame + 1])[0]

    return joints


def with_truth(clip: Clip, truth: str | None) -> Clip:
    """The clip and the true pictures, as many as it has frames.

    Raises:
        InputError: where there are none, or not as many.
    """
    if truth is None:
        return clip
    path = Path(truth)
    if path.is_dir():
        files = sorted(path.glob("*.png"))
        count, read = len(files), _pictures(files)
    elif path.is_file():
        count, read = _count(path), cast("Read", Player(path))
    else:
        raise InputError(
            f"There is no {path}; expected true pictures. Give --truth a folder of PNG files or a video."
        )
    if count != clip.frames:
        raise InputError(
            f"--truth {path} has {count} pictures and {clip.name} {clip.frames} frames; expected as many. "
            "Give the true pictures of all frames."
        )
    return replace(clip, truth=read)


def _pictures(files: Sequence[Path]) -> Read:
    def read(frame: int) -> Float[Tensor, "channels height width"]:
        return read_picture(files[frame], least_side=1)

    return read


def video_clip(path: Path, conditions: str | None, *, trust_modules: bool = False) -> Clip:
    """A video from elsewhere, with the geometry of the run that it was to show, if there is one.

    Raises:
        InputError: where the video cannot be read or is of another length than the run.
    """
    frames = _count(path)
    footage = read_video(path)
    clip = Clip(name=path.name, frames=frames, fps=footage.fps, painted=cast("Read", Player(path)))
    if conditions is None:
        return clip
    run = Path(conditions)
    request = _run(run).request
    check_modules(request, f"{run}/request.json", trusted=trust_modules)
    if request.clip.frames != frames:
        raise InputError(
            f"{path} has {frames} frames and --conditions {run} {request.clip.frames}; expected as many. "
            "Give the run that the video belongs to."
        )
    asked = _asked(request)
    check_surface(run, asked.person)
    return replace(
        clip,
        see=_see(asked),
        anchor=_anchor(asked),
        joints=_joints(asked),
        person=asked.person,
    )


def find_real(folder: str | None) -> Real:
    """The real pictures and videos of --real, which distributions are compared with.

    Raises:
        InputError: where there is no such folder; later, where it holds none of what is asked for.
    """
    if folder is None:
        raise InputError(
            "--fid-weights and --fvd-weights compare with real pictures; expected --real. "
            "Give --real a folder of pictures (FID, KID) or videos (FVD)."
        )
    path = Path(folder)
    if not path.is_dir():
        raise InputError(f"--real {path} is no folder; expected one of pictures or videos.")
    files = sorted(file for file in path.rglob("*") if file.is_file())

    def of(endings: Sequence[str]) -> list[Path]:
        found = [file for file in files if file.suffix.lower() in endings]
        if not found:
            raise InputError(f"--real {path} holds no {', '.join(endings)}; expected some of them.")
        return found

    def pictures() -> Iterator[Float[Tensor, "channels height width"]]:
        return (read_picture(file, least_side=1) for file in of(PICTURES))

    def videos() -> Iterable[Video]:
        return (Video(frames=_count(file), read=cast("Read", Player(file))) for file in of(VIDEOS))

    return Real(pictures=pictures, videos=videos)


def _count(path: Path) -> int:
    """How many frames a video has."""
    return sum(1 for _ in read_video(path).pictures)


class Player:
    """Frames of a video by number: quick in order, and from the start again where asked to go back."""

    def __init__(self, path: Path) -> None:
        self.path, self.at = path, -1
        self.pictures = read_video(path).pictures
        self.last = torch.zeros(0)

    def __call__(self, frame: int) -> Float[Tensor, "channels height width"]:
        """The frame's picture, 0..1."""
        if frame < self.at:
            self.at, self.pictures = -1, read_video(self.path).pictures
        while self.at < frame:
            self.last, self.at = next(self.pictures), self.at + 1
        return self.last
