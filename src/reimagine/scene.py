"""Which body moves how, and where the camera is: a clip's flags made into records."""

import math
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.anny import DEFAULT_PHENOTYPE, PHENOTYPES, anny_body, natural_height_m
from reimagine.body.library import BUILT_IN_MOTIONS, built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.body.motion import cut, heading_rad, into_our_world, loop, resample, stand_up
from reimagine.body.readers.read import read_motion
from reimagine.body.smplx import check_model_file, smplx_body
from reimagine.body.sway import swung
from reimagine.cameras.path import MADE_CAMERAS, check_view, make_camera
from reimagine.cameras.read import read_camera
from reimagine.cameras.worlds import UPS, with_y_up
from reimagine.errors import InputError
from reimagine.records import Body, CameraPath, Motion, Pose, Skin
from reimagine.request import Clip
from reimagine.settings import Shape, parse_size

HEIGHT_M = 1.7
"""Of a person about whom nothing is known."""
_MEAN_HEIGHT_M = 1.65
"""Of the mean SMPL-X body."""
MAX_FRAMES = 200_000
"""Over two hours at 24 per second."""
_FRAMED_POINTS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A body's pose and the camera in each frame."""

    motion: Motion
    """As it is played: in the camera's world, at the clip's frame rate."""
    pose: Pose
    camera: CameraPath
    heading_rad: float
    """Of the first frame, about Y; 0 faces +Z."""
    shade: float = 0.0
    """As in `Conditions`."""


def check_clip(clip: Clip) -> None:
    """Nothing, where the numbers make sense and the names are known; opens no file but the camera's, and the start of a body's model.

    Raises:
        InputError: naming the first flag that cannot be used.
    """
    parse_size(clip.size)
    if not 1 <= clip.frames <= MAX_FRAMES:
        raise InputError(
            f"`frames` is {clip.frames}; expected 1 to {MAX_FRAMES}, for example `frames` 48."
        )
    _check_times(clip)
    if clip.height_m is not None and not 0.4 <= clip.height_m <= 3:
        raise InputError(f"`height_m` is {clip.height_m:g}; expected metres from 0.4 to 3.")
    _check_name("`motion`", clip.motion, tuple(BUILT_IN_MOTIONS), "a motion file")
    _check_name("`camera`", clip.camera, MADE_CAMERAS, "a camera file")
    if clip.camera_up is not None and clip.camera_up not in UPS:
        raise InputError(
            f"`camera_up` is {clip.camera_up!r}; expected {', '.join(UPS)}. Leave it out to have it found."
        )
    if is_made(clip.camera):
        check_view(clip.camera, clip.view)
    else:
        _camera_of_file(clip)
    _check_name("`body`", clip.body, ("anny", "smplx"), None)
    _check_body(clip)


def shape_fields(shape: Shape) -> list[str]:
    """The numbers by which a shape was asked for."""
    return [name for name, value in asdict(shape).items() if value is not None]


def find_motion(clip: Clip) -> Motion:
    """The motion asked for, in its own world, with as many frames as the clip at its frame rate.

    Raises:
        InputError: for a file that cannot be used, or one that is too short and not to be looped.
    """
    if clip.motion in BUILT_IN_MOTIONS and not Path(clip.motion).exists():
        return built_in_motion(clip.motion, clip.frames, clip.fps)
    motion = resample(read_motion(clip.motion, clip.bone_map), clip.fps)
    left = len(motion.poses) - round(clip.start_s * clip.fps)
    if clip.seconds is not None:
        left = min(left, max(1, round(clip.seconds * clip.fps)))
    if clip.loop and 0 < left < clip.frames:
        return loop(cut(motion, clip.start_s, left), clip.frames)
    if clip.seconds is not None and left < clip.frames:
        raise InputError(
            f"`seconds` {clip.seconds:g} of the motion are {left} frames; expected {clip.frames}. "
            f"Give `frames` {left}, or `loop`."
        )
    return cut(motion, clip.start_s, clip.frames)


def find_whole_motion(name: str, bone_map: str | None = None) -> Motion:
    """A motion file as it is, or one repeat of a built-in motion at 24 frames per second.

    Raises:
        InputError: for a file that cannot be used.
    """
    if name in BUILT_IN_MOTIONS and not Path(name).exists():
        return built_in_motion(name, max(1, round(BUILT_IN_MOTIONS[name].seconds * 24)), 24.0)
    _check_name("the motion", name, tuple(BUILT_IN_MOTIONS), "a motion file")
    return read_motion(name, bone_map)


def plain_body(
    betas: Float[Tensor, " betas"],
    shape: Shape,
    *,
    height_m: float | None = None,
    body_model: str | None = None,
) -> Body:
    """A body for conditions alone: of the height asked for, else guessed from its shape or a motion's shape numbers.

    `body_model`: an SMPL-X model file, whose shape the numbers decide; None takes Anny's body.
    """
    if body_model is not None:
        return smplx_body(body_model, betas, height_m)
    given = asdict(shape)
    usual = zip(PHENOTYPES, DEFAULT_PHENOTYPE.tolist(), strict=True)
    phenotype = torch.tensor(
        [value if given[name] is None else given[name] for name, value in usual]
    )
    if height_m is not None:
        return anny_body(phenotype, height_m)
    if shape_fields(shape) or not bool(betas.any()):
        return anny_body(phenotype, natural_height_m(phenotype, HEIGHT_M))
    # Shape numbers mean nothing without the SMPL-X model; two measured people's heights go with the first one so.
    share = min(max(1 + 0.065 * float(betas[0]), 0.7), 1.3)
    return anny_body(phenotype, _MEAN_HEIGHT_M * share)


