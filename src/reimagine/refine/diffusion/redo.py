"""The drift guard: parts of a clip in which face or hands drifted are held more and done again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.refine.backend import See
from reimagine.refine.diffusion.guard import RAISED, Drift, drifts, say
from reimagine.refine.diffusion.parts import LEAD, ClipPart
from reimagine.refine.diffusion.places import Marks, at_vertices, nearest_vertex, region_cells
from reimagine.refine.diffusion.sample import Places, Settled
from reimagine.refine.diffusion.sizes import Size, padded_raster

Latents = Float[Tensor, "channels latents rows columns"]
Video = Float[Tensor, "3 frames height width"]
Again = Callable[[slice, Places, Settled], Latents]
"""Refines a stretch of latents again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What the guard watches."""

    see: See
    marks: Marks
    size: Size
    stride: int

    def drifted(self, change: Video, part: ClipPart) -> dict[str, dict[int, Drift]]:
        """By region, the part's frames that drifted too far."""
        points: dict[str, list[Tensor]] = {name: [] for name in self.marks.regions}
        small = change[:, :, : self.size.height, : self.size.width]
        for index, frame in enumerate(part.frames):
            seen = self.see(frame, frame + 1)
            vertex = nearest_vertex(seen.raster, seen.faces)
            for name, region in self.marks.regions.items():
                points[name].append(at_vertices(small[:, index], vertex, region))
        return {
            name: {
                frame: one
                for frame, one in zip(part.frames, drifts(changes), strict=True)
                if one.too_far
            }
            for name, changes in points.items()
        }

    def raise_hold(
        self,
        raised: Float[Tensor, "latents rows columns"],
        found: dict[str, dict[int, Drift]],
        frames: int,
        hold: float,
    ) -> None:
        """At least `hold` where a region is in any frame of the latents that show its drifting frames."""
        rows, columns = raised.shape[1:]
        for name, drifting in found.items():
            for latent in {-(-frame // self.stride) for frame in drifting}:
                first = max(self.stride * (latent - 1) + 1, 0)
                for frame in range(first, min(self.stride * latent + 1, frames)):
                    seen = self.see(frame, frame + 1)
                    vertex = nearest_vertex(padded_raster(seen.raster, self.size), seen.faces)
                    cells = region_cells(vertex, self.marks.regions[name], rows, columns)
                    raised[latent] = torch.maximum(raised[latent], hold * cells)


def guarded(
    guard: Guard,
    part: ClipPart,
    change: Video,
    refined: Latents,
    *,
    frames: int,
    again: Again,
    places: Places,
    change_of: Callable[[Latents], Video],
) -> tuple[Video, list[str]]:
    """The part's change with face and hands where they belong, and lines for the log.

    Latents that did not drift come out of refining again as they were. What comes before and after the part is taken
    from `refined`, so that a part is the same whatever was done to those before.
    """
    found = first_found = guard.drifted(change, part)
    raised = torch.zeros(refined.shape[1], *refined.shape[2:])
    stretch = slice(
        max(part.latents.start - LEAD, 0), min(part.latents.stop + LEAD, refined.shape[1])
    )
    times = 0
    for hold in RAISED:
        if not any(found.values()):
            break
        times += 1
        guard.raise_hold(raised, found, frames, hold)
        settled = Settled(where=raised[stretch].amax(dim=(1, 2)) == 0, latents=refined[:, stretch])
        latents = refined.clone()
        latents[:, stretch] = again(stretch, replace(places, raised=raised), settled)
        change = change_of(latents)
        found = guard.drifted(change, part)
    lines = [
        line
        for name, drifting in first_found.items()
        for line in say(name, drifting, times, len(found[name]))
    ]
    return change, lines
