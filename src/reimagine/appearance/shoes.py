"""Shoes: feet without toes, with a cap and a sole."""

from dataclasses import replace

import numpy as np
import torch
from scipy.spatial import ConvexHull

from reimagine.appearance.mesh import normals_of
from reimagine.appearance.piece import Piece
from reimagine.appearance.sculpt import relax
from reimagine.records import Skin

_SHOE_M, _CAP_M, _LEATHER_M = 0.075, 0.042, 0.006
"""How high shoes are at the ankle and at their tip, and how thick."""
_SUNK_M = 0.015
"""How deep a foot lies in the trousers, from as far above their hem."""


def shoe(foot: Piece) -> Piece:
    """A foot stretched onto its convex hull, so that there are no toes, and a finger's breadth of leather around it."""
    verts, faces = foot.skin.verts.numpy(), foot.skin.faces.numpy()
    low = float(verts[:, 1].min())
    sole = verts[verts[:, 1] < low + _SHOE_M]
    heel, toes = float(sole[:, 2].min()), float(sole[:, 2].max())
    inside = np.stack(
        [
            np.full(len(verts), (sole[:, 0].min() + sole[:, 0].max()) / 2),
            np.full(len(verts), low + 0.03),
            np.clip(verts[:, 2], heel + 0.04, toes - 0.06),
        ],
        1,
    )
    out = verts - inside
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    # A cap keeps its height up to the tip, where toes are flat.
    cap = sole[sole[:, 1] < low + 0.015] - inside.mean(0)
    cap = cap * [0.92, 0, 0.95] + inside.mean(0) + [0, _CAP_M - 0.03, 0]
    *normals, offset = ConvexHull(np.concatenate([sole, cap])).equations.T
    planes = np.stack(normals, 1)
    towards = out @ planes.T
    room = -offset - inside @ planes.T
    reach = np.where(towards > 1e-6, room / np.maximum(towards, 1e-6), np.inf).min(1)
    shod = np.clip((low + _SHOE_M - verts[:, 1]) / 0.02, 0, 1)[:, None]
    verts = verts + shod * (inside + out * (reach + _LEATHER_M)[:, None] - verts)
    verts = relax(verts.astype(np.float32), faces, rounds=6)
    verts[:, 1] = np.maximum(verts[:, 1], low - _LEATHER_M)
    return replace(foot, skin=replace(foot.skin, verts=torch.from_numpy(verts)))


def sink_foot(foot: Piece, leg: Skin) -> Piece:
    """A foot (zero pose) drawn in above the lower end of the leg or trousers, so that it does not come through them."""
    verts = foot.skin.verts.numpy()
    above = verts[:, 1] - float(leg.verts[:, 1].min())
    down = np.clip(above, 0, _SUNK_M)[:, None] * normals_of(verts, foot.skin.faces.numpy())
    return replace(foot, skin=replace(foot.skin, verts=torch.from_numpy(verts - down)))
