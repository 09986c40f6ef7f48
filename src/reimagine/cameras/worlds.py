"""Cameras brought into a world with Y up, where a file's world has another."""

from dataclasses import replace

import torch

from reimagine.records import CameraPath

UPS = ("y", "z", "-y", "-z", "x", "-x")
"""What `camera_up` may say."""
CLEAR = 0.8
"""Mean upward part of cameras that are held upright."""
# Rows are X, Y and Z of our world in the file's. A person who faces +Z with Y up faces -Y with Z up, as in Blender, and
# towards a camera that looks along +Z with Y down, as in COLMAP.
_OURS_FROM = {
    "y": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "z": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "-y": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "-z": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "x": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    "-x": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
}


def camera_up(camera: CameraPath) -> str | None:
    """The axis that is up in the pictures, as cameras are held; None where they are too tilted to tell."""
    upwards = (-camera.R[:, 1].mean(0)).tolist()
    axis = max(range(3), key=lambda k: abs(upwards[k]))
    if abs(upwards[axis]) < CLEAR:
        return None
    return ("-" if upwards[axis] < 0 else "") + "xyz"[axis]


def with_y_up(camera: CameraPath, up: str | None) -> CameraPath:
    """The cameras in a world with Y up; `up` is the file's, None where it is to be found from how cameras are held.

    What was found is said in the notes, unless it is Y.
    """
    found = up or camera_up(camera)
    if found is None:
        note = (
            "which way is up in the camera file is not clear from its cameras; taken as Y. If the person lies, give "
            "`camera_up` z"
        )
        return replace(camera, notes=(*camera.notes, note))
    if found == "y":
        return camera
    R = camera.R @ torch.tensor(_OURS_FROM[found], dtype=camera.R.dtype).T
    note = f"{found.upper()} is up in the camera file; turned to Y up, as the motion. If that is wrong, give `camera_up` y"
    notes = camera.notes if up else (*camera.notes, note)
    return replace(camera, R=R, notes=notes)
