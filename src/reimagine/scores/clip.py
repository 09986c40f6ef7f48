"""A clip as the measures see it: callables that give pictures and geometry when asked, so that memory stays flat."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.errors import InputError
from reimagine.records import Person, SurfaceView
from reimagine.scores.outline import DIFFERENT

Read = Callable[[int], Float[Tensor, "channels height width"]]
"""Picture of a frame, 0..1, RGB or RGBA with straight alpha."""
See = Callable[[int, int], SurfaceView]
"""The dressed surface in frames start..stop."""
Joints = Callable[[int], Float[Tensor, "joints 3"]]
"""Joints of a frame, world, metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What was painted, and what had been asked for where that is known."""

    name: str
    frames: int
    fps: float
    painted: Read
    refined: Read | None = None
    """After refinement; None where there was none."""
    behind: Float[Tensor, "3 #height #width"] | None = None
    """What lies behind the person in refined pictures without alpha; None where that is not known."""
    see: See | None = None
    """None for a video of which no geometry is known."""
    anchor: Read | None = None
    """The geometry-anchored rendering of the same request, RGBA."""
    joints: Joints | None = None
    truth: Read | None = None
    """The true pictures, where there are any."""
    person: Person | None = None
    """Whose photos the painting is compared with; needs `see`."""


def check_clip(clip: Clip) -> None:
    """Nothing, for a clip that can be measured.

    Raises:
        InputError: for a clip of one frame, conditions that are not finite, or pictures of another size than the
            camera's.
    """
    if clip.frames < 2:
        raise InputError(
            f"{clip.name} has {clip.frames} frame; expected at least 2, as steadiness is about change. "
            "Make a longer clip."
        )
    height, width = clip.painted(0).shape[1:]
    sizes = {"refined": clip.refined, "anchor": clip.anchor, "true": clip.truth}
    for what, read in sizes.items():
        if read is not None and read(0).shape[1:] != (height, width):
            other = read(0).shape
            raise InputError(
                f"{clip.name}: its frames are {width}x{height} and its {what} pictures {other[2]}x{other[1]}; "
                "expected one size. Make them again in one size."
            )
    if clip.see is not None:
        check_seen(clip.see(0, 1), clip.name, width, height)


def check_seen(seen: SurfaceView, name: str, width: int, height: int) -> None:
    """Nothing, for geometry that fits pictures of this size.

    Raises:
        InputError: where it has NaN or is of another size.
    """
    camera = seen.camera
    numbers = (seen.verts, camera.K, camera.R, camera.t)
    if not all(bool(torch.isfinite(values).all()) for values in numbers):
        raise InputError(
            f"{name}: the conditions hold NaN or infinite numbers; expected finite ones. "
            "Check the motion and the camera file."
        )
    if (camera.width, camera.height) != (width, height):
        raise InputError(
            f"{name}: its pictures are {width}x{height} and its camera's {camera.width}x{camera.height}; "
            "expected one size. Give the run folder that the pictures belong to."
        )


def on_white(picture: Float[Tensor, "channels height width"]) -> NDArray[np.float32]:
    """The picture over white, `height width 3`, 0..1."""
    colour = picture[:3]
    if len(picture) == 4:
        alpha = picture[3:]
        colour = colour * alpha + (1 - alpha)
    return np.ascontiguousarray(colour.permute(1, 2, 0).cpu().numpy(), dtype=np.float32)


def silhouette(picture: Float[Tensor, "channels height width"]) -> NDArray[np.bool_]:
    """Where something is painted: alpha above one half, or, without alpha, what differs from the border's colour."""
    if len(picture) == 4:
        return (picture[3] > 0.5).cpu().numpy()
    colour = picture[:3].cpu().numpy()
    border = np.concatenate(
        [colour[:, 0], colour[:, -1], colour[:, :, 0], colour[:, :, -1]], axis=1
    )
    background = np.median(border, axis=1)
    return np.abs(colour - background[:, None, None]).max(axis=0) > DIFFERENT
