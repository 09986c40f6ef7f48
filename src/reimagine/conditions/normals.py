"""Normal maps of the undressed body: exact for machines, antialiased and in the official colours for pictures."""

import math

import torch
from jaxtyping import Float, Int, UInt16
from torch import Tensor
from torch.nn.functional import normalize

from reimagine.body.model import pose_skin
from reimagine.cameras.rasterize import coverage, interpolate, rasterize
from reimagine.records import Body, CameraPath, Conditions, Pose


def make_conditions(body: Body, pose: Pose, camera: CameraPath, heading_rad: float) -> Conditions:
    """What the camera sees of the undressed body; `heading_rad` as in `Conditions`.

    Each frame is by itself: chunks of a clip give what the whole clip would.
    """
    verts = pose_skin(body.skin, pose)
    faces = body.skin.faces
    raster = rasterize(verts, faces, camera)
    normals = interpolate(raster, faces, vertex_normals(verts, faces))
    return Conditions(
        pose=pose,
        camera=camera,
        raster=raster,
        normals=normalize(normals, dim=-1).movedim(-1, 1),
        coverage=coverage(verts, faces, camera, raster),
        heading_rad=heading_rad,
    )


def vertex_normals(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"]
) -> Float[Tensor, "frames verts 3"]:
    """Outward unit normals, each the mean of its faces' by area; zero where a vertex has no face."""
    first, second, third = verts[:, faces.T.long()].unbind(1)
    by_area = torch.linalg.cross(second - first, third - first)
    total = torch.zeros_like(verts)
    for corner in faces.T.long():
        total.index_add_(1, corner, by_area)
    return normalize(total, dim=-1)


def normals_picture(conditions: Conditions) -> Float[Tensor, "frames 3 height width"]:
    """The official colours, 0..1, on white, with a soft outline.

    Red is up, green the subject's right, blue the subject's front; 0.5 + normal / 2. The official maps
    (github.com/Taited/ReImagine, assets/normal) are fixed to the world, whose front is where the subject heads.
    """
    share = conditions.coverage[:, None]
    colours = official_colours(_grown(conditions), conditions.heading_rad)
    return colours * share + (1 - share)


def official_colours(
    normals: Float[Tensor, "frames 3 height width"], heading_rad: float
) -> Float[Tensor, "frames 3 height width"]:
    """Unit normals in world axes as (up, the subject's right, front), 0..1; for a subject heading this way about Y."""
    sine, cosine = math.sin(heading_rad), math.cos(heading_rad)
    up_right_front = normals.new_tensor([[0, 1, 0], [-cosine, 0, sine], [sine, 0, cosine]])
    return torch.einsum("cx, fxhw -> fchw", up_right_front, normals) * 0.5 + 0.5


def depth_mm(conditions: Conditions) -> UInt16[Tensor, "frames height width"]:
    """Distance along the camera's axis in whole millimetres at pixel centres; 0 for nothing, 65535 for 65.5 m and more."""
    depth = (conditions.raster.depth * 1000).round().clamp(max=65535)
    return torch.where(conditions.raster.face < 0, 0, depth).to(torch.uint16)


def _grown(conditions: Conditions) -> Float[Tensor, "frames 3 height width"]:
    """Normals, with those of the neighbours in pixels that are partly covered but whose centres see nothing."""
    normals, face = conditions.normals, conditions.raster.face
    height, width = face.shape[1:]
    frame, row, column = ((face < 0) & (conditions.coverage > 0)).nonzero(as_tuple=True)
    total = normals.new_zeros((len(frame), 3))
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            near_row = (row + down).clamp(0, height - 1)
            near_column = (column + right).clamp(0, width - 1)
            total += normals[frame, :, near_row, near_column]
    grown = normals.clone()
    grown[frame, :, row, column] = normalize(total, dim=-1)
    return grown