def make_scene(
    clip: Clip,
    motion: Motion,
    body: Body,
    surface: Skin,
    *,
    sway: float = 0.0,
    shade: float = 0.0,
) -> Scene:
    """The body in motion and the camera on it.

    With a camera that we make, the motion is put on the floor and faces front; with a camera from a file it stays
    in its own world, and the camera is brought into it where both know which way is up. `surface` is what must stay in sight. `sway` says how far it swings where it is loose, `shade`
    how strongly light falls on it anew, both 0 to 1.

    Raises:
        InputError: for a camera file that cannot be used.
    """
    width, height = parse_size(clip.size)
    if is_made(clip.camera):
        motion = into_our_world(motion, body)
        pose = pose_body(body, motion)
        camera = make_camera(clip.camera, clip.view, _outline(surface, pose), width, height)
    else:
        camera = _camera_of_file(clip)
        if clip.camera_up is not None:
            motion = stand_up(motion, body)
        if motion.up == "y" and camera.world == "captured":
            camera = with_y_up(camera, clip.camera_up)
        pose = pose_body(body, motion)
    pose = swung(pose, clip.fps, sway)
    return Scene(
        motion=motion, pose=pose, camera=camera, heading_rad=heading_rad(pose), shade=shade
    )


def _camera_of_file(clip: Clip) -> CameraPath:
    """The cameras of a file for the clip's frames."""
    width, height = parse_size(clip.size)
    return read_camera(
        clip.camera,
        clip.frames,
        width,
        height,
        clip.camera_name,
        fps=clip.fps,
        start_s=clip.start_s,
    )


def is_made(camera: str) -> bool:
    """Whether `--camera` names a camera that we make rather than a file."""
    return camera in MADE_CAMERAS and not Path(camera).exists()


def _outline(surface: Skin, pose: Pose) -> Float[Tensor, "frames points 3"]:
    """Some points all over the surface, and those that reach farthest at rest, in every frame."""
    every = torch.arange(0, len(surface.verts), max(1, len(surface.verts) // _FRAMED_POINTS))
    farthest = torch.cat([surface.verts.argmax(0), surface.verts.argmin(0)])
    chosen = torch.cat([every, farthest])
    some = replace(
        surface,
        verts=surface.verts[chosen],
        faces=surface.faces[:0],
        weight_joints=surface.weight_joints[chosen],
        weights=surface.weights[chosen],
        correctives=None if surface.correctives is None else surface.correctives[:, chosen],
    )
    return pose_skin(some, pose)


def _check_times(clip: Clip) -> None:
    if not 0 < clip.fps <= 240:
        raise InputError(
            f"`fps` is {clip.fps:g}; expected more than 0 and at most 240, such as 24."
        )
    if not 0 <= clip.start_s < math.inf:
        raise InputError(f"`start_s` is {clip.start_s:g}; expected 0 or more seconds.")
    if clip.seconds is not None and not 0 < clip.seconds < math.inf:
        raise InputError(f"`seconds` is {clip.seconds:g}; expected more than 0.")


def _check_body(clip: Clip) -> None:
    if clip.body == "smplx" and clip.body_model is None:
        raise InputError(
            "`body` smplx came without a model; expected the SMPL-X file that you got under its own licence. "
            "Give `body_model` SMPLX_NEUTRAL.npz."
        )
    if clip.body_model is not None:
        if clip.body != "smplx":
            raise InputError(
                f"`body_model` came with `body` {clip.body}, which has its own; expected `body` smplx. "
                "Give `body` smplx, or leave out `body_model`."
            )
        check_model_file(Path(clip.body_model))


def check_shape(shape: Shape, body: str) -> None:
    """Nothing, where the numbers make sense and the body has a shape that they decide.

    Raises:
        InputError: naming the first that cannot be used.
    """
    if body == "smplx" and (given := shape_fields(shape)):
        raise InputError(
            f"`{given[0]}` came with `body` smplx, whose shape comes from the motion's numbers; expected `body` anny. "
            f"Leave out `{given[0]}`."
        )
    for name, value in asdict(shape).items():
        if value is not None and not 0 <= value <= 1:
            metres = " Give `height_m` for metres." if name == "height" else ""
            raise InputError(f"`{name}` is {value:g}; expected 0 to 1, such as 0.5.{metres}")


def _check_name(flag: str, name: str, known: tuple[str, ...], or_else: str | None) -> None:
    if name in known or (or_else and name and Path(name).exists()):
        return
    looks_like_file = or_else and (Path(name).suffix or len(Path(name).parts) > 1)
    if looks_like_file:
        raise InputError(
            f"{flag}: there is no file {name}; expected one that exists. Check the path."
        )
    near = get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else f"Give {flag} {known[0]}."
    choices = ", ".join(known) + (f", or {or_else}" if or_else else "")
    raise InputError(f"{flag} is {name!r}; expected {choices}. {hint}")
