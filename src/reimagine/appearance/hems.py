"""Hems behind: a shirt's back need not end as high as its front, and what it hides is seen up to there."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import core, nearest
from reimagine.appearance.legs import hidden_above
from reimagine.appearance.outline import Outline
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.seeing import Seeing
from reimagine.body.joints import HIPS

_FURTHEST_M = 0.10
"""A back photo's hem further than this from the front's is that of something else."""
_INSIDE_M, _FLARE = 0.008, 0.5
"""So far inside of a shirt trousers begin; metres per metre that they go further out below its hem."""
_RIM_M = 0.01
"""So near its hem a garment is rounded."""
_STEEP = 1.5
"""Metres of depth per metre of height beyond which a surface no longer hangs but closes."""
_LEVEL_M = 0.015
"""Hems whose heights differ by less are level, since photos are no more exact; from twice as much on they are not."""
_SMOOTH_M = 0.15
"""The difference between both is steady over this breadth."""


def with_backs(
    found: dict[str, Outline],
    front: Seeing,
    back: Seeing,
    body: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> dict[str, Outline]:
    """The outlines, the trunk's hem and what begins under it placed behind as the back photo shows.

    `body`: z of the body's front and back on the front's plane, metres, NaN off it.
    """
    trunk = found["trunk"]
    assert trunk.bottom is not None
    lower = _lower_behind(trunk, front, back, body)
    covered = hidden_above(trunk.bottom + lower, len(front.labels))
    moved = {"trunk": replace(trunk, lower_behind=lower)} | {
        name: replace(outline, lower_behind=lower, hidden_behind=covered)
        for name, outline in found.items()
        if outline.begins is not None
    }
    return found | moved


def _lower_behind(
    trunk: Outline,
    front: Seeing,
    back: Seeing,
    body: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """By how many rows of the plane the back photo's hem is lower than the front's, per column; 0 where it is far off."""
    hem, other = trunk.bottom, back.outlines["trunk"].bottom
    assert hem is not None
    assert other is not None
    columns, row = np.arange(len(hem)), np.clip(hem.astype(int), 0, len(front.labels) - 1)
    hips = [seen.joints[HIPS].mean(0) for seen in (front, back)]
    across = np.interp(columns - hips[0][1] + hips[1][1], np.arange(len(other)), other)
    levels: list[NDArray[np.floating]] = []
    for seen, shown, side in ((front, hem, body[0]), (back, across, body[1])):
        z = side[row, columns] - front.plane.z
        z = np.where(np.isfinite(z), z, np.nanmedian(z) if np.isfinite(z).any() else 0.0)
        levels.append(seen.plane.row_behind(shown, seen.plane.z + z, np.full_like(z, seen.plane.z)))
    ahead, behind = levels[0], levels[1] - hips[1][0] + hips[0][0]
    off = ndimage.median_filter(behind - ahead, round(_SMOOTH_M / CELL_M), mode="nearest")
    off *= np.clip(np.abs(off) * CELL_M / _LEVEL_M - 1, 0, 1)
    near = np.abs(np.median(off[trunk.mask.any(0)])) < _FURTHEST_M / CELL_M
    return (near * off).astype(np.float32)


def room_under(
    trunk: Outline, cloth: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Greatest and least z, metres, for what comes from under the trunk's cloth: within it, and wider below its hem.

    `cloth`: its front and back z on the plane, NaN where there is none.
    """
    rows = np.arange(len(cloth[0]))[:, None]
    assert trunk.bottom is not None
    lower = 0.0 if trunk.lower_behind is None else trunk.lower_behind
    found: list[NDArray[np.float32]] = []
    for out, z, hem in zip((1, -1), cloth, (trunk.bottom, trunk.bottom + lower), strict=True):
        # At the hem itself the surface is closed: what is seen below it is the other side's inner face.
        steep = np.abs(np.diff(z, axis=0, prepend=z[:1])) > _STEEP * CELL_M
        ended = np.cumsum(steep & (rows > hem - _SMOOTH_M / CELL_M), axis=0) > 0
        whole = np.isfinite(z) & (rows < hem) & ~ended
        whole &= np.roll(whole, -round(_RIM_M / CELL_M), axis=0)
        if not whole.any():
            found.append(np.full(z.shape, out * np.inf, np.float32))
            continue
        row, column = nearest(core(whole), (1.0, 3.0))
        below = np.clip(rows - row, 0, None) * CELL_M
        found.append((z[row, column] + out * (_FLARE * below - _INSIDE_M)).astype(np.float32))
    return found[0], found[1]
