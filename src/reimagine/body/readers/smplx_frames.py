"""A folder of SMPL-X parameters, one .npz a frame and person, as SMPLer-X and SMPLest-X save them."""

import re
from pathlib import Path

import numpy as np

from reimagine.arrays import array_names, read_arrays
from reimagine.body.readers.smplx_parameters import (
    OPTIONAL,
    is_smplx_parameters,
    motion_from_parameters,
)
from reimagine.errors import InputError
from reimagine.records import Motion

WIDTHS = {
    "global_orient": 3,
    "body_pose": 63,
    "transl": 3,
    "jaw_pose": 3,
    "leye_pose": 3,
    "reye_pose": 3,
    "left_hand_pose": 45,
    "right_hand_pose": 45,
}


def read_smplx_frames(path: Path, files: list[Path]) -> Motion:
    """The motion of one person, a frame a file.

    Names as 00012_1.npz mean frame 12, person 1: the first person is taken. Raises InputError where a file is of another
    form than the first one.
    """
    notes: list[str] = []
    numbered = [re.fullmatch(r"(.*\d)_(\d+)", file.stem) for file in files]
    people = sorted({int(found[2][:9]) for found in numbered if found})
    if all(numbered) and len({found[1] for found in numbered if found}) == 1:
        people = []  # take_001, take_002: these are frames
    elif all(numbered) and len(people) > 1:
        notes.append(f"the folder holds {len(people)} people; {people[0]} is used")
        files = [
            file
            for file, found in zip(files, numbered, strict=True)
            if found and int(found[2][:9]) == people[0]
        ]
    frames = [_frame(file) for file in files]
    names = [name for name in frames[0] if all(name in frame for frame in frames)]
    arrays = {name: np.stack([frame[name] for frame in frames]) for name in names}
    return motion_from_parameters(
        path, arrays, source="SMPL-X parameters (.npz a frame)", up="unknown", notes=notes
    )


def _frame(file: Path) -> dict[str, np.ndarray]:
    """One frame's numbers in rows; raises InputError for several frames, and where rotations are missing."""
    if not is_smplx_parameters(array_names(file)):
        raise InputError(
            f"{file.name} holds {', '.join(sorted(array_names(file))[:8]) or 'no arrays'}; expected global_orient and "
            "body_pose of one frame in each file of the folder. Take it out."
        )
    held = read_arrays(file, ["global_orient", "body_pose", *OPTIONAL])
    for name, array in held.items():
        if name in WIDTHS and array.size != WIDTHS[name] and array.size not in (6, 12, 69):
            raise InputError(
                f"{file.name}: '{name}' has the shape {array.shape}; expected {WIDTHS[name]} numbers, one frame in each "
                "file of the folder. Give the file itself if it holds all frames."
            )
    sizes = {
        name: array.reshape(-1)[:10] if name == "betas" else array.reshape(-1)
        for name, array in held.items()
    }
    return sizes
