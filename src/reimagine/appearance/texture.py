"""Colours on the surface: where each vertex lies in each photo, how far to trust it, and a guess for the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from reimagine.appearance.grid import depth, nearest
from reimagine.appearance.plane import CELL_M, Plane

_SURE, _UNSURE = 0.60, 0.25
"""Cosine between surface normal and view where a photo is trusted fully, and not at all."""
_PULL_M = 0.012
"""Colours this near a part's outline are mixed with what lies behind: they are taken from further inside."""
_REACH_M = 0.035
"""A vertex may fetch its colour from this far aside; beyond, its colour is guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One photo on the plane, and the surface standing as in it."""

    plane: Plane
    rgb: NDArray[np.float32]
    """height width 3, the photo itself, 0..1."""
    verts: NDArray[np.float32]
    """verts 3, metres."""
    normals: NDArray[np.float32]
    """verts 3."""
    sign: float
    """+1 for a photo from the front, -1 from the back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one photo knows of the vertices of one part."""

    xy: NDArray[np.float32]
    """verts 2, pixels."""
    weight: NDArray[np.float32]
    """verts, 0..1."""


def sight(
    view: View,
    chosen: NDArray[np.integer],
    allowed: NDArray[np.bool_],
    *,
    lay: bool = True,
) -> Sighting:
    """Photo coordinates and trust for the vertices `chosen` of one part.

    `allowed`: where on the plane the photo shows this part. With `lay`, the part's outline is laid onto it row by row, since front
    and back photos are different moments; what still misses it is moved to the nearest place inside.
    """
    verts = view.verts[chosen]
    column = np.interp(verts[:, 0], view.plane.x, np.arange(len(view.plane.x)))
    row = np.interp(-verts[:, 1], -view.plane.y, np.arange(len(view.plane.y)))
    if not allowed.any():
        return Sighting(
            xy=_pixels(view.plane, row, column), weight=np.zeros(len(chosen), np.float32)
        )
    if lay:
        column = _lay(row, column, allowed)
    deep = depth(allowed) * CELL_M
    inner = deep >= min(_PULL_M, 0.6 * float(deep.max()))
    away, (near_row, near_column) = depth(~inner), nearest(inner)
    at = np.round(row).astype(int), np.round(column).astype(int)
    at = np.clip(at[0], 0, allowed.shape[0] - 1), np.clip(at[1], 0, allowed.shape[1] - 1)
    outside = away[at] > 0
    row = np.where(outside, near_row[at], row)
    column = np.where(outside, near_column[at], column)
    facing = view.sign * view.normals[chosen, 2]
    trust = np.clip((facing - _UNSURE) / (_SURE - _UNSURE), 0, 1)
    trust = trust * trust * (3 - 2 * trust)
    reach = np.clip(1.5 - away[at] * CELL_M / _REACH_M, 0, 1)
    return Sighting(xy=_pixels(view.plane, row, column), weight=(trust * reach).astype(np.float32))


def colours(view: View, xy: NDArray[np.float32]) -> NDArray[np.float32]:
    """The photo at pixel coordinates (bilinear), n 3."""
    where = (xy[:, ::-1] - 0.5).T
    return np.stack(
        [
            ndimage.map_coordinates(view.rgb[..., c], where, order=1, mode="nearest")
            for c in range(3)
        ],
        -1,
    ).astype(np.float32)


def guess(
    verts: NDArray[np.float32],
    known: NDArray[np.float32],
    trust: NDArray[np.float32],
) -> NDArray[np.float32]:
    """A colour for every vertex of one part from those that a photo shows, nearest in height first."""
    sure = trust > 0.6
    if not sure.any():
        sure = trust >= np.quantile(trust, 0.9)
    stretch = np.array([0.7, 2.0, 0.7])
    distance, index = KDTree(verts[sure] * stretch).query(verts * stretch, k=min(12, sure.sum()))
    distance, index = distance.reshape(len(verts), -1), index.reshape(len(verts), -1)
    share = 1.0 / (distance + 0.01)
    share /= share.sum(1, keepdims=True)
    return np.einsum("vk,vkc->vc", share, known[sure][index]).astype(np.float32)


def _pixels(
    plane: Plane, row: NDArray[np.floating], column: NDArray[np.floating]
) -> NDArray[np.float32]:
    where = np.stack([row, column])
    return np.stack(
        [
            ndimage.map_coordinates(plane.pixels[..., c], where, order=1, mode="nearest")
            for c in range(2)
        ],
        -1,
    ).astype(np.float32)


def _lay(
    row: NDArray[np.floating], column: NDArray[np.floating], allowed: NDArray[np.bool_]
) -> NDArray[np.floating]:
    """Columns moved so that the part's outline falls on the allowed one, row by row."""
    bins = np.clip(np.round(row / 4).astype(int), 0, None)
    count = bins.max() + 1
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, bins, column)
    np.maximum.at(high, bins, column)
    rows = np.clip(np.arange(count) * 4, 0, len(allowed) - 1)
    there = allowed[rows]
    any_there = there.any(1)
    first = np.where(any_there, there.argmax(1), 0).astype(float)
    last = np.where(any_there, there.shape[1] - 1 - there[:, ::-1].argmax(1), 0).astype(float)
    usable = any_there & np.isfinite(low) & (high - low > 4) & (last - first > 4)
    if usable.sum() < 3:
        return column
    at = np.flatnonzero(usable)
    limit = 0.04 / CELL_M
    # A median over neighbouring rows: a hand in front of the hip must not pull the trousers aside.
    shifts = []
    for ours, theirs in ((low, first), (high, last)):
        moved = np.clip(theirs[at] - ours[at], -limit, limit)
        moved = ndimage.gaussian_filter1d(ndimage.median_filter(moved, size=7, mode="nearest"), 2)
        shifts.append(np.interp(row / 4, at, moved))
    span_low = np.interp(row / 4, at, low[at])
    span_high = np.interp(row / 4, at, high[at])
    share = np.clip((column - span_low) / np.maximum(span_high - span_low, 1e-3), 0, 1)
    return column + shifts[0] * (1 - share) + shifts[1] * share
