"""Where points of one picture lie in another of other colours, to a fraction of a pixel.

First every shift within reach is tried on pictures of a quarter of the size, by normalised cross-correlation of
`structure`; then Gauss-Newton steps of the same measure refine the best one on larger ones (Lucas and Kanade 1981,
with the normalisation of Evangelidis and Psarakis, PAMI 2008).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

COARSE = 4
"""Shrinking of the pictures for the search."""
REACH = 8
"""Largest shift tried, in pixels of the shrunken pictures: 32 of the picture's own."""
PATCH = 13
"""Side of the patch there: 52 of the picture's own pixels."""
STAY = 0.001
"""Correlation that a shift has to win per squared shrunken pixel, so that plain patches stay where they are."""
STEPS = ((2, 7, 5.0, 3), (1, 9, 6.0, 3))
"""Shrinking, half the patch's side, standard deviation of its window (both in shrunken pixels), and steps."""
STILL_PX = 0.005
"""Steps that move no point further than this are the last."""
STRAY = 6.0
"""Pixels that the steps may go from the search's answer before they count as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Displacement:
    """Shifts of points, and how well each direction is determined."""

    shift: Float[Tensor, "points 2"]
    """Pixels (x, y) from the first picture to the second."""
    information: Float[Tensor, "points 2 2"]
    """Grows with structure across a direction and with likeness; near zero along an edge."""
    likeness: Float[Tensor, " points"]
    """Normalised cross-correlation of the patches after the shift, -1..1."""


def displacement(
    first: Float[NDArray[np.float32], "height width 3"],
    second: Float[NDArray[np.float32], "height width 3"],
    points: Float[Tensor, "points 2"],
    together: Float[Tensor, "points points"],
) -> Displacement:
    """Shifts of the points (pixels, centres at +0.5) from the first to the second picture's `structure`.

    `together` says how much each point (row) listens to each other one (column) when shifts are tried: what lies near
    on one limb goes the same way, and an edge that other clothes have elsewhere is outvoted.
    """
    found = _search(first, second, points, together)
    shift, information, likeness = found, torch.zeros(len(points), 2, 2), torch.zeros(len(points))
    for shrink, half, spread, steps in STEPS:
        one, two = (_planes(_shrunken(picture, shrink)) for picture in (first, second))
        window = _window(half, spread)
        moved = _refine(one, two, points / shrink, shift / shrink, window, steps)
        near = (moved.shift * shrink - found).norm(dim=1) < STRAY
        shift = torch.where(near[:, None], moved.shift * shrink, found)
        information = moved.information / shrink**2 * torch.where(near, 1.0, 0.1)[:, None, None]
        likeness = moved.likeness
    return Displacement(shift=shift, information=information, likeness=likeness)


def _search(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    points: Float[Tensor, "points 2"],
    together: Float[Tensor, "points points"],
) -> Float[Tensor, "points 2"]:
    """Best shift within reach at the quarter of the size, to a fraction of that size's pixels."""
    one, two = (_shrunken(picture, COARSE) for picture in (first, second))
    at = (points / COARSE).long().numpy()
    rows, columns = (
        at[:, axis].clip(0, side - 1) for axis, side in ((1, one.shape[0]), (0, one.shape[1]))
    )
    half, side = PATCH // 2, 2 * REACH + 1
    patches = _cut(one, rows, columns, half)
    windows = _cut(two, rows, columns, half + REACH)
    # Every patch slid over its own window, all in one convolution.
    product = functional.conv2d(windows.flatten(0, 1)[None], patches, groups=len(points))[0]
    energy = patches.square().sum((1, 2, 3))[:, None, None] / PATCH**2
    energy = energy * functional.avg_pool2d(windows.square().sum(1), PATCH, stride=1)
    score = (product / PATCH**2 / (energy.sqrt() + 1e-3)).flatten(1)
    tried = torch.arange(-REACH, REACH + 1, dtype=torch.float32)
    far = (tried[:, None].square() + tried.square()).flatten()
    votes = together @ score / together.sum(1, keepdim=True) - STAY * far
    return _peak(votes.reshape(-1, side, side)) * COARSE


