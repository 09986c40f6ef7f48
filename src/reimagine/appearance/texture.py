"""Colours on the surface: where each vertex lies in each photo, how far to trust it, and a guess for the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve
from scipy.spatial import KDTree

from reimagine.appearance.grid import depth, label, nearest, ramp
from reimagine.appearance.plane import CELL_M, Plane, row_depth

_SURE, _UNSURE = 0.75, 0.30
"""Cosine between surface normal and view where a photo is trusted fully, and not at all."""
_FOLD = 0.5
"""Cosine at which the photo is folded back: beyond, it is stretched to more than twice its size."""
_SEAM = 0.22
"""Front and back photo fade into each other while the cosine goes from this to its negative."""
_NEIGHBOURS = 6
"""So many vertices near each say how the folded photo goes on over it."""
_HOLD = 1e-4
"""How strongly what no place that is seen says anything about stays where it was."""
_LEVEL, _ROUND_CELLS = 3.0, 3.0
"""Where a photo is folded on the plane: rather sideways than upwards, so many times; the line is smoothed by this."""
_PULL_M = 0.012
"""Colours this near a part's outline are mixed with what lies behind: they are taken from further inside."""
_BORDER_M = 0.006
"""The same at the border of skin and cloth, hair and face."""
_REACH_M = 0.035
"""A vertex may fetch its colour from this far aside; beyond, its colour is guessed."""
_FEW, _MANY = 12, 200
"""Vertices that say together what colour one has that no photo shows: on cloth, on skin."""
_WIDE_M = 0.03


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
class Way:
    """How a part's vertices find their place in a photo."""

    lay: NDArray[np.floating] | None = None
    """verts, 0..1: how far the part's outline is laid onto the photo's row by row, as front and back photos are different
    moments; None where it is not."""
    through_camera: bool = False
    """Along the camera's rays, for parts that are the fitted body's own; else across at one depth for each
    row, as sculpted parts were made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one photo knows of the vertices of one part."""

    xy: NDArray[np.float32]
    """verts 2, pixels."""
    share: NDArray[np.float32]
    """verts, 0..1: how much of the colour may come from this photo."""
    trust: NDArray[np.float32]
    """verts, 0..1: how far the photo really shows the place."""
    folded: NDArray[np.bool_]
    """verts: whether the photo is folded back there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the vertices of one part lie on a photo's plane, whatever the photo shows there."""

    verts: NDArray[np.float32]
    """verts 3, metres, standing as in the photo."""
    normals: NDArray[np.float32]
    """verts 3."""
    facing: NDArray[np.floating]
    """verts: cosine between the normal and the view."""
    cells: NDArray[np.floating]
    """verts 2: row and column."""


def places(
    view: View, chosen: NDArray[np.integer], allowed: NDArray[np.bool_], *, way: Way
) -> Places:
    """The vertices `chosen` of one part on the plane; `allowed` says where on it the photo shows this part."""
    verts, normals = view.verts[chosen], view.normals[chosen]
    flat = view.plane.seen_at(verts[:, :2], verts[:, 2], back=True)
    if way.through_camera:
        sight_line = view.plane.eye - verts
        sight_line /= np.linalg.norm(sight_line, axis=1, keepdims=True)
        facing = (normals * sight_line).sum(1)
    else:
        facing = view.sign * normals[:, 2]
        rows = view.plane.cells(verts[:, :2])[:, 0]
        along = row_depth(rows, verts[:, 2], rows)
        flat[:, 0] = view.plane.seen_at(verts[:, :2], along, back=True)[:, 0]
    row, column = view.plane.cells(flat).T
    if way.lay is not None and allowed.any():
        column += way.lay * _shift(row, column, way.lay > 0.5, allowed)
    return Places(verts=verts, normals=normals, facing=facing, cells=np.stack([row, column], 1))


