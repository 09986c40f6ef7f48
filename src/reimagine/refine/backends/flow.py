"""Robust averaging of each surface point's colour over neighbouring frames, along exact mesh flow.

A sample from another frame counts where the point is in sight there, is not seen smaller there, and agrees with
the samples' median. What frames paint a little aside is first moved to where they show it on average, in the same
lookup (`refine.align`). Exposure is dealt with apart: samples are matched to the frame's own, and the frame's own then
follows its neighbours'. Averages of three neighbouring frames are averaged again, three frames apart, so that nine
frames count, and each frame asks for flow to four others only (two in either step; the averages are kept until the
last frame that needs them). At either end of the clip the three lie to one side. The finest detail, which resampling
would soften, comes from the frame itself as far as it is no flicker (`refine.grain`). Where no surface is known,
`refine.unseen` takes its place.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.refine.backend import Read, See
from reimagine.refine.grain import Shares, keep_own_detail
from reimagine.refine.near import Displaced, Near, cut, near_of, repainted, span_of
from reimagine.refine.robust import agreed, agreement, mean_of_alike, trimmed_mean
from reimagine.refine.unseen import steadied_unseen
from reimagine.refine.warp import correspond, own_here, towards_mean, warp_here
from reimagine.settings import Refinement

NEAR, FAR = 1, 3
"""Frames between the three that are averaged, and between the three averages that are."""
REACH = NEAR + 2 * FAR
"""Frames to either side that a frame can depend on; away from the clip's ends NEAR + FAR."""
BESIDE = 0.75
"""Weight of another frame over the frame's own."""
SMALLEST_GAIN = 0.002
"""Beneath it a change of exposure is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadied:
    """The refiner that needs no weights."""

    reach: int = REACH

    def refine(
        self, read: Read, see: See | None, frames: int, start: int = 0
    ) -> Iterator[Float[Tensor, "4 height width"]]:
        """Steadied frames; a frame depends on those within `reach` of it and on nothing else."""
        if see is None:
            yield from steadied_unseen(read, frames, start)
            return
        with ThreadPoolExecutor(max(1, torch.get_num_threads())) as pool:
            yield from _steadied(read, see, range(start, frames), pool)


def make(device: str, settings: Refinement) -> Steadied:
    """The refiner; it works where the pictures are."""
    del device, settings
    return Steadied()


def three(frame: int, apart: int, frames: int) -> list[int]:
    """The frame and one to either side, or two to one side where the clip ends; fewer where it has no more."""
    if frame < apart:
        found = (frame, frame + apart, frame + 2 * apart)
    elif frame + apart >= frames:
        found = (frame - 2 * apart, frame - apart, frame)
    else:
        found = (frame - apart, frame, frame + apart)
    return [one for one in found if 0 <= one < frames]


def _steadied(
    read: Read, see: See, wanted: range, pool: Executor
) -> Iterator[Float[Tensor, "4 height width"]]:
    frames = wanted.stop
    painted: dict[int, Near] = {}
    averages: dict[int, Near] = {}

    def paint(frame: int) -> Near:
        if frame not in painted:
            painted[frame] = near_of(read(frame), see(frame, frame + 1), frame)
        return painted[frame]

    def average(frame: int) -> Near:
        if frame not in averages:
            averages[frame] = around(frame, NEAR, paint)
        return averages[frame]

    def around(frame: int, apart: int, get: Callable[[int], Near]) -> Near:
        beside = three(frame, apart, frames)
        return _average([get(one) for one in beside], beside.index(frame), pool)

    for frame in wanted:
        twice = around(frame, FAR, average)
        yield _finished(paint(frame), twice)
        # The last frames look back twice as far.
        oldest = min(frame + 1 - FAR, frames - 2 * FAR - NEAR - 2)
        for old in [one for one in averages if one < oldest]:
            del averages[old]
        for old in [one for one in painted if one < frame + 1 - NEAR]:
            del painted[old]


def _average(window: Sequence[Near], middle: int, pool: Executor) -> Near:
    """One of some frames with the colours that all of them agree on."""
    own = window[middle]
    if len(window) == 1 or not bool(own.inside.any()):
        return own
    rows, columns = span_of(window)
    part = [cut(near, rows, columns) for near in window]
    place = part[middle].inside.reshape(-1).nonzero()[:, 0]
    others = [one for i, one in enumerate(part) if i != middle]
    met = list(pool.map(partial(correspond, part[middle]), others))
    moved = towards_mean(met)
    mine = own_here(part[middle], place, moved)
    carry = partial(warp_here, mine.colour, place, moved=moved)
    found = [mine, *pool.map(carry, met)]
    weights = [1.0] + [BESIDE] * len(others)
    samples = torch.stack([one.colour for one in found])
    sure = torch.stack([one.sure for one in found])
    trust = sure * torch.tensor(weights)[:, None]
    alike = agreement(samples, trust)
    colours = agreed(samples, trust, alike, mine.colour)
    strength = mean_of_alike(torch.stack([one.strength for one in found]), sure, alike)
    # Exposure may change slowly: frames that lie to one side and far away do not tell it.
    told = own.shares.own == 1 or 0 < middle < len(window) - 1
    exposure = trimmed_mean(torch.stack([-one.gain for one in found if told or one is mine]))
    exposure = torch.exp(torch.where(exposure.abs() < SMALLEST_GAIN, 0, exposure))
    total = sum(weights)
    changed = replace(
        own,
        moved=_both_moved(own, rows, columns, moved),
        exposure=own.exposure * exposure,
        shares=Shares(
            own=own.shares.own / total,
            squared=own.shares.squared * sum(weight**2 for weight in weights) / total**2,
        ),
    )
    return repainted(changed, rows, columns, place, colours * exposure, strength * exposure.mean())


def _both_moved(own: Near, rows: slice, columns: slice, moved: Displaced) -> Displaced:
    """How far a frame is moved when a part of it is moved further."""
    if moved is None:
        return own.moved
    whole = torch.zeros(*own.inside.shape, 2) if own.moved is None else own.moved.clone()
    whole[rows, columns] += moved
    return whole


def _finished(painted: Near, average: Near) -> Float[Tensor, "4 height width"]:
    """The frame as painted with the average's colours, as sharp as the frames around."""
    if average is painted:
        return painted.picture
    rows, columns = average.box
    inside = average.inside[rows, columns]
    own = painted.carried[rows, columns]
    if average.moved is not None:
        place = inside.reshape(-1).nonzero()[:, 0]
        moved = own_here(cut(painted, rows, columns), place, average.moved[rows, columns])
        own = own.clone()
        own[inside] = moved.colour
    detailed = keep_own_detail(
        np.ascontiguousarray(average.carried[rows, columns].numpy()),
        np.ascontiguousarray((own * average.exposure).numpy()),
        inside.numpy(),
        average.shares,
        average.strength[rows, columns].numpy(),
        as_painted=average.moved is None,
    )
    picture = painted.picture.clone()
    part = picture[:3, rows, columns]
    part[:, inside] = torch.from_numpy(detailed).permute(2, 0, 1)[:, inside]
    return picture.clamp_(0, 1)
