"""Which place of an anchor frame shows what a place shows: along this, a video model's features are carried.

TokenFlow (Geyer et al., ICLR 2024) finds such places by how alike features are; the mesh knows them exactly, and where
they are hidden. Every EVERY-th latent is an anchor, and a latent follows the nearest one.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from reimagine.records import Flow, SurfaceView
from reimagine.refine.diffusion.sizes import Size
from reimagine.render.flow import flow_between

EVERY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """For each token of each latent, the one of its anchor that shows the same."""

    anchor: Int[Tensor, " latents"]
    place: Int[Tensor, "latents rows columns"]
    """Row times columns plus column in the anchor; -1 where it is hidden there, or nothing is known."""

    def cut(self, part: slice) -> "Links":
        """Of a few neighbouring latents; those whose anchor is not among them follow none."""
        anchor, place = self.anchor[part] - part.start, self.place[part]
        here = (anchor >= 0) & (anchor < len(anchor))
        place = torch.where(here[:, None, None], place, -1)
        return Links(anchor=anchor.clamp(0, len(anchor) - 1), place=place)

    def sources(self) -> Int[Tensor, " tokens"]:
        """Index of the token that each token takes after, among all; its own where there is none."""
        latents, rows, columns = self.place.shape
        own = torch.arange(latents * rows * columns)
        there = self.anchor[:, None, None] * rows * columns + self.place
        return torch.where(self.place >= 0, there, own.view_as(self.place)).flatten()


def anchor_of(latent: int, latents: int) -> int:
    """The nearest of the latents EVERY // 2, EVERY + EVERY // 2, ..."""
    anchor = latent // EVERY * EVERY + EVERY // 2
    return anchor if anchor < latents else latents - 1


def linked_places(
    seen: SurfaceView, anchor: SurfaceView, size: Size, token: int
) -> Int[Tensor, "rows columns"]:
    """For each token of a frame, `token` pixels of the model's size wide, the anchor's token that shows its middle."""
    flow = flow_between(seen, anchor)
    return _places(flow, size, token)


def _places(flow: Flow, size: Size, token: int) -> Int[Tensor, "rows columns"]:
    height, width = flow.visible.shape
    rows, columns = size.full_height // token, size.full_width // token
    scale = torch.tensor([width / size.width, height / size.height])
    y, x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
    middle = (torch.stack([x, y], dim=-1) * token * scale).long()
    inside = (middle[..., 0] < width) & (middle[..., 1] < height)
    at = (middle[..., 1].clamp_max(height - 1), middle[..., 0].clamp_max(width - 1))
    there = torch.nan_to_num(flow.target[at]) / scale / token
    column, row = there.floor().long().unbind(dim=-1)
    shown = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    return torch.where(inside & flow.visible[at] & shown, row * columns + column, -1)
