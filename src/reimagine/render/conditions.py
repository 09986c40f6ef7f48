"""Normal maps of the undressed body, exact for machines; `render/normal_colours.py` makes pictures of them."""

import torch
from jaxtyping import Float, Int, UInt16
from torch import Tensor
from torch.nn.functional import normalize

from reimagine.body.facing import vertex_normals
from reimagine.body.model import pose_skin
from reimagine.records import Body, CameraPath, Conditions, Pose, Raster
from reimagine.render.normal_colours import normals_picture as normals_picture
from reimagine.render.normal_colours import official_colours as official_colours
from reimagine.render.rasterize import coverage, interpolate_into, rasterize


def make_conditions(
    body: Body, pose: Pose, camera: CameraPath, heading_rad: float, shade: float = 0.0
) -> Conditions:
    """What the camera sees of the undressed body; `heading_rad` and `shade` as in `Conditions`.

    Each frame is by itself: chunks of a clip give what the whole clip would.
    """
    verts = pose_skin(body.skin, pose)
    faces = body.skin.faces
    raster = rasterize(verts, faces, camera)
    return Conditions(
        pose=pose,
        camera=camera,
        raster=raster,
        normals=_pixel_normals(verts, faces, raster),
        coverage=coverage(verts, faces, camera, raster),
        heading_rad=heading_rad,
        shade=shade,
    )


def _pixel_normals(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"], raster: Raster
) -> Float[Tensor, "frames 3 height width"]:
    """Smooth unit normals; made unit length only where something is seen, as most of a picture is empty."""
    frames, height, width = raster.face.shape
    normals = verts.new_zeros((frames, 3, height, width))
    interpolate_into(normals.movedim(1, -1), raster, faces, vertex_normals(verts, faces))
    frame, row, column = (raster.face >= 0).nonzero(as_tuple=True)
    normals[frame, :, row, column] = normalize(normals[frame, :, row, column], dim=-1)
    return normals


def depth_mm(conditions: Conditions) -> UInt16[Tensor, "frames height width"]:
    """Distance along the camera's axis in whole millimetres at pixel centres; 0 for nothing, 65535 for 65.5 m and more."""
    depth = (conditions.raster.depth * 1000).round().clamp(max=65535)
    return torch.where(conditions.raster.face < 0, 0, depth).to(torch.uint16)
