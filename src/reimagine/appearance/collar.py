"""Where the trunk's cloth ends at the neck: it is cut there, and the body's neck and chest run on beneath it."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree

from reimagine.appearance.borders import only, shares, split
from reimagine.appearance.mesh import normals_of
from reimagine.appearance.piece import Piece
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.seeing import Seeing
from reimagine.body.model import pose_skin
from reimagine.records import Pose, Skin

ASIDE_M, DOWN_M = 0.15, 0.15
"""Cloth may be open so far beside the neck and below the shoulder joints."""
_FADE_M = 0.03
"""Within the last of it, it closes."""
_OVER_M = 0.015
"""Cloth reaches so far above the highest place where the front photo shows it at the neck: behind, it may be higher."""
_SUNK_M, _SINKING_M = 0.03, 0.05
"""How deep the neck lies under cloth, from so far inside its edge."""
_SKIN, _CLOTH = 0, 1


def open_collar(
    trunk: Piece, poses: list[Pose], seen: list[Seeing], shoulder_m: float
) -> tuple[Piece, NDArray[np.float32]]:
    """The trunk without what the photos show as skin at the neck, and how far each vertex of the whole one is under cloth.

    `poses` and `seen` of the photos, the front first; `shoulder_m` is the height of the shoulder joints in the zero pose.
    The second (verts, metres) is 0 where skin shows and grows with the distance from there.
    """
    verts, front = trunk.skin.verts.numpy(), seen[0]
    standing = pose_skin(trunk.skin, poses[0])[0].numpy()
    row = front.plane.cells(front.plane.seen_at(standing[:, :2], standing[:, 2], back=True))[:, 0]
    above = (front.outlines["trunk"].top - row) * CELL_M - _OVER_M
    cloth = np.minimum(shares(trunk, poses, seen)[_CLOTH], 0.5 - above / _OVER_M)
    closed = np.maximum(np.abs(verts[:, 0]) - ASIDE_M, shoulder_m - DOWN_M - verts[:, 1])
    cloth = np.clip(np.maximum(cloth, closed / _FADE_M + 1), 0, 1).astype(np.float32)
    parted = split(trunk, np.stack([1 - cloth, cloth]))
    return only(parted, (_CLOTH,)), _away(verts, cloth <= 0.5)


def sink(skin: Skin, trunk: Skin, under: NDArray[np.float32]) -> Skin:
    """A part of the body lowered where cloth covers it; `under` for each vertex of the trunk before it was cut."""
    verts = skin.verts.numpy()
    _, near = KDTree(trunk.verts.numpy()).query(verts)
    down = _SUNK_M * np.clip(under[near] / _SINKING_M, 0, 1)
    sunk = verts - down[:, None] * normals_of(verts, skin.faces.numpy())
    return replace(skin, verts=torch.from_numpy(sunk.astype(np.float32)))


def _away(verts: NDArray[np.float32], bare: NDArray[np.bool_]) -> NDArray[np.float32]:
    if not bare.any():
        return np.full(len(verts), np.inf, np.float32)
    return KDTree(verts[bare]).query(verts)[0].astype(np.float32)
