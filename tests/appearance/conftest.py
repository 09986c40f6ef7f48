"""Shared by tests of the appearance: a plane seen straight on, and the volume of a mesh."""

from collections.abc import Callable

import numpy as np
import pytest

from reimagine.appearance.plane import CELL_M, Plane


@pytest.fixture(scope="session")
def plane() -> Plane:
    """80 rows, 60 columns, a pixel for each cell."""
    x = np.arange(60, dtype=np.float32) * CELL_M
    y = 1 - np.arange(80, dtype=np.float32) * CELL_M
    pixels = np.stack(np.meshgrid(np.arange(60), np.arange(80)), -1).astype(np.float32) + 0.5
    eye = np.array([0.0, 0.0, 1e6], np.float32)
    return Plane(x=x, y=y, z=0.0, pixels=pixels, eye=eye)


@pytest.fixture(scope="session")
def signed_volume() -> Callable[[np.ndarray, np.ndarray], float]:
    """Of vertices and faces: positive where faces point outwards."""

    def volume(verts: np.ndarray, faces: np.ndarray) -> float:
        a, b, c = (verts[faces[:, k]].astype(float) for k in range(3))
        return float((a * np.cross(b, c)).sum() / 6)

    return volume
