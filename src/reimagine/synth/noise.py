"""Smooth random numbers in space, the same on every machine."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def noise(points: Float[Tensor, "points 3"], *, seed: int = 0) -> Float[Tensor, " points"]:
    """Value noise in about [-1, 1] with features one unit apart: a hash at lattice points, smoothed between."""
    low = points.floor()
    share = points - low
    share = share * share * (3 - 2 * share)
    cell = low.long()
    total = torch.zeros(len(points)).to(points)
    for corner in range(8):
        offset = torch.tensor([corner & 1, corner >> 1 & 1, corner >> 2]).to(cell)
        near = torch.where(offset.bool(), share, 1 - share).prod(dim=1)
        total += near * _hash(cell + offset, seed)
    return total


def clouds(
    points: Float[Tensor, "points 3"], *, octaves: int = 3, seed: int = 0
) -> Float[Tensor, " points"]:
    """Noise at `octaves` scales, each half as large and half as strong as the one before."""
    return sum(
        (noise(points * 2.0**k, seed=seed + 101 * k) * 0.5**k for k in range(octaves)),
        start=torch.zeros(len(points)).to(points),
    )


def _hash(cell: Int[Tensor, "points 3"], seed: int) -> Float[Tensor, " points"]:
    """A number in [-1, 1] for each lattice point, by integer mixing (Wang's constants)."""
    mask = 0xFFFFFFFF
    x, y, z = cell.unbind(dim=1)
    h = (x * 73856093 ^ y * 19349663 ^ z * 83492791 ^ (seed * 2654435761)) & mask
    h = ((h ^ 61) ^ (h >> 16)) & mask
    h = (h * 9) & mask
    h = h ^ (h >> 4)
    h = (h * 0x27D4EB2D) & mask
    h = h ^ (h >> 15)
    return (h & 0xFFFFFF).float() / 0x7FFFFF - 1
