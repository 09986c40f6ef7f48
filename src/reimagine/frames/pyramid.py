"""Photos that can be looked up at any size without shimmer."""

from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

LEVELS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyramid:
    """A photo at full, half, quarter ... size, one after the other in memory."""

    texels: Float[Tensor, "texels 3"]
    start: Int[Tensor, " levels"]
    """Where each level begins in `texels`."""
    size: Int[Tensor, "levels 2"]
    """Width and height of each level."""


def build_pyramid(rgb: Float[Tensor, "3 height width"]) -> Pyramid:
    """A photo and its halvings; an odd last row or column is repeated."""
    level = torch.nan_to_num(rgb).clamp(0, 1)
    levels = [level]
    while len(levels) < LEVELS and min(level.shape[1:]) > 1:
        height, width = level.shape[1:]
        even = pad(level[None], (0, width % 2, 0, height % 2), mode="replicate")
        level = avg_pool2d(even, 2)[0]
        levels.append(level)
    counts = torch.tensor([0] + [one.shape[1] * one.shape[2] for one in levels[:-1]])
    return Pyramid(
        texels=torch.cat([rearrange(one, "c height width -> (height width) c") for one in levels]),
        start=counts.cumsum(0).to(rgb.device),
        size=torch.tensor([[one.shape[2], one.shape[1]] for one in levels]).to(rgb.device),
    )


def sample(
    pyramid: Pyramid, xy: Float[Tensor, "points 2"], level: Float[Tensor, " points"]
) -> Float[Tensor, "points 3"]:
    """Colours at full-size pixel positions (centres at +0.5), trilinear between levels.

    Level 0 is the photo itself, 1 its half; below 0 counts as 0. Beyond the border the border goes on.
    """
    level = level.clamp(0, len(pyramid.start) - 1)
    below = level.floor()
    colour = _bilinear(pyramid, xy, below.long())
    mixed = (level > below).nonzero()[:, 0]
    if len(mixed):
        share = (level - below)[mixed, None]
        above = _bilinear(pyramid, xy[mixed], below[mixed].long() + 1)
        colour[mixed] = torch.lerp(colour[mixed], above, share)
    return colour


def _bilinear(
    pyramid: Pyramid, xy: Float[Tensor, "points 2"], level: Int[Tensor, " points"]
) -> Float[Tensor, "points 3"]:
    """Bilinear lookup within each point's own level."""
    size = pyramid.size[level]
    # Levels halve by 2x2 boxes, so that positions scale exactly by 1/2, odd sizes included.
    scaled = xy * torch.exp2(-level.to(xy))[:, None] - 0.5
    scaled = torch.minimum(scaled.clamp_min(0), (size - 1).to(xy))
    low = scaled.floor()
    share_x, share_y = (scaled - low).unbind(dim=1)
    x, y = low.long().unbind(dim=1)
    width, height = size.unbind(dim=1)
    right = torch.minimum(x + 1, width - 1)
    first = pyramid.start[level]
    row = first + y * width
    next_row = first + torch.minimum(y + 1, height - 1) * width
    top = torch.lerp(pyramid.texels[row + x], pyramid.texels[row + right], share_x[:, None])
    bottom = torch.lerp(
        pyramid.texels[next_row + x], pyramid.texels[next_row + right], share_x[:, None]
    )
    return torch.lerp(top, bottom, share_y[:, None])
