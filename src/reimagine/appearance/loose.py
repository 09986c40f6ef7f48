"""How far cloth and hanging hair may swing: as far as there is room between them and the body."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from scipy.spatial import KDTree
from torch import Tensor

from reimagine.appearance.mesh import averaging
from reimagine.appearance.plane import regions_of
from reimagine.appearance.regions import ARMS
from reimagine.body.joints import Joint
from reimagine.body.model import joint_positions, pose_skin
from reimagine.records import Body, Part, Pose, Skin

_CLOTH_M = 0.025
"""What lies nearer to the body lies on it, or on other cloth."""
_ROOM = 0.8
"""Share of the room that is used."""
_FARTHEST_M = 0.10
_ROUNDS = 70
"""Of evening out over neighbours."""
_EARS_M, _HANGS_M = 0.05, 0.15
"""Below the head's joint hair begins to swing, and so far below that it swings freely."""
_RING_M = 0.02
"""A tail is of one piece over so much of its length."""


def loose(
    surface: Skin,
    part: Int[Tensor, " verts"],
    body: Body,
    pose: Pose,
    tail: Bool[Tensor, " verts"] | None = None,
) -> Float[Tensor, " verts"]:
    """How far each vertex of the dressed surface may swing, metres; `pose` is the stance (one frame) in the front photo.

    `tail`: what is a tail of tied hair, which swings from the tie on, as a whole: as far as there is room for its middle.
    """
    verts, bare = (pose_skin(skin, pose)[0].numpy() for skin in (surface, body.skin))
    # A hand beside a skirt is no leg in it.
    sleeve, arm = (np.isin(regions_of(skin), ARMS) for skin in (surface, body.skin))
    room = np.empty(len(verts))
    for of, near in ((sleeve, bare), (~sleeve, bare[~arm])):
        room[of] = KDTree(near).query(verts[of])[0]
    begins = np.full(len(verts), joint_positions(body, pose)[0, Joint.HEAD, 1].item() - _EARS_M)
    if tail is not None and tail.any():
        own = tail.numpy()
        room[own] = _along(verts[own, 1], room[own])
        begins[own] = verts[own, 1].max()
    room = np.clip(_ROOM * (room - _CLOTH_M), 0, _FARTHEST_M)
    kind = part.numpy()
    cloth = np.isin(kind, (Part.UPPER, Part.LOWER))
    below = begins - verts[:, 1]
    room *= np.where(kind == Part.HAIR, np.clip(below / _HANGS_M, 0, 1), cloth)
    return torch.from_numpy(_evened(room, surface.faces.numpy())).float()


def _along(height: NDArray[np.floating], values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The mean of what is as high."""
    order = np.argsort(height)
    total = np.concatenate([[0], np.cumsum(values[order])])
    first, last = (
        np.searchsorted(height[order], height + by) for by in (-_RING_M / 2, _RING_M / 2)
    )
    return (total[last] - total[first]) / np.maximum(last - first, 1)


def _evened(room: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.floating]:
    """Averaged over neighbours, and nowhere more than there is: what is tight keeps its surroundings tight."""
    average = averaging(len(room), faces)
    even = room
    for _ in range(_ROUNDS):
        even = np.minimum(room, 0.5 * even + 0.5 * (average @ even))
    return even
