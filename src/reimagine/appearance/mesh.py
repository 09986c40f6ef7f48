"""What many need of a mesh: normals, the faces of some vertices, the mean over neighbours."""

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor


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
