"""Pieces of surface and the few cuts that tailoring needs."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

KINDS = ("skin", "eye", "hair", "shirt", "trousers", "shoes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of the dressed person in the SMPL-X zero pose."""

    verts: Float[Tensor, "verts 3"]
    faces: Int[Tensor, "faces 3"]
    weights: Float[Tensor, "verts 55"]
    """How much each joint moves a vertex; rows sum to one."""
    kind: str = "skin"
    """One of `KINDS`."""


def subdivide(piece: Piece) -> Piece:
    """Every face in four, new vertices in the middle of the edges."""
    ends, which, _ = _distinct(piece.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2))
    middle = (which + len(piece.verts)).view(-1, 3)
    a, b, c = piece.faces.unbind(dim=1)
    ab, bc, ca = middle.unbind(dim=1)
    rows = [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    return replace(
        piece,
        verts=torch.cat([piece.verts, piece.verts[ends].mean(dim=1)]),
        weights=torch.cat([piece.weights, piece.weights[ends].mean(dim=1)]),
        faces=torch.cat([torch.stack(row, dim=1) for row in rows]),
    )


def keep(piece: Piece, wanted: Tensor) -> Piece:
    """The faces wanted (bool), and their vertices."""
    faces = piece.faces[wanted]
    used, renumbered = faces.reshape(-1).unique(return_inverse=True)
    return replace(
        piece,
        verts=piece.verts[used],
        weights=piece.weights[used],
        faces=renumbered.view(-1, 3),
    )


def clip(piece: Piece, value: Float[Tensor, " verts"]) -> Piece:
    """What lies where `value` is positive, cut straight along its zero line."""
    faces = piece.faces[(value[piece.faces] > 0).any(dim=1)]
    positive = (value[faces] > 0).long()
    # Turn each face so that its odd corner out, if any, comes first.
    lone = torch.where(positive.sum(dim=1) == 1, positive.argmax(dim=1), positive.argmin(dim=1))
    order = (lone[:, None] + torch.arange(3)) % 3
    faces = faces.gather(1, order)
    count = positive.sum(dim=1)
    whole, one, two = (faces[count == k] for k in (3, 1, 2))
    cut_edges = torch.cat([one[:, [0, 1]], one[:, [0, 2]], two[:, [0, 1]], two[:, [0, 2]]])
    ends, which, _ = _distinct(cut_edges)
    share = (value[ends[:, 0]] / (value[ends[:, 0]] - value[ends[:, 1]]))[:, None]
    new = len(piece.verts) + which
    first, second, third, fourth = new.split([len(one), len(one), len(two), len(two)])
    cut = replace(
        piece,
        verts=torch.cat([piece.verts, _between(piece.verts, ends, share)]),
        weights=torch.cat([piece.weights, _between(piece.weights, ends, share)]),
        faces=torch.cat(
            [
                whole,
                torch.stack([one[:, 0], first, second], dim=1),
                torch.stack([third, two[:, 1], two[:, 2]], dim=1),
                torch.stack([third, two[:, 2], fourth], dim=1),
            ]
        ),
    )
    return keep(cut, torch.ones(len(cut.faces), dtype=torch.bool))


def _between(values: Tensor, ends: Tensor, share: Tensor) -> Tensor:
    return torch.lerp(values[ends[:, 0]], values[ends[:, 1]], share)


def smooth(piece: Piece, steps: int, *, field: Tensor | None = None) -> Tensor:
    """Vertices (or a field on them) after repeated averaging with their neighbours.

    A vertex of the rim heeds its neighbours along the rim only, so that hems stay where they were cut.
    """
    edges, uses = _edges(piece)
    rim = edges[uses == 1]
    on_rim = torch.zeros(len(piece.verts), dtype=torch.bool)
    on_rim[rim.reshape(-1)] = True
    both = torch.cat([edges, edges.flip(1)])
    both = torch.cat([both[~on_rim[both[:, 0]]], rim, rim.flip(1)])
    count = torch.zeros(len(piece.verts)).index_add_(0, both[:, 0], torch.ones(len(both)))
    values = piece.verts if field is None else field
    for _ in range(steps):
        near = torch.zeros_like(values).index_add_(0, both[:, 0], values[both[:, 1]])
        values = torch.lerp(values, near / count[:, None].clamp_min(1), 0.7)
    return values


def vertex_normals(
    verts: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"]
) -> Float[Tensor, "verts 3"]:
    """Unit normals, area-weighted."""
    a, b, c = verts[faces.long()].unbind(dim=1)
    across = torch.linalg.cross(b - a, c - a)
    total = torch.zeros_like(verts)
    for k in range(3):
        total.index_add_(0, faces[:, k].long(), across)
    return torch.nn.functional.normalize(total, dim=1)


def turn_in(piece: Piece, depth_m: float) -> Piece:
    """The piece with its rims turned inwards, so that cloth ends in an edge and not in paper."""
    edges, uses = _edges(piece)
    directed = piece.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    keys = directed.sort(dim=1).values
    size = len(piece.verts)
    rim_keys = edges[uses == 1] @ torch.tensor([size, 1])
    rim = directed[torch.isin(keys @ torch.tensor([size, 1]), rim_keys)]
    loop, place = rim.reshape(-1).unique(return_inverse=True)
    inner = piece.verts[loop] - depth_m * vertex_normals(piece.verts, piece.faces)[loop]
    a, b = rim.unbind(dim=1)
    a_in, b_in = (place.view(-1, 2) + size).unbind(dim=1)
    strip = torch.cat([torch.stack([b, a, a_in], dim=1), torch.stack([b, a_in, b_in], dim=1)])
    return replace(
        piece,
        verts=torch.cat([piece.verts, inner]),
        weights=torch.cat([piece.weights, piece.weights[loop]]),
        faces=torch.cat([piece.faces, strip]),
    )


def components(piece: Piece) -> Int[Tensor, " verts"]:
    """A number for each vertex, the same for all that hang together."""
    edges, _ = _edges(piece)
    size = len(piece.verts)
    ends = edges.numpy()
    links = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(size, size))
    return torch.from_numpy(connected_components(links, directed=False)[1].astype(np.int64))


def _edges(piece: Piece) -> tuple[Int[Tensor, "edges 2"], Int[Tensor, " edges"]]:
    """Each edge once, lower vertex first, and how many faces have it."""
    ends, _, uses = _distinct(piece.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2))
    return ends, uses


def _distinct(edges: Int[Tensor, "many 2"]) -> tuple[Tensor, Tensor, Tensor]:
    """Different edges (lower vertex first), which of them each one is, and how often each occurs."""
    low, high = edges.sort(dim=1).values.unbind(dim=1)
    base = int(edges.max()) + 1 if len(edges) else 1
    # One number an edge: far quicker than looking for equal rows.
    keys, which, uses = (low * base + high).unique(return_inverse=True, return_counts=True)
    return torch.stack([keys // base, keys % base], dim=1), which, uses


def even_normals(piece: Piece, verts: Float[Tensor, "verts 3"]) -> Float[Tensor, "verts 3"]:
    """Normals without the unrest that a cut's slivers bring."""
    normals = smooth(piece, 6, field=vertex_normals(verts, piece.faces))
    return torch.nn.functional.normalize(normals, dim=1)


def step(x: Tensor) -> Tensor:
    """Smoothstep from 0 to 1."""
    x = x.clamp(0, 1)
    return x * x * (3 - 2 * x)
