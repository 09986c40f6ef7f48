"""Where the surface point seen by a pixel is in another frame, and whether it is in sight there."""

import torch
import warp as wp
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.cameras import raster_kernels as kernels
from reimagine.cameras.project import NEAR_M, centres
from reimagine.cameras.rasterize import launch, rasterize, runs, triples, vectors
from reimagine.records import CameraPath, Flow, Raster, Seen

SLACK_M = 0.004
"""How much nearer the other frame's surface may be before it counts as an occluder."""
SLACK_PIXELS = 1.0
"""The same, as a share of the pixel's footprint on the surface; the larger of both counts."""


def look(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"], camera: CameraPath
) -> Seen:
    """A posed surface (world, metres) together with what the camera sees of it."""
    return Seen(verts=verts, faces=faces, camera=camera, raster=rasterize(verts, faces, camera))


def two_frames(a: Seen, b: Seen) -> Seen:
    """Two frames of one surface that came one by one, as frames 0 and 1."""
    cameras, rasters = (a.camera, b.camera), (a.raster, b.raster)
    return Seen(
        verts=torch.cat([a.verts, b.verts]),
        faces=a.faces,
        camera=CameraPath(
            K=torch.cat([one.K for one in cameras]),
            R=torch.cat([one.R for one in cameras]),
            t=torch.cat([one.t for one in cameras]),
            width=a.camera.width,
            height=a.camera.height,
        ),
        raster=Raster(
            face=torch.cat([one.face for one in rasters]),
            barycentrics=torch.cat([one.barycentrics for one in rasters]),
            depth=torch.cat([one.depth for one in rasters]),
        ),
    )


def mesh_flow(seen: Seen, a: int, b: int) -> Flow:
    """`flow_between` two frames of one clip."""
    one, other = (
        Seen(
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


def flow_between(one: Seen, other: Seen) -> Flow:
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
