"""What can be refused before anything long begins."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import torch

from reimagine.background import read_background
from reimagine.body.library import BUILT_IN_MOTIONS
from reimagine.errors import InputError
from reimagine.film import PAINTED, check_video
from reimagine.foreign import reading
from reimagine.people import check_person
from reimagine.pictures import read_picture
from reimagine.request import Clip, RefineRequest, Request
from reimagine.request_json import from_json
from reimagine.runs import read_request
from reimagine.scene import check_clip, is_made
from reimagine.settings import ImageModel, Photos, Refinement, View, parse_size, picture_files
from reimagine.trust import check_modules
from reimagine.whole_run import own_request

_CAMERA_OF = {"turns": "orbit", "arc_deg": "arc", "dolly": "dolly"}
"""Settings of a view that one made camera alone listens to."""


def earlier_request(request: RefineRequest) -> Request:
    """What the earlier run was asked, with what is to be different now.

    Raises:
        InputError: where it is no run of `generate`, or not painted to its end.
    """
    assert request.run is not None
    held = read_request(request.run)
    if held.pop("command", None) != "generate":
        raise InputError(f"`run` {request.run} holds no pictures; expected a run of generate.")
    place = f"{request.run}/request.json"
    with reading(place, "the request of a run"):
        whole = from_json(Request, held, place)
    check_modules(whole, place, trusted=request.trust_modules)
    check_clip(own_request(Path(request.run), whole).clip)
    check_share("`sway`", whole.sway)
    check_share("`shade`", whole.shade)
    frames = Path(request.run) / PAINTED
    painted = sum(1 for _ in frames.glob("*.png")) if frames.is_dir() else 0
    if painted < whole.clip.frames:
        raise InputError(
            f"`run` {request.run} has {painted} of {whole.clip.frames} frames; expected all. "
            "Run its generate command again first."
        )
    return replace(
        whole,
        refiner=request.refiner,
        refinement=request.refinement,
        background=request.background or whole.background,
        video=request.video or whole.video,
        out=request.out or f"{request.run.rstrip('/')}-{request.refiner.replace(':', '-')}",
    )


def check_refine_source(request: RefineRequest) -> None:
    """Nothing, where exactly one thing to refine is given.

    Raises:
        InputError: where there is none, or more.
    """
    given = [
        flag
        for flag, value in (
            ("`run`", request.run),
            ("`from_video`", request.from_video),
            ("`frames_dir`", request.frames_dir),
        )
        if value is not None
    ]
    if not given:
        raise InputError(
            "Got nothing to refine; expected `run` FOLDER of an earlier generate, `from_video` FILE or `frames_dir` FOLDER."
        )
    if len(given) > 1:
        raise InputError(f"{given[0]} came together with {given[1]}; expected one or the other.")
    for flag, path, other in (
        ("`from_video`", request.from_video, "`frames_dir`"),
        ("`frames_dir`", request.frames_dir, "`from_video`"),
    ):
        if (
            path is not None
            and Path(path).is_dir() == (flag == "`from_video`")
            and Path(path).exists()
        ):
            got, wanted = ("folder", "file") if flag == "`from_video`" else ("file", "folder")
            raise InputError(
                f"{flag} {path} is a {got}; expected a {wanted}. For a {got} give {other} {path}."
            )
    if request.frames_dir is None and request.fps != RefineRequest().fps:
        raise InputError(
            f"`fps` came with {given[0]}, which has its own frame rate; expected it with `frames_dir`. Leave out `fps`."
        )
    check_refinement(request.refiner, request.refinement)


def check_request(request: Request) -> None:
    """Nothing, where the request makes sense; looks into the pictures and the camera's file, and at the start of a body's model.

    Raises:
        InputError: naming the first flag that cannot be used.
    """
    check_clip(request.clip)
    check_heard(request.clip)
    check_image_model(request.image, request.image_model)
    check_refinement(request.refiner, request.refinement)
    check_person(request.photos, request.gender)
    check_pictures(request.photos)
    check_video(request.video, request.background)
    read_background(request.background, *parse_size(request.clip.size))
    check_overlay(request.overlay, request.clip)
    check_keyframes(request.keyframes)
    check_share("`sway`", request.sway)
    check_share("`shade`", request.shade)


def check_pictures(photos: Photos) -> None:
    """Nothing, where every picture that was given can be read.

    Raises:
        InputError: naming the first file that cannot.
    """
    for _, path in picture_files(photos):
        read_picture(path)


def check_share(flag: str, share: float) -> None:
    """Nothing, where the number is from 0 to 1.

    Raises:
        InputError: otherwise.
    """
    if not 0 <= share <= 1:
        raise InputError(f"{flag} is {share:g}; expected a number from 0 to 1, such as 0.5.")


def check_keyframes(keyframes: int) -> None:
    """Nothing, where so many can be.

    Raises:
        InputError: otherwise.
    """
    if not 1 <= keyframes <= 1000:
        raise InputError(
            f"`keyframes` is {keyframes}; expected a whole number from 1 (paint all frames) to 1000."
        )


def check_heard(clip: Clip) -> None:
    """Nothing, where everything that was set about motion and camera has an effect.

    Raises:
        InputError: naming the first flag that would have none.
    """
    if clip.motion in BUILT_IN_MOTIONS and not Path(clip.motion).exists():
        if clip.seconds is not None:
            raise InputError(
                f"`seconds` came with `motion` {clip.motion}, which goes on for as long as the clip; expected it with a "
                f"motion file. For {clip.seconds:g} s give `frames` {max(1, round(clip.seconds * clip.fps))}."
            )
        if clip.start_s:
            raise InputError(
                f"`start_s` came with `motion` {clip.motion}, which is made to measure; expected it with a motion file. "
                "Leave out `start_s`."
            )
    if is_made(clip.camera) and clip.camera_name is not None:
        raise InputError(
            f"`camera_name` came with `camera` {clip.camera}, which is a single one; expected a rig's file. "
            "Leave out `camera_name`."
        )
    if is_made(clip.camera) and clip.camera_up is not None:
        raise InputError(
            f"`camera_up` came with `camera` {clip.camera}, which is made upright; expected a camera file. Leave it out."
        )
    for flag in _changed(clip.view, View()):
        wanted = _CAMERA_OF.get(flag.strip("`"))
        if not is_made(clip.camera):
            raise InputError(
                f"{flag} came with `camera` {clip.camera}, a file that says where the camera is; expected it with a made "
                f"camera, such as `camera` {wanted or 'orbit'}. Leave out {flag}."
            )
        if wanted not in (None, clip.camera):
            raise InputError(
                f"{flag} came with `camera` {clip.camera}, which has no use for it. Give `camera` {wanted}, or leave out {flag}."
            )


def check_image_model(image: str, settings: ImageModel) -> None:
    """Nothing, where everything that was set about an image model has an effect; other backends judge for themselves.

    Raises:
        InputError: naming the first flag that the atlas would not listen to.
    """
    if image == "atlas" and (changed := _changed(settings, ImageModel())):
        raise InputError(
            f"{changed[0]} came with `image` atlas, which carries the photos and has no model; expected it with an image "
            f"model. Add `image` flux-kontext, or leave out {changed[0]}."
        )


def check_refinement(refiner: str, settings: Refinement) -> None:
    """Nothing, where everything that was set about a video model has an effect; other refiners judge for themselves.

    Raises:
        InputError: naming the first flag that a refiner without a model would not listen to.
    """
    if refiner in ("none", "flow") and (changed := _changed(settings, Refinement(), "refinement.")):
        raise InputError(
            f"{changed[0]} came with `refiner` {refiner}, which has no video model; expected it with one. "
            f"Give `refiner` wan, or leave out {changed[0]}."
        )


def _changed(settings: object, usual: object, group: str = "") -> list[str]:
    """Fields of what is not as usual."""
    assert type(settings) is type(usual)
    names = [field.name for field in fields(cast("Any", settings))]
    return [f"`{group}{name}`" for name in names if getattr(settings, name) != getattr(usual, name)]


def check_overlay(overlay: str | None, clip: Clip) -> None:
    """Nothing, where an overlay makes sense.

    Raises:
        InputError: for an overlay without the capture's camera, or one that cannot be read.
    """
    if overlay is not None and is_made(clip.camera):
        raise InputError(
            f"`overlay` came with `camera` {clip.camera}, which knows no photo; expected the photo's own camera. "
            "Give `camera` FILE."
        )
    if overlay is not None:
        read_picture(overlay)


def find_device(device: str) -> str:
    """Where to compute: "cpu" or "cuda".

    Raises:
        InputError: for another name, or cuda where there is none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"`device` is {device!r}; expected auto, cpu or cuda.")
    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise InputError(
            "`device` is cuda, and torch finds none here; expected cpu. Give `device` cpu."
        )
    return ("cuda" if has_cuda else "cpu") if device == "auto" else device


def check_size(clip: Clip, image: str, multiple: int) -> None:
    """Nothing, where the image backend can paint pictures of this size.

    Raises:
        InputError: with the nearest size that it can paint.
    """
    width, height = parse_size(clip.size)
    if width % multiple or height % multiple:
        near = [max(multiple, round(side / multiple) * multiple) for side in (width, height)]
        raise InputError(
            f"`size` is {clip.size}; {image} paints multiples of {multiple}. Give `size` {near[0]}x{near[1]}."
        )
