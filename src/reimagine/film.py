"""The stages of a run that go frame by frame, in chunks: memory does not grow with the clip, and each can be continued."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.background import read_background
from reimagine.body.write import own_arrays
from reimagine.cameras.own import camera_json
from reimagine.errors import InputError
from reimagine.frames.backend import Describes, ImageBackend, PaintsMany
from reimagine.frames.between import between
from reimagine.pictures import encode_depth, encode_png, over, read_picture
from reimagine.progress import Progress
from reimagine.records import Body, CameraPath, Conditions, Person, SurfaceView
from reimagine.refine.backend import KnowsPerson, Refiner, See
from reimagine.render.conditions import depth_mm, make_conditions, normals_picture
from reimagine.render.view import view_surface
from reimagine.resize import resize_to_cover
from reimagine.runs import RunFolder, frame_name
from reimagine.scene import Scene
from reimagine.sheet import contact_sheet, sheet_frames
from reimagine.video import TRANSPARENT, VIDEO_KINDS, write_video
from reimagine.workers import one_behind

PAINTED, FINAL = "frames", "refined"
NORMALS, MASKS, DEPTH = "conditions/normals", "conditions/masks", "conditions/depth_mm"
_CHUNK_PIXELS = 2_000_000
"""Pixels worked on at once; the result does not depend on it."""
_CHUNK_FRAMES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframes:
    """Which frames are painted, and what fills the others where no painted neighbour can."""

    every: int
    """Each so many-th frame is painted, and the last."""
    fill: ImageBackend


def paint(
    run: RunFolder,
    person: Person,
    scene: Scene,
    backend: ImageBackend,
    *,
    seed: int,
    listener: Progress,
    keyframes: Keyframes | None = None,
) -> None:
    """Write the conditions and the picture of every frame that is not there yet."""
    every, frames = (1 if keyframes is None else keyframes.every), len(scene.pose)
    keys = sorted({*range(0, frames, every), frames - 1})
    todo = [frame for frame in keys if not run.has(frame_name(PAINTED, frame))]
    started, painted = time.monotonic(), 0
    _write_scene(run, scene)
    if todo and isinstance(backend, Describes):
        _say_all(run, listener, backend.describe(scene.camera.width, scene.camera.height))
    batch = backend.batch if isinstance(backend, PaintsMany) else 1
    with one_behind() as later:
        for chunk in _chunks(todo, scene.camera, every=every, batch=batch):
            conditions = _conditions(person.body, scene, chunk)
            pictures = backend.paint(person, conditions, seed)
            _check_pictures(pictures, conditions, chunk)
            later(partial(_write_painted, run, conditions, pictures, chunk))
            if not painted and len(chunk) < len(todo):
                _say_how_long(listener, time.monotonic() - started, len(chunk), len(todo))
            painted += len(chunk)
            listener.step("painting", len(keys) - len(todo) + painted, len(keys))
    if todo and isinstance(backend, Describes):
        _say_all(run, listener, backend.measured())
    if keyframes is not None:
        _carry(run, person, scene, keyframes, listener)


def _carry(
    run: RunFolder, person: Person, scene: Scene, keyframes: Keyframes, listener: Progress
) -> None:
    """Write the frames between the painted ones, carried from both neighbours."""
    frames, every = len(scene.pose), keyframes.every
    rest = [frame for frame in range(frames - 1) if frame % every]
    with one_behind() as later:
        for done, frame in enumerate(rest, 1):
            if run.has(frame_name(PAINTED, frame)):
                continue
            before = frame - frame % every
            three = [before, frame, min(before + every, frames - 1)]
            chunk = range(frame, frame + 1)
            conditions = _conditions(person.body, scene, chunk)
            # As they were written: what is left of a stopped run is all there is.
            first, last = (_painted(run.path, key) for key in (three[0], three[2]))
            picture = between(
                first,
                last,
                keyframes.fill.paint(person, conditions, 0)[0],
                seen=view_surface(person, scene.pose[three], scene.camera[three]),
                share=(frame - before) / (three[2] - before),
            )
            later(partial(_write_painted, run, conditions, picture[None], chunk))
            listener.step("carrying", done, len(rest))


def make_normals_only(run: RunFolder, body: Body, scene: Scene, listener: Progress) -> None:
    """Write the conditions of every frame that is not there yet."""
    frames, done = len(scene.pose), 0
    # The depth is written last, so where it is, all is.
    todo = [frame for frame in range(frames) if not run.has(frame_name(DEPTH, frame))]
    _write_scene(run, scene)
    for chunk in _chunks(todo, scene.camera):
        _write_conditions(run, _conditions(body, scene, chunk), chunk)
        done += len(chunk)
        listener.step("normals", frames - len(todo) + done, frames)


def steady(
    run: RunFolder,
    person: Person,
    scene: Scene,
    refiner: Refiner,
    *,
    painted: Path,
    background: str,
    listener: Progress,
) -> None:
    """Write the final picture, over its background, of every frame from the first that is not there yet."""

    def see(first: int, stop: int) -> SurfaceView:
        return view_surface(person, scene.pose[first:stop], scene.camera[first:stop])

    if isinstance(refiner, KnowsPerson):
        refiner.know_person(person)
    behind = read_background(background, scene.camera.width, scene.camera.height)
    steady_pictures(
        run,
        refiner,
        painted=painted,
        frames=len(scene.pose),
        see=see,
        behind=behind,
        listener=listener,
    )


def steady_pictures(
    run: RunFolder,
    refiner: Refiner,
    *,
    painted: Path,
    frames: int,
    see: See | None,
    behind: Float[Tensor, "3 #height #width"] | None,
    listener: Progress,
) -> None:
    """The same for pictures of which no surface need be known."""
    missing = (frame for frame in range(frames) if not run.has(frame_name(FINAL, frame)))
    start = next(missing, frames)
    if start == frames:
        return

    def read(frame: int) -> Float[Tensor, "4 height width"]:
        return _painted(painted, frame)

    with one_behind() as later:
        for frame, picture in enumerate(refiner.refine(read, see, frames, start), start):
            final = picture if behind is None else over(picture, behind)
            later(partial(_write_final, run, final, frame))
            listener.step("steadying", frame + 1, frames)
    for note in getattr(refiner, "notes", ()):
        run.log(note)


def finish(
    run: RunFolder,
    *,
    folders: tuple[str, ...],
    frames: int,
    fps: float,
    kind: str,
    listener: Progress,
) -> Path | None:
    """Write the contact sheet and the video of the pictures in these folders, side by side; gives the video's path."""
    if not run.has("sheet.png"):
        chosen = [_beside(run, folders, frame) for frame in sheet_frames(frames)]
        run.write("sheet.png", encode_png(contact_sheet([_on_white(one) for one in chosen])))
    if kind == "png":
        return None
    name = "video" + VIDEO_KINDS[kind]
    if not run.has(name):
        with run.file(name) as unfinished:
            write_video(unfinished, _played(run, folders, frames, listener), fps, kind)
    return run.path / name


