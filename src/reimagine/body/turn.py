"""Rotations of whole motions: axis-angle in, axis-angle out, by way of quaternions (x, y, z, w)."""

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation
from torch import Tensor

from reimagine.records import MEAN_PELVIS, Motion


def quaternions(rotvecs: Float[Tensor, "*batch 3"]) -> Float[np.ndarray, "*batch 4"]:
    """Unit quaternions (x, y, z, w) of axis-angle rotations."""
    flat = rotvecs.detach().cpu().double().reshape(-1, 3).numpy()
    return Rotation.from_rotvec(flat).as_quat().reshape(*rotvecs.shape[:-1], 4)


def rotvecs(quaternions: Float[np.ndarray, "*batch 4"]) -> Float[Tensor, "*batch 3"]:
    """Axis-angle rotations (radians, at most pi long) of quaternions (x, y, z, w)."""
    flat = Rotation.from_quat(quaternions.reshape(-1, 4)).as_rotvec()
    return torch.from_numpy(flat.reshape(*quaternions.shape[:-1], 3)).float()


def slerp(
    start: Float[np.ndarray, "*batch 4"],
    end: Float[np.ndarray, "*batch 4"],
    share: Float[np.ndarray, "*batch"],
) -> Float[np.ndarray, "*batch 4"]:
    """The rotation `share` (0..1) of the shorter way from start to end (Shoemake 1985)."""
    cosine = (start * end).sum(-1)
    end = np.where(cosine[..., None] < 0, -end, end)
    angle = np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    sine = np.sin(angle)
    near = sine < 1e-6
    safe = np.where(near, 1.0, sine)
    first = np.where(near, 1.0 - share, np.sin((1.0 - share) * angle) / safe)
    second = np.where(near, share, np.sin(share * angle) / safe)
    mixed = first[..., None] * start + second[..., None] * end
    return mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)


def turn_world(
    motion: Motion,
    rotation: Float[np.ndarray, "3 3"],
    pelvis: tuple[float, float, float] = MEAN_PELVIS,
) -> tuple[Float[Tensor, "frames 55 3"], Float[Tensor, "frames 3"]]:
    """Poses and translations of the same motion in a world turned by `rotation` about its origin.

    SMPL-X places a point at R (x - J0) + J0 + t, so turning the world by Q takes t to Q t + Q J0 - J0; J0 is
    `pelvis`, the joint of the body that will wear the motion. EasyMocap's R x + t takes t to Q t.
    """
    poses = motion.poses.clone()
    whole = Rotation.from_matrix(rotation)
    first = Rotation.from_rotvec(poses[:, 0].double().numpy())
    poses[:, 0] = torch.from_numpy((whole * first).as_rotvec()).float()
    transl = motion.transl.double().numpy() @ rotation.T
    if motion.turns_about == "pelvis":
        joint = np.asarray(pelvis, dtype=np.float64)
        transl = transl + rotation @ joint - joint
    return poses, torch.from_numpy(transl).float()


def smallest_turn(start: Float[np.ndarray, "3"], end: Float[np.ndarray, "3"]) -> Rotation:
    """The smallest rotation that takes one direction onto another; any half turn where they are opposite."""
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    axis = np.cross(start, end)
    sine, cosine = float(np.linalg.norm(axis)), float(start @ end)
    if sine < 1e-9:
        if cosine > 0:
            return Rotation.identity()
        axis = np.cross(start, np.eye(3)[int(np.abs(start).argmin())])
        return Rotation.from_rotvec(np.pi * axis / np.linalg.norm(axis))
    return Rotation.from_rotvec(axis / sine * np.arctan2(sine, cosine))
