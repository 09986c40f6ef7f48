"""What a camera sees of a mesh: face, barycentrics and depth at every pixel's centre."""

from contextlib import nullcontext
from typing import Any

import torch
import warp as wp
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.cameras import raster_kernels as kernels
from reimagine.cameras.project import NEAR_M, to_screen
from reimagine.records import CameraPath, Raster

_SAMPLES = 8
"""Points a pixel for coverage."""


def rasterize(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"], camera: CameraPath
) -> Raster:
    """Nearest face at every pixel's centre, from both sides, on the device of `verts`.

    Faces that share an edge leave no hole. Of equally near faces the lowest index wins. A face with a corner closer
    than `NEAR_M` to the camera's plane is left out whole, not clipped. No gradients.
    """
    frames, device = verts.shape[0], verts.device
    assert len(camera) == frames, f"{len(camera)} cameras for {frames} frames"
    screen = to_screen(camera, verts.detach()).contiguous()
    corners = faces.to(device=device, dtype=torch.int32).contiguous()
    shape = (frames, camera.height, camera.width)
    nearest = torch.full(shape, torch.iinfo(torch.int64).max, dtype=torch.int64, device=device)
    face = torch.empty(shape, dtype=torch.int32, device=device)
    barycentrics = torch.empty((*shape, 2), device=device)
    depth = torch.empty(shape, device=device)

    seen = [wp.from_torch(screen, dtype=wp.vec3), wp.from_torch(corners, dtype=wp.vec3i)]
    keys = wp.from_torch(nearest)
    found = [wp.from_torch(face), wp.from_torch(barycentrics, dtype=wp.vec2), wp.from_torch(depth)]
    where = wp.device_from_torch(device)
    with _stream_of(device):
        if frames and len(corners):
            size = (frames, len(corners))
            wp.launch(kernels.cover, size, inputs=[*seen, NEAR_M, keys], device=where)
        wp.launch(kernels.resolve, shape, inputs=[*seen, keys], outputs=found, device=where)
    return Raster(face=face, barycentrics=barycentrics, depth=depth)


def coverage(
    verts: Float[Tensor, "frames verts 3"],
    faces: Int[Tensor, "faces 3"],
    camera: CameraPath,
    raster: Raster,
) -> Float[Tensor, "frames height width"]:
    """Share of each pixel that the mesh covers, in steps of 1/8; `raster` is `rasterize` of the same arguments.

    Only pixels whose 3 x 3 surroundings are not all seen get sampled, which also finds what is thinner than a pixel.
    """
    solid = torch.nn.functional.max_pool2d((raster.face < 0).float(), 3, stride=1, padding=1) == 0
    solid = solid.to(torch.uint8)
    samples = torch.zeros((*raster.face.shape, _SAMPLES), dtype=torch.uint8, device=verts.device)
    screen = to_screen(camera, verts.detach()).contiguous()
    corners = faces.to(device=verts.device, dtype=torch.int32).contiguous()
    if len(verts) and len(corners):
        inputs = [
            wp.from_torch(screen, dtype=wp.vec3),
            wp.from_torch(corners, dtype=wp.vec3i),
            NEAR_M,
            wp.from_torch(solid),
            wp.from_torch(samples),
        ]
        where = wp.device_from_torch(verts.device)
        with _stream_of(verts.device):
            wp.launch(kernels.touch, (len(verts), len(corners)), inputs=inputs, device=where)
    return torch.maximum(samples.sum(-1, dtype=torch.uint8) / _SAMPLES, solid)


def interpolate(
    raster: Raster,
    faces: Int[Tensor, "faces 3"],
    values: Float[Tensor, "verts channels"] | Float[Tensor, "frames verts channels"],
) -> Float[Tensor, "frames height width channels"]:
    """Values given at vertices, at every pixel's centre; zero where nothing is seen."""
    at = raster.face.flatten().ge(0).nonzero()[:, 0]
    face = raster.face.flatten()[at]
    corners = faces[face].long()
    if values.ndim == 3:
        frame_pixels = raster.face[0].numel()
        corners = corners + (at // frame_pixels * values.shape[1])[:, None]
    out = values.new_zeros((raster.face.numel(), values.shape[-1]))
    out[at] = blend(
        raster.barycentrics.reshape(-1, 2)[at], values.reshape(-1, values.shape[-1]), corners
    )
    return out.reshape(*raster.face.shape, -1)


def blend(
    barycentrics: Float[Tensor, "points 2"],
    values: Float[Tensor, "verts channels"],
    corners: Int[Tensor, "points 3"],
) -> Float[Tensor, "points channels"]:
    """Values at points of faces: first corner's plus weighted differences to the other two."""
    first, second, third = (values[corners[:, k]] for k in range(3))
    u, v = barycentrics[:, :1], barycentrics[:, 1:]
    return first * (1 - u - v) + second * u + third * v


def _stream_of(device: torch.device) -> Any:  # noqa: ANN401 - Warp has no type for it
    """Torch's current CUDA stream for Warp's launches, so that neither has to wait by hand."""
    if device.type != "cuda":
        return nullcontext()
    return wp.ScopedStream(wp.stream_from_torch(torch.cuda.current_stream(device)))
