"""Skin weights as a table of all joints, and back; and what they make of a pose."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.records import Pose, Skin


def dense_weights(skin: Skin) -> NDArray[np.float32]:
    """Skin weights as a table, verts 55."""
    table = torch.zeros(len(skin.verts), 55)
    table.scatter_add_(1, skin.weight_joints.long(), skin.weights)
    return table.numpy()


def skin_of(
    verts: NDArray[np.floating],
    faces: NDArray[np.integer],
    weights: NDArray[np.floating],
    influences: int,
) -> Skin:
    """A skin that keeps the strongest `influences` of each vertex's weights (verts 55)."""
    strongest, joints = torch.from_numpy(weights.astype(np.float32)).topk(influences, dim=1)
    return Skin(
        verts=torch.from_numpy(verts.astype(np.float32)),
        faces=torch.from_numpy(faces.astype(np.int32)),
        weight_joints=joints.int(),
        weights=strongest / strongest.sum(1, keepdim=True),
    )


def blended(skin: Skin, pose: Pose) -> Float[Tensor, "verts 3 4"]:
    """How each vertex is turned and moved by a pose (one frame)."""
    transforms = pose.transforms[0][skin.weight_joints.long()]
    return torch.einsum("vk,vkij->vij", skin.weights, transforms)


def unposed(skin: Skin, pose: Pose) -> Skin:
    """The skin, whose vertices stand as in `pose` (one frame), brought into the zero pose."""
    moves = blended(skin, pose)
    zero = torch.linalg.solve(moves[..., :3], (skin.verts - moves[..., 3])[..., None])[..., 0]
    return replace(skin, verts=zero)
