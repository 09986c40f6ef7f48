"""COLMAP's sparse models, text or binary: https://colmap.github.io/format.html."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.cameras.captures import Captured, numbers
from reimagine.cameras.lens import lens_note, refuse_lens
from reimagine.errors import InputError
from reimagine.foreign import in_order

FOCALS = {"SIMPLE_PINHOLE": 1, "PINHOLE": 2, "SIMPLE_RADIAL": 1, "RADIAL": 1, "OPENCV": 2}
"""Models that a pinhole comes near to, and how many focal lengths they have."""
NUMBERS = {"SIMPLE_PINHOLE": 3, "PINHOLE": 4, "SIMPLE_RADIAL": 4, "RADIAL": 5, "OPENCV": 8}
BINARY_MODELS = (
    *(("SIMPLE_PINHOLE", 3), ("PINHOLE", 4), ("SIMPLE_RADIAL", 4), ("RADIAL", 5), ("OPENCV", 8)),
    *(("OPENCV_FISHEYE", 8), ("FULL_OPENCV", 12), ("FOV", 5), ("SIMPLE_RADIAL_FISHEYE", 4)),
    *(("RADIAL_FISHEYE", 5), ("THIN_PRISM_FISHEYE", 12)),
)
"""Names and counts of parameters by model number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """One line of cameras.txt."""

    model: str
    size: tuple[float, float]
    parameters: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One picture of images.txt."""

    pose: tuple[float, ...]
    """QW QX QY QZ TX TY TZ, camera from world."""
    lens: str
    name: str


def read_colmap(folder: Path) -> Captured:
    """The cameras of a model in the order of the numbers in their pictures' names; text where both are there."""
    binary = not (folder / "images.txt").exists() and (folder / "images.bin").exists()
    if binary:
        lenses, images = _binary_lenses(folder), _binary_images(folder)
    else:
        lenses, images = _text_lenses(folder), _text_images(folder)
    path = folder / ("images.bin" if binary else "images.txt")
    if any(image.lens not in lenses for image in images):
        raise InputError(
            f"{path}: a picture's camera is not in cameras{path.suffix}; export the whole model again."
        )
    images = sorted(images, key=lambda image: in_order(image.name))
    poses = (
        numbers([image.pose for image in images], (len(images), 7), path, "a picture's pose")
        if images
        else np.zeros((0, 7))
    )
    length = np.linalg.norm(poses[:, :4], axis=-1, keepdims=True)
    if (np.abs(length - 1) > 1e-2).any():
        raise InputError(f"{path}: a quaternion is not of length 1; export the model again.")
    count = len(images)
    R = Rotation.from_quat(poses[:, [1, 2, 3, 0]]).as_matrix() if count else np.zeros((0, 3, 3))
    used = [lenses[image.lens] for image in images]
    K = np.array([_matrix(lens) for lens in used]).reshape(count, 3, 3)
    size = np.array([lens.size for lens in used], dtype=float).reshape(count, 2)
    said = [lens_note(k, s, _bend(lens)) for k, s, lens in zip(K, size, used, strict=True)]
    return Captured(
        K=K,
        R=R.reshape(count, 3, 3),
        t=poses[:, 4:],
        size=size,
        names=tuple(image.name for image in images),
        notes=tuple(dict.fromkeys(note for note in said if note)),
    )


def _matrix(lens: Lens) -> Float[np.ndarray, "3 3"]:
    values = lens.parameters
    fx, fy, cx, cy = (values[0], *values[:3]) if FOCALS[lens.model] == 1 else values[:4]
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])


def _bend(lens: Lens) -> tuple[float, ...]:
    """k1 k2 p1 p2."""
    return lens.parameters[FOCALS[lens.model] + 2 : NUMBERS[lens.model]]


def _lens(path: Path, name: str, model: str, size: list[float], parameters: list[float]) -> Lens:
    if model not in FOCALS:
        raise refuse_lens(path, model)
    if len(parameters) < NUMBERS[model] or len(size) < 2:
        raise InputError(
            f"{path}: camera {name} has {len(parameters)} parameters; {model} needs {NUMBERS[model]}. Export the model again."
        )
    return Lens(model=model, size=(size[0], size[1]), parameters=tuple(parameters))


def _text_lenses(folder: Path) -> dict[str, Lens]:
    path = folder / "cameras.txt"
    lenses: dict[str, Lens] = {}
    for line in _lines(path):
        words = line.split()
        if words:
            held = numbers(words[2:], (len(words[2:]),), path, f"camera {words[0]}").tolist()
            model = words[1] if len(words) > 1 else ""
            lenses[words[0]] = _lens(path, words[0], model, held[:2], held[2:])
    return lenses


def _text_images(folder: Path) -> list[Image]:
    path = folder / "images.txt"
    images: list[Image] = []
    # Every second line lists the picture's points and may be empty. Names may hold blanks.
    for line in _lines(path)[::2]:
        words = line.split(maxsplit=9)
        if not words:
            continue
        if len(words) != 10:
            raise InputError(
                f"{path}: a line is not IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME; export the model again as text."
            )
        pose = numbers(words[1:8], (7,), path, f"the pose of {words[9].strip()}").tolist()
        images.append(Image(pose=tuple(pose), lens=words[8], name=words[9].strip()))
    return images


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{path} cannot be read; expected a folder with COLMAP's cameras and images, .txt or .bin. Check `camera`."
        ) from None
    return [line for line in text.splitlines() if not line.startswith("#")]


def _binary_lenses(folder: Path) -> dict[str, Lens]:
    path = folder / "cameras.bin"
    data = _bytes(path)
    lenses: dict[str, Lens] = {}
    at = 8
    for _ in range(_unpack(path, data, "<Q", 0)[0]):
        number, model, width, height = _unpack(path, data, "<iiQQ", at)
        if not 0 <= model < len(BINARY_MODELS):
            raise refuse_lens(path, f"number {model}")
        name, count = BINARY_MODELS[model]
        parameters = _unpack(path, data, f"<{count}d", at + 24)
        lenses[str(number)] = _lens(path, str(number), name, [width, height], list(parameters))
        at += 24 + 8 * count
    return lenses


def _binary_images(folder: Path) -> list[Image]:
    path = folder / "images.bin"
    data = _bytes(path)
    images: list[Image] = []
    at = 8
    for _ in range(_unpack(path, data, "<Q", 0)[0]):
        _, *pose, lens = _unpack(path, data, "<i7di", at)
        end = data.find(b"\0", at + 64)
        points = _unpack(path, data, "<Q", max(end, at + 64) + 1)[0]
        name = data[at + 64 : end].decode("utf-8", "replace")
        images.append(Image(pose=tuple(pose), lens=str(lens), name=name))
        at = end + 9 + 24 * points
    return images


def _bytes(path: Path) -> bytes:
    if not path.exists():
        raise InputError(f"{path} is missing; expected it beside images.bin. Copy the whole model.")
    return path.read_bytes()


def _unpack(path: Path, data: bytes, form: str, at: int) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(form, data, at)
    except struct.error:
        raise InputError(
            f"{path} breaks off after {len(data)} bytes; expected a whole COLMAP model. Copy it again."
        ) from None
