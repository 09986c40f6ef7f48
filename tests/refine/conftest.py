"""A textured ball that turns, its true pictures, and ways to make them flicker."""

import math

import pytest
import torch

from reimagine.records import CameraPath, Raster, SurfaceView
from reimagine.refine.resample import lanczos
from reimagine.render.flow import mesh_flow
from reimagine.render.rasterize import interpolate
from reimagine.render.view import view_mesh

FRAMES, WIDTH, HEIGHT = 9, 96, 112
FINER = 3


def ball():
    rings, spokes = 60, 90
    polar = torch.linspace(0, torch.pi, rings)[:, None].expand(rings, spokes)
    turn = (torch.arange(spokes) / spokes * 2 * torch.pi).expand(rings, spokes)
    verts = 0.5 * torch.stack(
        [polar.sin() * turn.sin(), polar.cos(), polar.sin() * turn.cos()], dim=-1
    ).reshape(-1, 3)
    start = torch.arange(rings - 1)[:, None] * spokes
    here = torch.arange(spokes)
    after = (here + 1) % spokes
    a, b, c, d = start + here, start + after, start + spokes + here, start + spokes + after
    faces = [torch.stack([a, c, b], dim=-1), torch.stack([b, c, d], dim=-1)]
    return verts, torch.cat([one.reshape(-1, 3) for one in faces]).int()


def camera(finer):
    K = torch.tensor(
        [[130.0 * finer, 0, WIDTH * finer / 2], [0, 130.0 * finer, HEIGHT * finer / 2], [0, 0, 1]]
    )
    return CameraPath(
        K=K.expand(FRAMES, 3, 3),
        R=torch.diag(torch.tensor([1.0, -1, -1])).expand(FRAMES, 3, 3),
        t=torch.tensor([0, 0, 1.6]).expand(FRAMES, 3),
        width=WIDTH * finer,
        height=HEIGHT * finer,
    )


def pattern(points):
    """Patches of a few pixels, in colour."""
    x, y, z = points.unbind(dim=-1)
    waves = [
        torch.sin(38 * x + 5 * y) * torch.sin(41 * y),
        torch.sin(33 * y + 29 * z),
        torch.sin(25 * x),
    ]
    return 0.5 + 0.3 * torch.stack(waves)


def laplacian(pictures):
    kernel = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])[None, None]
    edges = torch.nn.functional.conv2d(pictures[:, :3].flatten(0, 1)[:, None], kernel, padding=1)
    return edges.view(len(pictures), 3, *pictures.shape[2:])


class Turning:
    """The ball's truth: `seen` and `pictures`."""

    def __init__(self):
        rest, faces = ball()
        turned = []
        for frame in range(FRAMES):
            angle = frame * math.radians(3)
            cos, sin = math.cos(angle), math.sin(angle)
            turned.append(rest @ torch.tensor([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]).T)
        verts = torch.stack(turned)
        fine = view_mesh(verts, faces, camera(FINER))
        colours = pattern(interpolate(fine.raster, faces, rest)).permute(1, 0, 2, 3)
        covered = (fine.raster.face >= 0).float()[:, None]
        rgba = torch.cat([colours * covered, covered], dim=1)
        coarse = torch.nn.functional.avg_pool2d(rgba, FINER)
        self.pictures = torch.cat(
            [coarse[:, :3] / coarse[:, 3:].clamp_min(1e-6), coarse[:, 3:]], dim=1
        )
        self.seen = view_mesh(verts, faces, camera(1))
        self.flows = [mesh_flow(self.seen, k, k + 1) for k in range(FRAMES - 1)]

    def see(self, start, stop):
        part = slice(start, stop)
        raster = self.seen.raster
        return SurfaceView(
            verts=self.seen.verts[part],
            faces=self.seen.faces,
            camera=self.seen.camera[part],
            raster=Raster(
                face=raster.face[part],
                barycentrics=raster.barycentrics[part],
                depth=raster.depth[part],
            ),
        )

    def warping_error(self, pictures):
        """Mean squared difference along the true flow, well inside the ball."""
        errors = []
        for k, flow in enumerate(self.flows):
            inside = flow.visible & self.inner(k)
            there = lanczos(pictures[k + 1, :3].permute(1, 2, 0), flow.target[inside])
            errors.append((there - pictures[k, :3, inside].T).square().mean())
        return float(torch.stack(errors).mean())

    def detail(self, pictures):
        """Share of the truth's Laplacian that is in the pictures' (regression), well inside the ball."""
        inside = torch.stack([self.inner(k) for k in range(FRAMES)])
        found, true = (
            laplacian(one).permute(0, 2, 3, 1)[inside] for one in (pictures, self.pictures)
        )
        return float((found * true).sum() / true.square().sum())

    def inner(self, frame):
        covered = (self.pictures[frame, 3] == 1).float()[None, None]
        return torch.nn.functional.avg_pool2d(covered, 9, 1, 4)[0, 0] == 1


@pytest.fixture(scope="session")
def turning():
    return Turning()