def write_overlay(run: RunFolder, body: Body, scene: Scene, photo: str | None) -> None:
    """Write overlay.png: the first frame's normals drawn over a capture's photo.

    Raises:
        InputError: where the photo cannot be read.
    """
    if photo is None or run.has("overlay.png"):
        return
    conditions = _conditions(body, scene, range(1))
    picture = _like_the_camera(read_picture(photo)[:3], scene.camera)
    share = conditions.coverage * 0.7
    run.write("overlay.png", encode_png(torch.lerp(picture, normals_picture(conditions)[0], share)))


def check_video(kind: str, background: str) -> None:
    """Nothing, where the video can hold what is asked for.

    Raises:
        InputError: for an unknown kind, or a transparent mp4.
    """
    if kind not in VIDEO_KINDS:
        raise InputError(f"`video` is {kind!r}; expected one of {', '.join(VIDEO_KINDS)}.")
    if kind == "mp4" and background == "transparent":
        raise InputError(
            "`background` transparent came with `video` mp4, which holds no transparency; "
            f"expected {', '.join(TRANSPARENT)} or png. Give `video` webm."
        )


def _conditions(body: Body, scene: Scene, chunk: range) -> Conditions:
    part = slice(chunk.start, chunk.stop, chunk.step)
    return make_conditions(
        body, scene.pose[part], scene.camera[part], scene.heading_rad, scene.shade
    )


def _check_pictures(pictures: Tensor, conditions: Conditions, chunk: range) -> None:
    """Nothing, where a backend painted what it should.

    Raises:
        InputError: naming the first frame that is no picture.
    """
    wanted = (len(conditions), 4, conditions.camera.height, conditions.camera.width)
    if tuple(pictures.shape) != wanted:
        raise InputError(
            f"the image backend painted {tuple(pictures.shape)}; expected (frames 4 height width) {wanted}. "
            "See docs/backends.md."
        )
    for frame, picture in zip(chunk, pictures, strict=True):
        if not bool(torch.isfinite(picture).all()):
            raise InputError(
                f"frame {frame} came out of the image model with numbers that are none (NaN); expected a picture. "
                "Frames before it stay. Try another `vram`, a lower `lora_strength`, or another `seed` and `out`."
            )


