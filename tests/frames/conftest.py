"""A ball with two photos: the smallest person that the atlas can paint."""

import pytest
import torch

from reimagine.cameras.project import project
from reimagine.records import Body, CameraPath, Person, Photo, Pose, Skin

RINGS, SPOKES = 40, 60
PHOTO_WIDTH, PHOTO_HEIGHT = 96, 128


def ball():
    polar = torch.linspace(0, torch.pi, RINGS)[:, None].expand(RINGS, SPOKES)
    turn = (torch.arange(SPOKES) / SPOKES * 2 * torch.pi).expand(RINGS, SPOKES)
    verts = torch.stack(
        [polar.sin() * turn.sin(), polar.cos(), polar.sin() * turn.cos()], dim=-1
    ).reshape(-1, 3)
    start = torch.arange(RINGS - 1)[:, None] * SPOKES
    here = torch.arange(SPOKES)
    after = (here + 1) % SPOKES
    a, b, c, d = start + here, start + after, start + SPOKES + here, start + SPOKES + after
    faces = [torch.stack([a, c, b], dim=-1), torch.stack([b, c, d], dim=-1)]
    return Skin(
        verts=0.5 * verts,
        faces=torch.cat([one.reshape(-1, 3) for one in faces]).int(),
        weight_joints=torch.zeros(len(verts), 1, dtype=torch.int32),
        weights=torch.ones(len(verts), 1),
    )


def still(frames, step_m=0.0):
    transforms = torch.eye(3, 4).expand(frames, 55, 3, 4).clone()
    transforms[:, :, 0, 3] = step_m * torch.arange(frames)[:, None]
    return Pose(transforms=transforms, rotations=torch.eye(3).expand(frames, 55, 3, 3))


def camera(frames, *, behind=False, width=PHOTO_WIDTH, height=PHOTO_HEIGHT):
    side = -1.0 if behind else 1.0
    R = torch.tensor([[side, 0, 0], [0, -1.0, 0], [0, 0, -side]])
    K = torch.tensor([[1.2 * height, 0, width / 2], [0, 1.2 * height, height / 2], [0, 0, 1.0]])
    return CameraPath(
        K=K.expand(frames, 3, 3),
        R=R.expand(frames, 3, 3),
        t=torch.tensor([0, 0, 2.0]).expand(frames, 3),
        width=width,
        height=height,
    )


@pytest.fixture(scope="session")
def person():
    skin = ball()
    rows, columns = torch.meshgrid(
        torch.linspace(0, 1, PHOTO_HEIGHT), torch.linspace(0, 1, PHOTO_WIDTH), indexing="ij"
    )
    photos, places = [], []
    for behind, blue in ((False, 0.2), (True, 0.8)):
        rgb = torch.stack([rows, columns, torch.full_like(rows, blue)])
        view = camera(1, behind=behind)
        photos.append(
            Photo(
                rgb=rgb,
                alpha=torch.ones_like(rows),
                camera=view,
                pose=still(1),
                side="back" if behind else "front",
            )
        )
        places.append(project(view, skin.verts[None])[0])
    facing = skin.verts[:, 2] > 0
    return Person(
        body=Body(skin=skin, joints=torch.zeros(55, 3), height_m=1.0),
        surface=skin,
        photos=tuple(photos),
        photo_xy=torch.stack(places),
        photo_weight=torch.stack([facing, ~facing]).float(),
        seen=torch.ones(len(skin.verts)),
        fill=torch.tensor([0.9, 0.1, 0.5]).expand(len(skin.verts), 3).clone(),
        part=torch.zeros(len(skin.verts), dtype=torch.int64),
    )


@pytest.fixture(scope="session")
def scene():
    """Makes conditions of a ball that moves aside by `step_m` a frame."""
    from reimagine.render.conditions import make_conditions

    def make(person, frames=1, *, step_m=0.0, behind=False, width=PHOTO_WIDTH):
        view = camera(frames, behind=behind, width=width)
        return make_conditions(person.body, still(frames, step_m), view, 0.0)

    return make
