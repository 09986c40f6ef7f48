"""Rotation matrices out of a file, checked."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from reimagine.body.readers.checked import shaped
from reimagine.errors import InputError


def rotation_matrices(
    path: Path, name: str, values: np.ndarray, frames: int, joints: int
) -> Float[np.ndarray, "frames joints 3 3"]:
    """The array as so many rotations. Raises InputError for another number of them and for matrices that are none."""
    turns = shaped(path, name, values, frames, joints, 3, 3)
    if not np.isfinite(turns).all():
        raise InputError(
            f"{path.name}: '{name}' holds NaN or infinity; expected rotations. Make the motion again."
        )
    off = np.abs(turns @ np.swapaxes(turns, -1, -2) - np.eye(3)).max((2, 3)) > 0.02
    off |= np.linalg.det(turns) < 0
    if off.any():
        frame, joint = np.argwhere(off)[0]
        raise InputError(
            f"{path.name}: '{name}' of frame {frame}, joint {joint} is no rotation; expected right-handed ones, whose rows are "
            "of length 1 and at right angles. Save it again."
        )
    return turns.copy()
