"""Cameras of Gaussian splatting's `cameras.json` and of EasyMocap's `intri.yml` and `extri.yml`."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from reimagine.cameras.captures import HALF_PIXEL, Captured, numbers
from reimagine.cameras.lens import lens_note
from reimagine.errors import InputError
from reimagine.foreign import in_order


def is_splatting(content: Any) -> bool:  # noqa: ANN401 - whatever the JSON holds
    """Whether this is Gaussian splatting's list of training cameras."""
    return isinstance(content, list) and all(
        isinstance(c, dict) and {"position", "rotation", "fx"} <= c.keys() for c in content
    )


def read_splatting(content: list[dict[str, Any]], path: Path) -> Captured:
    """world_from_camera with OpenCV axes, the principal point in the middle; in the order of the pictures' names.

    https://github.com/graphdeco-inria/gaussian-splatting, utils/camera_utils.py
    """
    names = [str(camera.get("img_name", i)) for i, camera in enumerate(content)]
    count = len(content)
    K, R, t, size = (
        np.zeros((count, 3, 3)),
        np.zeros((count, 3, 3)),
        np.zeros((count, 3)),
        np.zeros((count, 2)),
    )
    for i, index in enumerate(sorted(range(count), key=lambda n: in_order(names[n]))):
        camera = content[index]

        def held(
            key: str, *shape: int, camera: dict[str, Any] = camera, of: str = names[index]
        ) -> Any:  # noqa: ANN401
            return numbers(camera.get(key), shape, path, f"{key} of {of}")

        size[i] = float(held("width")), float(held("height"))
        fx = float(held("fx"))
        fy = float(held("fy")) if "fy" in camera else fx
        K[i] = [[fx, 0, size[i, 0] / 2], [0, fy, size[i, 1] / 2], [0, 0, 1]]
        R[i] = held("rotation", 3, 3).T
        t[i] = -R[i] @ held("position", 3)
    return Captured(K=K, R=R, t=t, size=size, names=tuple(sorted(names, key=in_order)))


def read_easymocap(folder: Path) -> Captured:
    """EasyMocap's rig: K_name, dist_name, Rot_name or R_name (axis-angle) and T_name (metres), OpenCV axes.

    The files do not tell the picture's size: H_name and W_name where they have them, else twice the principal point.
    """
    intri, extri = (_opened(folder / name) for name in ("intri.yml", "extri.yml"))
    listed = extri.getNode("names")
    names = [listed.at(i).string() for i in range(listed.size())]
    if not names:
        raise InputError(
            f"{folder / 'extri.yml'} lists no names; expected EasyMocap's cameras. Write it again."
        )
    lenses, R, t, size, said = [], [], [], [], []
    for name in names:
        K = _matrix(intri, f"K_{name}", (3, 3), folder / "intri.yml")
        rotation = _mat(extri, f"Rot_{name}")
        if rotation is None:
            vector = _matrix(extri, f"R_{name}", (3, 1), folder / "extri.yml")
            rotation = Rotation.from_rotvec(vector[:, 0]).as_matrix()
        R.append(numbers(rotation, (3, 3), folder / "extri.yml", f"Rot_{name}"))
        t.append(_matrix(extri, f"T_{name}", (3, 1), folder / "extri.yml")[:, 0])
        sides = [intri.getNode(f"{side}_{name}").real() for side in "WH"]
        size.append(sides if min(sides) > 0 else np.round(2 * K[:2, 2] + 1).tolist())
        lenses.append(K + HALF_PIXEL)
        bend = _mat(intri, f"dist_{name}")
        if bend is not None:
            said.append(lens_note(lenses[-1], np.array(size[-1]), tuple(bend.ravel()[:5])))
    return Captured(
        K=np.array(lenses),
        R=np.array(R),
        t=np.array(t),
        size=np.array(size, dtype=float),
        names=tuple(names),
        is_rig=True,
        notes=tuple(dict.fromkeys(note for note in said if note)),
    )


def _opened(path: Path) -> cv2.FileStorage:
    try:
        storage = cv2.FileStorage(str(path), cv2.FileStorage_READ)
    except cv2.error:
        storage = None
    if storage is None or not storage.isOpened():
        raise InputError(
            f"{path} cannot be read; expected EasyMocap's intri.yml and extri.yml. Copy both."
        )
    return storage


def _matrix(storage: cv2.FileStorage, key: str, shape: tuple[int, int], path: Path) -> np.ndarray:
    held = _mat(storage, key)
    flat = None if held is None else held.reshape(-1)
    return numbers(flat, (shape[0] * shape[1],), path, key).reshape(shape)


def _mat(storage: cv2.FileStorage, key: str) -> np.ndarray | None:
    node = storage.getNode(key)
    return np.asarray(node.mat()) if node.isMap() else None
