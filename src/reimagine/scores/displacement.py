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
"""A step that moves a point no further than this is its last."""
EDGE = 24
"""Zeros around a picture; more than a patch's side, so that patches beyond the border are zero."""
CHANNELS = 3
"""Of `structure`."""
LONGEST_PX = 1.5
"""Longest step."""
LEAST_NORM = 1e-3
"""Added to a patch's length: a plain one stays plain."""
UNLIKE = 0.1
"""Likeness taken where there is less, as residuals are divided by it."""
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
    pairs = {1: (first, second)}
    for shrink in (2, COARSE):
        one, two = (_halved(picture) for picture in pairs[shrink // 2])
        pairs[shrink] = one, two
    found = _search(*pairs[COARSE], points, together)
    shift, information, likeness = found, torch.zeros(len(points), 2, 2), torch.zeros(len(points))
    for shrink, half, spread, steps in STEPS:
        window = _window(half, spread)
        moved = _refine(*pairs[shrink], points / shrink, shift / shrink, window, steps)
        near = (moved.shift * shrink - found).norm(dim=1) < STRAY
        shift = torch.where(near[:, None], moved.shift * shrink, found)
        information = moved.information / shrink**2 * torch.where(near, 1.0, 0.1)[:, None, None]
        likeness = moved.likeness
    return Displacement(shift=shift, information=information, likeness=likeness)


def _search(
    one: Float[NDArray[np.float32], "height width 3"],
    two: Float[NDArray[np.float32], "height width 3"],
    points: Float[Tensor, "points 2"],
    together: Float[Tensor, "points points"],
) -> Float[Tensor, "points 2"]:
    """Best shift within reach at the quarter of the size, in pixels of the whole one, to a fraction of the quarter's."""
    at = (points / COARSE).long().numpy()
    rows, columns = (
        at[:, axis].clip(0, side - 1) for axis, side in ((1, one.shape[0]), (0, one.shape[1]))
    )
    half, side = PATCH // 2, 2 * REACH + 1
    patches = _cut(one, rows, columns, half).flatten(0, 1)
    windows = _cut(two, rows, columns, half + REACH).flatten(0, 1)
    # Every patch slid over its own window, each channel a group of its own: a fast case of convolution.
    product = functional.conv2d(windows[None], patches[:, None], groups=len(patches))[0]
    product = product.unflatten(0, (-1, CHANNELS)).sum(1) / PATCH**2
    # Patches that reach over the border count; in doubles, as the filter adds and takes away as it goes.
    wide = np.pad((two * two).astype(np.float64), ((half, half), (half, half), (0, 0)))
    squares = cv2.boxFilter(wide, -1, (PATCH, PATCH), borderType=cv2.BORDER_CONSTANT)
    energy = patches.square().flatten(1).sum(1).unflatten(0, (-1, CHANNELS)).sum(1) / PATCH**2
    energies = energy[:, None, None] * _cut(
        squares.astype(np.float32), rows + half, columns + half, REACH
    ).sum(1)
    score = (product / (energies.clamp_min(0).sqrt() + 1e-3)).flatten(1)
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
    one: Float[NDArray[np.float32], "height width 3"],
    two: Float[NDArray[np.float32], "height width 3"],
    points: Float[Tensor, "points 2"],
    shift: Float[Tensor, "points 2"],
    window: Float[Tensor, "side side"],
    steps: int,
) -> Displacement:
    """Gauss-Newton steps that raise the patches' correlation, until all points lie still."""
    one, two = (np.pad(picture, ((EDGE, EDGE), (EDGE, EDGE), (0, 0))) for picture in (one, two))
    asked = _patch(one, points, window)[:, 0]
    shift, moving = shift.clone(), torch.arange(len(points))
    local = _local(asked, _patch(two, points + shift, window))
    H, likeness = local.H.clone(), local.likeness.clone()
    for _ in range(steps):
        # Damped, so that an edge does not slide along itself.
        damping = 0.02 * local.H.diagonal(dim1=1, dim2=2).sum(1) + 1e-4
        damped = local.H + damping[:, None, None] * torch.eye(2)
        move = torch.linalg.solve(damped, local.g)
        length = move.norm(dim=1)
        shift[moving] += move * (LONGEST_PX / length.clamp_min(LONGEST_PX))[:, None]
        moving = moving[length >= STILL_PX]
        if len(moving) == 0:
            break
        local = _local(asked[moving], _patch(two, points[moving] + shift[moving], window))
        H[moving], likeness[moving] = local.H, local.likeness
    information = H * likeness.clamp_min(0).square()[:, None, None]
    return Displacement(shift=shift, information=information, likeness=likeness)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Local:
    """Gauss's normal equations of each point, and how like the patches are where it is now."""

    H: Float[Tensor, "points 2 2"]
    g: Float[Tensor, "points 2"]
    likeness: Float[Tensor, " points"]


def _local(
    asked: Float[Tensor, "points samples"], painted: Float[Tensor, "points 3 samples"]
) -> _Local:
    patch, across, down = painted.unbind(1)
    likeness = (asked * patch).sum(1)
    # The residual against the patch scaled by its likeness: what a change of contrast cannot explain.
    residual = asked / likeness.clamp_min(UNLIKE)[:, None] - patch
    xx, xy, yy = ((a * b).sum(1) for a, b in ((across, across), (across, down), (down, down)))
    g = torch.stack([(slope * residual).sum(1) for slope in (across, down)], dim=1)
    H = torch.stack([xx, xy, xy, yy], dim=1).unflatten(1, (2, 2))
    return _Local(H=H, g=g, likeness=likeness)


def _patch(
    padded: Float[NDArray[np.float32], "height width 3"],
    places: Float[Tensor, "points 2"],
    window: Float[Tensor, "side side"],
) -> Float[Tensor, "points 3 samples"]:
    """Patches scaled to length one; then how they change with a step across, and down."""
    wide = _samples(padded, places, len(window) // 2 + 1)
    side, middle = len(window), slice(1, -1)
    patch = torch.empty(len(places), 3, side, side, CHANNELS)
    weight, half = window[..., None], window[..., None] / 2
    torch.mul(wide[:, middle, middle], weight, out=patch[:, 0])
    torch.sub(wide[:, middle, 2:], wide[:, middle, :-2], out=patch[:, 1])
    torch.sub(wide[:, 2:, middle], wide[:, :-2, middle], out=patch[:, 2])
    patch[:, 1:].mul_(half)
    length = patch[:, 0].flatten(1).norm(dim=1)
    return patch.flatten(2).div_((length + LEAST_NORM)[:, None, None])


def _halved(
    picture: Float[NDArray[np.float32], "height width 3"],
) -> Float[NDArray[np.float32], "half_height half_width 3"]:
    """The picture at half its size; an odd side is filled up at its end so that pixels stay aligned."""
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    size = picture.shape[1] // 2, picture.shape[0] // 2
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _window(half: int, spread: float) -> Float[Tensor, "side side"]:
    """Square root of the weights of a patch's pixels."""
    steps = torch.arange(-half, half + 1, dtype=torch.float32)
    line = torch.exp(-steps.square() / (4 * spread * spread))
    return line[:, None] * line


def _samples(
    padded: Float[NDArray[np.float32], "height width 3"],
    places: Float[Tensor, "points 2"],
    half: int,
) -> Float[Tensor, "points side side 3"]:
    """Bilinear samples about places of a picture with `EDGE` around it; zero where nothing of it is near."""
    start = (places - 0.5).floor()
    part = (places - 0.5 - start)[:, :, None, None, None]
    side = 2 * half + 2
    column, row = (start.long().numpy() + EDGE - half).clip(0).T
    last_row, last_column = (length - side for length in padded.shape[:2])
    views = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1))
    cut = torch.from_numpy(views[row.clip(max=last_row), column.clip(max=last_column)])
    cut = cut.permute(0, 2, 3, 1)  # as the memory has it
    down = torch.lerp(cut[:, :-1], cut[:, 1:], part[:, 1])
    return torch.lerp(down[:, :, :-1], down[:, :, 1:], part[:, 0])
