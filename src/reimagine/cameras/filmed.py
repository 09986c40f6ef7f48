"""The camera of the video that a person's motion was found in, from the motion's own file.

GVHMR and GEM-SMPL give each frame's body twice, in the world and in the camera's axes: the two say where the camera is. LHM
gives it in the camera's axes alone.
"""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.cameras.captures import Captured, numbers
from reimagine.errors import InputError
from reimagine.foreign import MOST_TEXT_BYTES, in_order
from reimagine.records import MEAN_PELVIS
from reimagine.tensors import FPS, RESULTS, as_arrays, read_results

LHM = frozenset({"focal", "princpt", "img_size_wh"})
"""What a frame of LHM says of its camera."""


def read_filmed(path: Path) -> Captured:
    """The moving camera of GVHMR's hmr4d_results.pt or GEM-SMPL's smpl_params.pt, in the world of its motion, Y up.

    `K_fullimg` is that of the whole picture, whose size is twice the principal point. Raises InputError.
    """
    held = read_results(path)
    groups = next((groups for groups in RESULTS.values() if groups[0] in held), RESULTS["GVHMR"])
    missing = [name for name in (*groups, "K_fullimg") if name not in held]
    if missing:
        raise InputError(
            f"{path.name} lacks {', '.join(missing)}; expected {', '.join(groups)} and K_fullimg, which together say where the "
            "camera is. Give the whole file."
        )
    (world_turn, world), (turn, place) = (_root(path, held, group) for group in groups)
    if len(world) != len(place):
        raise InputError(
            f"{path.name}: {len(world)} frames in the world and {len(place)} in the camera; expected as many. Make it again."
        )
    frames = len(world)
    given = as_arrays(path, {"K_fullimg": held["K_fullimg"]}).get("K_fullimg", np.empty(0))
    given = numbers(given, (3, 3) if given.ndim == 2 else (frames, 3, 3), path, "K_fullimg")
    K = np.broadcast_to(given, (frames, 3, 3))
    camera_from_world = turn * world_turn.inv()
    pelvis = np.asarray(MEAN_PELVIS)
    return Captured(
        K=K,
        R=camera_from_world.as_matrix(),
        t=place + pelvis - camera_from_world.apply(world + pelvis),
        size=np.round(2 * K[:, :2, 2]),
        is_ours=True,
        fps=FPS,
    )


def _root(
    path: Path, held: dict[str, object], group: str
) -> tuple[Rotation, Float[np.ndarray, "frames 3"]]:
    """The body's global orientation and translation in one of the two."""
    params = held[group]
    arrays = as_arrays(path, cast("dict[str, object]", params)) if isinstance(params, dict) else {}
    frames = len(arrays.get("transl", np.empty(0)))
    turn, place = (
        numbers(arrays.get(name), (frames, 3), path, f"{name} of {group}")
        for name in ("global_orient", "transl")
    )
    return Rotation.from_rotvec(turn), place


def is_lhm(content: Any) -> bool:  # noqa: ANN401 - whatever the JSON holds
    """Whether this is a frame of LHM's."""
    return isinstance(content, dict) and content.keys() >= LHM


def lhm_files(folder: Path) -> list[Path]:
    """A folder's JSON files in the order of their numbers, where the first is a frame of LHM's; else none."""
    files = sorted(folder.glob("*.json"), key=lambda file: in_order(file.name))
    if not files or files[0].stat().st_size > MOST_TEXT_BYTES:
        return []
    try:
        first = json.loads(files[0].read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return []
    return files if is_lhm(first) else []


def read_lhm_cameras(frames: list[dict[str, Any]], path: Path) -> Captured:
    """LHM's cameras, one a frame, or one where all are the same, at the origin of the axes that its motion is in; x right, y down, z ahead."""
    count = len(frames)
    focal, middle, size = (
        np.array([numbers(frame.get(key), (2,), path, key) for frame in frames])
        for key in ("focal", "princpt", "img_size_wh")
    )
    K = np.broadcast_to(np.eye(3), (count, 3, 3)).copy()
    K[:, [0, 1], [0, 1]] = focal
    K[:, :2, 2] = middle
    still = np.broadcast_to(np.eye(3), (count, 3, 3))
    cameras = Captured(K=K, R=still, t=np.zeros((count, 3)), size=size, fps=FPS)
    same = bool((K[0] == K).all() and (size == size[0]).all())
    return cameras.at(np.zeros(1, dtype=int)) if same else cameras
