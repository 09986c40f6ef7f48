"""MVHumanNet's rig: camera_extrinsics.json, with camera_intrinsics.json and camera_scale.pkl beside it."""

import json
import pickletools
from pathlib import Path
from typing import Any

import numpy as np

from reimagine.cameras.captures import HALF_PIXEL, Captured, numbers
from reimagine.errors import InputError

_HARMLESS = frozenset({"PROTO", "FRAME", "MEMOIZE", "STOP"})
_NUMBERS = frozenset({"FLOAT", "BINFLOAT", "INT", "BININT", "BININT1", "BININT2"})


def read_mvhumannet(content: dict[str, Any], path: Path) -> Captured:
    """All 48 cameras; metres.

    The file's translations are millimetres once multiplied by the scale. Intrinsics count pixel centres from 0 and
    have the principal point in the picture's middle, from which the picture's size follows.
    """
    intrinsics = _sibling(path, "intrinsics", ".json")
    K_all = _intrinsics(intrinsics) if intrinsics.exists() else None
    scale = read_scale(_sibling(path, "scale", ".pkl"))
    lenses, R, t = [], [], []
    for name, camera in content.items():
        R.append(numbers(camera["rotation"], (3, 3), path, f"rotation of {name}"))
        t.append(
            numbers(camera.get("translation"), (3,), path, f"translation of {name}") * scale / 1000
        )
        if K_all is None:
            focal = numbers(camera.get("focal_length"), (2,), path, f"focal_length of {name}")
            middle = numbers(camera.get("image_center"), (2,), path, f"image_center of {name}")
            lenses.append([[focal[0], 0, middle[0]], [0, focal[1], middle[1]], [0, 0, 1]])
        else:
            lenses.append(K_all)
    K = np.array(lenses) + HALF_PIXEL
    return Captured(
        K=K,
        R=np.array(R),
        t=np.array(t),
        size=np.round(2 * K[:, :2, 2]),
        names=tuple(content),
        is_rig=True,
    )


def read_scale(path: Path) -> float:
    """The number in a pickle that holds one number and nothing else. Nothing in the file is ever run.

    Raises:
        InputError: where the file is absent or holds anything else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(257)
    except OSError:
        raise InputError(
            f"{path} is missing; put MVHumanNet's camera_scale.pkl beside the extrinsics."
        ) from None
    try:
        operations = [(code.name, value) for code, value, _ in pickletools.genops(content)]
    except ValueError:
        operations = []
    found = [float(value or 0) for name, value in operations if name in _NUMBERS]
    harmless = all(name in _HARMLESS | _NUMBERS for name, _ in operations)
    if len(content) > 256 or len(found) != 1 or not harmless or not 0 < found[0] < 1e6:
        raise InputError(
            f"{path} is not a pickle of one number above 0; write it again with pickle.dump(float(scale))."
        )
    return found[0]


def _sibling(path: Path, what: str, suffix: str) -> Path:
    """The file of the same name with another word for "extrinsics"."""
    stem = path.stem.replace("extrinsics", what) if "extrinsics" in path.stem else f"camera_{what}"
    return path.with_name(stem + suffix)


def _intrinsics(path: Path) -> np.ndarray:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise InputError(
            f"{path} is damaged; expected MVHumanNet's camera_intrinsics.json."
        ) from None
    held = content.get("intrinsics") if isinstance(content, dict) else None
    return numbers(held, (3, 3), path, "intrinsics")
