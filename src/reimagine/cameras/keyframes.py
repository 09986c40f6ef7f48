"""Camera paths through a few places, written by hand: keyframe JSON.

    {"fov_y_deg": 28, "target": [0, 0.9, 0], "keyframes": [
      {"azimuth_deg": 0, "radius_m": 4}, {"azimuth_deg": 90, "elevation_deg": 20, "radius_m": 2.5}]}

Each keyframe may have `time` (0 first, 1 last frame; evenly spread by default), `elevation_deg`, `target` and
`fov_y_deg`; azimuth 0 is the front, 90 the person's right. Or each has `world_from_camera` or `camera_from_world`, 4x4,
OpenCV axes.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation, RotationSpline

from reimagine.cameras.captures import Captured, numbers
from reimagine.cameras.path import away, look_rotation, pinhole
from reimagine.errors import InputError

_DEFAULTS = {"elevation_deg": 4.0, "target": [0.0, 0.9, 0.0], "fov_y_deg": 28.0}
_MATRICES = ("world_from_camera", "camera_from_world")


def read_keyframes(
    content: dict[str, Any], path: Path, frames: int, width: int, height: int
) -> Captured:
    """A smooth path through the keyframes that never swings past them."""
    keys = content["keyframes"]
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise InputError(
            f"{path}: keyframes are not a list of places; see reimagine generate --help."
        )
    keys = [{**_DEFAULTS, **content, **key} for key in keys]
    key_times = _times(keys, path)
    times = np.linspace(0, 1, frames) if frames > 1 else np.zeros(1)
    R, t = (_through_matrices if _has_matrix(keys[0]) else _through_angles)(
        keys, path, key_times, times
    )
    fov = _along(key_times, _column(keys, "fov_y_deg", (), path), times)
    if not (fov > 0).all() or not (fov < 170).all():
        raise InputError(f"{path}: fov_y_deg must lie between 0 and 170; correct the file.")
    focal = height / 2 / np.tan(np.radians(fov) / 2)
    K = np.array([pinhole(f, width, height).double().numpy() for f in focal])
    size = np.full((frames, 2), [width, height], dtype=float)
    return Captured(K=K, R=R, t=t, size=size, is_ours=True)


def _through_angles(
    keys: list[dict[str, Any]],
    path: Path,
    key_times: Float[np.ndarray, " keys"],
    times: Float[np.ndarray, " frames"],
) -> tuple[Float[np.ndarray, "frames 3 3"], Float[np.ndarray, "frames 3"]]:
    """Angles, distance and target change smoothly; the camera looks at the target."""
    radius = _along(key_times, _column(keys, "radius_m", (), path), times)
    elevation = _along(key_times, _column(keys, "elevation_deg", (), path), times)
    azimuth = _along(key_times, _column(keys, "azimuth_deg", (), path), times)
    target = _along(key_times, _column(keys, "target", (3,), path), times)
    if not (radius > 0).all() or not (np.abs(elevation) <= 89).all():
        raise InputError(
            f"{path}: radius_m must be above 0, elevation_deg from -89 to 89; correct the file."
        )
    towards = away(torch.from_numpy(np.radians(azimuth)), torch.from_numpy(np.radians(elevation)))
    R = look_rotation(-towards).numpy()
    centre = target + radius[:, None] * towards.numpy()
    return R, -(R @ centre[..., None])[..., 0]


def _through_matrices(
    keys: list[dict[str, Any]],
    path: Path,
    key_times: Float[np.ndarray, " keys"],
    times: Float[np.ndarray, " frames"],
) -> tuple[Float[np.ndarray, "frames 3 3"], Float[np.ndarray, "frames 3"]]:
    """The camera's place changes smoothly, and so does its rotation."""
    if not all(_has_matrix(key) for key in keys):
        raise InputError(
            f"{path}: some keyframes have a matrix and some have none; give all or none."
        )
    poses = [_world_from_camera(key, path) for key in keys]
    place = _along(key_times, np.array([pose[:3, 3] for pose in poses]), times)
    turns = Rotation.from_matrix(np.array([pose[:3, :3] for pose in poses]))
    if len(keys) == 1:
        world_from_camera = np.repeat(turns.as_matrix(), len(times), axis=0)
    else:
        spline = RotationSpline(key_times, turns)
        world_from_camera = spline(np.clip(times, key_times[0], key_times[-1])).as_matrix()
    R = world_from_camera.transpose(0, 2, 1)
    return R, -(R @ place[..., None])[..., 0]


def _world_from_camera(key: dict[str, Any], path: Path) -> Float[np.ndarray, "4 4"]:
    name = next(name for name in _MATRICES if name in key)
    matrix = numbers(key[name], (4, 4), path, name)
    R = matrix[:3, :3]
    if (
        not np.isfinite(matrix).all()
        or np.abs(R @ R.T - np.eye(3)).max() > 2e-3
        or np.linalg.det(R) < 0
    ):
        raise InputError(
            f"{path}: {name} of a keyframe is no rotation and place; correct the file."
        )
    return matrix if name == "world_from_camera" else np.linalg.inv(matrix)


def _has_matrix(key: dict[str, Any]) -> bool:
    return any(name in key for name in _MATRICES)


def _times(keys: list[dict[str, Any]], path: Path) -> Float[np.ndarray, " keys"]:
    given = ["time" in key for key in keys]
    if not any(given):
        return np.linspace(0, 1, len(keys)) if len(keys) > 1 else np.zeros(1)
    times = _column(keys, "time", (), path)
    if not ((np.diff(times) > 0).all() and times[0] >= 0 and times[-1] <= 1):
        raise InputError(f"{path}: times of keyframes must rise from 0 to 1; correct the file.")
    return times


def _column(
    keys: list[dict[str, Any]], name: str, shape: tuple[int, ...], path: Path
) -> Float[np.ndarray, "..."]:
    column = np.array(
        [numbers(key.get(name), shape, path, f"{name} of a keyframe") for key in keys]
    )
    if not np.isfinite(column).all():
        raise InputError(
            f"{path}: {name} of a keyframe is missing or not finite; correct the file."
        )
    return column


def _along(
    key_times: Float[np.ndarray, " keys"],
    values: Float[np.ndarray, "..."],
    times: Float[np.ndarray, " frames"],
) -> Float[np.ndarray, "..."]:
    """Monotone cubic through the keys (Fritsch and Carlson 1980); before the first and after the last it rests."""
    if len(key_times) == 1:
        return np.repeat(values, len(times), axis=0)
    return PchipInterpolator(key_times, values)(np.clip(times, key_times[0], key_times[-1]))
