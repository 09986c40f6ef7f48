"""Studio light on a posed person: large soft boxes, a bright room, and what stands in their way."""

import math

import torch
import warp as wp
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.records import CameraPath
from reimagine.synth import light_kernels as kernels

DIRECTIONS = 96
SHADOW = 0.4
"""How much of the floor's shadow is kept: soft, so that it does not read as part of the person."""
LIFT_M = 0.003
"""Rays start this far off the surface."""
BOUNCE = (0.34, 0.26, 0.22)
"""What blocked directions still send, as a share of the room's light: skin and cloth are not black."""


def shine(
    verts: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    points: Float[Tensor, "points 3"],
    normals: Float[Tensor, "points 3"],
    camera_yaw_rad: float,
    *,
    rays: int = DIRECTIONS,
) -> Float[Tensor, "points 3"]:
    """Light that reaches each point, about 1 where the key light falls square on it.

    The soft boxes turn with the camera (`camera_yaw_rad` about Y, 0 looks at the person's front), as a photographer
    turns the model, not the studio.
    """
    mesh = wp.Mesh(
        points=wp.from_torch(verts.contiguous(), dtype=wp.vec3),
        indices=wp.from_torch(faces.to(torch.int32).reshape(-1).contiguous()),
    )
    directions = sphere(rays)
    radiance = studio(directions, camera_yaw_rad)
    light = torch.zeros(len(points), 3)
    as_vectors = [
        wp.from_torch(one.contiguous(), dtype=wp.vec3)
        for one in (points, normals, directions, radiance)
    ]
    wp.launch(
        kernels.gather,
        len(points),
        inputs=[mesh.id, *as_vectors, wp.vec3(*BOUNCE), LIFT_M],
        outputs=[wp.from_torch(light, dtype=wp.vec3)],
        device="cpu",
    )
    return light


def unshadowed(
    normals: Float[Tensor, "points 3"], camera_yaw_rad: float
) -> Float[Tensor, "points 3"]:
    """The same light with nothing in its way."""
    directions = sphere(DIRECTIONS)
    cosine = (normals @ directions.T).clamp_min(0)
    return (cosine @ studio(directions, camera_yaw_rad)) / cosine.sum(dim=1, keepdim=True)


def studio(
    directions: Float[Tensor, "directions 3"], camera_yaw_rad: float
) -> Float[Tensor, "directions 3"]:
    """Radiance from each direction: key box at the photographer's left, fill at the right, white floor."""
    cos, sin = math.cos(camera_yaw_rad), math.sin(camera_yaw_rad)
    turn = torch.tensor([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    seen = directions @ turn.T
    room = 0.40 + 0.22 * seen[:, 1:2] * torch.ones(3)
    for place, width, colour in (
        ((-0.75, 0.75, 0.9), 0.30, (2.9, 2.8, 2.65)),
        ((1.0, 0.35, 0.7), 0.45, (0.75, 0.78, 0.85)),
        ((0.0, 0.9, -0.9), 0.35, (0.9, 0.9, 0.95)),
    ):
        towards = torch.nn.functional.normalize(torch.tensor(place), dim=0)
        away = torch.arccos((seen @ towards).clamp(-1, 1))[:, None]
        room = room + torch.tensor(colour) * torch.exp(-((away / width) ** 2) / 2)
    return room


def sphere(count: int) -> Float[Tensor, "count 3"]:
    """Directions spread evenly (Fibonacci's spiral)."""
    index = torch.arange(count) + 0.5
    y = 1 - 2 * index / count
    turn = index * math.pi * (3 - math.sqrt(5))
    radius = (1 - y * y).sqrt()
    return torch.stack([radius * turn.cos(), y, radius * turn.sin()], dim=1)


def floor_shadow(
    verts: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    camera: CameraPath,
    camera_yaw_rad: float,
) -> Float[Tensor, "3 height width"]:
    """What the studio's paper shows behind the person: 1 where lit freely, a little less about the feet.

    The floor lies at the lowest vertex; it is lit at the points of a grid and bends upwards far behind.
    """
    floor_y = float(verts[:, 1].min()) - 0.001
    reach, steps = 1.3, 140
    ticks = torch.linspace(-reach, reach, steps)
    z, x = torch.meshgrid(ticks, ticks, indexing="ij")
    points = torch.stack([x, torch.full_like(x, floor_y), z], dim=-1).reshape(-1, 3)
    up = torch.tensor([0.0, 1.0, 0.0]).expand_as(points)
    free = unshadowed(up[:1], camera_yaw_rad)
    share = (shine(verts, faces, points, up, camera_yaw_rad, rays=600) / free).view(steps, steps, 3)
    share = 1 - SHADOW * (1 - share.clamp(0, 1))

    rows, columns = torch.meshgrid(
        torch.arange(camera.height) + 0.5, torch.arange(camera.width) + 0.5, indexing="ij"
    )
    pixels = torch.stack([columns, rows, torch.ones_like(rows)], dim=-1)
    rays = pixels @ torch.linalg.inv(camera.K[0]).T @ camera.R[0]
    centre = -(camera.R[0].T @ camera.t[0])
    far = (floor_y - centre[1]) / rays[..., 1].clamp_max(-1e-6)
    hit = centre + rays * far[..., None]
    grid = (hit[..., [0, 2]] / reach)[None]
    grid = torch.where((rays[..., 1:2] < 0)[None], grid, torch.full_like(grid, 9.0)).clamp(-9, 9)
    seen = torch.nn.functional.grid_sample(
        (1 - share).permute(2, 0, 1)[None], grid, padding_mode="zeros", align_corners=True
    )[0]
    radial = (columns / camera.width - 0.5) ** 2 + (rows / camera.height - 0.45) ** 2
    return (1 - seen) * (1 - 0.10 * radial)
