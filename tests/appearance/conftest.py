"""Shared by tests of the appearance: a plane seen straight on, the volume of a mesh, a body standing before a camera."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from reimagine.appearance.fit import Stance
from reimagine.appearance.plane import CELL_M, Plane
from reimagine.body.model import JOINTS, pose_body
from reimagine.records import Body, CameraPath, Motion


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


def standing(body: Body, **degrees: float) -> Stance:
    """Arms down, joints turned sideways by degrees."""
    poses = torch.zeros(1, 55, 3)
    for joint, turn in {"left_shoulder": -60.0, "right_shoulder": 60.0, **degrees}.items():
        poses[0, JOINTS.index(joint), 2] += turn * torch.pi / 180
    motion = Motion(poses=poses, transl=torch.zeros(1, 3), fps=1.0, betas=torch.zeros(10))
    K = torch.tensor([[[440.0, 0, 130], [0, 440.0, 210], [0, 0, 1]]])
    camera = CameraPath(
        K=K,
        R=torch.diag(torch.tensor([1.0, -1.0, -1.0]))[None],
        t=torch.tensor([[0.0, -0.45, 2.4]]),
        width=260,
        height=420,
    )
    return Stance(motion=motion, pose=pose_body(body, motion), camera=camera)
