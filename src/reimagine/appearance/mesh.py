"""What many need of a mesh: normals, the mean over neighbours, hollows, finer faces, a cut along a line."""

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

_CURVED = 0.75
"""Phong tessellation's alpha."""


def normals_of(verts: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float32]:
    """Area-weighted unit vertex normals."""
    corners = verts[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros((len(verts), 3))
    for corner in range(3):
        np.add.at(total, faces[:, corner], across)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.maximum(length, 1e-12)).astype(np.float32)


def faces_within(faces: Int[Tensor, "_f 3"], chosen: NDArray[np.bool_]) -> Int[Tensor, "_n 3"]:
    """The faces whose three vertices are all among the chosen (one mark per vertex)."""
    return faces[torch.from_numpy(chosen)[faces.long()].all(1)]


def averaging(count: int, faces: NDArray[np.integer]) -> sparse.csr_matrix:
    """Matrix that replaces each vertex value by the mean of its own and its neighbours'."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.concatenate([ends, ends[:, ::-1], np.repeat(np.arange(count)[:, None], 2, 1)])
    links = sparse.csr_matrix((np.ones(len(pairs), np.float32), pairs.T), shape=(count, count))
    links.data[:] = 1.0
    return sparse.diags(1.0 / np.asarray(links.sum(1)).ravel()) @ links


def averaged(
    values: NDArray[np.floating], faces: NDArray[np.integer], rounds: int
) -> NDArray[np.floating]:
    """One value (or row of them) for each vertex, smoothed along the surface over so many rings of neighbours."""
    average = averaging(len(values), faces)
    for _ in range(rounds):
        values = average @ values
    return values


def hollows(verts: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float32]:
    """How far each vertex lies below the mean of its neighbours, in mean lengths of its edges: negative on ridges."""
    mean = averaging(len(verts), faces) @ verts
    below = (normals_of(verts, faces) * (mean - verts)).sum(1)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    lengths = np.linalg.norm(verts[ends[:, 0]] - verts[ends[:, 1]], axis=1)
    count = np.maximum(np.bincount(ends.ravel(), minlength=len(verts)), 1)
    edge = np.bincount(ends.ravel(), np.repeat(lengths, 2), minlength=len(verts)) / count
    return (below / np.maximum(edge, 1e-9)).astype(np.float32)


def cut(
    faces: NDArray[np.integer], values: NDArray[np.floating]
) -> tuple[NDArray[np.int32], NDArray[np.integer], NDArray[np.float32]]:
    """The part of a mesh where values (one per vertex, linear between) are positive: its faces, and the new vertices.

    New vertices are numbered after the old ones. Each lies on an edge: its two ends (new 2), and how far it is from the
    first towards the second (new), 0..1. Old vertices all stay, used or not.
    """
    inside = values > 0
    count = inside[faces].sum(1)
    crossed = (count == 1) | (count == 2)
    # The corner that is alone on its side comes first.
    alone = (inside[faces[crossed]] == (count[crossed] == 1)[:, None]).argmax(1)
    turned = np.take_along_axis(faces[crossed], (alone[:, None] + np.arange(3)) % 3, 1)
    edges = np.sort(turned[:, [[0, 1], [0, 2]]].reshape(-1, 2), 1)
    ends, index = np.unique(edges, axis=0, return_inverse=True)
    left, right = (index.reshape(-1, 2) + len(values)).T
    first, second, third = turned.T
    tip = count[crossed] == 1
    kept = [
        faces[count == 3],
        np.stack([first, left, right], 1)[tip],
        np.stack([left, second, third], 1)[~tip],
        np.stack([left, third, right], 1)[~tip],
    ]
    one, other = values[ends].T
    return np.concatenate(kept).astype(np.int32), ends, (one / (one - other)).astype(np.float32)


def subdivide(
    verts: NDArray[np.floating], faces: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.integer], NDArray[np.float32]]:
    """Each face made four: the faces, the two ends of each halved edge (new 2), and where its middle goes (new 3).

    Middles lie on the curve that the normals at both ends ask for (Phong tessellation, Boubekeur and Alexa 2008), so that
    outlines lose their corners. New vertices are numbered after the old ones, which stay where they are.
    """
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    ends, index = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = (index.reshape(-1, 3) + len(verts)).T
    a, b, c = faces.T
    four = [
        np.stack(corners, 1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    ]
    normals = normals_of(verts, faces)
    middle = verts[ends].mean(1)
    raised = [
        ((verts[end] - middle) * normals[end]).sum(1, keepdims=True) * normals[end]
        for end in ends.T
    ]
    placed = middle + _CURVED * (raised[0] + raised[1]) / 2
    return np.concatenate(four).astype(np.int32), ends, placed.astype(np.float32)
