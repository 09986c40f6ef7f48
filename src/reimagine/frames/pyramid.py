"""Photos that can be looked up at any size without shimmer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from einops import rearrange
from jaxtyping import Float, Int32
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

LEVELS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyramids:
    """Photos at full, half, quarter ... size, one level after the other in memory, photo by photo."""

    texels: Float[Tensor, "texels 3"]
    start: Int32[Tensor, " levels"]
    """Where each level begins in `texels`."""
    size: Int32[Tensor, "levels 2"]
    """Width and height of each level."""
    first: Int32[Tensor, " photos_and_end"]
    """Each photo's first level; the number of levels at the end."""


def build_pyramids(photos: Sequence[Float[Tensor, "3 _ _"]]) -> Pyramids:
    """Photos and their halvings, on the first photo's device; an odd last row or column is repeated."""
    each = [_levels(rgb) for rgb in photos]
    levels = [level for one in each for level in one]
    device = levels[0].device
    counts = [level.shape[1] * level.shape[2] for level in levels]

    def whole(numbers: Sequence[object]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.int32, device=device)

    return Pyramids(
        texels=torch.cat([rearrange(one, "c height width -> (height width) c") for one in levels]),
        start=whole(list(accumulate(counts[:-1], initial=0))),
        size=whole([(one.shape[2], one.shape[1]) for one in levels]),
        first=whole(list(accumulate((len(one) for one in each), initial=0))),
    )


def _levels(rgb: Float[Tensor, "3 height width"]) -> list[Float[Tensor, "3 _ _"]]:
    level = torch.nan_to_num(rgb).clamp(0, 1)
    levels = [level]
    while len(levels) < LEVELS and min(level.shape[1:]) > 1:
        height, width = level.shape[1:]
        even = pad(level[None], (0, width % 2, 0, height % 2), mode="replicate")
        level = avg_pool2d(even, 2)[0]
        levels.append(level)
    return levels