def sight(
    view: View,
    at: Places,
    allowed: NDArray[np.bool_],
    own: NDArray[np.bool_] | None = None,
    *,
    doubt: NDArray[np.bool_] | None = None,
    mirror: NDArray[np.bool_] | bool = False,
) -> Sighting:
    """Photo coordinates and trust for vertices at these places.

    `allowed`: where on the plane the photo shows such a surface; `own`: which cells are of its kind (None for all). What
    misses these is moved to the nearest place inside, well inside the surface's outline and just inside its kind's.
    `doubt`: where on the plane the photo is not believed. `mirror`: which vertices take the photo folded back at the
    sides, for cloth and hair; else what is not seen is guessed.
    """
    mirror = np.broadcast_to(np.asarray(mirror), at.facing.shape)
    if not (allowed if own is None else allowed & own).any():
        nothing = np.zeros(len(mirror), np.float32)
        pixels = _pixels(view.plane, *at.cells.T)
        return Sighting(xy=pixels, share=nothing, trust=nothing, folded=mirror)
    deep = depth(allowed) * CELL_M
    inner = deep >= min(_PULL_M, 0.6 * float(deep.max()))
    if own is not None:
        within = inner & own & (depth(own) * CELL_M >= _BORDER_M)
        inner = within if within.any() else allowed & own
    away, (near_row, near_column) = depth(~inner), nearest(inner)

    def whole(cells: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        row, column = np.round(cells).astype(int).T
        return np.clip(row, 0, len(inner) - 1), np.clip(column, 0, inner.shape[1] - 1)

    # What is folded back at a border is less sure than what is fetched from near by.
    near_m = np.where(mirror, _PULL_M, _REACH_M)
    shown = np.clip(1.5 - away[whole(at.cells)] * CELL_M / near_m, 0, 1)
    cells = at.cells
    if mirror.any():
        folded = _carried_on(at, inner, inner[whole(cells)], view.sign)
        cells = np.where(mirror[:, None], folded, cells)
    cell = whole(cells)
    outside = away[cell] > 0
    row, column = np.where(outside, (near_row[cell], near_column[cell]), cells.T)
    reach = np.clip(1.5 - away[cell] * CELL_M / near_m, 0, 1)
    if doubt is not None and doubt.any():
        doubtful = ndimage.gaussian_filter(doubt.astype(np.float32), _BORDER_M / CELL_M)
        sure = 1 - ndimage.map_coordinates(doubtful, (row, column), order=1, mode="nearest")
        reach, shown = reach * sure, shown * sure
    trust = ramp(at.facing, _UNSURE, _SURE) * shown
    share = np.where(mirror, ramp(at.facing, -_SEAM, _SEAM) * reach, trust)
    return Sighting(
        xy=_pixels(view.plane, row, column),
        share=share.astype(np.float32),
        trust=trust.astype(np.float32),
        folded=mirror,
    )


def _outwards(cells: NDArray[np.floating], inner: NDArray[np.bool_]) -> NDArray[np.floating]:
    """For each of the cells (verts 2) the way out of `inner`, rather aside than up; nothing within."""
    out = depth(~inner, (_LEVEL, 1.0))
    out = ndimage.gaussian_filter(out, _ROUND_CELLS)
    down, aside = (
        ndimage.map_coordinates(field, cells.T, order=1, mode="nearest")
        for field in np.gradient(out)
    )
    return np.stack([aside, -down / _LEVEL], 1)


def _carried_on(
    at: Places, inner: NDArray[np.bool_], within: NDArray[np.bool_], sign: float
) -> NDArray[np.floating]:
    """Cells (verts 2), folded back inwards where the surface turns away or goes on beyond `inner`.

    Cloth goes on around the side much as it came: its own picture, mirrored, is as sharp as the photo and meets it
    without a step. The picture lies on the surface at its own size, as nearly as it can (least squares over neighbours).
    """
    well = (at.facing >= _FOLD) & within
    solved = np.flatnonzero(at.facing > -_FOLD)
    free = ~well[solved]
    if well.sum() < 3 or not free.any():
        return at.cells
    known, facing = at.cells[solved], at.facing[solved]
    verts, normals = (one[solved] * [1, 1, sign] for one in (at.verts, at.normals))
    near = np.asarray(KDTree(verts).query(verts, k=min(_NEIGHBOURS + 1, len(verts)))[1])
    ends = np.stack(np.broadcast_arrays(near[:, :1], near[:, 1:]), -1).reshape(-1, 2)
    # Not across to another sheet of cloth.
    ends = ends[(normals[ends[:, 0]] * normals[ends[:, 1]]).sum(1) > 0]
    out = normals[:, :2] + _outwards(known, inner)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    angle = np.arccos(np.clip(facing, -1, 1))
    _, border = KDTree(verts[~free]).query(verts)
    # As much foreshortened as the place that is mirrored.
    pace = np.cos(2 * angle[~free][border] - angle)
    steps = (verts[ends[:, 1]] - verts[ends[:, 0]]) / CELL_M
    wanted = np.zeros((len(ends), 2))
    for end in ends.T:
        # Turned with the normal into the plane.
        flat = steps[:, :2] - normals[end, :2] * (steps[:, 2] / (1 + normals[end, 2]))[:, None]
        along = (flat * out[end]).sum(1, keepdims=True)
        wanted += (flat - (1 + pace[end, None]) * along * out[end]) / 2
    wanted = wanted[:, ::-1] * [-1, 1]  # rows run downwards
    folded = at.cells.copy()
    folded[solved] = _stepped(known, free, ends, wanted)
    return folded


def _stepped(
    values: NDArray[np.floating],
    free: NDArray[np.bool_],
    ends: NDArray[np.integer],
    steps: NDArray[np.floating],
) -> NDArray[np.floating]:
    """The values (n 2), with the free ones moved so that from the first of two `ends` (m 2) to the other it is a step (m 2)."""
    rows, count = 2 * np.arange(len(ends) + 1), len(ends)
    step = sparse.csr_matrix(
        (np.tile([-1.0, 1.0], count), ends.ravel(), rows), (count, len(values))
    )
    moves = step[:, free]
    normal = moves.T @ moves + _HOLD * sparse.eye(int(free.sum()))
    right = moves.T @ (steps - step[:, ~free] @ values[~free]) + _HOLD * values[free]
    found = values.copy()
    found[free] = np.asarray(spsolve(normal.tocsc(), right))
    return found


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
    *,
    even: bool = False,
) -> NDArray[np.float32]:
    """A colour for every vertex of one part from those that a photo shows, nearest in height first.

    `even`: from wider around, as skin is, on which what lies at one height (eyes, lips) does not go on to the sides.
    """
    sure = trust > 0.6
    if not sure.any():
        sure = trust >= np.quantile(trust, 0.9)
    stretch = np.ones(3) if even else np.array([0.7, 2.0, 0.7])
    many = min(_MANY if even else _FEW, int(sure.sum()))
    distance, index = KDTree(verts[sure] * stretch).query(verts * stretch, k=many)
    distance, index = distance.reshape(len(verts), -1), index.reshape(len(verts), -1)
    share = 1.0 / (distance + (_WIDE_M if even else 0.01))
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


