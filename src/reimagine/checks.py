"""What can be refused before anything long begins."""

from dataclasses import asdict, replace
from pathlib import Path

import torch

from reimagine.background import read_background
from reimagine.film import PAINTED, check_video
from reimagine.people import check_person
from reimagine.pictures import read_picture
from reimagine.request import Clip, InputError, RefineRequest, Request, parse_size
from reimagine.request_json import from_json
from reimagine.runs import read_request
from reimagine.scene import check_clip, is_made, shape_flags


def earlier_request(request: RefineRequest) -> Request:
    """What the earlier run was asked, with what is to be different now.

    Raises:
        InputError: where it is no run of `generate`, or not painted to its end.
    """
    assert request.run is not None
    held = read_request(request.run)
    if held.pop("command", None) != "generate":
        raise InputError(f"--run {request.run} holds no pictures; expected a run of generate.")
    whole = from_json(Request, held, f"{request.run}/request.json")
    frames = Path(request.run) / PAINTED
    painted = sum(1 for _ in frames.glob("*.png")) if frames.is_dir() else 0
    if painted < whole.clip.frames:
        raise InputError(
            f"--run {request.run} has {painted} of {whole.clip.frames} frames; expected all. "
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
            ("--run", request.run),
            ("--from-video", request.from_video),
            ("--frames-dir", request.frames_dir),
        )
        if value is not None
    ]
    if not given:
        raise InputError(
            "Got nothing to refine; expected --run FOLDER of an earlier generate, --from-video FILE or --frames-dir FOLDER."
        )
    if len(given) > 1:
        raise InputError(f"{given[0]} came together with {given[1]}; expected one or the other.")


def check_request(request: Request) -> None:
    """Nothing, where the request makes sense; looks into the pictures and the camera's file, and at the start of a body's model.

    Raises:
        InputError: naming the first flag that cannot be used.
    """
    check_clip(request.clip)
    if flags := shape_flags(request.clip.shape):
        raise InputError(
            f"{flags[0]} came with photos, which decide the person's shape; expected it with reimagine normals. "
            f"Leave out {flags[0]}; --height-m sets the size."
        )
    check_person(request.photos)
    for name, path in asdict(request.photos).items():
        if path is not None and name != "person":
            read_picture(path)
    check_video(request.video, request.background)
    read_background(request.background, *parse_size(request.clip.size))
    check_overlay(request.overlay, request.clip)
    if not 1 <= request.keyframes <= 1000:
        raise InputError(
            f"--keyframes is {request.keyframes}; expected a whole number from 1 (paint all frames) to 1000."
        )


def check_overlay(overlay: str | None, clip: Clip) -> None:
    """Nothing, where an overlay makes sense.

    Raises:
        InputError: for an overlay without the capture's camera, or one that cannot be read.
    """
    if overlay is not None and is_made(clip.camera):
        raise InputError(
            f"--overlay came with --camera {clip.camera}, which knows no photo; expected the photo's own camera. "
            "Give --camera FILE."
        )
    if overlay is not None:
        read_picture(overlay)


def find_device(device: str) -> str:
    """Where to compute: "cpu" or "cuda".

    Raises:
        InputError: for another name, or cuda where there is none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"--device is {device!r}; expected auto, cpu or cuda.")
    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise InputError(
            "--device is cuda, and torch finds none here; expected cpu. Give --device cpu."
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
            f"--size is {clip.size}; {image} paints multiples of {multiple}. Give --size {near[0]}x{near[1]}."
        )