def _write_painted(
    run: RunFolder,
    conditions: Conditions,
    pictures: Float[Tensor, "frames 4 height width"],
    chunk: range,
) -> None:
    """Conditions first: where a frame's picture is, they are too."""
    _write_conditions(run, conditions, chunk)
    for frame, picture in zip(chunk, pictures, strict=True):
        run.write(frame_name(PAINTED, frame), encode_png(picture))


def _write_final(run: RunFolder, picture: Float[Tensor, "c height width"], frame: int) -> None:
    run.write(frame_name(FINAL, frame), encode_png(picture))


def _write_conditions(run: RunFolder, conditions: Conditions, chunk: range) -> None:
    normals, depths = normals_picture(conditions), depth_mm(conditions)
    for index, frame in enumerate(chunk):
        run.write(frame_name(NORMALS, frame), encode_png(normals[index]))
        run.write(frame_name(MASKS, frame), encode_png(conditions.coverage[index][None]))
        run.write(frame_name(DEPTH, frame), encode_depth(depths[index]))


def _write_scene(run: RunFolder, scene: Scene) -> None:
    """The cameras and the motion, which lie in one world and can be given again as --camera and --motion."""
    if not run.has("conditions/cameras.json"):
        run.write("conditions/cameras.json", camera_json(scene.camera))
    if not run.has("conditions/motion.npz"):
        with run.file("conditions/motion.npz") as unfinished, unfinished.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **own_arrays(scene.motion))


def _chunks(
    todo: list[int], camera: CameraPath, *, every: int = 1, batch: int = 1
) -> Iterator[range]:
    """The frames to do as runs of frames that lie `every` apart, none too long, and whole batches where they can be."""
    most = min(_CHUNK_FRAMES, _CHUNK_PIXELS // (camera.width * camera.height))
    most = max(1, most // batch) * batch
    breaks = [0, *(at + 1 for at, (a, b) in enumerate(pairwise(todo)) if b != a + every), len(todo)]
    for first, stop in pairwise(breaks):
        for at in range(first, stop, most):
            yield range(todo[at], todo[min(at + most, stop) - 1] + 1, every)


def _say_all(run: RunFolder, listener: Progress, lines: list[str]) -> None:
    for line in lines:
        run.log(line)
        listener.say(line)


def _say_how_long(listener: Progress, elapsed_s: float, done: int, todo: int) -> None:
    left = elapsed_s / done * (todo - done)
    listener.say(f"Painting a frame takes {elapsed_s / done:.2f} s here; about {left:.0f} s to go.")


def _played(
    run: RunFolder, folders: tuple[str, ...], frames: int, listener: Progress
) -> Iterator[Float[Tensor, "channels height width"]]:
    for frame in range(frames):
        yield _beside(run, folders, frame)
        listener.step("video", frame + 1, frames)


def _beside(
    run: RunFolder, folders: tuple[str, ...], frame: int
) -> Float[Tensor, "channels height width"]:
    """A frame's pictures from several folders, left to right."""
    pictures = [
        read_picture(run.path / frame_name(folder, frame), least_side=1) for folder in folders
    ]
    channels = max(picture.shape[0] for picture in pictures)
    if channels == 4:
        pictures = [_with_alpha(picture) for picture in pictures]
    return torch.cat(pictures, dim=2)


def _painted(folder: Path, frame: int) -> Float[Tensor, "4 height width"]:
    """The picture of a frame that was painted in a run's folder."""
    return _with_alpha(read_picture(folder / frame_name(PAINTED, frame), least_side=1))


def _with_alpha(picture: Float[Tensor, "channels height width"]) -> Float[Tensor, "4 height width"]:
    return picture if picture.shape[0] == 4 else torch.cat([picture, torch.ones_like(picture[:1])])


def _on_white(picture: Float[Tensor, "channels height width"]) -> Float[Tensor, "3 height width"]:
    return over(picture, torch.ones(3, 1, 1)) if picture.shape[0] == 4 else picture


def _like_the_camera(
    photo: Float[Tensor, "3 height width"], camera: CameraPath
) -> Float[Tensor, "3 height width"]:
    """The photo at the camera's height, cropped or widened evenly left and right: as camera files are read."""
    width = max(1, round(photo.shape[2] * camera.height / photo.shape[1]))
    photo = resize_to_cover(photo, width, camera.height)
    beyond = camera.width - width
    if beyond <= 0:
        left = -beyond // 2
        return photo[:, :, left : left + camera.width]
    return torch.nn.functional.pad(photo, (beyond // 2, beyond - beyond // 2, 0, 0), value=1.0)
