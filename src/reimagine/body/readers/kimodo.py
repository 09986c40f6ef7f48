"""Kimodo's .npz: rotations and places of SOMA's or SMPL-X's joints, Y up, metres.

https://research.nvidia.com/labs/sil/projects/kimodo/docs/user_guide/output_formats.html
"""

from pathlib import Path

import numpy as np

from reimagine.arrays import read_arrays
from reimagine.body.readers.checked import MAX_FRAMES, frame_rate, shaped
from reimagine.body.readers.joint_map import find_joints
from reimagine.body.readers.listed import SMPLX_22, SOMA_30, SOMA_77, posed_skeleton
from reimagine.body.readers.rotations import rotation_matrices
from reimagine.body.readers.worn import worn_by_smplx
from reimagine.errors import InputError
from reimagine.records import Motion

SKELETONS = {len(listed.names): listed for listed in (SOMA_77, SOMA_30, SMPLX_22)}
FPS = 30.0
ROBOT = 34
"""Joints of the Unitree G1."""


def is_kimodo(names: list[str]) -> bool:
    """Whether these are the arrays of Kimodo's output."""
    return {"local_rot_mats", "posed_joints"} <= set(names)


def read_kimodo(path: Path, bone_map: Path | None = None) -> Motion:
    """The motion of one sample, worn by SMPL-X (see `worn.py`). Raises InputError."""
    arrays = read_arrays(path, ["local_rot_mats", "posed_joints", "fps"])
    shape = np.shape(arrays["posed_joints"])
    joints = shape[-2] if len(shape) > 1 else 0
    if joints not in SKELETONS:
        robot = " (a G1 robot's)" if joints == ROBOT else ""
        raise InputError(
            f"{path.name} holds {joints} joints{robot}; expected {', '.join(map(str, SKELETONS))} (SOMA, SMPL-X). Generate "
            "with a SOMA or SMPL-X model of Kimodo."
        )
    if len(shape) == 4 and shape[0] > 1:
        raise InputError(
            f"{path.name} holds {shape[0]} samples; expected one. Save each to a file of its own, as kimodo_gen does."
        )
    listed = SKELETONS[joints]
    places = shaped(
        path, "posed_joints", arrays["posed_joints"].reshape(-1, joints, 3), -1, joints, 3
    )
    frames = len(places)
    if frames > MAX_FRAMES:
        raise InputError(f"{path.name} has {frames} frames; expected at most {MAX_FRAMES}. Cut it.")
    turns = rotation_matrices(path, "local_rot_mats", arrays["local_rot_mats"], frames, joints)
    for joint, parent in enumerate(listed.parents):
        if parent >= 0:
            turns[:, joint] = turns[:, parent] @ turns[:, joint]
    said = ("Kimodo's usual 30 frames per second",) if "fps" not in arrays else ()
    fps = frame_rate(path, arrays["fps"]) if "fps" in arrays else FPS
    skeleton = posed_skeleton(path, listed, turns, places, fps)
    at = find_joints(path, skeleton, bone_map)
    return worn_by_smplx(path, skeleton, at, source="Kimodo", notes=said)
