"""How cloth hangs: radii around an axis, as wide as the body there or as what hangs from above."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, pad

ANGLES = 48
STEP_M = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Tube:
    """A tube around a bent upright axis."""

    top_m: float
    """Height of the first row; each next one is `STEP_M` lower."""
    axis: Float[Tensor, "rows 2"]
    """x and z of the axis, by row."""
    radius: Float[Tensor, "rows angles"]
    """By row and by angle about Y; angle 0 looks along +Z, growing towards +X."""


def hang(
    body: Float[Tensor, "points 3"],
    axis: Float[Tensor, "rows 2"],
    *,
    top_m: float,
    slack_m: float,
    taper: float | Float[Tensor, " rows"],
) -> Tube:
    """The tube that hangs on a body: `slack_m` away from it, getting narrower downwards by at most `taper` (of each row)."""
    rows = len(axis)
    row = ((top_m - body[:, 1]) / STEP_M).round().long()
    inside = (row >= 0) & (row < rows)
    row, body = row[inside], body[inside]
    angle, radius = _polar(body, axis[row])
    cell = row * ANGLES + (angle / (2 * torch.pi) * ANGLES).floor().long() % ANGLES
    grid = torch.zeros(rows * ANGLES).scatter_reduce_(0, cell, radius, "amax").view(rows, ANGLES)
    for _ in range(4):  # cells that no vertex fell into take their neighbours' mean
        empty = grid == 0
        near = torch.stack([grid.roll(s, d) for s, d in ((1, 1), (-1, 1))])
        mean = near.sum(dim=0) / (near > 0).sum(dim=0).clamp_min(1)
        grid = torch.where(empty, mean, grid)
    grid = grid + slack_m
    narrowing = torch.as_tensor(taper).expand(rows)
    for k in range(1, rows):
        grid[k] = torch.maximum(grid[k], grid[k - 1] - narrowing[k] * STEP_M)
    return Tube(top_m=top_m, axis=axis, radius=_softened(grid))


def wrap(tube: Tube, points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """Points moved straight away from (or to) the axis until they lie on the tube."""
    row = ((tube.top_m - points[:, 1]) / STEP_M).clamp(0, len(tube.axis) - 1.001)
    low = row.floor().long()
    share = (row - low)[:, None]
    axis = torch.lerp(tube.axis[low], tube.axis[low + 1], share)
    angle, radius = _polar(points, axis)
    column = angle / (2 * torch.pi) * ANGLES - 0.5
    left = column.floor().long()
    part = (column - left)[:, None]
    rows = [
        torch.lerp(
            tube.radius[low + k, left % ANGLES][:, None],
            tube.radius[low + k, (left + 1) % ANGLES][:, None],
            part,
        )
        for k in (0, 1)
    ]
    scale = torch.lerp(rows[0], rows[1], share) / radius[:, None].clamp_min(1e-4)
    flat = axis + (points[:, [0, 2]] - axis) * scale
    return torch.stack([flat[:, 0], points[:, 1], flat[:, 1]], dim=1)


def _polar(points: Tensor, axis: Tensor) -> tuple[Tensor, Tensor]:
    """Angle in [0, 2 pi) and distance about the axis."""
    x, z = (points[:, [0, 2]] - axis).unbind(dim=1)
    return torch.atan2(x, z) % (2 * torch.pi), (x * x + z * z).sqrt()


def _softened(grid: Float[Tensor, "rows angles"]) -> Float[Tensor, "rows angles"]:
    """A few passes of a 3 x 3 binomial window, closed around the axis."""
    kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 16
    for _ in range(6):
        around = torch.cat([grid[:, -1:], grid, grid[:, :1]], dim=1)
        grid = conv2d(pad(around[None, None], (0, 0, 1, 1), mode="replicate"), kernel)[0, 0]
    return grid
