"""The whole way, one call per stage: photos, motion and camera in, video out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from reimagine.appearance.store import save_person
from reimagine.background import read_background
from reimagine.checks import (
    check_heard,
    check_overlay,
    check_refine_source,
    check_request,
    check_size,
    earlier_request,
    find_device,
)
from reimagine.film import (
    FINAL,
    NORMALS,
    PAINTED,
    Keyframes,
    check_video,
    finish,
    make_normals_only,
    paint,
    steady,
    steady_pictures,
    write_overlay,
)
from reimagine.footage import Source, check_source, take_frames
from reimagine.frames.load import load_backend
from reimagine.people import (
    check_person,
    check_surface,
    find_person,
    keep_surface,
    person_for,
)
from reimagine.progress import SILENT, Progress
from reimagine.records import Person
from reimagine.refine.load import load_refiner
from reimagine.request import Clip, NormalsRequest, PersonRequest, RefineRequest, Request
from reimagine.request_json import to_json
from reimagine.runs import RunFolder, check_writable, open_run
from reimagine.scene import check_clip, check_shape, find_motion, make_scene, plain_body
from reimagine.settings import parse_size
from reimagine.whole_run import keep_person, own_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run made."""

    folder: Path
    frames: int
    video: Path | None
    """None where only pictures were asked for."""
    notes: tuple[str, ...]
    """What was guessed, in the user's words."""


def generate(request: Request, listener: Progress = SILENT) -> Result:
    """A video of the person, in the run folder `request.out`; an earlier try is continued.

    Raises:
        InputError: where the request or a file it names cannot be used.
    """
    clip, device = request.clip, find_device(request.clip.device)
    check_request(request)
    backend = load_backend(request.image, device, request.image_model)
    refiner = load_refiner(request.refiner, device, request.refinement)
    check_size(clip, request.image, backend.multiple)
    motion = find_motion(clip)
    with open_run(request.out, _asked("generate", request)) as run:
        _plan(run, listener, clip, f"image {request.image}, refiner {request.refiner} on {device}")
        person = person_for(request, listener, keep=partial(keep_person, run))
        keep_surface(run, person)
        scene = make_scene(
            clip, motion, person.body, person.surface, sway=request.sway, shade=request.shade
        )
        paint(
            run,
            person,
            scene,
            backend,
            seed=request.seed,
            listener=listener,
            keyframes=_keyframes(request, device),
        )
        write_overlay(run, person.body, scene, request.overlay)
        steady(
            run,
            person,
            scene,
            refiner,
            painted=run.path,
            background=request.background,
            listener=listener,
        )
        return _finish(run, request, (*motion.notes, *scene.camera.notes, *person.notes), listener)


def make_normals(request: NormalsRequest, listener: Progress = SILENT) -> Result:
    """Normal maps, masks, depth and cameras of a motion on a plain body, without a person.

    Raises:
        InputError: where the request or a file it names cannot be used.
    """
    clip = request.clip
    check_clip(clip)
    check_shape(request.shape, clip.body)
    check_heard(clip)
    check_video(request.video, "white")
    check_overlay(request.overlay, clip)
    motion = find_motion(clip)
    with open_run(request.out, _asked("normals", request)) as run:
        _plan(run, listener, clip, f"normals of the {clip.body} body")
        body = plain_body(
            motion.betas, request.shape, height_m=clip.height_m, body_model=clip.body_model
        )
        scene = make_scene(clip, motion, body, body.skin)
        make_normals_only(run, body, scene, listener)
        write_overlay(run, body, scene, request.overlay)
        video = finish(
            run,
            folders=(NORMALS,),
            frames=clip.frames,
            fps=clip.fps,
            kind=request.video,
            listener=listener,
        )
        return Result(
            folder=run.path,
            frames=clip.frames,
            video=video,
            notes=(*motion.notes, *scene.camera.notes),
        )


def make_person(request: PersonRequest, listener: Progress = SILENT) -> Person:
    """A person from photos, stored in `request.out` for `generate --person`.

    Raises:
        InputError: where the photos cannot be used or the folder cannot be written.
    """
    check_person(request.photos, request.gender)
    check_writable(Path(request.out))
    person = find_person(request.photos, listener, gender=request.gender)
    save_person(person, Path(request.out))
    return person


