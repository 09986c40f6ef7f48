"""What the surface says of a clip's latents: noise, what photos show, and what is the same in another frame."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.refine.backend import See
from reimagine.refine.diffusion.links import Links, anchor_of, linked_places
from reimagine.refine.diffusion.places import Marks, nearest_vertex, seen_cells
from reimagine.refine.diffusion.sizes import Size, padded_raster
from reimagine.render.surface_noise import Grain, parts_needed, surface_noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Latents, and which frames they stand for."""

    shape: tuple[int, int, int, int]
    """Channels, latents, rows, columns."""
    stride: int
    frames: int
    size: Size

    def frame(self, latent: int) -> int:
        """The frame that speaks for a latent."""
        return min(latent * self.stride, self.frames - 1)


def plain_noise(grid: Grid, seed: int) -> Float[Tensor, "channels latents rows columns"]:
    """Another in each frame."""
    return torch.randn(grid.shape, generator=torch.Generator().manual_seed(seed))


def noise_on_surface(
    see: See, grid: Grid, seed: int
) -> Float[Tensor, "channels latents rows columns"]:
    """Of unit variance, moving with the body."""
    channels, latents, rows, columns = grid.shape
    noise = torch.empty(grid.shape)
    parts = None
    for latent in range(latents):
        frame = grid.frame(latent)
        raster = padded_raster(see(frame, frame + 1).raster, grid.size)
        parts = parts or parts_needed(raster, rows, columns)
        grain = Grain(seed=seed, channels=channels, rows=rows, columns=columns, parts=parts)
        noise[:, latent] = surface_noise(raster, 0, latent, grain)
    return noise


def seen_places(see: See, marks: Marks, grid: Grid) -> Float[Tensor, "latents rows columns"]:
    """How far photos show each place of each latent."""
    _, latents, rows, columns = grid.shape
    found: list[Tensor] = []
    for latent in range(latents):
        seen = see(grid.frame(latent), grid.frame(latent) + 1)
        vertex = nearest_vertex(padded_raster(seen.raster, grid.size), seen.faces)
        found.append(seen_cells(vertex, marks.seen, rows, columns))
    return torch.stack(found)


def links_of(see: See, grid: Grid, token: int) -> Links:
    """Where each token of each latent is in the latent's anchor."""
    latents = grid.shape[1]
    anchors = [anchor_of(latent, latents) for latent in range(latents)]
    places: list[Tensor] = []
    anchor, shown = -1, None
    for latent in range(latents):
        if anchors[latent] != anchor or shown is None:
            anchor = anchors[latent]
            shown = see(grid.frame(anchor), grid.frame(anchor) + 1)
        seen = see(grid.frame(latent), grid.frame(latent) + 1)
        places.append(linked_places(seen, shown, grid.size, token))
    place = torch.stack(places)
    place[torch.tensor(anchors) == torch.arange(latents)] = -1
    return Links(anchor=torch.tensor(anchors), place=place)
