"""Cameras of photographed scenes: COLMAP, nerfstudio and MVHumanNet++."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from reimagine.errors import InputError


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

    def at(self, index: Int[np.ndarray, " chosen"]) -> "Captured":
        """The cameras of these numbers, without names."""
        return Captured(K=self.K[index], R=self.R[index], t=self.t[index], size=self.size[index])


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
    count = len(frames)
    K, R, t, size = (
        np.zeros((count, 3, 3)),
        np.zeros((count, 3, 3)),
        np.zeros((count, 3)),
        np.zeros((count, 2)),
    )
    for i, frame in enumerate(frames):
        matrix = numbers(frame["transform_matrix"], (4, 4), path, f"transform_matrix of frame {i}")
        R[i] = (matrix[:3, :3] * [1.0, -1.0, -1.0]).T
        t[i] = -R[i] @ matrix[:3, 3]
        K[i], size[i] = _nerfstudio_lens({**content, **frame}, path)
    names = tuple(Path(str(frame.get("file_path", i))).name for i, frame in enumerate(frames))
    return Captured(K=K, R=R, t=t, size=size, names=names)


def _nerfstudio_lens(
    values: dict[str, Any], path: Path
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 2"]]:
    def number(key: str) -> float:
        return float(numbers(values.get(key), (), path, key))

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


def read_colmap(folder: Path) -> Captured:
    """COLMAP's text model: `cameras.txt` and `images.txt`, in order of the pictures' names.

    https://colmap.github.io/format.html
    """
    lenses: dict[str, tuple[Float[np.ndarray, "3 3"], list[float]]] = {}
    for line in _lines(folder / "cameras.txt"):
        if line:
            lenses[line[0]] = _colmap_lens(line, folder / "cameras.txt")
    path = folder / "images.txt"
    # Every second line lists the picture's points and may be empty.
    rows = sorted((line for line in _lines(path)[::2] if line), key=lambda line: line[-1])
    if any(len(row) != 10 or row[8] not in lenses for row in rows):
        raise InputError(
            f"{path}: a line is not IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME with a camera of cameras.txt; "
            "export the model again as text."
        )
    poses = (
        numbers([row[1:8] for row in rows], (len(rows), 7), path, "a line's pose")
        if rows
        else np.zeros((0, 7))
    )
    length = np.linalg.norm(poses[:, :4], axis=-1, keepdims=True)
    if (np.abs(length - 1) > 1e-2).any():
        raise InputError(
            f"{path}: a quaternion is not of length 1; export the model again as text."
        )
    count = len(rows)
    R = Rotation.from_quat(poses[:, [1, 2, 3, 0]]).as_matrix() if count else np.zeros((0, 3, 3))
    return Captured(
        K=np.array([lenses[row[8]][0] for row in rows]).reshape(count, 3, 3),
        R=R.reshape(count, 3, 3),
        t=poses[:, 4:],
        size=np.array([lenses[row[8]][1] for row in rows], dtype=float).reshape(count, 2),
        names=tuple(row[9] for row in rows),
    )


def _lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{path} cannot be read; expected COLMAP's cameras.txt and images.txt (colmap model_converter "
            "--output_type TXT makes them)."
        ) from None
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


def _colmap_lens(line: list[str], path: Path) -> tuple[Float[np.ndarray, "3 3"], list[float]]:
    """Pinhole part of a lens; models named *SIMPLE* and the radial ones have one focal length."""
    model = line[1] if len(line) > 1 else ""
    values = numbers(line[2:], (len(line[2:]),), path, f"camera {line[0]}").tolist()
    single = model in ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")
    if not single and model not in ("PINHOLE", "OPENCV"):
        raise InputError(
            f"{path}: camera model {model!r} is none of ours; undistort with colmap image_undistorter."
        )
    needed = 5 if single else 6
    if len(values) < needed:
        raise InputError(
            f"{path}: camera {line[0]} has {len(values)} numbers; {model} needs {needed} or more."
        )
    width, height = values[:2]
    fx, fy, cx, cy = (values[2], values[2], *values[3:5]) if single else values[2:6]
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), [width, height]
