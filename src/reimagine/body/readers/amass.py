"""AMASS: SMPL-H (`*_poses.npz`) and SMPL-X (`*_stageii.npz`), https://amass.is.tue.mpg.de; Z up, metres."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from reimagine.arrays import array_names, read_arrays
from reimagine.body.readers.checked import (
    DEFAULT_FPS,
    FPS_NOTE,
    checked_motion,
    frame_rate,
    shaped,
)
from reimagine.body.readers.hands import NO_HANDS_NOTE, relaxed_hands
from reimagine.body.turn import turn_world
from reimagine.errors import InputError
from reimagine.records import Motion

Y_UP_FROM_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
KNOWN = {
    *(
        "poses",
        "trans",
        "betas",
        "gender",
        "mocap_framerate",
        "mocap_frame_rate",
        "dmpls",
        "num_betas",
    ),
    *("marker_data", "marker_labels", "surface_model_type", "mocap_time_length", "markers_latent"),
    *("root_orient", "pose_body", "pose_hand", "pose_jaw", "pose_eye", "latent_labels", "labels"),
    *("markers", "markers_obs", "markers_sim", "labels_obs", "marker_meta", "num_markers"),
}


def is_amass(names: list[str]) -> bool:
    """Whether an .npz with these arrays is in AMASS' form."""
    return "trans" in names and ("poses" in names or {"root_orient", "pose_body"} <= set(names))


def read_amass(path: Path) -> Motion:
    """An AMASS motion, turned to Y up.

    The hands are plain rotations from the flat hand. Both spellings of the frame rate are known. Raises InputError.
    """
    wanted = ["poses", "trans", "betas", "mocap_framerate", "mocap_frame_rate"]
    parts = ["root_orient", "pose_body", "pose_hand", "pose_jaw", "pose_eye"]
    arrays = read_arrays(path, wanted + parts)
    transl = shaped(path, "trans", arrays["trans"], -1, 3)
    notes: list[str] = []
    poses, source = _poses(path, arrays, notes)
    rate = arrays.get("mocap_framerate", arrays.get("mocap_frame_rate"))
    if rate is None:
        notes.append(FPS_NOTE)
    unknown = sorted(set(array_names(path)) - KNOWN)
    if unknown:
        notes.append("not used: " + ", ".join(unknown))
    motion = checked_motion(
        path,
        poses=poses,
        transl=transl,
        fps=DEFAULT_FPS if rate is None else frame_rate(path, rate),
        betas=shaped(path, "betas", arrays.get("betas", np.zeros(10)), -1, 1)[:, 0][:16],
        source=source,
        notes=tuple(notes),
    )
    turned, places = turn_world(motion, Y_UP_FROM_Z_UP)
    return replace(motion, poses=turned, transl=places)


def _poses(
    path: Path, arrays: dict[str, np.ndarray], notes: list[str]
) -> tuple[Float[np.ndarray, "frames 55 3"], str]:
    """The 55 joints' rotations, and the format's name."""
    if "poses" not in arrays:
        root = shaped(path, "root_orient", arrays["root_orient"], -1, 3)
        zeros = {name: np.zeros((len(root), n)) for name, n in (("pose_jaw", 3), ("pose_eye", 6))}
        body = shaped(path, "pose_body", arrays["pose_body"], len(root), 63)
        face = [shaped(path, n, arrays.get(n, z), len(root), z.shape[1]) for n, z in zeros.items()]
        hands = arrays.get("pose_hand", relaxed_hands(len(root)))
        hand = shaped(path, "pose_hand", hands, len(root), 90)
        return np.concatenate([root, body, *face, hand], 1).reshape(
            -1, 55, 3
        ), "AMASS SMPL-X (stageii)"
    poses = arrays["poses"]
    width = int(np.prod(poses.shape[1:])) if poses.ndim > 1 else 0
    if width == 165:
        return shaped(path, "poses", poses, -1, 165).reshape(-1, 55, 3), "AMASS SMPL-X (stageii)"
    if width == 156:
        flat = shaped(path, "poses", poses, -1, 156).reshape(-1, 52, 3)
        face = np.zeros((len(flat), 3, 3))
        return np.concatenate([flat[:, :22], face, flat[:, 22:]], 1), "AMASS SMPL-H"
    if width in (66, 72):
        flat = shaped(path, "poses", poses, -1, width).reshape(-1, width // 3, 3)[:, :22]
        notes.append(NO_HANDS_NOTE)
        face = np.zeros((len(flat), 3, 3))
        return np.concatenate([flat, face, relaxed_hands(len(flat))], 1), "AMASS SMPL"
    raise InputError(
        f"{path.name}: 'poses' has the shape {poses.shape}; expected frames x 156 (SMPL-H), 165 (SMPL-X) or 72 "
        "(SMPL). Check how it was saved."
    )
