"""How deep the person is, front to back, as a photo from the side shows it: photos from front and back only suggest it."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from reimagine.appearance.fit import Stance
from reimagine.appearance.plane import regions_of
from reimagine.appearance.regions import ARMS
from reimagine.appearance.weights import blended
from reimagine.body.model import JOINTS, joint_positions, pose_skin
from reimagine.cameras.project import project
from reimagine.records import Body, CameraPath, Skin
from reimagine.render.rasterize import rasterize

_FROM_SIDE = 0.94
"""Sine of the angle between the view and the front; less than this is no photo from the side."""
_FURTHEST_M = 0.05
"""What lies further off than this is something else, such as a hand before the hip."""
_SMOOTH_M = 0.015
_CAP_M, _FEET_M = 0.07, 0.12
"""Crown and feet, whose outlines say little about the rest."""


def deepen(body: Body, surface: Skin, stance: Stance, alpha: Float[Tensor, "height width"]) -> Skin:
    """The surface with its front and back moved, row by row, to the silhouette (0..1) of a photo from the side.

    Arms go along with the shoulders. From other sides a photo does not tell depth: the surface stays as it is.
    """
    camera = stance.camera
    towards = float(camera.R[0, 0, 2])
    if abs(towards) < _FROM_SIDE:
        return surface
    verts = pose_skin(surface, stance.pose)
    arm = np.isin(regions_of(surface), ARMS)
    faces = surface.faces.numpy()
    bare = surface.faces[torch.from_numpy(~arm[faces].any(1))]
    xy = project(camera, verts)[0].numpy()
    distance = float((verts[0] @ camera.R[0].T + camera.t[0])[:, 2].median())
    per_m = float(camera.K[0, 0, 0]) / distance
    rows, ends, shifts = _shifts(
        _outline(verts, surface.faces, camera),
        _outline(verts, bare, camera),
        alpha.numpy() > 0.5,
        per_m,
    )
    if len(rows) < 10:
        return surface
    # Where the whole stands, before or behind the joints, no photo tells: it stays.
    middle = float(np.mean(shifts))
    low, high, from_low, from_high = (
        np.interp(xy[:, 1], rows + 0.5, values)
        for values in (*ends, *(shift - middle for shift in shifts))
    )
    share = np.clip((xy[:, 0] - low) / np.maximum(high - low, 1), 0, 1)
    moved = from_low * (1 - share) + from_high * share
    joints = joint_positions(body, stance.pose)
    shoulders = project(camera, joints)[0, [JOINTS.index("left_shoulder")], 1].numpy()
    moved[arm] = sum(float(np.interp(shoulders, rows + 0.5, ends)[0]) for ends in shifts) / 2
    step = np.zeros((len(moved), 3), np.float32)
    step[:, 2] = moved / per_m / towards
    return _moved(surface, stance, torch.from_numpy(step))


def _outline(
    verts: Float[Tensor, "1 verts 3"], faces: Tensor, camera: CameraPath
) -> NDArray[np.bool_]:
    return (rasterize(verts, faces, camera).face[0] >= 0).numpy()


def _shifts(
    whole: NDArray[np.bool_], bare: NDArray[np.bool_], theirs: NDArray[np.bool_], per_m: float
) -> tuple[NDArray[np.intp], list[NDArray[np.floating]], list[NDArray[np.floating]]]:
    """Rows that both have, our ends in them without arms, and how far these lie from the photo's: left and right, pixels.

    Where an arm makes the outline nothing is known, so what is known above and below goes on.
    """
    rows = np.flatnonzero(bare.any(1) & theirs.any(1))
    if len(rows) < 10:
        return rows, [], []
    last = bare.shape[1] - 1
    with_arms, ours, wanted = (
        np.stack([mask[rows].argmax(1), last - mask[rows, ::-1].argmax(1)]).astype(np.float32)
        for mask in (whole, bare, theirs)
    )
    # Above the cap the head is a dome: what is narrower moves less.
    cap = rows[0] + _CAP_M * per_m
    breadth = ours[1] - ours[0]
    dome = np.where(rows > cap, 1.0, breadth / max(1.0, float(np.interp(cap, rows, breadth))))
    shifts: list[NDArray[np.floating]] = []
    for end in range(2):
        off = wanted[end] - ours[end]
        known = np.abs(with_arms[end] - ours[end]) < 2
        known &= np.abs(off) < 1.5 * _FURTHEST_M * per_m
        known &= (rows > cap) & (rows < rows[-1] - _FEET_M * per_m)
        if known.sum() < 10:
            return rows[:0], [], []
        off = np.interp(rows, rows[known], off[known])
        off = ndimage.median_filter(off, size=max(3, round(0.04 * per_m)), mode="nearest")
        off = ndimage.gaussian_filter1d(off, _SMOOTH_M * per_m, mode="nearest")
        shifts.append(dome * np.clip(off, -_FURTHEST_M * per_m, _FURTHEST_M * per_m))
    smooth: list[NDArray[np.floating]] = [
        ndimage.gaussian_filter1d(values, _SMOOTH_M * per_m, mode="nearest") for values in ours
    ]
    return rows, smooth, shifts


def _moved(surface: Skin, stance: Stance, step: Float[Tensor, "verts 3"]) -> Skin:
    """The surface whose vertices, standing as in the photo, are moved by steps (metres, world)."""
    turns = blended(surface, stance.pose)[..., :3]
    return replace(surface, verts=surface.verts + torch.linalg.solve(turns, step))
