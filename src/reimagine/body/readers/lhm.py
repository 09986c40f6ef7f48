"""LHM's JSON, one file a frame, in the camera's axes: root_pose, body_pose (21 x 3), hands (15 x 3 each), trans.

(https://github.com/aigc3d/LHM)
"""

from pathlib import Path

import numpy as np

from reimagine.body.readers.checked import shaped
from reimagine.body.readers.smplx_parameters import motion_from_parameters
from reimagine.records import Motion

NAMES = {
    "root_pose": ("global_orient", 3),
    "body_pose": ("body_pose", 63),
    "jaw_pose": ("jaw_pose", 3),
    "leye_pose": ("leye_pose", 3),
    "reye_pose": ("reye_pose", 3),
    "lhand_pose": ("left_hand_pose", 45),
    "rhand_pose": ("right_hand_pose", 45),
    "trans": ("transl", 3),
}


def is_lhm(keys: set[str]) -> bool:
    """Whether a person's dict is in this form."""
    return {"root_pose", "body_pose"} <= keys


def read_lhm(path: Path, people: list[dict[str, object]], notes: list[str]) -> Motion:
    """The motion of one dict a frame. Raises InputError."""
    arrays = {
        name: np.stack([shaped(path, key, person.get(key), width) for person in people])
        for key, (name, width) in NAMES.items()
        if people[0].get(key) is not None
    }
    if people[0].get("betas") is not None:
        arrays["betas"] = shaped(path, "betas", people[0]["betas"], -1)[None]
    return motion_from_parameters(path, arrays, source="LHM JSON", up="unknown", notes=notes)
