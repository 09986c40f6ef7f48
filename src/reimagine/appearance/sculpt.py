"""Closed surfaces from outlines: breadth from the photo, depth from the body, ends cut flat at hems."""

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree
from warp.geometry import IsoSurfaceMarchingCubes

from reimagine.appearance.grid import core, depth, nearest
from reimagine.appearance.mesh import averaged, averaging
from reimagine.appearance.outline import Outline
from reimagine.appearance.plane import CELL_M, Plane, row_depth
from reimagine.appearance.weights import skin_of, unposed
from reimagine.records import Pose, Skin

_STEP = 1.4
"""Voxel size in plane cells: 7 mm."""
_TUCK_M = -0.018
"""How far cloth that another garment hides lies inside the body, so that it never shows through."""
_FULLNESS = 3.0
_SHELL_M = 0.03
_FALL, _CLINGS, _LOOSE = 0.2, 2.0, 1.15
"""Metres that loose cloth draws in per metre below where the body stands out; how much more cloth does that is no
broader than the body, and from which breadth on (as a share of the body's) cloth is loose."""
_FREE = 0.05
"""The same where it hangs free of the body."""
_BEHIND = 0.7
"""From the middle (0) to the back (1) of a part, where it ends as its back does."""
_DEEPENS, _BROADEST = 0.6, 3.0
"""By how much deeper than the body a part is, for each share by which it is broader; beyond which breadth no more."""
_LIES_M = 0.11
"""Below the row to which a trunk covers all, down to the armpits, cloth lies on the body, whose breadth arms are no part of."""
_THINNEST_M = 0.01
"""Half the thickness of anything."""


