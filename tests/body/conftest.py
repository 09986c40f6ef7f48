"""A body as simple as can be: the mean joints, and a few points on the feet and limbs for a skin."""

from collections.abc import Callable

import pytest
import torch

from reimagine.body.bones import REST_JOINTS
from reimagine.body.model import PARENTS
from reimagine.records import Body, Skin

SOLES = (
    *((7, (0.0, -0.0754, -0.033)), (7, (0.0, -0.0754, 0.02))),
    *((10, (0.0, -0.0174, 0.0)), (10, (0.0, -0.0174, 0.05))),
)


def make_body(scale: float = 1.0) -> Body:
    joints = torch.zeros(55, 3)
    joints[:22] = REST_JOINTS
    for joint in range(22, 55):
        joints[joint] = joints[PARENTS[joint]] + torch.tensor([0.0, 0.0, 0.03])
    places = [*[(j, (0.0, 0.0, 0.0)) for j in range(55)]]
    for side in (0, 1):
        places += [(joint + side, offset) for joint, offset in SOLES]
    verts = torch.stack([joints[j] + torch.tensor(offset) for j, offset in places])
    skin = Skin(
        verts=verts * scale,
        faces=torch.tensor([[0, 1, 2]]),
        weight_joints=torch.tensor([[j] for j, _ in places]),
        weights=torch.ones(len(places), 1),
    )
    return Body(skin=skin, joints=joints * scale, height_m=1.65 * scale)


@pytest.fixture(scope="session")
def plain_body() -> Body:
    return make_body()


@pytest.fixture(scope="session")
def body_of_size() -> Callable[[float], Body]:
    return make_body
