"""Robust averaging of each surface point's colour over neighbouring frames, along exact mesh flow.

A sample from another frame counts where the point is in sight there, is not seen smaller there, and agrees with
the samples' median. Exposure is dealt with apart: samples are matched to the frame's own, and the frame's
own then follows its neighbours'. The finest detail, which resampling would soften, comes from the frame itself as
far as it is no flicker (`refine.grain`). Where no surface is known, optical flow takes the place of mesh flow.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.cameras.flow import mesh_flow, two_frames
from reimagine.records import Flow, Raster, Seen
from reimagine.refine.backend import Read, See
from reimagine.refine.grain import Shares, edge_energy, keep_own_detail
from reimagine.refine.optical import optical_flow
from reimagine.refine.resample import carry_outwards, lanczos
from reimagine.refine.robust import robust_average, trimmed_mean
from reimagine.request import InputError, Refinement

REACH = 2
"""Frames to either side that a frame depends on."""
DARK = 0.02
"""Added before taking ratios, so that black pixels do not decide the exposure."""
LARGEST_GAIN = 0.4
"""Natural logarithm; beyond it a frame is wrong rather than exposed otherwise."""
SMALLEST_GAIN = 0.002
"""Beneath it a change of exposure is left alone."""
GAIN_SAMPLES = 4096
AIR = 8
"""Pixels around the person that are worked on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A frame within reach, or a part of it, read once and kept while it is needed."""

    picture: Float[Tensor, "4 height width"]
    carried: Float[Tensor, "3 height width"]
    """Its colours, carried beyond the silhouette so that sampling does not meet the background."""
    inside: Tensor
    """Where its colour is the surface's alone (height width, bool)."""
    seen: Seen | None
    energy: float
    """Of its edges, whole frame."""
    box: tuple[slice, slice]
    """Rows and columns of the whole frame that the person and some air around take up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Another frame's colours of the points that this frame's pixels see."""

    colour: Float[Tensor, "points 3"]
    """Exposed like this frame."""
    sure: Float[Tensor, " points"]
    """How far to trust it, 0..1."""
    gain: Float[Tensor, "3"]
    """Logarithm of what it was multiplied by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadied:
    """The refiner that needs no weights."""

    reach: int = REACH

    def steady(
        self, read: Read, see: See | None, frames: int, start: int = 0
    ) -> Iterator[Float[Tensor, "4 height width"]]:
        """Steadied frames; a frame depends on those within `reach` of it and on nothing else."""
        window: dict[int, Near] = {}
        with ThreadPoolExecutor(max(1, torch.get_num_threads())) as pool:
            for frame in range(start, frames):
                first, stop = max(frame - self.reach, 0), min(frame + self.reach + 1, frames)
                window = {
                    i: window[i] if i in window else _near(read(i), see and see(i, i + 1), i)
                    for i in range(first, stop)
                }
                yield _steady_one(window, frame, self.reach, pool)


def make(device: str, settings: Refinement) -> Steadied:
    """The refiner; it works where the pictures are."""
    del device, settings
    return Steadied()


def _near(picture: Float[Tensor, "4 height width"], seen: Seen | None, frame: int) -> Near:
    """A frame made ready for being sampled."""
    height, width = picture.shape[1:]
    if seen is not None and (seen.camera.width, seen.camera.height) != (width, height):
        raise InputError(
            f"frame {frame} is {width}x{height}; expected {seen.camera.width}x"
            f"{seen.camera.height} as its camera has. Give frames and camera of one size."
        )
    inside = _own_pixels(picture, seen)
    box = _box(inside)
    rows, columns = box
    carried = picture[:3].clone()
    carried[:, rows, columns] = carry_outwards(picture[:, rows, columns], inside[rows, columns])
    edges = edge_energy(_pixels(carried[:, rows, columns]), inside[rows, columns].cpu().numpy())
    return Near(picture=picture, carried=carried, inside=inside, seen=seen, energy=edges, box=box)


def _box(inside: Tensor) -> tuple[slice, slice]:
    """Rows and columns of what is inside, with some air; all where nothing is."""
    found: list[slice] = []
    for axis in (0, 1):
        taken = inside.any(dim=1 - axis).nonzero()[:, 0]
        low, high = (int(taken[0]), int(taken[-1]) + 1) if len(taken) else (0, inside.shape[axis])
        found.append(slice(max(low - AIR, 0), min(high + AIR, inside.shape[axis])))
    return found[0], found[1]


def _own_pixels(picture: Float[Tensor, "4 height width"], seen: Seen | None) -> Tensor:
    """Where a picture's colour is the surface's alone (height width, bool); all that shows where none is known."""
    if seen is None:
        return picture[3] > 1 / 255
    surface = seen.raster.face[0] >= 0
    if bool(((picture[3] < 0.5) & ~surface).any()):
        return surface & (picture[3] > 1 / 255)
    # An opaque picture has mixed its background into the silhouette's outermost pixels.
    neighbours = torch.nn.functional.max_pool2d((~surface)[None].float(), 3, 1, 1)[0]
    return surface & (neighbours == 0)


def _cut(near: Near, rows: slice, columns: slice) -> Near:
    """A part of the frame, its camera moved along."""
    return replace(
        near,
        picture=near.picture[:, rows, columns],
        carried=near.carried[:, rows, columns],
        inside=near.inside[rows, columns],
        seen=near.seen and _cut_seen(near.seen, rows, columns),
    )


def _cut_seen(seen: Seen, rows: slice, columns: slice) -> Seen:
    raster, camera = seen.raster, seen.camera
    K = camera.K.clone()
    K[:, 0, 2] -= columns.start
    K[:, 1, 2] -= rows.start
    return replace(
        seen,
        camera=replace(
            camera, K=K, width=columns.stop - columns.start, height=rows.stop - rows.start
        ),
        raster=Raster(
            face=raster.face[:, rows, columns].contiguous(),
            barycentrics=raster.barycentrics[:, rows, columns].contiguous(),
            depth=raster.depth[:, rows, columns].contiguous(),
        ),
    )


def _steady_one(
    window: dict[int, Near], frame: int, reach: int, pool: ThreadPoolExecutor
) -> Float[Tensor, "4 height width"]:
    """One frame from all within its reach."""
    boxes = [near.box for near in window.values()]
    rows, columns = (
        slice(min(box[axis].start for box in boxes), max(box[axis].stop for box in boxes))
        for axis in (0, 1)
    )
    whole = window[frame].picture
    if len(window) == 1 or not bool(window[frame].inside.any()):
        return whole
    part = {i: _cut(near, rows, columns) for i, near in window.items()}
    picture = whole.clone()
    picture[:, rows, columns] = _steady_part(part, frame, reach, pool)
    return picture.clamp_(0, 1)


def _steady_part(
    window: dict[int, Near], frame: int, reach: int, pool: ThreadPoolExecutor
) -> Float[Tensor, "4 height width"]:
    """The part of the frame in which the person is."""
    own = window[frame]
    place = own.inside.reshape(-1).nonzero()[:, 0]
    mine = own.picture[:3].reshape(3, -1)[:, place].T
    others = [i for i in window if i != frame]

    def carry(other: int) -> Carried:
        return _carried_here(own, window[other], place, mine)

    carried = pool.map(carry, others)
    samples, trust, gains, shares = [mine], [torch.ones(len(place))], [torch.zeros(3)], [1.0]
    for other, there in zip(others, carried, strict=True):
        nearness = 0.5 + 0.5 * math.cos(math.pi * (other - frame) / (reach + 1))
        shares.append(nearness)
        samples.append(there.colour)
        trust.append(there.sure * nearness)
        gains.append(-there.gain)
    steadied = robust_average(torch.stack(samples), torch.stack(trust), mine)
    average = own.carried.clone()
    average.view(3, -1)[:, place] = steadied.T
    total = sum(shares)
    detailed = keep_own_detail(
        _pixels(average),
        _pixels(own.carried),
        own.inside.cpu().numpy(),
        Shares(own=1 / total, squared=sum(share**2 for share in shares) / total**2),
        _energy(window, others, gains[1:], frame),
    )
    result = torch.from_numpy(detailed).to(mine).permute(2, 0, 1).reshape(3, -1)
    exposure = trimmed_mean(torch.stack(gains))
    exposure = torch.exp(torch.where(exposure.abs() < SMALLEST_GAIN, 0, exposure))
    picture = own.picture.clone()
    picture[:3].view(3, -1)[:, place] = result[:, place] * exposure[:, None]
    return picture


def _energy(window: dict[int, Near], others: list[int], back: list[Tensor], frame: int) -> float:
    """Of edges in the frames around, exposed like this one."""
    alike = [
        window[i].energy * math.exp(-2 * float(gain.mean()))
        for i, gain in zip(others, back, strict=True)
    ]
    return float(np.median([window[frame].energy, *alike]))


def _pixels(picture: Float[Tensor, "3 height width"]) -> Float[np.ndarray, "height width 3"]:
    return np.ascontiguousarray(picture.permute(1, 2, 0).cpu().numpy())


def _carried_here(own: Near, near: Near, place: Tensor, mine: Float[Tensor, "points 3"]) -> Carried:
    """Another frame's colours where this frame's pixels see them."""
    if own.seen is None or near.seen is None:
        flow = optical_flow(own.carried, near.carried)
        area = torch.ones(len(place))
    else:
        flow = mesh_flow(two_frames(own.seen, near.seen), 0, 1)
        area = _area(flow).reshape(-1)[place]
    target = flow.target.reshape(-1, 2)[place]
    visible = flow.visible.reshape(-1)[place] & torch.isfinite(target).all(dim=1)
    target = torch.where(visible[:, None], target, torch.zeros(()))
    colour, sure = lanczos(near.carried, target), visible * area
    gain = _gain(mine, colour, sure)
    return Carried(colour=colour * torch.exp(gain), sure=sure, gain=gain)


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
    ratio = torch.log((mine[shared].clamp_min(0) + DARK) / (theirs[shared].clamp_min(0) + DARK))
    return ratio.median(dim=0).values.clamp(-LARGEST_GAIN, LARGEST_GAIN)
