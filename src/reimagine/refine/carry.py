"""Another frame's colours at the points that a frame's pixels see."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.cameras.flow import mesh_flow, two_frames
from reimagine.records import Flow
from reimagine.refine.near import Near
from reimagine.refine.optical import optical_flow
from reimagine.refine.resample import lanczos

DARK = 0.02
"""Added before taking ratios, so that black pixels do not decide the exposure."""
LARGEST_GAIN = 0.4
"""Natural logarithm; beyond it a frame is wrong rather than exposed otherwise."""
GAIN_SAMPLES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Another frame's colours of the points that this frame's pixels see."""

    colour: Float[Tensor, "points 3"]
    """Exposed like this frame."""
    sure: Float[Tensor, " points"]
    """How far to trust it, 0..1."""
    strength: Float[Tensor, " points"]
    """Of its edges around them, exposed like this frame."""
    gain: Float[Tensor, "3"]
    """Logarithm of what it was multiplied by."""


def carry_here(own: Near, place: Int[Tensor, " points"], other: Near) -> Carried:
    """Another frame's colours where this frame's pixels (numbered row by row) see them."""
    if own.seen is None or other.seen is None:
        flow = optical_flow(*(one.carried.permute(2, 0, 1) for one in (own, other)))
        area = torch.ones(len(place))
    else:
        flow = mesh_flow(two_frames(own.seen, other.seen), 0, 1)
        area = _area(flow).reshape(-1)[place]
    target = flow.target.reshape(-1, 2)[place]
    visible = flow.visible.reshape(-1)[place] & torch.isfinite(target[:, 0])
    target = torch.where(visible[:, None], target, torch.zeros(()))
    both = lanczos(torch.cat([other.carried, other.strength[..., None]], dim=2), target)
    colour, strength, sure = both[:, :3], both[:, 3], visible * area
    gain = _gain(own.carried.reshape(-1, 3)[place], colour, sure)
    factor = torch.exp(gain)
    return Carried(colour=colour * factor, strength=strength * factor.mean(), sure=sure, gain=gain)


def _area(flow: Flow) -> Float[Tensor, "height width"]:
    """How many of the other frame's pixels one of ours covers, 0..1: less where it saw the point from farther or aslant."""
    across, down = (torch.diff(flow.target, dim=axis) for axis in (1, 0))
    across = torch.nn.functional.pad(across, (0, 0, 0, 1), value=torch.nan)
    down = torch.nn.functional.pad(down, (0, 0, 0, 0, 0, 1), value=torch.nan)
    area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    return torch.nan_to_num(area, nan=1.0).clamp(0, 1)


def _gain(
    mine: Float[Tensor, "points 3"], theirs: Float[Tensor, "points 3"], sure: Tensor
) -> Float[Tensor, "3"]:
    """Logarithm of what the other frame is multiplied by to look exposed like this one."""
    shared = (sure > 0.5).nonzero()[:, 0]
    if len(shared) == 0:
        return torch.zeros(3)
    shared = shared[:: max(1, len(shared) // GAIN_SAMPLES)]
    ours, others = (values[shared].clamp_min(0) + DARK for values in (mine, theirs))
    ratio = torch.log(ours / others)
    return ratio.median(dim=0).values.clamp(-LARGEST_GAIN, LARGEST_GAIN)
