"""EasyMocap's and MVHumanNet's JSON: Rh and Th turn and move the posed vertices about the world's origin.

poses has 87 numbers: 3 zeros, 63 of the body, 6 + 6 PCA of the hands, 9 of jaw and eyes
(https://github.com/zju3dv/EasyMocap). 72 (SMPL) and 165 (all rotations) occur too.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.readers.checked import DEFAULT_FPS, FPS_NOTE, checked_motion, shaped
from reimagine.body.readers.hands import NO_HANDS_NOTE, PCA_NOTE, relaxed_hands
from reimagine.errors import InputError
from reimagine.records import MEAN_PELVIS, Motion


def is_easymocap(keys: set[str]) -> bool:
    """Whether a person's dict is in this form."""
    return {"Rh", "Th", "poses"} <= keys


def read_easymocap(path: Path, people: list[dict[str, object]], notes: list[str]) -> Motion:
    """The motion of one dict a frame. A dict may itself hold many rows. Raises InputError."""
    turns = np.concatenate([shaped(path, "Rh", p.get("Rh"), -1, 3) for p in people])
    places = np.concatenate([shaped(path, "Th", p.get("Th"), -1, 3) for p in people])
    poses = np.concatenate([_joints(path, p.get("poses"), notes) for p in people])
    if len(poses) != len(turns):
        raise InputError(
            f"{path.name}: {len(poses)} rows of poses but {len(turns)} of Rh; expected as many. Export it again."
        )
    own = poses[:, 0].copy()
    if np.abs(own).max() > 1e-6:
        # Rh (R0 (v - J0) + J0) + Th = (Rh R0) v + Th + Rh (J0 - R0 J0)
        joint = np.asarray(MEAN_PELVIS)
        places = places + Rotation.from_rotvec(turns).apply(
            joint - Rotation.from_rotvec(own).apply(joint)
        )
        turns = (Rotation.from_rotvec(turns) * Rotation.from_rotvec(own)).as_rotvec()
        notes.append(
            "poses turn the pelvis besides Rh; both are joined about the mean body's pelvis"
        )
    poses[:, 0] = turns
    notes.append(FPS_NOTE)
    shapes = [
        shaped(path, "shapes", p["shapes"], -1) for p in people if p.get("shapes") is not None
    ]
    same = bool(shapes) and len({len(s) for s in shapes}) == 1
    return checked_motion(
        path,
        poses=poses,
        transl=places,
        fps=DEFAULT_FPS,
        betas=np.median(shapes, axis=0)[:16] if same else np.zeros(10),
        source="MVHumanNet / EasyMocap JSON",
        turns_about="origin",
        up="unknown",
        notes=tuple(dict.fromkeys(notes)),
    )


def _joints(path: Path, values: object, notes: list[str]) -> Float[np.ndarray, "frames 55 3"]:
    shaped(path, "poses", values, -1)
    width = np.atleast_2d(np.asarray(values)).shape[-1]
    if width not in (66, 69, 72, 87, 165):
        raise InputError(
            f"{path.name}: 'poses' has {width} numbers a frame; expected 87 (SMPL-X with PCA hands), 72 (SMPL) or "
            "165. Check how it was saved."
        )
    flat = shaped(path, "poses", values, -1, width)
    frames = len(flat)
    if width == 165:
        return flat.reshape(frames, 55, 3)
    if width == 69:  # SMPL without the root
        flat = np.concatenate([np.zeros((frames, 3)), flat], axis=1)
    body = flat[:, :66].reshape(frames, 22, 3)
    face = flat[:, 78:87].reshape(frames, 3, 3) if width == 87 else np.zeros((frames, 3, 3))
    notes.append(PCA_NOTE.format(6) if width == 87 else NO_HANDS_NOTE)
    return np.concatenate([body, face, relaxed_hands(frames)], axis=1)
