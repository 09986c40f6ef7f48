"""Noise that moves with the body, white in every frame.

Every face of the surface has a Gaussian number of its own, by a hash, the same in all frames. A latent pixel adds up
the numbers of the faces that lie in it and divides by the root of how many they are. A face belongs to the one latent
pixel that shows most of it, so no two pixels share a number: each frame's noise is exactly independent Gaussian of
unit variance, while a point of the body takes its noise along. (How I Warped Your Noise, Chang et al., ICLR 2024, has
the same aim for pictures without geometry.) Pixels that see no face of their own have numbers by place and frame.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from reimagine.records import Raster

_OUTSIDE = 1 << 48
"""Ids from here on are places in the picture, not parts of the surface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """How the noise of a clip is made."""

    seed: int
    channels: int
    rows: int
    columns: int
    parts: int = 1
    """A face is cut into parts x parts pieces with a number each: more where faces are larger than latent pixels."""


def surface_noise(
    raster: Raster, frame: int, clip_frame: int, grain: Grain
) -> Float[Tensor, "channels rows columns"]:
    """Noise of one frame: `frame` of the raster, which is `clip_frame` of the clip."""
    own = grain.rows * grain.columns
    ids, pixels = _pieces(raster, frame, grain)
    total = np.zeros((grain.channels, own))
    numbers = _gaussian(ids, grain)
    for channel in range(grain.channels):
        total[channel] = np.bincount(pixels, numbers[channel], minlength=own)
    count = np.bincount(pixels, minlength=own)
    bare = np.flatnonzero(count == 0)
    places = _OUTSIDE + clip_frame * own + bare
    total[:, bare] = _gaussian(places.astype(np.int64), grain)
    noise = total / np.sqrt(np.maximum(count, 1))
    return torch.from_numpy(
        noise.astype(np.float32).reshape(grain.channels, grain.rows, grain.columns)
    )


def parts_needed(raster: Raster, rows: int, columns: int) -> int:
    """Into how many parts a face's sides are cut so that there are about four pieces in a latent pixel."""
    seen = raster.face[0][raster.face[0] >= 0]
    if len(seen) == 0:
        return 1
    height, width = raster.face.shape[1:]
    latent_pixels = len(seen) * rows * columns / (height * width)
    return min(max(math.ceil(math.sqrt(4 * latent_pixels / len(seen.unique()))), 1), 64)


def _pieces(
    raster: Raster, frame: int, grain: Grain
) -> tuple[Int[NDArray[np.int64], " pieces"], Int[NDArray[np.int64], " pieces"]]:
    """Each piece of the surface that is seen, once, and the latent pixel that shows most of it."""
    face = raster.face[frame].cpu().numpy().astype(np.int64)
    height, width = face.shape
    row = np.arange(height) * grain.rows // height
    column = np.arange(width) * grain.columns // width
    pixel = row[:, None] * grain.columns + column[None]
    inside = face >= 0
    ids = face[inside]
    if grain.parts > 1:
        weights = raster.barycentrics[frame].cpu().numpy()[inside]
        u, v = (weights.T * grain.parts).astype(np.int64).clip(0, grain.parts - 1)
        ids = (ids * grain.parts + u) * grain.parts + v
    both, seen = np.unique(ids * (grain.rows * grain.columns) + pixel[inside], return_counts=True)
    ids, pixels = np.divmod(both, grain.rows * grain.columns)
    order = np.lexsort((pixels, -seen, ids))
    ids, pixels = ids[order], pixels[order]
    first = np.ones(len(ids), dtype=bool)
    first[1:] = ids[1:] != ids[:-1]
    return ids[first], pixels[first]


def _gaussian(
    ids: Int[NDArray[np.int64], " pieces"], grain: Grain
) -> Float[NDArray[np.float64], "channels pieces"]:
    """A Gaussian number for each id and channel: splitmix64 (Steele et al., OOPSLA 2014), then Box and Muller."""
    keys = ids.astype(np.uint64)[None] * np.uint64(grain.channels)
    keys = keys + np.arange(grain.channels, dtype=np.uint64)[:, None]
    start = np.uint64((grain.seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
    one, two = (
        (_mixed(_mixed(keys * np.uint64(2) + np.uint64(k)) ^ start) >> np.uint64(11)).astype(float)
        / 2**53
        for k in (0, 1)
    )
    return np.sqrt(-2 * np.log1p(-one)) * np.cos(2 * np.pi * two)


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
