"""A ball with a pattern, which turns before a camera: pictures and geometry that belong together exactly."""

import dataclasses
import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from reimagine.body.model import PARENTS
from reimagine.cameras.project import project
from reimagine.records import Body, CameraPath, Person, Photo, Pose, Skin, SurfaceView
from reimagine.render.rasterize import interpolate
from reimagine.render.view import view_mesh

SIZE = 160
RADIUS_M = 0.5
DISTANCE_M = 3.0
FOCAL = 400.0


@dataclass(frozen=True, kw_only=True)
class Ball:
    verts: Tensor
    faces: Tensor
    colours: Tensor

    def camera(self, degrees: float = 0.0) -> CameraPath:
        """Looks at the ball's middle, turned about it."""
        angle = math.radians(degrees)
        cosine, sine = math.cos(angle), math.sin(angle)
        R = torch.tensor([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
        half = SIZE / 2
        K = torch.tensor([[FOCAL, 0, half], [0, FOCAL, half], [0, 0, 1.0]])
        t = torch.tensor([0.0, 0.0, DISTANCE_M])
        return CameraPath(K=K[None], R=R[None], t=t[None], width=SIZE, height=SIZE)

    def seen(
        self, degrees: float = 0.0, shift_m: tuple[float, float, float] = (0, 0, 0)
    ) -> SurfaceView:
        return view_mesh(self.verts[None] + torch.tensor(shift_m), self.faces, self.camera(degrees))

    def picture(self, seen: SurfaceView, colours: Tensor | None = None) -> Tensor:
        """RGBA."""
        values = self.colours if colours is None else colours
        colour = interpolate(seen.raster, self.faces, values)[0]
        alpha = (seen.raster.face[0] >= 0).float()[..., None]
        return torch.cat([colour, alpha], dim=-1).permute(2, 0, 1)


@pytest.fixture(scope="session")
def ball() -> Ball:
    rings, sectors = 90, 180
    theta = torch.linspace(0.02, math.pi - 0.02, rings)
    phi = torch.arange(sectors) * (2 * math.pi / sectors)
    t, p = torch.meshgrid(theta, phi, indexing="ij")
    unit = torch.stack([t.sin() * p.sin(), -t.cos(), -t.sin() * p.cos()], -1).reshape(-1, 3)
    ring, sector = torch.meshgrid(torch.arange(rings - 1), torch.arange(sectors), indexing="ij")
    a, b = ring * sectors + sector, ring * sectors + (sector + 1) % sectors
    faces = torch.cat(
        [torch.stack([a, b, a + sectors], -1), torch.stack([b, b + sectors, a + sectors], -1)]
    ).reshape(-1, 3)
    generator = torch.Generator().manual_seed(3)
    waves = torch.randn(40, 3, generator=generator) * 9
    phase = torch.rand(40, generator=generator) * 6
    tone = torch.sin(unit @ waves.T + phase)
    colours = torch.stack([0.5 + 0.1 * tone[:, k::3].sum(1) for k in range(3)], 1).clamp(0, 1)
    return Ball(verts=unit * RADIUS_M, faces=faces.int(), colours=colours)


FINER = 2
"""Photos have so many pixels for one of a frame."""


def _finer(camera: CameraPath) -> CameraPath:
    return dataclasses.replace(
        camera,
        K=camera.K * torch.tensor([[FINER], [FINER], [1.0]]),
        width=FINER * camera.width,
        height=FINER * camera.height,
    )


@pytest.fixture(scope="session")
def person(ball: Ball) -> Person:
    """Photographed from 0 and 180 degrees; a place is seen as far as it faces the camera."""
    still = torch.eye(3, 4)[None, None].expand(1, len(PARENTS), 3, 4)
    pose = Pose(transforms=still, rotations=still[..., :3])
    photos, xys, weights = [], [], []
    for degrees, side in ((0.0, "front"), (180.0, "back")):
        camera = _finer(ball.camera(degrees))
        seen = view_mesh(ball.verts[None], ball.faces, camera)
        picture = ball.picture(seen)
        photos.append(Photo(rgb=picture[:3], alpha=picture[3], camera=camera, pose=pose, side=side))
        xys.append(project(camera, ball.verts[None])[0])
        towards = torch.linalg.inv(camera.R[0]) @ torch.tensor([0.0, 0.0, -1.0])
        weights.append((ball.verts @ towards / ball.verts.norm(dim=1)).clamp(0, 1))
    weight = torch.stack(weights)
    skin = Skin(
        verts=ball.verts,
        faces=ball.faces,
        weight_joints=torch.zeros(len(ball.verts), 1, dtype=torch.long),
        weights=torch.ones(len(ball.verts), 1),
    )
    return Person(
        body=Body(skin=skin, joints=torch.zeros(55, 3), height_m=1.0),
        surface=skin,
        photos=tuple(photos),
        photo_xy=torch.stack(xys),
        photo_weight=(weight > 0.5).float(),
        seen=weight.sum(0).clamp(0, 1),
        fill=torch.zeros(len(ball.verts), 3),
        part=torch.zeros(len(ball.verts), dtype=torch.long),
    )
