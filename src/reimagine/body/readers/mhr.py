"""SAM 3D Body's results as an .npz: world rotations and places of the 127 joints of its body, MHR.

https://github.com/facebookresearch/sam-3d-body, models/heads/mhr_head.py: the places are turned into the camera's axes (y
down, z ahead), the rotations are not.
"""

from pathlib import Path

import numpy as np

from reimagine.arrays import read_arrays
from reimagine.body.readers.checked import (
    DEFAULT_FPS,
    FPS_NOTE,
    MAX_FRAMES,
    frame_rate,
    shaped,
)
from reimagine.body.readers.joint_map import find_joints
from reimagine.body.readers.listed import MHR_127, posed_skeleton
from reimagine.body.readers.rotations import rotation_matrices
from reimagine.body.readers.worn import worn_by_smplx
from reimagine.errors import InputError
from reimagine.records import Motion

ARRAYS = ("pred_joint_coords", "pred_global_rots", "pred_cam_t", "fps")
JOINTS = len(MHR_127.names)
FROM_CAMERA = np.array([1.0, -1.0, -1.0])
CENTIMETRES = 10.0
"""Nobody's joints lie so many metres apart: larger numbers are MHR's own centimetres."""
LEVEL_NOTE = "the camera is taken as held level: the file does not say which way is up"


def is_mhr(names: list[str]) -> bool:
    """Whether these are SAM 3D Body's joints."""
    return {"pred_joint_coords", "pred_global_rots"} <= set(names)


def read_mhr(path: Path, bone_map: Path | None = None) -> Motion:
    """The motion of one person, a row a frame, worn by SMPL-X (see `worn.py`). Raises InputError."""
    arrays = read_arrays(path, ARRAYS)
    places = shaped(path, "pred_joint_coords", arrays["pred_joint_coords"], -1, JOINTS, 3)
    frames = len(places)
    if frames > MAX_FRAMES:
        raise InputError(f"{path.name} has {frames} frames; expected at most {MAX_FRAMES}. Cut it.")
    turns = rotation_matrices(path, "pred_global_rots", arrays["pred_global_rots"], frames, JOINTS)
    if np.ptp(places[0], axis=0).max() > CENTIMETRES:
        places = places / 100
    if "pred_cam_t" in arrays:
        places = places + shaped(path, "pred_cam_t", arrays["pred_cam_t"], frames, 3)[:, None]
    said = [LEVEL_NOTE, *([FPS_NOTE] if "fps" not in arrays else [])]
    fps = frame_rate(path, arrays["fps"]) if "fps" in arrays else DEFAULT_FPS
    skeleton = posed_skeleton(path, MHR_127, turns, places * FROM_CAMERA, fps)
    at = find_joints(path, skeleton, bone_map)
    return worn_by_smplx(path, skeleton, at, source="SAM 3D Body (MHR)", notes=tuple(said))
