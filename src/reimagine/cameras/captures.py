"""Cameras of photographed scenes: nerfstudio, NeRF and MVHumanNet++."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from reimagine.cameras.lens import TERMS, lens_note, refuse_lens
from reimagine.errors import InputError
from reimagine.foreign import in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """Cameras as a file has them, for pictures of the file's size; pixel centres at +0.5."""

    K: Float[np.ndarray, "cameras 3 3"]
    """Pixels."""
    R: Float[np.ndarray, "cameras 3 3"]
    """camera_from_world."""
    t: Float[np.ndarray, "cameras 3"]
    """Metres, or the file's own unit where it has no other."""
    size: Float[np.ndarray, "cameras 2"]
    """Width and height in pixels."""
    names: tuple[str, ...] = ()
    """One a camera, or none."""
    is_rig: bool = False
    """True where all cameras look at once, False where they follow one another."""
    is_ours: bool = False
    """True where the file's world is ours, with Y up, however its cameras are held."""
    notes: tuple[str, ...] = ()
    """What had to be guessed or is left out, in the user's words."""
    fps: float | None = None
    """Cameras per second, of a motion's own camera; None where each camera stands for a frame, whatever the rate."""

    def at(self, index: Int[np.ndarray, " chosen"]) -> "Captured":
        """The cameras of these numbers, without names."""
        return replace(
            self, K=self.K[index], R=self.R[index], t=self.t[index], size=self.size[index], names=()
        )

    def at_times(self, times: Float[np.ndarray, " chosen"]) -> "Captured":
        """The cameras between those of the file: rotations by slerp, places linearly. `times` count its cameras."""
        low = np.clip(np.floor(times + 1e-6).astype(int), 0, len(self.R) - 1)
        high = np.minimum(low + 1, len(self.R) - 1)
        share = np.clip(times - low, 0.0, 1.0)[:, None]
        first = Rotation.from_matrix(self.R[low])
        change = (first.inv() * Rotation.from_matrix(self.R[high])).as_rotvec()
        R = (first * Rotation.from_rotvec(change * share)).as_matrix()
        t = self.t[low] * (1 - share) + self.t[high] * share
        return replace(self.at(low), R=R, t=t)


ARRAYS = ("intrinsic", "extrinsic", "width", "height")
"""What we read of an `.npz` file."""

