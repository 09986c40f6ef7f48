"""Which way a surface faces."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize


def vertex_normals(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"]
) -> Float[Tensor, "frames verts 3"]:
    """Outward unit normals, each the mean of its faces' by area; zero where a vertex has no face."""
    by_vert = verts.transpose(0, 1).contiguous()
    corners = faces.T.long()
    first, second, third = (by_vert.index_select(0, corner) for corner in corners)
    by_area = torch.linalg.cross(second - first, third - first)
    total = torch.zeros_like(by_vert)
    for corner in corners:
        total.index_add_(0, corner, by_area)
    return normalize(total, dim=-1).transpose(0, 1)
