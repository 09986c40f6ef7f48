"""Our own camera file: one camera a frame, exactly."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from reimagine.cameras.captures import Captured, numbers
from reimagine.errors import InputError
from reimagine.records import CameraPath

FORMAT = "reimagine cameras"


def write_camera(path: str | Path, camera: CameraPath) -> None:
    """Write JSON that `read_camera` reads back to the bit.

    x_camera = R x_world + t in metres, pixel = K x_camera, OpenCV axes, pixel centres at +0.5.
    """
    Path(path).write_text(camera_json(camera), encoding="utf-8")


def camera_json(camera: CameraPath) -> str:
    """The text of our camera file; one line a frame."""
    parts = zip(camera.K.tolist(), camera.R.tolist(), camera.t.tolist(), strict=True)
    lines = [json.dumps({"K": K, "R": R, "t": t}) for K, R, t in parts]
    head = {"format": FORMAT, "version": 1, "width": camera.width, "height": camera.height}
    return json.dumps(head)[:-1] + ', "frames": [\n' + ",\n".join(lines) + "\n]}\n"


def read_own(content: dict[str, Any], path: Path) -> Captured:
    """The inverse of `write_camera`."""
    frames = content.get("frames")
    if not isinstance(frames, list) or not all(
        isinstance(f, dict) and {"K", "R", "t"} <= f.keys() for f in frames
    ):
        raise InputError(
            f"{path}: frames are not a list with K, R and t each; write the file again."
        )
    count = len(frames)
    size = [float(numbers(content.get(side), (), path, side)) for side in ("width", "height")]
    return Captured(
        K=np.array([numbers(f["K"], (3, 3), path, "K") for f in frames]).reshape(count, 3, 3),
        R=np.array([numbers(f["R"], (3, 3), path, "R") for f in frames]).reshape(count, 3, 3),
        t=np.array([numbers(f["t"], (3,), path, "t") for f in frames]).reshape(count, 3),
        size=np.broadcast_to(size, (count, 2)).astype(float),
        is_ours=True,
    )
