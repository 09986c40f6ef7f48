"""Robust averaging of each surface point's colour over neighbouring frames, along exact mesh flow.

A sample from another frame counts where the point is in sight there, is not seen smaller there, and agrees with
the samples' median. Exposure is dealt with apart: samples are matched to the frame's own, and the frame's
own then follows its neighbours'.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.cameras.flow import mesh_flow
from reimagine.records import CameraPath, Raster, Seen
from reimagine.refine.backend import Read, See
from reimagine.refine.resample import carry_outwards, lanczos
from reimagine.refine.robust import robust_average, trimmed_mean
from reimagine.request import InputError

REACH = 2
"""Frames to either side that a frame depends on."""
DARK = 0.02
"""Added before taking ratios, so that black pixels do not decide the exposure."""
LARGEST_GAIN = 0.4
"""Natural logarithm; beyond it a frame is wrong rather than exposed otherwise."""
GAIN_SAMPLES = 4096
MOST_DETAIL = 0.15
"""Share of the finest detail that may be added again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A frame within reach, read once and kept while it is needed."""

    picture: Float[Tensor, "4 height width"]
    carried: Float[Tensor, "3 height width"]
    """Its colours, carried beyond the silhouette so that sampling does not meet the background."""
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadied:
    """The refiner that needs no weights."""

    reach: int = REACH

    def steady(
        self, read: Read, see: See, frames: int, start: int = 0
    ) -> Iterator[Float[Tensor, "4 height width"]]:
        """Steadied frames; a frame depends on those within `reach` of it and on nothing else."""
        window: dict[int, Near] = {}
        for frame in range(start, frames):
            first, stop = max(frame - self.reach, 0), min(frame + self.reach + 1, frames)
            window = {
                i: window[i] if i in window else _near(read(i), see(i, i + 1), i)
                for i in range(first, stop)
            }
            yield _steady_one(window, frame, self.reach)


def make(device: str = "cpu") -> Steadied:
    """The refiner; it works where the pictures are."""
    del device
    return Steadied()


def _near(picture: Float[Tensor, "4 height width"], seen: Seen, frame: int) -> Near:
    """A frame made ready for being sampled."""
    height, width = picture.shape[1:]
    if (seen.camera.width, seen.camera.height) != (width, height):
        raise InputError(
            f"frame {frame} is {width}x{height}; expected {seen.camera.width}x"
            f"{seen.camera.height} as its camera has. Give frames and camera of one size."
        )
    return Near(
        picture=picture, carried=carry_outwards(picture, _own_pixels(picture, seen)), seen=seen
    )


def _own_pixels(picture: Float[Tensor, "4 height width"], seen: Seen) -> Tensor:
    """Where a picture's colour is the surface's alone (height width, bool)."""
    surface = seen.raster.face[0] >= 0
    beyond = picture[3][~surface]
    if len(beyond) and beyond.min() < 0.5:
        return surface & (picture[3] > 1 / 255)
    # An opaque picture has mixed its background into the silhouette's outermost pixels.
    neighbours = torch.nn.functional.max_pool2d((~surface)[None].float(), 3, 1, 1)[0]
    return surface & (neighbours == 0)


def _steady_one(window: dict[int, Near], frame: int, reach: int) -> Float[Tensor, "4 height width"]:
    """One frame from all within its reach."""
    own = window[frame]
    place = _own_pixels(own.picture, own.seen).reshape(-1).nonzero()[:, 0]
    if len(window) == 1 or len(place) == 0:
        return own.picture
    mine = own.picture[:3].reshape(3, -1)[:, place].T
    samples, trust, gains = [mine], [torch.ones(len(place))], [torch.zeros(3)]
    shares = [1.0]
    for other, near in window.items():
        if other == frame:
            continue
        colour, sure = _carried_here(own, near, place)
        gain = _gain(mine, colour, sure)
        nearness = 0.5 + 0.5 * math.cos(math.pi * (other - frame) / (reach + 1))
        shares.append(nearness)
        samples.append(colour * torch.exp(gain))
        trust.append(sure * nearness)
        gains.append(-gain)
    steadied = robust_average(torch.stack(samples), torch.stack(trust), mine)
    exposure = torch.exp(trimmed_mean(torch.stack(gains)))
    picture = own.picture.clone()
    picture[:3].view(3, -1)[:, place] = (steadied * exposure).T
    picture[:3].view(3, -1)[:, place] += _lost_detail(own, picture, place, shares)
    return picture.clamp_(0, 1)


def _lost_detail(
    own: Near, picture: Float[Tensor, "4 height width"], place: Tensor, shares: list[float]
) -> Float[Tensor, "3 points"]:
    """What resampling took from the finest detail: the steadied detail again, as far as the own frame's asks for it.

    The own detail is fitted by a multiple of the steadied one (least squares). Noise that differs from frame to frame
    is in both, by the frames' `shares` in the average, and is taken out of the sums first.
    """
    inside = torch.zeros(own.picture[0].numel(), dtype=torch.bool, device=place.device)
    inside[place] = True
    steadied = carry_outwards(picture, inside.view(picture.shape[1:]))
    steadied, painted = (
        (one - _blurred(one)).reshape(3, -1)[:, place] for one in (steadied, own.carried)
    )
    mine = shares[0] / sum(shares)
    all_squared = sum(share**2 for share in shares) / sum(shares) ** 2
    noise = (painted - steadied).square().sum() / (1 - 2 * mine + all_squared)
    together = (painted * steadied).sum() - mine * noise
    alone = (steadied.square().sum() - all_squared * noise).clamp_min(1e-9)
    return steadied * (together / alone - 1).clamp(0, MOST_DETAIL)


def _blurred(picture: Float[Tensor, "3 height width"]) -> Float[Tensor, "3 height width"]:
    """By the binomial 3 x 3 window."""
    kernel = torch.tensor([0.25, 0.5, 0.25]).to(picture)
    padded = torch.nn.functional.pad(picture[:, None], (1, 1, 1, 1), mode="replicate")
    across = torch.nn.functional.conv2d(padded, kernel[None, None, None])
    return torch.nn.functional.conv2d(across, kernel[None, None, :, None])[:, 0]


def _carried_here(
    own: Near, near: Near, place: Tensor
) -> tuple[Float[Tensor, "points 3"], Float[Tensor, " points"]]:
    """Another frame's colour of the points that this frame's pixels see, and how sure it is."""
    flow = mesh_flow(_pair(own.seen, near.seen), 0, 1)
    target = flow.target.reshape(-1, 2)[place]
    visible = flow.visible.reshape(-1)[place] & torch.isfinite(target).all(dim=1)
    target = torch.where(visible[:, None], target, torch.zeros(()))
    across, down = (torch.diff(flow.target, dim=axis) for axis in (1, 0))
    across = torch.nn.functional.pad(across, (0, 0, 0, 1), value=torch.nan)
    down = torch.nn.functional.pad(down, (0, 0, 0, 0, 0, 1), value=torch.nan)
    # How many of its pixels one of ours covers: below 1 it saw the point from farther or aslant.
    area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    area = torch.nan_to_num(area.reshape(-1)[place], nan=1.0).clamp(0, 1)
    return lanczos(near.carried, target), visible * area


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


def _pair(a: Seen, b: Seen) -> Seen:
    """Two frames of one surface, which came one by one, as frames 0 and 1."""
    cameras, rasters = (a.camera, b.camera), (a.raster, b.raster)
    return Seen(
        verts=torch.cat([a.verts, b.verts]),
        faces=a.faces,
        camera=CameraPath(
            K=torch.cat([one.K for one in cameras]),
            R=torch.cat([one.R for one in cameras]),
            t=torch.cat([one.t for one in cameras]),
            width=a.camera.width,
            height=a.camera.height,
        ),
        raster=Raster(
            face=torch.cat([one.face for one in rasters]),
            barycentrics=torch.cat([one.barycentrics for one in rasters]),
            depth=torch.cat([one.depth for one in rasters]),
        ),
    )