def sculpt(
    outline: Outline,
    plane: Plane,
    front: NDArray[np.float32],
    back: NDArray[np.float32],
    *,
    ease_m: float,
    covers_to: int = 0,
    free_from: int | None = None,
    swells: bool = True,
    within: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Vertices (metres) and faces of a part with the outline's silhouette.

    From row `free_from` on it hangs free. `within`: greatest and least z on the plane. Above row `covers_to` it holds all of the body that lies within the outline, however flat it is there.
    `front`, `back`: z of the body's regions on the plane, NaN off them. The part stands off the body by `ease_m` and
    (if it `swells`) grows deeper where it is broader than the body. A point is inside where u^3 + v^2 < 1 (fuller than an ellipse, as cloth is), with u the nearness to the
    outline (1 on it, 0 from a rounding radius inwards) and v the depth relative to the part's half thickness.
    """
    ease, ease_behind = (
        np.float32(ease_m) + np.float32(_TUCK_M - ease_m) * hidden for hidden in _hidden(outline)
    )
    falls = outline.bottom is not None
    centre, half = _thickness(
        outline.mask,
        front,
        back,
        (ease, ease_behind),
        falls=falls,
        free_from=free_from,
        swells=swells,
        lies_to=covers_to + round(_LIES_M / CELL_M) if covers_to else 0,
    )
    if within is not None:
        near, far = np.minimum(centre + half, within[0]), np.maximum(centre - half, within[1])
        centre, half = (near + far) / 2, np.maximum((near - far) / 2, _THINNEST_M)
    inward = _inward(outline.mask)
    rows, columns = np.nonzero(ndimage.binary_dilation(outline.mask, iterations=3))
    window = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    row = np.arange(rows.min(), rows.max(), _STEP)
    column = np.arange(columns.min(), columns.max(), _STEP)
    at = np.stack(np.meshgrid(row - rows.min(), column - columns.min(), indexing="ij"))
    radius = np.minimum(half, _row_peak(inward))
    u, c, h = (
        ndimage.map_coordinates(field[window], at, order=1, mode="nearest")
        for field in (1 - np.minimum(inward / np.maximum(radius, 1e-3), 1.0), centre, half)
    )
    z = np.arange((c - h).min() - 0.02, (c + h).max() + 0.02, _STEP * CELL_M)
    v = (z[None, None] - c[..., None]) / h[..., None]
    field = 1.0 - np.sqrt(u[..., None] ** _FULLNESS + v**2)
    if covers_to:
        on_body = outline.mask & np.isfinite(front) & np.isfinite(back)
        on_body[covers_to:] = False
        near, far, there = (
            ndimage.map_coordinates(side[window], at, order=1, mode="nearest")[..., None]
            for side in (
                np.where(on_body, front + ease, centre),
                np.where(on_body, back - ease_behind, centre),
                on_body.astype(np.float32),
            )
        )
        shell = np.minimum(near - z[None, None], z[None, None] - far) / _SHELL_M
        field = np.where(there > 0.99, np.maximum(field, np.minimum(shell, 1.0)), field)
    lower = np.zeros(len(outline.mask[0])) if outline.lower_behind is None else outline.lower_behind
    lower = np.interp(column, np.arange(len(lower)), lower)[:, None] * np.clip(-v / _BEHIND, 0, 1)
    if outline.bottom is not None:
        bottom = np.interp(column, np.arange(len(outline.bottom)), outline.bottom)
        hem = (
            np.clip(np.round((bottom - row[0]) / _STEP).astype(int), 0, len(row) - 1),
            np.arange(len(column)),
        )
        edge = c[hem] + h[hem] * np.sqrt(1 - np.minimum(u[hem], 1) ** _FULLNESS)
        bottom = plane.row_behind(bottom, edge, c[hem])
        field = np.minimum(field, (bottom[:, None] + lower - row[:, None, None]) * CELL_M / 0.03)
    if outline.begins is not None:
        begins = np.interp(column, np.arange(len(outline.begins)), outline.begins)
        field = np.minimum(field, (row[:, None, None] - begins[:, None] - lower) * CELL_M / 0.03)
    verts, faces = _isosurface(np.pad(field, 1, constant_values=-1.0).astype(np.float32))
    verts = verts - 1.0
    cells = [row[0], column[0]] + verts[:, :2] * _STEP
    along = row_depth(rows, centre[rows, columns], cells[:, 0])
    xy = plane.seen_at(plane.points(cells), along)
    placed = np.concatenate([xy, z[0] + verts[:, 2:] * _STEP * CELL_M], -1).astype(np.float32)
    return relax(placed, faces, rounds=10), faces


def _hidden(outline: Outline) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far front and back lie under something else."""
    front = outline.hidden
    if front is None:
        front = np.zeros(outline.mask.shape, np.float32)
    return front, front if outline.hidden_behind is None else outline.hidden_behind


def dress_weights(
    verts: NDArray[np.float32],
    faces: NDArray[np.int32],
    *,
    body_verts: NDArray[np.float32],
    body_weights: NDArray[np.float32],
    smoothing: int,
) -> NDArray[np.float32]:
    """Weights (verts 55) of a surface from the body vertices (n 3, n 55) near it, smoothed along the surface."""
    distance, index = KDTree(body_verts).query(verts, k=12, workers=1)
    near = np.exp(-0.5 * (distance / (distance[:, :1] + 0.01)) ** 2)
    near /= near.sum(1, keepdims=True)
    weights = np.einsum("vk,vkj->vj", near, body_weights[index])
    weights = averaged(weights, faces, smoothing)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def unpose(
    verts: NDArray[np.float32], faces: NDArray[np.int32], weights: NDArray[np.float32], pose: Pose
) -> Skin:
    """The surface, standing as in `pose` (one frame), brought into the zero pose."""
    return unposed(skin_of(verts, faces, weights, influences=6), pose)


def _thickness(
    mask: NDArray[np.bool_],
    front: NDArray[np.float32],
    back: NDArray[np.float32],
    ease_m: tuple[NDArray[np.float32], NDArray[np.float32]],
    *,
    falls: bool,
    free_from: int | None,
    swells: bool,
    lies_to: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centre and half thickness (metres) at every grid point; down to row `lies_to` no deeper than the body."""
    body = np.isfinite(front) & np.isfinite(back)
    rows, columns = nearest(core(body), (3.0, 1.0))
    near, far = front[rows, columns], back[rows, columns]
    near, far = (ndimage.gaussian_filter(side, 0.02 / CELL_M) for side in (near, far))
    own = np.maximum(body.sum(1), 1)
    broader = np.where(mask.any(1) & body.any(1), mask.sum(1) / own, 1.0)
    broader[:lies_to] = 1.0
    if falls:
        steep = _FALL + _CLINGS * np.clip(_LOOSE - broader, 0, None)
        steep[free_from or len(steep) :] = _FREE
        near, far = -fallen(-near, steep), fallen(far, steep)
    smooth = ndimage.gaussian_filter1d(broader, 0.03 / CELL_M)
    slack = 1 + _DEEPENS * swells * np.clip(smooth - 1, 0, _BROADEST - 1)
    half = (near - far) / 2 * slack[:, None] + (ease_m[0] + ease_m[1]) / 2
    centre = (near + far) / 2 + (ease_m[0] - ease_m[1]) / 2
    return centre.astype(np.float32), np.maximum(half, _THINNEST_M).astype(np.float32)


def fallen(far: NDArray[np.floating], steep: NDArray[np.floating]) -> NDArray[np.floating]:
    """The back of cloth or hair that falls from where the body stands out, rather than follow it in again at once.

    `far`: z, NaN where there is none; `steep`: metres that it may draw in per metre, by row.
    """
    falls = far.copy()
    for row in range(1, len(far)):
        falls[row] = np.fmin(far[row], falls[row - 1] + steep[row] * CELL_M)
    return falls


def _inward(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Signed distance to the outline, metres, positive inside, with sub-cell smoothness."""
    soft = ndimage.gaussian_filter(mask.astype(np.float32), 1.0)
    inside = soft > 0.5
    distance = depth(inside) - depth(~inside)
    near = np.abs(distance) < 2
    distance[near] = (soft[near] - 0.5) * np.sqrt(2 * np.pi)
    return (distance * CELL_M).astype(np.float32)


def _row_peak(inward: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half breadth of the part in each row, smoothed along the rows."""
    peak = np.maximum(inward.max(1), 0.01)
    smooth = ndimage.gaussian_filter1d(peak, 0.01 / CELL_M).astype(np.float32)
    return np.broadcast_to(smooth[:, None], inward.shape)


def _isosurface(field: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The zero surface of a field that is positive inside, faces counter-clockwise from outside (rows point down)."""
    field = np.ascontiguousarray(field)
    values: Any = wp.array(
        field, dtype=wp.float32, device="cpu"
    )  # Warp's arrays defy its own types
    verts, faces = (np.array(part.numpy()) for part in IsoSurfaceMarchingCubes.extract(values))
    return verts, faces.reshape(-1, 3)[:, [0, 2, 1]].astype(np.int32)


def relax(
    verts: NDArray[np.float32], faces: NDArray[np.int32], rounds: int = 4, grow: float = 0.53
) -> NDArray[np.float32]:
    """Taubin smoothing (1995): shrinks by 0.5 and grows by `grow`; 0.53 takes voxel steps out and keeps the size."""
    average = averaging(len(verts), faces)
    for _ in range(rounds):
        shrunk = verts + 0.5 * (average @ verts - verts)
        verts = (shrunk - grow * (average @ shrunk - shrunk)).astype(np.float32)
    return verts