def _shift(
    row: NDArray[np.floating],
    column: NDArray[np.floating],
    own: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
) -> NDArray[np.floating]:
    """By how many columns the outline of a part's `own` vertices moves to fall on the allowed one, row by row."""
    bins = np.clip(np.round(row / 4).astype(int), 0, None)
    count = bins.max() + 1
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, bins[own], column[own])
    np.maximum.at(high, bins[own], column[own])
    rows = np.clip(np.arange(count) * 4, 0, len(allowed) - 1)
    found = np.isfinite(low)
    middle = (np.where(found, low, 0) + np.where(found, high, 0)) / 2
    middle = np.clip(np.round(middle).astype(int), 0, allowed.shape[1] - 1)
    # Strands of hair beside the jaw, and an arm beside the trunk, are not its outline.
    runs = label(allowed, along_rows=True)[rows]
    there = allowed[rows] & (runs == runs[np.arange(count), middle][:, None])
    any_there = there.any(1)
    first = np.where(any_there, there.argmax(1), 0).astype(float)
    last = np.where(any_there, there.shape[1] - 1 - there[:, ::-1].argmax(1), 0).astype(float)
    usable = any_there & found & (high - low > 4) & (last - first > 4)
    if usable.sum() < 3:
        return np.zeros_like(column)
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
    return shifts[0] * (1 - share) + shifts[1] * share
