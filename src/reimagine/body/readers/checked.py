"""The last step of every reader: numbers become a Motion, or one line that says what is wrong with them."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from reimagine.errors import InputError
from reimagine.records import Motion

MAX_FRAMES = 200_000
DEFAULT_FPS = 30.0
"""For files that do not say their frame rate; the motion's notes tell the user."""
FPS_NOTE = "the file does not say its frame rate; taken as 30 per second"


def shaped(path: Path, name: str, values: object, *shape: int) -> Float[np.ndarray, "..."]:
    """`values` as float64 of the wanted shape; -1 stands for any number, the same total is reshaped.

    Raises InputError for text, for ragged lists and for other sizes.
    """
    want = " x ".join("any" if n < 0 else str(n) for n in shape)
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiu":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"{path.name}: '{name}' does not hold plain numbers; expected {want} of them. Save it again."
        ) from None
    if array.size == 0:
        raise InputError(
            f"{path.name}: '{name}' is empty (shape {array.shape}); expected at least one frame. "
            "Export the motion again."
        )
    rows = len(shape) > 1 and shape[0] == -1
    width = int(np.prod(shape[1:]))
    if rows and array.ndim == 1 and array.size == width:
        array = array[None]
    fits = not rows or int(np.prod(array.shape[1:])) == width
    try:
        if not fits:
            raise ValueError
        return array.reshape(shape)
    except ValueError:
        raise InputError(
            f"{path.name}: '{name}' has the shape {array.shape}; expected {want}. Check how it was saved."
        ) from None


def frame_rate(path: Path, value: object) -> float:
    """A frame rate, checked: more than 0 and at most 1000 per second."""
    fps = float(shaped(path, "frame rate", value, 1)[0])
    if not 0 < fps <= 1000:
        raise InputError(
            f"{path.name}: the frame rate is {fps:g}; expected 1 to 1000 per second. Correct it in the file."
        )
    return fps


def shape_numbers(path: Path, values: object, frames: int) -> Float[np.ndarray, " betas"]:
    """The first 16 shape numbers: of a list, of a row, or the median of a row for each frame."""
    betas = shaped(path, "betas", values, -1)
    shape = np.asarray(values).shape
    rows = shape[0] if len(shape) > 1 else frames
    if rows > 1 and betas.size > rows and betas.size % rows == 0 and rows == frames:
        betas = np.median(betas.reshape(rows, -1), axis=0)
    return betas[:16]


def checked_motion(
    path: Path,
    *,
    poses: Float[np.ndarray, "frames 55 3"],
    transl: Float[np.ndarray, "frames 3"],
    fps: float,
    betas: Float[np.ndarray, " betas"],
    source: str,
    turns_about: str = "pelvis",
    up: str = "y",
    notes: tuple[str, ...] = (),
    bones: tuple[str, ...] = (),
) -> Motion:
    """The Motion of these numbers.

    Raises InputError for unequal lengths, NaN or infinity, and more than MAX_FRAMES frames.
    """
    if len(poses) != len(transl):
        raise InputError(
            f"{path.name}: {len(poses)} frames of rotations but {len(transl)} of places; expected as many. "
            "Export the motion again."
        )
    if len(poses) > MAX_FRAMES:
        raise InputError(
            f"{path.name} has {len(poses)} frames; expected at most {MAX_FRAMES}. Cut the file into parts."
        )
    for what, array in (("rotations", poses), ("places", transl), ("shape numbers", betas)):
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        if bad.any():
            raise InputError(
                f"{path.name}: the {what} hold NaN or infinity, first in row {int(bad.argmax())}; "
                "expected finite numbers. Repair or cut that part of the motion."
            )
    if np.abs(transl).max() > 1e4:
        raise InputError(
            f"{path.name}: the person is up to {np.abs(transl).max():.0f} m from the origin; expected "
            "metres, below 10000. Convert the translations to metres."
        )
    return Motion(
        poses=torch.from_numpy(np.ascontiguousarray(poses)).float(),
        transl=torch.from_numpy(np.ascontiguousarray(transl)).float(),
        fps=fps,
        betas=torch.from_numpy(np.ascontiguousarray(betas)).float(),
        turns_about=turns_about,
        name=path.stem,
        source=source,
        up=up,
        notes=notes,
        bones=bones,
    )