HALF_PIXEL = np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
"""Added to an intrinsic matrix that counts pixel centres from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """What an `.npz` file holds, as opposed to JSON."""

    by_name: dict[str, np.ndarray]
    """Only names of `ARRAYS`."""


def numbers(
    value: object, shape: tuple[int, ...], path: Path, what: str
) -> Float[np.ndarray, "..."]:
    """`value` as numbers in this shape.

    Raises:
        InputError: where it is not.
    """
    if value is None:
        raise InputError(f"{path}: {what} is missing; add it.")
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != shape:
        wanted = " x ".join(str(n) for n in shape) + " numbers" if shape else "a number"
        raise InputError(f"{path}: {what} is not {wanted}; correct the file.")
    return array


def read_npz(arrays: dict[str, np.ndarray], path: Path) -> Captured:
    """MVHumanNet++: `intrinsic` 3x3 and `extrinsic` 3x4 (camera from world, metres), or a stack of them.

    The file does not tell the picture's size: `width` and `height` where it has them, else 1024 x 1024 where the
    principal point is near that picture's middle, else twice the principal point. It counts pixel centres from 0.
    """
    missing = [name for name in ("intrinsic", "extrinsic") if name not in arrays]
    if missing:
        raise InputError(
            f"{path} lacks {' and '.join(missing)}; expected arrays intrinsic and extrinsic."
        )
    extrinsic, intrinsic = np.asarray(arrays["extrinsic"]), np.asarray(arrays["intrinsic"])
    cameras = extrinsic.shape[0] if extrinsic.ndim == 3 else 1
    rows = extrinsic.shape[-2] if extrinsic.ndim > 1 and extrinsic.shape[-2] == 4 else 3
    stacked = (cameras,) if extrinsic.ndim == 3 else ()
    pose = numbers(extrinsic, (*stacked, rows, 4), path, "extrinsic").reshape(cameras, rows, 4)
    shared = intrinsic.ndim == 2
    given = numbers(intrinsic, (3, 3) if shared else (cameras, 3, 3), path, "intrinsic")
    K = np.broadcast_to(given, (cameras, 3, 3)) + HALF_PIXEL
    if "width" in arrays and "height" in arrays:
        size = [float(numbers(arrays[side], (), path, side)) for side in ("width", "height")]
    elif np.abs(K[0, :2, 2] - 512).max() < 64:
        size = [1024.0, 1024.0]
    else:
        size = list(np.round(2 * K[0, :2, 2]))
    return Captured(
        K=K,
        R=pose[:, :3, :3],
        t=pose[:, :3, 3],
        size=np.broadcast_to(size, (cameras, 2)).astype(float),
    )


def read_nerfstudio(content: dict[str, Any], path: Path) -> Captured:
    """`transforms.json`: world_from_camera with OpenGL axes; intrinsics for all, or for each frame.

    https://docs.nerf.studio/quickstart/data_conventions.html
    """
    frames = content["frames"]
    if not isinstance(frames, list) or not all(
        isinstance(f, dict) and "transform_matrix" in f for f in frames
    ):
        raise InputError(
            f"{path}: frames are not a list with a transform_matrix each; correct the file."
        )
    if all("file_path" in frame for frame in frames):
        named = cast("list[dict[str, Any]]", frames)
        frames = sorted(named, key=lambda frame: in_order(str(frame["file_path"])))
    count = len(frames)
    K, R, t, size = (
        np.zeros((count, 3, 3)),
        np.zeros((count, 3, 3)),
        np.zeros((count, 3)),
        np.zeros((count, 2)),
    )
    notes: list[str | None] = []
    for i, frame in enumerate(frames):
        matrix = numbers(frame["transform_matrix"], (4, 4), path, f"transform_matrix of frame {i}")
        R[i] = (matrix[:3, :3] * [1.0, -1.0, -1.0]).T
        t[i] = -R[i] @ matrix[:3, 3]
        values = {**content, **frame}
        if "w" not in values and "h" not in values:
            values |= _square(values, path)
            notes.append(SQUARE_NOTE if not _picture(values, path) else None)
        K[i], size[i] = _nerfstudio_lens(values, path)
        terms = [float(numbers(values.get(k, 0.0), (), path, k)) for k in TERMS]
        notes.append(lens_note(K[i], size[i], tuple(terms)))
    names = tuple(Path(str(frame.get("file_path", i))).name for i, frame in enumerate(frames))
    said = tuple(dict.fromkeys(note for note in notes if note))
    captured = Captured(K=K, R=R, t=t, size=size, names=names, notes=said)
    return _before_transform(captured, content.get("applied_transform"), path)


SQUARE_NOTE = (
    "the camera file has no w and h, as NeRF's synthetic ones; its pictures are taken as square"
)


def _picture(values: dict[str, Any], path: Path) -> Path | None:
    """The frame's picture, where it lies beside the file."""
    name = path.parent / str(values.get("file_path", ""))
    return next(
        (file for file in (name, name.with_name(name.name + ".png")) if file.is_file()), None
    )


def _square(values: dict[str, Any], path: Path) -> dict[str, float]:
    """Width and height: the picture's, or NeRF's synthetic 800 x 800."""
    file = _picture(values, path)
    picture = None if file is None else cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    height, width = (800, 800) if picture is None else picture.shape[:2]
    return {"w": float(width), "h": float(height)}


def _before_transform(captured: Captured, applied: object, path: Path) -> Captured:
    """The cameras in the world of the capture, before nerfstudio turned it (`applied_transform`, world to world)."""
    if applied is None:
        return captured
    rows = np.asarray(applied, dtype=object).shape[:1]
    turn = numbers(applied, (rows[0] if rows else 0, 4), path, "applied_transform")[:3]
    if np.abs(turn[:, :3] @ turn[:, :3].T - np.eye(3)).max() > 1e-3:
        raise InputError(
            f"{path}: applied_transform is no rotation; expected one of nerfstudio's. Take it out to use the cameras as they are."
        )
    return replace(captured, R=captured.R @ turn[:, :3], t=captured.t + captured.R @ turn[:, 3])


def _nerfstudio_lens(
    values: dict[str, Any], path: Path
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 2"]]:
    def number(key: str) -> float:
        return float(numbers(values.get(key), (), path, key))

    model = values.get("camera_model", "OPENCV")
    if model not in ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE") or values.get("is_fisheye"):
        raise refuse_lens(path, model if model != "OPENCV" else "a fisheye")
    width, height = number("w"), number("h")
    if "fl_x" in values:
        fx = number("fl_x")
    elif "camera_angle_x" in values:
        fx = width / 2 / math.tan(number("camera_angle_x") / 2)
    else:
        raise InputError(
            f"{path} has neither fl_x nor camera_angle_x; add fl_x, the focal length in pixels."
        )
    fy = number("fl_y") if "fl_y" in values else fx
    cx = number("cx") if "cx" in values else width / 2
    cy = number("cy") if "cy" in values else height / 2
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), np.array([width, height])
