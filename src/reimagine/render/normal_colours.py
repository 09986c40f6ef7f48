"""The official colours of normal maps."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from reimagine.records import Conditions


def normals_picture(conditions: Conditions) -> Float[Tensor, "frames 3 height width"]:
    """The official colours, 0..1, on white, with a soft outline.

    Red is up, green the subject's right, blue the subject's front; 0.5 + normal / 2. The official maps
    (github.com/Taited/ReImagine, assets/normal) are fixed to the world, whose front is where the subject heads.
    """
    frame, row, column = (conditions.coverage > 0).nonzero(as_tuple=True)
    share = conditions.coverage[frame, row, column][:, None]
    normals = conditions.normals[frame, :, row, column]
    bare = (conditions.raster.face[frame, row, column] < 0).nonzero()[:, 0]
    normals[bare] = _neighbours(conditions.normals, frame[bare], row[bare], column[bare])
    picture = torch.ones_like(conditions.normals)
    picture[frame, :, row, column] = (
        official_colours(normals, conditions.heading_rad) * share + 1 - share
    )
    return picture


def official_colours(
    normals: Float[Tensor, "points 3"], heading_rad: float
) -> Float[Tensor, "points 3"]:
    """Unit normals in world axes as (up, the subject's right, front), 0..1; for a subject heading this way about Y."""
    sine, cosine = math.sin(heading_rad), math.cos(heading_rad)
    up_right_front = normals.new_tensor([[0, 1, 0], [-cosine, 0, sine], [sine, 0, cosine]])
    return normals @ up_right_front.T * 0.5 + 0.5


def _neighbours(
    normals: Float[Tensor, "frames 3 height width"],
    frame: Int[Tensor, " points"],
    row: Int[Tensor, " points"],
    column: Int[Tensor, " points"],
) -> Float[Tensor, "points 3"]:
    """Mean direction around pixels that are partly covered but whose centres see nothing."""
    height, width = normals.shape[2:]
    total = normals.new_zeros((len(frame), 3))
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            near_row = (row + down).clamp(0, height - 1)
            near_column = (column + right).clamp(0, width - 1)
            total += normals[frame, :, near_row, near_column]
    return normalize(total, dim=-1)
