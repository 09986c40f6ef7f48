"""How far cloth and hanging hair may swing: as far as there is room between them and the body."""

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import KDTree
from torch import Tensor

from reimagine.body.model import joint_positions, pose_skin
from reimagine.records import PARTS, Body, Pose, Skin

_CLOTH_M = 0.025
"""What lies nearer to the body lies on it, or on other cloth."""
_ROOM = 0.8
"""Share of the room that is used."""
_FARTHEST_M = 0.10
_ROUNDS = 60
"""Of evening out over neighbours."""
_HEAD_JOINT = 15
_EARS_M, _HANGS_M = 0.05, 0.15
"""Below the head's joint hair begins to swing, and so far below that it swings freely."""
_ARMS = (16, 17, 18, 19, 20, 21, *range(25, 55))
"""Shoulders to fingers, SMPL-X order."""


def loose(
    surface: Skin, part: Int[Tensor, " verts"], body: Body, pose: Pose
) -> Float[Tensor, " verts"]:
    """How far each vertex of the dressed surface may swing, metres; `pose` is the stance (one frame) in the front photo."""
    verts, bare = (pose_skin(skin, pose)[0].numpy() for skin in (surface, body.skin))
    # A hand beside a skirt is no leg in it.
    sleeve, arm = (_on_arms(skin) for skin in (surface, body.skin))
    room = np.empty(len(verts))
    for of, near in ((sleeve, bare), (~sleeve, bare[~arm])):
        room[of] = KDTree(near).query(verts[of])[0]
    room = np.clip(_ROOM * (room - _CLOTH_M), 0, _FARTHEST_M)
    kind = part.numpy()
    cloth = np.isin(kind, (PARTS.index("upper"), PARTS.index("lower")))
    below = joint_positions(body, pose)[0, _HEAD_JOINT, 1].item() - _EARS_M - verts[:, 1]
    room *= np.where(kind == PARTS.index("hair"), np.clip(below / _HANGS_M, 0, 1), cloth)
    return torch.from_numpy(_evened(room, surface.faces.numpy())).float()


def _on_arms(skin: Skin) -> NDArray[np.bool_]:
    on = torch.isin(skin.weight_joints, torch.tensor(_ARMS))
    return ((skin.weights * on).sum(1) > 0.5).numpy()


def _evened(room: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.floating]:
    """Averaged over neighbours, and nowhere more than there is: what is tight keeps its surroundings tight."""
    ones = np.ones(3 * len(faces))
    pairs = (faces.ravel(), np.roll(faces, 1, 1).ravel())
    beside = sparse.coo_matrix((ones, pairs), shape=(len(room), len(room))).tocsr()
    beside = beside + beside.T
    count = np.maximum(np.asarray(beside.sum(1)).ravel(), 1)
    even = room
    for _ in range(_ROUNDS):
        even = np.minimum(room, 0.5 * even + 0.5 * (beside @ even) / count)
    return even
