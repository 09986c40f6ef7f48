"""`reimagine score`: runs measured, and compared, without weights."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.apps.flags import parse_flags
from reimagine.apps.progress import show_progress
from reimagine.body.model import joint_positions
from reimagine.conditions.normals import make_conditions
from reimagine.film import FINAL, PAINTED
from reimagine.frames.backends import atlas
from reimagine.frames.load import load_backend
from reimagine.listener import Listener
from reimagine.people import person_for
from reimagine.records import Person, Seen
from reimagine.request import ImageModel, InputError, Request
from reimagine.request_json import from_json
from reimagine.runs import RunFolder, frame_name, read_request
from reimagine.scene import Scene, find_motion, make_scene
from reimagine.scores.clip import Clip, Read
from reimagine.scores.measure import Scores, score_clip
from reimagine.scores.page import Show, page
from reimagine.scores.report import markdown, pool, scores_json
from reimagine.video import read_picture, read_video


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """How steady, sharp and obedient a run is: scores.json, report.html and scores.md in its folder."""

    run: str | None = None
    """Run folder, or a folder of run folders."""
    against: str | None = None
    """Another run, shown side by side."""
    video: str | None = None
    """A video from elsewhere instead of a run."""
    conditions: str | None = None
    """With --video: the run folder whose person, motion and camera it was to show."""
    truth: str | None = None
    """Folder of true pictures (PNG, in order of name) or video: adds PSNR, SSIM and MS-SSIM. For one clip."""
    out: str | None = None
    """Where the results go. Default: the run folder; with --video, beside the video in NAME-scores."""
    seed: int = 0
    """Of the bootstrap intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    scores: Scores
    show: Show | None
    """The final pictures; None for several clips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a run was to show."""

    person: Person
    scene: Scene


def main(arguments: list[str]) -> int:
    """The command line of `reimagine score`."""
    return score(parse_flags(ScoreRequest, "score", arguments))


def score(request: ScoreRequest) -> int:
    """Measure, write the results, and say where they are; gives the exit code.

    Raises:
        InputError: where there is nothing to measure, or clips cannot be compared.
    """
    _check(request)
    with show_progress() as listener:
        measured = [_measure(request, listener)]
        if request.against is not None:
            measured.append(_measure_runs(Path(request.against), request.seed, listener))
            _check_alike(measured[0].scores, measured[1].scores)
    folder = _out(request)
    folder.mkdir(parents=True, exist_ok=True)
    out = RunFolder(path=folder)
    scores = [one.scores for one in measured]
    text = scores_json(scores[0], seed=request.seed, versions=_versions())
    out.write("scores.json", text)
    out.write("scores.md", markdown(scores))
    out.write("report.html", page(scores, [one.show for one in measured]))
    print(markdown(scores), end="")
    for note in scores[0].notes:
        print(f"Note: {note}")
    print(f"The page is {folder / 'report.html'}; the numbers are in scores.json and scores.md")
    return 0


def _check(request: ScoreRequest) -> None:
    if (request.run is None) == (request.video is None):
        got = "neither" if request.run is None else "both"
        raise InputError(
            f"score got {got} of --run and --video; expected one of them. Give --run runs/first."
        )
    if request.conditions is not None and request.video is None:
        raise InputError(
            "--conditions came without --video; a run folder has its own. Give --run alone, or --video FILE."
        )


def _check_alike(a: Scores, b: Scores) -> None:
    if a.clips == b.clips == 1 and a.frames != b.frames:
        raise InputError(
            f"{a.name} has {a.frames} frames and {b.name} {b.frames}; expected clips of one length. "
            "Give runs of the same request."
        )


def _out(request: ScoreRequest) -> Path:
    if request.out is not None:
        return Path(request.out)
    if request.run is not None:
        return Path(request.run)
    assert request.video is not None
    video = Path(request.video)
    return video.with_name(video.stem + "-scores")


def _measure(request: ScoreRequest, listener: Listener) -> _Measured:
    if request.run is not None:
        return _measure_runs(Path(request.run), request.seed, listener, request.truth)
    assert request.video is not None
    return _measure_video(request, listener)


def _with_truth(clip: Clip, truth: str | None) -> Clip:
    """The clip and the true pictures, as many as it has frames."""
    if truth is None:
        return clip
    path = Path(truth)
    if path.is_dir():
        files = sorted(path.glob("*.png"))
        count, read = len(files), _pictures(files)
    elif path.is_file():
        count, read = sum(1 for _ in read_video(path).pictures), cast("Read", _Player(path))
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