def _cut(
    picture: Float[NDArray[np.float32], "height width 3"],
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
    half: int,
) -> Float[Tensor, "points 3 side side"]:
    """Squares around pixels; zero beyond the border."""
    padded = np.pad(picture, ((half, half), (half, half), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (2 * half + 1,) * 2, axis=(0, 1))
    return torch.from_numpy(views[rows, columns])


def _peak(votes: Float[Tensor, "points side side"]) -> Float[Tensor, "points 2"]:
    """Shift of the highest vote, refined by a parabola along each axis."""
    side = votes.shape[1]
    best = votes.flatten(1).argmax(1)
    row, column = best // side, best % side
    point = torch.arange(len(votes))
    inner = [k.clamp(1, side - 2) for k in (column, row)]
    lines = (
        [votes[point, inner[1], inner[0] + d] for d in (-1, 0, 1)],
        [votes[point, inner[1] + d, inner[0]] for d in (-1, 0, 1)],
    )
    shifts = []
    for place, (low, middle, high) in zip(inner, lines, strict=True):
        bend = (2 * middle - low - high).clamp_min(1e-6)
        shifts.append(place - (side - 1) / 2 + ((high - low) / (2 * bend)).clamp(-0.5, 0.5))
    return torch.stack(shifts, dim=1)


def _refine(
    one: Float[Tensor, "1 3 height width"],
    two: Float[Tensor, "1 3 height width"],
    points: Float[Tensor, "points 2"],
    shift: Float[Tensor, "points 2"],
    window: Float[Tensor, " samples"],
    steps: int,
) -> Displacement:
    """Gauss-Newton steps that raise the patches' correlation."""
    offsets = _offsets(round(len(window) ** 0.5) // 2)
    # Channel, then slope across, then slope down: one look-up for all.
    slopes = torch.cat([two, *_slopes(two)], dim=1)
    patch = _gather(one, points, offsets) * window.sqrt()
    patch_norm = patch.square().sum((1, 2)).sqrt() + 1e-3
    unit = patch / patch_norm[:, None, None]
    information = torch.zeros(len(points), 2, 2)
    likeness = torch.zeros(len(points))
    for step in range(steps + 1):
        there = _gather(slopes, points + shift, offsets) * window.sqrt()
        norm = there[:, :3].square().sum((1, 2)).sqrt() + 1e-3
        there = there / norm[:, None, None]
        likeness = (unit * there[:, :3]).sum((1, 2))
        across, down = there[:, 3:6].flatten(1), there[:, 6:].flatten(1)
        J = torch.stack([across, down], dim=2)
        # The residual against the patch scaled by its likeness: what a change of contrast cannot explain.
        residual = (unit * likeness.clamp_min(0.1)[:, None, None] ** -1 - there[:, :3]).flatten(1)
        H = J.transpose(1, 2) @ J
        information = H * likeness.clamp_min(0).square()[:, None, None]
        if step < steps:
            damped = H + (0.02 * H.diagonal(dim1=1, dim2=2).sum(1) + 1e-4)[
                :, None, None
            ] * torch.eye(2)
            move = torch.linalg.solve(damped, (J.transpose(1, 2) @ residual[..., None])[..., 0])
            length = move.norm(dim=1, keepdim=True)
            shift = shift + move * (1.5 / length.clamp_min(1.5))
            if float(length.max()) < STILL_PX:
                break
    return Displacement(shift=shift, information=information, likeness=likeness)


def _shrunken(picture: NDArray[np.float32], shrink: int) -> NDArray[np.float32]:
    """The picture at a fraction of its size; borders are filled up so that pixels stay aligned."""
    if shrink == 1:
        return picture
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(
        picture, 0, -height % shrink, 0, -width % shrink, cv2.BORDER_REPLICATE
    )
    size = padded.shape[1] // shrink, padded.shape[0] // shrink
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)


def _planes(picture: NDArray[np.float32]) -> Float[Tensor, "1 3 height width"]:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]


def _slopes(planes: Float[Tensor, "1 3 height width"]) -> tuple[Tensor, Tensor]:
    padded = functional.pad(planes, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return across, down


def _offsets(half: int) -> Float[Tensor, "samples 2"]:
    steps = torch.arange(-half, half + 1, dtype=torch.float32)
    return torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1).reshape(-1, 2)


def _window(half: int, spread: float) -> Float[Tensor, " samples"]:
    return torch.exp(-_offsets(half).square().sum(1) / (2 * spread * spread))


def _gather(
    planes: Float[Tensor, "1 channels height width"],
    points: Float[Tensor, "points 2"],
    offsets: Float[Tensor, "samples 2"],
) -> Float[Tensor, "points channels samples"]:
    """Bilinear samples around points in pixels; zero beyond the border."""
    height, width = planes.shape[2:]
    place = points[:, None] + offsets
    grid = place * torch.tensor([2 / width, 2 / height]) - 1
    taken = functional.grid_sample(planes, grid[None], align_corners=False)
    return taken[0].transpose(0, 1)
