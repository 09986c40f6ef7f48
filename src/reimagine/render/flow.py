"""Where the surface point seen by a pixel is in another frame, and whether it is in sight there."""

import torch
import warp as wp

from reimagine.cameras.project import NEAR_M, centres
from reimagine.records import Flow, Raster, SurfaceView
from reimagine.render import raster_kernels as kernels
from reimagine.render.rasterize import launch, runs, triples, vectors

SLACK_M = 0.004
"""How much nearer the other frame's surface may be before it counts as an occluder."""
SLACK_PIXELS = 1.0
"""The same, as a share of the pixel's footprint on the surface; the larger of both counts."""


def mesh_flow(seen: SurfaceView, a: int, b: int) -> Flow:
    """`flow_between` two frames of one clip."""
    one, other = (
        SurfaceView(
            verts=seen.verts[part],
            faces=seen.faces,
            camera=seen.camera[part],
            raster=Raster(
                face=seen.raster.face[part],
                barycentrics=seen.raster.barycentrics[part],
                depth=seen.raster.depth[part],
            ),
        )
        for part in (slice(a, a + 1), slice(b, b + 1))
    )
    return flow_between(one, other)


def flow_between(one: SurfaceView, other: SurfaceView) -> Flow:
    """Exact position in the other's one frame of the surface point under every pixel centre of this one's.

    A point is visible there if it lies in the picture, shows the side it shows here, and nothing is nearer at its
    pixel. As depth is known at pixel centres only, the point is first moved there within its face's plane.
    The pictures may be of two sizes, such as those of crops.
    """
    raster, device = one.raster, one.verts.device
    size = raster.face.shape[1:]
    target = torch.full((*size, 2), torch.nan, device=device)
    visible = torch.zeros(size, dtype=torch.uint8, device=device)
    inputs = [
        wp.from_torch(raster.face[0]),
        vectors(raster.barycentrics[0]),
        triples(one.faces, device),
        vectors(one.verts[0].detach()),
        vectors(other.verts[0].detach()),
        vectors(centres(one.camera)),
        wp.from_torch(other.camera.R.contiguous(), dtype=wp.mat33),
        vectors(other.camera.t),
        wp.from_torch(other.camera.K.contiguous(), dtype=wp.mat33),
        wp.from_torch(other.raster.face[0]),
        wp.from_torch(other.raster.depth[0]),
        *(NEAR_M, SLACK_M, SLACK_PIXELS),
        vectors(target),
        wp.from_torch(visible),
    ]
    launch(kernels.follow, runs(raster.face)[1:], inputs, device)
    return Flow(target=target, visible=visible.bool())