def _measure_runs(path: Path, seed: int, listener: Listener, truth: str | None = None) -> _Measured:
    """One run, or all runs within a folder taken together."""
    if not path.is_dir():
        raise InputError(f"There is no folder {path}; expected a run. Give the --out of a run.")
    if (path / "request.json").is_file():
        clip = _with_truth(run_clip(path), truth)
        scores = _scored(clip, seed, listener)
        return _Measured(scores=scores, show=clip.refined or clip.painted)
    runs = sorted(p.parent for p in path.glob("*/request.json"))
    runs = [p for p in runs if (p / PAINTED).is_dir() or (p / FINAL).is_dir()]
    if not runs:
        raise InputError(
            f"{path} is no run folder and holds none (no request.json with pictures). Give the --out of a run."
        )
    if truth is not None:
        raise InputError(
            f"--truth came with {path}, which holds {len(runs)} runs; expected one. Give --run a single run."
        )
    scores = [_scored(run_clip(run), seed, listener) for run in runs]
    return _Measured(scores=pool(scores, name=path.name, seed=seed), show=None)


def _scored(clip: Clip, seed: int, listener: Listener) -> Scores:
    return score_clip(
        clip,
        seed=seed,
        tell=lambda done, total: listener.step(f"scoring {clip.name}", done, total),
    )


def run_clip(path: Path) -> Clip:
    """A run folder as the measures see it.

    Raises:
        InputError: where it is no run of a video, or is not painted to its end.
    """
    held = dict(read_request(path))
    command = held.pop("command", "generate")
    if command not in ("generate", "refine"):
        raise InputError(
            f"{path} is a run of {command}, which paints nobody; expected one of generate or refine."
        )
    source = Path(held.pop("run")) if command == "refine" else path
    request = from_json(Request, held, f"{path}/request.json")
    frames = request.clip.frames
    _check_whole(source / PAINTED, frames)
    refined = path / FINAL
    if refined.is_dir():
        _check_whole(refined, frames)
    asked = _asked(request)
    painted = _reader(source / PAINTED)
    return Clip(
        name=path.name,
        frames=frames,
        fps=request.clip.fps,
        painted=painted,
        refined=_reader(refined) if refined.is_dir() else None,
        see=_see(asked),
        # What the atlas painted is the geometry-anchored rendering itself.
        anchor=painted if request.image == "atlas" else _anchor(asked),
        joints=_joints(asked),
        person=asked.person,
    )


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
    person = person_for(request.photos, request.clip)
    scene = make_scene(request.clip, find_motion(request.clip), person.body, person.surface)
    return _Asked(person=person, scene=scene)


def _see(asked: _Asked) -> Callable[[int, int], Seen]:
    def see(start: int, stop: int) -> Seen:
        scene = asked.scene
        return atlas.dress(asked.person, scene.pose[start:stop], scene.camera[start:stop])

    return see


def _anchor(asked: _Asked) -> Read:
    backend = load_backend("atlas", "cpu", ImageModel())

    @lru_cache(maxsize=2)
    def paint(frame: int) -> Float[Tensor, "channels height width"]:
        scene, one = asked.scene, slice(frame, frame + 1)
        conditions = make_conditions(
            asked.person.body, scene.pose[one], scene.camera[one], scene.heading_rad
        )
        return backend.paint(asked.person, conditions, 0)[0]

    return cast("Read", paint)


def _joints(asked: _Asked) -> Callable[[int], Float[Tensor, "joints 3"]]:
    def joints(frame: int) -> Float[Tensor, "joints 3"]:
        return joint_positions(asked.person.body, asked.scene.pose[frame : frame + 1])[0]

    return joints


def _measure_video(request: ScoreRequest, listener: Listener) -> _Measured:
    """A video from elsewhere; its pictures are read in order, and again for the page."""
    assert request.video is not None
    path, conditions = Path(request.video), request.conditions
    frames = sum(1 for _ in read_video(path).pictures)
    footage = read_video(path)
    clip = Clip(name=path.name, frames=frames, fps=footage.fps, painted=cast("Read", _Player(path)))
    if conditions is not None:
        run = Path(conditions)
        held = dict(read_request(run))
        held.pop("command", None)
        held.pop("run", None)
        held_request = from_json(Request, held, f"{run}/request.json")
        if held_request.clip.frames != frames:
            raise InputError(
                f"{path} has {frames} frames and --conditions {run} {held_request.clip.frames}; expected as many. "
                "Give the run that the video belongs to."
            )
        asked = _asked(held_request)
        clip = replace(
            clip,
            see=_see(asked),
            anchor=_anchor(asked),
            joints=_joints(asked),
            person=asked.person,
        )
    clip = _with_truth(clip, request.truth)
    return _Measured(scores=_scored(clip, request.seed, listener), show=_Player(path))


class _Player:
    """Frames of a video by number: quick in order, and from the start again where asked to go back."""

    def __init__(self, path: Path) -> None:
        self.path, self.at = path, -1
        self.pictures = read_video(path).pictures
        self.last = torch.zeros(0)

    def __call__(self, frame: int) -> Float[Tensor, "channels height width"]:
        if frame < self.at:
            self.at, self.pictures = -1, read_video(self.path).pictures
        while self.at < frame:
            self.last, self.at = next(self.pictures), self.at + 1
        return self.last


def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version()}
    for package in ("reimagine", "torch", "numpy", "opencv-python-headless", "warp-lang"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found
