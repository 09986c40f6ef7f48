"""Another frame's colours at the points that a frame's pixels see."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.records import Flow
from reimagine.refine.align import Grey, displacement
from reimagine.refine.near import Displaced, Near
from reimagine.refine.resample import lanczos
from reimagine.render.flow import flow_between

DARK = 0.02
"""Added before taking ratios, so that black pixels do not decide the exposure."""
LARGEST_GAIN = 0.4
"""Natural logarithm; beyond it a frame is wrong rather than exposed otherwise."""
GAIN_SAMPLES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Warped:
    """Another frame's colours of the points that this frame's pixels see."""

    colour: Float[Tensor, "points 3"]
    """Exposed like this frame."""
    sure: Float[Tensor, " points"]
    """How far to trust it, 0..1."""
    strength: Float[Tensor, " points"]
    """Of its edges around them, exposed like this frame."""
    gain: Float[Tensor, "3"]
    """Logarithm of what it was multiplied by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """Another frame, and where this frame's points are in it."""

    other: Near
    target: Float[Tensor, "height width 2"]
    """Pixels; zero where the point is not visible."""
    visible: Tensor
    """height width, bool."""
    area: Float[Tensor, "height width"]
    """How many of its pixels one of ours covers, 0..1."""
    displaced: Displaced
    """From where this frame shows something to where the other one, carried here, does; pixels, None where nothing is."""


def correspond(own: Near, other: Near) -> Correspondence:
    """Where another frame has this one's points."""
    flow = flow_between(own.seen, other.seen)
    visible = flow.visible & torch.isfinite(flow.target[..., 0])
    target = torch.where(visible[..., None], flow.target, torch.zeros(()))
    return Correspondence(
        other=other,
        target=target,
        visible=visible,
        area=_area(flow),
        displaced=_displaced(own, other, target, visible),
    )


def towards_mean(met: Sequence[Correspondence]) -> Displaced:
    """From this frame's pixels to where all the frames, itself among them, show the same on average; pixels.

    As the fields are smooth, each is taken where this frame shows something, not where it is on average.
    """
    displaced = [one.displaced for one in met if one.displaced is not None]
    return -torch.stack(displaced).sum(dim=0) / (len(met) + 1) if displaced else None


def warp_here(
    own: Float[Tensor, "points 3"],
    place: Int[Tensor, " points"],
    met: Correspondence,
    *,
    moved: Displaced,
) -> Warped:
    """Another frame's colours where this frame's pixels (numbered row by row) see them.

    Args:
        own: This frame's colours.
        place: Its pixels.
        met: The other frame.
        moved: From this frame's pixels to what is looked up, as it shows it; None where nowhere.
    """
    target = met.target.reshape(-1, 2)[place]
    steps = [one for one in (moved, met.displaced) if one is not None]
    # The surface turns too little between frames to turn a step of a pixel: going along its flow was no better.
    target = sum((one.reshape(-1, 2)[place] for one in steps), start=target)
    both = lanczos(torch.cat([met.other.carried, met.other.strength[..., None]], dim=2), target)
    colour, strength = both[:, :3], both[:, 3]
    sure = (met.visible * met.area).reshape(-1)[place]
    gain = _gain(own, colour, sure)
    factor = torch.exp(gain)
    return Warped(colour=colour * factor, strength=strength * factor.mean(), sure=sure, gain=gain)


def own_here(own: Near, place: Int[Tensor, " points"], moved: Displaced) -> Warped:
    """The frame's own colours, looked up where `moved` leads."""
    both = torch.cat([own.carried, own.strength[..., None]], dim=2)
    if moved is None:
        both = both.reshape(-1, 4)[place]
    else:
        width = own.inside.shape[1]
        at = torch.stack([place % width, place // width], dim=1) + 0.5
        both = lanczos(both, at + moved.reshape(-1, 2)[place])
    return Warped(
        colour=both[:, :3], strength=both[:, 3], sure=torch.ones(len(place)), gain=torch.zeros(3)
    )


def _displaced(
    own: Near, other: Near, target: Float[Tensor, "height width 2"], visible: Tensor
) -> Displaced:
    """By how much what the other frame paints is displaced; pixels, smooth, zero where it is not known."""
    where = visible & own.inside
    if not bool(where.any()):
        return None
    mine, theirs = (_grey(one.carried) for one in (own, other))
    here, there = mine[where.numpy()], lanczos(torch.from_numpy(theirs)[..., None], target[where])
    there = there[:, 0].numpy()
    exposure = np.median((here.clip(0) + DARK) / (there.clip(0) + DARK))
    carried = mine.copy()
    carried[where.numpy()] = there * exposure
    found = displacement(mine, carried, where.numpy())
    return None if found is None else torch.from_numpy(found)


def _grey(colours: Float[Tensor, "height width 3"]) -> Grey:
    pixels = np.ascontiguousarray(colours.cpu().numpy())
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


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
