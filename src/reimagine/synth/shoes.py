"""Trainers: the outline of a foot without its toes, row by row, on a sole."""

import torch
from einops import rearrange
from jaxtyping import Float
from scipy.spatial import KDTree
from torch import Tensor
from torch.nn.functional import conv2d, pad

from reimagine.synth.pieces import Piece
from reimagine.synth.wardrobe import L_ANKLE

ANGLES, ROWS = 128, 40
LEATHER_M = 0.006
SOLE_M = 0.020
UNDER_M = 0.006
"""How far the sole reaches below the bare foot."""


def shoe(body: Piece, joints: Float[Tensor, "55 3"], side: int) -> Piece:
    """The left (side 1) or right (side -1) shoe."""
    ankle = joints[L_ANKLE if side > 0 else L_ANKLE + 1]
    top_y = float(ankle[1]) + 0.015
    is_foot = (body.verts[:, 0] * side > 0) & (body.verts[:, 1] < top_y + 0.03)
    foot = body.verts[is_foot]
    floor_y = float(body.verts[:, 1].min())
    heights = torch.linspace(top_y, floor_y, ROWS)
    radius = torch.stack([outline(foot, ankle, float(y)) for y in heights]) + LEATHER_M
    radius = even_rows(radius)
    sole = heights < floor_y + SOLE_M
    radius = radius + 0.004 * sole[:, None]
    heights = torch.where(heights < floor_y + 0.002, floor_y - UNDER_M, heights)

    angle = torch.arange(ANGLES) / ANGLES * 2 * torch.pi
    x, z = ankle[0] + radius * angle.sin(), ankle[2] + radius * angle.cos()
    rings = torch.stack([x, heights[:, None].expand_as(x), z], dim=-1)
    middle = torch.stack([ankle[0], torch.tensor(floor_y - UNDER_M), ankle[2]])
    verts = torch.cat([rearrange(rings, "rows angles c -> (rows angles) c"), middle[None]])
    nearest = torch.from_numpy(KDTree(foot.numpy()).query(verts.numpy())[1])
    return Piece(
        verts=verts, faces=tube_faces(ROWS), weights=body.weights[is_foot][nearest], kind="shoes"
    )


def outline(foot: Tensor, ankle: Tensor, y: float) -> Float[Tensor, " angles"]:
    """Distance from the ankle's axis to the convex outline of the foot near one height.

    From the support function h: the outline at angle a is the least h(b) / cos(b - a).
    """
    near = foot[(foot[:, 1] - y).abs() < 0.006][:, [0, 2]] - ankle[[0, 2]]
    angle = torch.arange(ANGLES) / ANGLES * 2 * torch.pi
    towards = torch.stack([angle.sin(), angle.cos()])
    support = (near @ towards).amax(dim=0)
    cosine = torch.cos(angle[:, None] - angle[None])
    far = torch.where(cosine > 0.02, support[None] / cosine.clamp_min(0.02), torch.inf)
    return far.amin(dim=1)


def even_rows(radius: Float[Tensor, "rows angles"]) -> Float[Tensor, "rows angles"]:
    """Smoothed along the rows, closed around."""
    kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 16
    for _ in range(8):
        around = torch.cat([radius[:, -1:], radius, radius[:, :1]], dim=1)
        radius = conv2d(pad(around[None, None], (0, 0, 1, 1), mode="replicate"), kernel)[0, 0]
    return radius


def tube_faces(rows: int) -> Tensor:
    """A tube of rows from the top down, closed by a fan at the bottom."""
    here = torch.arange(ANGLES)
    after = (here + 1) % ANGLES
    start = torch.arange(rows - 1)[:, None] * ANGLES
    a, b, c, d = start + here, start + after, start + ANGLES + here, start + ANGLES + after
    tube = [torch.stack([a, c, b], dim=-1), torch.stack([b, c, d], dim=-1)]
    last = (rows - 1) * ANGLES
    fan = torch.stack([last + here, torch.full_like(here, rows * ANGLES), last + after], dim=1)
    return torch.cat([*(one.reshape(-1, 3) for one in tube), fan])