def refine_run(request: RefineRequest, listener: Progress = SILENT) -> Result:
    """An earlier run's painted pictures, or anybody's frames, steadied anew into a run folder of their own.

    Raises:
        InputError: where the earlier run is none, or is not painted to its end, or the frames cannot be used.
    """
    check_refine_source(request)
    if request.run is None:
        return _refine_footage(request, listener)
    whole = earlier_request(request)
    check_video(whole.video, whole.background)
    read_background(whole.background, *parse_size(whole.clip.size))
    refiner = load_refiner(request.refiner, find_device(whole.clip.device), request.refinement)
    source, own = Path(request.run), own_request(Path(request.run), whole)
    clip = own.clip
    with open_run(whole.out, {"run": request.run, **_asked("refine", whole)}) as run:
        _plan(run, listener, clip, f"pictures of {source}, refiner {request.refiner}")
        person = person_for(own, listener)
        check_surface(source, person)
        scene = make_scene(clip, find_motion(clip), person.body, person.surface, sway=whole.sway)
        steady(
            run,
            person,
            scene,
            refiner,
            painted=source,
            background=whole.background,
            listener=listener,
        )
        return _finish(run, replace(whole, side_by_side=False), person.notes, listener)


def _refine_footage(request: RefineRequest, listener: Progress) -> Result:
    """Frames of which no surface is known: a video's or a folder's."""
    video, folder = (Path(one) if one else None for one in (request.from_video, request.frames_dir))
    source = Source(video=video, folder=folder, fps=request.fps)
    kind, background = request.video or "mp4", request.background or "white"
    check_source(source)
    check_video(kind, background)
    read_background(background, 1, 1)
    refiner = load_refiner(request.refiner, find_device("auto"), request.refinement)
    place = Path(request.from_video or request.frames_dir or "")
    beside = place.with_suffix("") if video else place
    out = request.out or f"{beside}-{request.refiner.replace(':', '-')}"
    with open_run(out, _asked("refine", request)) as run:
        taken = take_frames(run, source, PAINTED, listener)
        line = f"{taken.frames} frames of {taken.width}x{taken.height} from {place}, refiner {request.refiner}, into {run.path}"
        run.log(line)
        listener.say(line)
        steady_pictures(
            run,
            refiner,
            painted=run.path,
            frames=taken.frames,
            see=None,
            behind=read_background(background, taken.width, taken.height),
            listener=listener,
        )
        made = finish(
            run,
            folders=(FINAL,),
            frames=taken.frames,
            fps=taken.fps,
            kind=kind,
            listener=listener,
        )
        run.log("done")
        return Result(folder=run.path, frames=taken.frames, video=made, notes=())


def _keyframes(request: Request, device: str) -> Keyframes | None:
    """What --keyframes asks for; the atlas fills what no painted frame shows."""
    if request.keyframes == 1:
        return None
    atlas = load_backend("atlas", device, request.image_model)
    return Keyframes(every=request.keyframes, fill=atlas)


def _asked(command: str, request: Request | NormalsRequest | RefineRequest) -> Mapping[str, Any]:
    """What request.json holds: all that decides what comes out."""
    return {"command": command, **to_json(request)}


def _plan(run: RunFolder, listener: Progress, clip: Clip, how: str) -> None:
    line = f"{clip.frames} frames of {clip.size} at {clip.fps:g} per second, {how}, into {run.path}"
    run.log(line)
    listener.say(line)


def _finish(run: RunFolder, request: Request, notes: tuple[str, ...], listener: Progress) -> Result:
    clip = request.clip
    video = finish(
        run,
        folders=(NORMALS, FINAL) if request.side_by_side else (FINAL,),
        frames=clip.frames,
        fps=clip.fps,
        kind=request.video,
        listener=listener,
    )
    for note in notes:
        run.log(note)
    run.log("done")
    return Result(folder=run.path, frames=clip.frames, video=video, notes=notes)
