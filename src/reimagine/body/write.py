"""Motions into files that other programs read: our .npz, AMASS' SMPL-X .npz, BVH."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from reimagine.body.readers.amass import Y_UP_FROM_Z_UP
from reimagine.body.turn import turn_world
from reimagine.body.write_bvh import bvh_text
from reimagine.errors import InputError
from reimagine.records import MEAN_PELVIS, Motion


def write_motion(motion: Motion, path: str | Path, *, amass: bool = False) -> None:
    """The motion as a file, of the form that the name's ending says: .npz (ours, or AMASS' stageii) or .bvh.

    Names ending in `stageii.npz` or `_poses.npz` mean AMASS too. A motion about the origin (EasyMocap) is
    turned about the mean body's pelvis for the two foreign forms. Raises InputError for other endings.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".npz", ".bvh"):
        raise InputError(
            f"cannot write a motion as '{path.name}'; expected a name ending in .npz, _stageii.npz (AMASS) or .bvh."
        )
    if not path.parent.is_dir():
        raise InputError(
            f"the folder {path.parent} does not exist; expected one to write {path.name} into. Make it first."
        )
    try:
        if ending == ".bvh":
            path.write_text(bvh_text(motion), encoding="utf-8")
        elif amass or path.stem.endswith(("stageii", "_poses")):
            _save(path, amass_arrays(motion))
        else:
            _save(path, own_arrays(motion))
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}); expected a writable place. Give another name."
        ) from error


def own_arrays(motion: Motion) -> dict[str, np.ndarray]:
    """Every field of the motion."""
    return {
        "reimagine_motion": np.array(1),
        "poses": motion.poses.numpy(),
        "transl": motion.transl.numpy(),
        "fps": np.array(motion.fps),
        "betas": motion.betas.numpy(),
        "turns_about": np.array(motion.turns_about),
        "up": np.array(motion.up),
        "source": np.array(motion.source),
        "notes": np.array(motion.notes, dtype=np.str_),
    }


def amass_arrays(motion: Motion) -> dict[str, np.ndarray]:
    """AMASS' SMPL-X arrays (stageii), turned to Z up where the motion's up is known."""
    if motion.up == "y":
        poses, transl = turn_world(motion, Y_UP_FROM_Z_UP.T)
    else:
        poses, transl = motion.poses, motion.transl
    places = transl.double().numpy()
    if motion.turns_about == "origin":
        places = places + _pelvis_shift(poses[:, 0].double().numpy())
    flat = poses.double().numpy().reshape(len(poses), 165)
    betas = np.zeros(16)
    betas[: min(len(motion.betas), 16)] = motion.betas.numpy()[:16]
    return {
        "gender": np.array("neutral"),
        "surface_model_type": np.array("smplx"),
        "mocap_frame_rate": np.array(motion.fps),
        "mocap_time_length": np.array(len(flat) / motion.fps),
        "trans": places,
        "poses": flat,
        "root_orient": flat[:, :3],
        "pose_body": flat[:, 3:66],
        "pose_jaw": flat[:, 66:69],
        "pose_eye": flat[:, 69:75],
        "pose_hand": flat[:, 75:],
        "betas": betas,
        "num_betas": np.array(16),
    }


def _pelvis_shift(turns: np.ndarray) -> np.ndarray:
    """R v + Th = R (v - J0) + J0 + (Th + R J0 - J0)."""
    joint = np.asarray(MEAN_PELVIS)
    return Rotation.from_rotvec(turns).apply(joint) - joint


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
