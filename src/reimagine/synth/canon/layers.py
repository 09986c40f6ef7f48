"""What a camera sees of a person and of what lies behind: the nearest and the farthest surface at every pixel."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from reimagine.records import CameraPath
from reimagine.render.rasterize import blend, rasterize


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One surface as seen by one camera; arrays over the pixels that see it."""

    seen: Bool[Tensor, " pixels"]
    """Over the whole picture, row by row."""
    corners: Int[Tensor, "points 3"]
    """Vertices of the face that each of the seen pixels shows."""
    barycentrics: Float[Tensor, "points 2"]
    """Perspective-correct weights of the second and third of them."""
    depth: Float[Tensor, " points"]
    """Metres along the camera's z."""

    def at(self, values: Float[Tensor, "verts channels"]) -> Float[Tensor, "points channels"]:
        """Values given at vertices, at each seen pixel."""
        return blend(self.barycentrics, values, self.corners)


def nearest(
    verts: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"], camera: CameraPath
) -> Surface:
    """The surface that the camera sees."""
    raster = rasterize(verts[None], faces, camera)
    face = raster.face[0].reshape(-1)
    seen = face >= 0
    return Surface(
        seen=seen,
        corners=faces[face[seen].long()].long(),
        barycentrics=raster.barycentrics[0].reshape(-1, 2)[seen],
        depth=raster.depth[0].reshape(-1)[seen],
    )


def farthest(
    verts: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"], camera: CameraPath
) -> Surface:
    """The surface that lies behind all others on each pixel's ray.

    z / (a z - 1) falls where z grows, and moves points along their rays only: so the nearest surface of the picture
    moved so is the farthest of the true one. It maps planes to planes; barycentrics are weighed back.
    """
    R, t = camera.R[0], camera.t[0]
    in_camera = verts @ R.T + t
    a = 2.0 / in_camera[:, 2].clamp_min(0.05).min()
    share = a * in_camera[:, 2] - 1
    turned = in_camera / share[:, None]
    eye = replace(camera, R=torch.eye(3)[None], t=torch.zeros(1, 3))
    found = nearest(turned, faces, eye)
    second_third = found.barycentrics
    weights = torch.cat([1 - second_third.sum(dim=1, keepdim=True), second_third], dim=1)
    weights = weights / share[found.corners]
    weights = weights / weights.sum(dim=1, keepdim=True)
    depth = (weights * in_camera[found.corners][..., 2]).sum(dim=1)
    return replace(found, barycentrics=weights[:, 1:], depth=depth)
