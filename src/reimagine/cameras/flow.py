"""Where the surface point seen by a pixel is in another frame, and whether it is in sight there."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from reimagine.cameras.project import NEAR_M, to_camera
from reimagine.cameras.rasterize import blend, rasterize
from reimagine.records import CameraPath, Flow, Seen

SLACK_M = 0.004
"""How much nearer the other frame's surface may be before it counts as an occluder."""
SLACK_PIXELS = 1.0
"""The same, as a share of the pixel's footprint on the surface; the larger of both counts."""


def look(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"], camera: CameraPath
) -> Seen:
    """A posed surface (world, metres) together with what the camera sees of it."""
    return Seen(verts=verts, faces=faces, camera=camera, raster=rasterize(verts, faces, camera))


def mesh_flow(seen: Seen, a: int, b: int) -> Flow:
    """Exact position in frame `b` of the surface point under every pixel centre of frame `a`.

    A point is visible in `b` if it lies in the picture, shows the side it shows in `a`, and nothing is nearer at its
    pixel. As depth is known at pixel centres only, the point is first moved there within its face's plane.
    """
    height, width = seen.raster.face.shape[1:]
    at = seen.raster.face[a].flatten().ge(0).nonzero()[:, 0]
    face = seen.raster.face[a].flatten()[at].long()
    corners = seen.faces[face].long()
    barycentrics = seen.raster.barycentrics[a].reshape(-1, 2)[at]

    in_b = to_camera(seen.camera[b : b + 1], seen.verts[b : b + 1])[0]
    point = blend(barycentrics, in_b, corners)
    K = seen.camera.K[b]
    pixel = (point @ K.T)[:, :2] / point[:, 2:].clamp(min=NEAR_M)
    before = point[:, 2] > NEAR_M
    normals = _face_normals(in_b, corners)
    side_b = (normals * point).sum(-1)
    in_a = to_camera(seen.camera[a : a + 1], seen.verts[a : a + 1])[0]
    side_a = (_face_normals(in_a, corners) * in_a[corners[:, 0]]).sum(-1)
    visible = before & (side_a * side_b > 0) & _unhidden(seen, b, face, point, pixel, normals)

    target = torch.full((height * width, 2), torch.nan, device=point.device)
    target[at] = pixel.masked_fill(~before[:, None], torch.nan)
    in_sight = torch.zeros(height * width, dtype=torch.bool, device=point.device)
    in_sight[at] = visible
    return Flow(target=target.reshape(height, width, 2), visible=in_sight.reshape(height, width))


def _face_normals(
    verts: Float[Tensor, "verts 3"], corners: Int[Tensor, "points 3"]
) -> Float[Tensor, "points 3"]:
    first, second, third = (verts[corners[:, k]] for k in range(3))
    return torch.linalg.cross(second - first, third - first)


def _unhidden(
    seen: Seen,
    frame: int,
    face: Int[Tensor, " points"],
    point: Float[Tensor, "points 3"],
    pixel: Float[Tensor, "points 2"],
    normals: Float[Tensor, "points 3"],
) -> Bool[Tensor, " points"]:
    """Inside the picture, with nothing clearly nearer at the pixel that holds the point."""
    height, width = seen.raster.face.shape[1:]
    column, row = pixel.floor().unbind(-1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    index = (row.clamp(0, height - 1) * width + column.clamp(0, width - 1)).long()
    K = seen.camera.K[frame]
    centre = torch.stack([column + 0.5, row + 0.5, torch.ones_like(row)], dim=-1)
    ray = centre @ torch.linalg.inv(K).T
    # Where the pixel's ray meets the plane of the point's face; at grazing angles that may be anywhere.
    along = (normals * point).sum(-1) / (normals * ray).sum(-1)
    footprint = point[:, 2] / K[0, 0]
    reach = 20 * footprint
    depth_there = torch.where(along.isfinite(), along, point[:, 2])
    depth_there = depth_there.clamp(point[:, 2] - reach, point[:, 2] + reach)
    nearest = seen.raster.depth[frame].flatten()[index]
    slack = (SLACK_PIXELS * footprint).clamp(min=SLACK_M)
    same_face = seen.raster.face[frame].flatten()[index] == face
    return inside & (same_face | (nearest >= depth_there - slack))
