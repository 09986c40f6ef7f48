"""Whether face and hands are still who they were: drift, told from flicker by its staying.

What refining changed is looked up at the points of the surface. Flicker that was taken away differs from frame to frame
and goes in each point's median over neighbouring frames; what stays in it is drift: of colour, the region's median; of
structure, how far its points are from that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

MOST_COLOUR, MOST_STRUCTURE = 0.04, 0.03
"""Of 1; more is drift."""
REACH = 2
"""Frames to either side over which a point's median is taken."""
LEAST_POINTS = 12
"""With fewer points in sight nothing is said of a region."""
RAISED = (0.6, 1.0)
"""How strongly what drifted is held to the noised originals, the first time and the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far a region is from what it was, of 1."""

    colour: float
    structure: float

    @property
    def too_far(self) -> bool:
        """More than is allowed."""
        return self.colour > MOST_COLOUR or self.structure > MOST_STRUCTURE


NONE = Drift(colour=0.0, structure=0.0)


def drifts(changes: Sequence[Float[Tensor, "points 3"]]) -> list[Drift]:
    """Drift of one region in each frame, from its points' changes; NaN where a point is not in sight."""
    stacked = torch.stack(list(changes))
    return [_drift(stacked, frame) for frame in range(len(stacked))]


def _drift(changes: Float[Tensor, "frames points 3"], frame: int) -> Drift:
    near = changes[max(frame - REACH, 0) : frame + REACH + 1]
    # A median of two is no median: a point must be in sight as often as not.
    often = torch.isfinite(near[..., 0]).sum(dim=0) * 2 > len(near)
    there = often & torch.isfinite(changes[frame, :, 0])
    if int(there.sum()) < LEAST_POINTS:
        return NONE
    stays = near[:, there].nanmedian(dim=0).values
    colour = stays.median(dim=0).values
    apart = (stays - colour).abs().mean(dim=1).median()
    return Drift(colour=float(colour.abs().max()), structure=float(apart))


def say(name: str, found: dict[int, Drift], times: int, left: int) -> list[str]:
    """A line for each run of neighbouring frames in which a region drifted before it was redone."""
    lines: list[str] = []
    frames = sorted(found)
    starts = [frame for frame in frames if frame - 1 not in found]
    ends = [frame for frame in frames if frame + 1 not in found]
    for first, last in zip(starts, ends, strict=True):
        part = [found[frame] for frame in range(first, last + 1)]
        colour, structure = max(one.colour for one in part), max(one.structure for one in part)
        which = f"frame {first}" if first == last else f"frames {first} to {last}"
        lines.append(
            f"{which}: {name} drifted by up to {colour:.2f} in colour and {structure:.2f} in structure "
            f"(allowed {MOST_COLOUR} and {MOST_STRUCTURE}); held more and redone, {times} of {len(RAISED)} times"
            + (f"; {left} frames of the clip's part still drift" if left else "")
        )
    return lines
