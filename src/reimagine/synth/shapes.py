"""Shapes that are not cut from a body: tubes, sheets, balls and boxes."""

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from reimagine.synth.pieces import Piece


def tube(
    path: Float[Tensor, "points 3"],
    radius_m: Float[Tensor, " points"],
    *,
    sides: int = 10,
    closed: bool = False,
) -> tuple[Tensor, Tensor]:
    """Vertices and faces of a round tube along a path, its ends drawn to a point unless it is closed."""
    ahead = path.roll(-1, 0) - path.roll(1, 0)
    if not closed:
        ahead[0], ahead[-1] = path[1] - path[0], path[-1] - path[-2]
        radius_m = radius_m.clone()
        radius_m[[0, -1]] = 1e-4
    ahead = normalize(ahead, dim=1)
    # Any direction that no path here follows for long.
    across = torch.linalg.cross(ahead, torch.tensor([0.30, 0.36, -0.88]).expand_as(ahead))
    across = normalize(across, dim=1)
    third = torch.linalg.cross(ahead, across)
    turn = torch.arange(sides + 1) / sides * 2 * torch.pi
    ring = turn.cos()[None, :, None] * across[:, None] + turn.sin()[None, :, None] * third[:, None]
    verts = path[:, None] + radius_m[:, None, None] * ring
    if closed:
        verts = torch.cat([verts, verts[:1]])
    return verts.reshape(-1, 3), sheet(len(verts), sides + 1)


def sheet(rows: int, columns: int) -> Int[Tensor, "faces 3"]:
    """Faces of a grid whose vertices are counted row by row."""
    here = (torch.arange(rows - 1)[:, None] * columns + torch.arange(columns - 1)).reshape(-1)
    below = here + columns
    first = torch.stack([here, here + 1, below], dim=1)
    return torch.cat([first, torch.stack([here + 1, below + 1, below], dim=1)])


def ball(
    centre: Float[Tensor, "3"], size: Float[Tensor, "3"], *, rows: int = 24
) -> tuple[Tensor, Tensor]:
    """Vertices and faces of an ellipsoid of these half axes."""
    columns = 2 * rows
    polar = torch.linspace(0, torch.pi, rows)[:, None].expand(rows, columns + 1)
    turn = (torch.arange(columns + 1) / columns * 2 * torch.pi).expand(rows, columns + 1)
    unit = torch.stack([polar.sin() * turn.sin(), polar.cos(), polar.sin() * turn.cos()], dim=-1)
    return centre + unit.reshape(-1, 3) * size, sheet(rows, columns + 1).flip(1)


def box(centre: Float[Tensor, "3"], size: Float[Tensor, "3"]) -> tuple[Tensor, Tensor]:
    """A ball pressed into a box with round edges, of these half axes."""
    verts, faces = ball(torch.zeros(3), torch.ones(3))
    verts = verts / verts.abs().pow(5).sum(dim=1, keepdim=True).pow(1 / 5)
    return centre + verts * size, faces


def line(a: Float[Tensor, "3"], b: Float[Tensor, "3"], count: int) -> Float[Tensor, "points 3"]:
    """Points from a to b, both included."""
    return torch.lerp(a, b, torch.linspace(0, 1, count)[:, None])


def curve(knots: Float[Tensor, "knots 3"], count: int) -> Float[Tensor, "points 3"]:
    """A smooth path through the knots (Catmull and Rom's spline), evenly spaced between each two."""
    padded = torch.cat([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    at = torch.linspace(0, len(knots) - 1 - 1e-5, count)
    first = at.floor().long()
    t = (at - first)[:, None]
    a, b, c, d = (padded[first + k] for k in range(4))
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )


def rigid(shape: tuple[Tensor, Tensor], joint: int, kind: str) -> Piece:
    """A piece that goes with one joint."""
    verts, faces = shape
    weights = torch.zeros(len(verts), 55)
    weights[:, joint] = 1
    return Piece(verts=verts, faces=faces, weights=weights, kind=kind)


def joined(*pieces: Piece) -> Piece:
    """One piece of all, of the first one's kind."""
    starts = torch.tensor([0] + [len(one.verts) for one in pieces[:-1]]).cumsum(0)
    return replace(
        pieces[0],
        verts=torch.cat([one.verts for one in pieces]),
        weights=torch.cat([one.weights for one in pieces]),
        faces=torch.cat([one.faces + start for one, start in zip(pieces, starts, strict=True)]),
    )
