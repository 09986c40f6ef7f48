"""A piece of the dressed surface."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reimagine.records import Skin


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One closed surface, or a patch of the body."""

    name: str
    skin: Skin
    part: int
    """Index into PARTS of what it is taken for where no photo shows it."""
    regions: tuple[int, ...]
    """Body regions it covers."""
    hairy: NDArray[np.float32] | None = None
    """verts: how much hair grows there, 0..1; None where none can."""


def normals_of(verts: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float32]:
    """Area-weighted unit vertex normals."""
    corners = verts[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros((len(verts), 3))
    for corner in range(3):
        np.add.at(total, faces[:, corner], across)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.maximum(length, 1e-12)).astype(np.float32)
