"""Camera files: what they hold decides how they are read, not what they are called."""

import json
import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float

from reimagine.arrays import read_arrays
from reimagine.cameras.captures import (
    ARRAYS,
    Arrays,
    Captured,
    read_nerfstudio,
    read_npz,
)
from reimagine.cameras.colmap import read_colmap
from reimagine.cameras.filmed import is_lhm, lhm_files, read_filmed, read_lhm_cameras
from reimagine.cameras.keyframes import read_keyframes
from reimagine.cameras.mvhumannet import read_mvhumannet
from reimagine.cameras.own import FORMAT, read_own
from reimagine.cameras.rigs import is_splatting, read_easymocap, read_splatting
from reimagine.errors import InputError
from reimagine.foreign import MOST_TEXT_BYTES, reads
from reimagine.records import CameraPath
from reimagine.tensors import is_torch_file

_MOST_BYTES = 100 << 20
"""Of cameras in an .npz: more than the longest clip needs."""
_COLMAP_FILES = tuple(f"{name}.{end}" for name in ("images", "cameras") for end in ("txt", "bin"))
_KINDS = (
    "cameras.json of a run folder, keyframes JSON, MVHumanNet camera_extrinsics.json, MVHumanNet++ camera.npz, "
    "nerfstudio or NeRF transforms.json, Gaussian splatting cameras.json, a motion with its camera (GVHMR or GEM .pt, "
    "LHM JSON), or a folder with COLMAP's cameras and images (.txt or "
    ".bin) or EasyMocap's intri.yml and extri.yml"
)


@reads("a camera", most_bytes=MOST_TEXT_BYTES)
@np.errstate(all="ignore")  # odd numbers are judged once they are read
def read_camera(
    path: str | Path,
    frames: int,
    width: int,
    height: int,
    camera_name: str | None = None,
    *,
    fps: float | None = None,
    start_s: float = 0.0,
) -> CameraPath:
    """Cameras of a file, for `frames` pictures of `width` x `height` pixels, in the file's own world.

    A file with one camera, and one camera of a rig, stand still; a moving camera gives its first `frames` frames. The
    camera that comes with a motion is taken at the times of the pictures instead: `fps` a second, from `start_s` on.
    Where the file's pictures have another size they are thought of as scaled to the new height, then cropped (or
    widened) evenly left and right, as the official data's pictures were. Our pictures are those of an ideal pinhole:
    how far a lens departs from it is in the path's notes; a fisheye is refused.

    Raises:
        InputError: for a file that is absent, of no known kind, or holds something that is no camera.
    """
    path = Path(path)
    captured = _read(path, frames, width, height)
    check(captured, path)
    chosen = (
        _choose(captured, path, frames, camera_name)
        if captured.fps is None or fps is None or len(captured.R) == 1
        else _timed(captured, path, (round(start_s * fps) + np.arange(frames)) / fps)
    )
    return _resized(chosen, width, height)


def _read(path: Path, frames: int, width: int, height: int) -> Captured:
    folder = path if path.is_dir() else path.parent
    if path.name in ("intri.yml", "extri.yml") or (path.is_dir() and (path / "extri.yml").exists()):
        return read_easymocap(folder)
    if path.is_dir() and (files := lhm_files(path)):
        return read_lhm_cameras([_content(file) for file in files], path)
    if path.is_dir() or path.name in _COLMAP_FILES:
        return read_colmap(folder)
    try:
        content: Any = _content(path)
    except FileNotFoundError:
        raise InputError(f"There is no camera file {path}; check `camera`.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check `camera`.") from None
    except (ValueError, EOFError, MemoryError, RecursionError, zipfile.BadZipFile):
        raise InputError(f"{path} is damaged or no camera file; expected {_KINDS}.") from None
    if isinstance(content, Path):
        return read_filmed(content)
    if isinstance(content, Arrays):
        return read_npz(content.by_name, path)
    return _read_json(content, path, frames, width, height)


def _content(path: Path) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """The parsed JSON, the known arrays of an archive by name, or the path of a file of torch.save."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            file.seek(0)
            return json.load(file)
    if is_torch_file(path):
        return path
    return Arrays(by_name=read_arrays(path, ARRAYS, most_bytes=_MOST_BYTES))


def _read_json(content: Any, path: Path, frames: int, width: int, height: int) -> Captured:  # noqa: ANN401
    if isinstance(content, dict):
        if content.get("format") == FORMAT:
            return read_own(content, path)
        if is_lhm(content):
            return read_lhm_cameras([content], path)
        if "keyframes" in content:
            return read_keyframes(content, path, frames, width, height)
        if "frames" in content:
            return read_nerfstudio(content, path)
        if "intrinsics" in content:
            raise InputError(
                f"{path} holds only intrinsics; give the camera_extrinsics.json beside it."
            )
        if content and all(isinstance(v, dict) and "rotation" in v for v in content.values()):
            return read_mvhumannet(content, path)
    if is_splatting(content):
        return read_splatting(cast("list[dict[str, Any]]", content), path)
    raise InputError(f"{path} holds no cameras that we know; expected {_KINDS}.")


def check(captured: Captured, path: Path) -> None:
    """Refuse what is no pinhole camera.

    Raises:
        InputError: naming the first camera that is none, and why.
    """
    if not len(captured.R):
        raise InputError(f"{path} holds no camera; expected at least one.")
    _refuse(captured, path, ~_finite(captured), "a number that is not finite", "real numbers")
    _refuse(
        captured,
        path,
        captured.size.min(-1) < 1,
        "a picture without a size",
        "width and height in pixels",
    )
    focal = np.stack([captured.K[:, 0, 0], captured.K[:, 1, 1]], -1)
    _refuse(
        captured, path, focal.min(-1) <= 0, "a focal length that is not above 0", "pixels above 0"
    )
    last = np.abs(captured.K[:, 2] - [0.0, 0.0, 1.0]).max(-1) > 1e-6
    _refuse(captured, path, last, "intrinsics whose last row is not 0 0 1", "a pinhole's")
    gram = captured.R @ captured.R.transpose(0, 2, 1)
    off = np.abs(gram - np.eye(3)).max((1, 2)) > 2e-3
    _refuse(
        captured,
        path,
        off,
        "a rotation that is none (its rows are not at right angles and of length 1)",
        "one",
    )
    mirrored = np.linalg.det(captured.R) < 0
    _refuse(captured, path, mirrored, "a mirrored rotation (determinant -1)", "a right-handed one")


def _finite(captured: Captured) -> Float[np.ndarray, " cameras"]:
    parts = (captured.K, captured.R, captured.t, captured.size)
    return np.all([np.isfinite(part.reshape(len(part), -1)).all(-1) for part in parts], axis=0)


def _refuse(captured: Captured, path: Path, wrong: np.ndarray, got: str, expected: str) -> None:
    if wrong.any():
        index = int(wrong.argmax())
        name = captured.names[index] if captured.names else f"number {index}"
        raise InputError(
            f"{path}: camera {name} has {got}; expected {expected}. Mend or remove it."
        )


def _choose(captured: Captured, path: Path, frames: int, name: str | None) -> Captured:
    """One camera for all frames, or one for each."""
    held = len(captured.R)
    if name is not None:
        if name not in captured.names:
            known = ", ".join(captured.names[:4]) + (", ..." if held > 4 else "")
            hint = (
                f"expected one of {known}"
                if known
                else "its cameras have no names: leave out `camera_name`"
            )
            raise InputError(f"{path} has no camera {name!r}; {hint}.")
        return captured.at(np.full(frames, captured.names.index(name)))
    if held == 1:
        return captured.at(np.zeros(frames, dtype=np.int64))
    if captured.is_rig:
        raise InputError(
            f"{path} holds {held} cameras at once; say which: `camera_name` {captured.names[0]}."
        )
    if held < frames:
        raise InputError(
            f"{path} holds {held} cameras for {frames} frames. Give `frames` {held} or less."
        )
    return captured.at(np.arange(frames))


def _timed(captured: Captured, path: Path, times_s: Float[np.ndarray, " frames"]) -> Captured:
    """The cameras at these times, by the file's own rate."""
    assert captured.fps is not None
    times, last = times_s * captured.fps, len(captured.R) - 1
    held = int((times < last + 1e-3).sum())
    if held < len(times):
        raise InputError(
            f"{path} holds {held} cameras from {times_s[0]:g} s on for {len(times)} frames. Give `frames` {held} or less."
        )
    return captured.at_times(times)


def _resized(captured: Captured, width: int, height: int) -> CameraPath:
    scale = height / captured.size[:, 1]
    K = captured.K.copy()
    K[:, :2] *= scale[:, None, None]
    K[:, 0, 2] += (width - scale * captured.size[:, 0]) / 2
    u, _, v = np.linalg.svd(captured.R)
    rounded = np.abs(captured.R - u @ v).max((1, 2), keepdims=True) > 1e-6
    return CameraPath(
        K=torch.from_numpy(K).float(),
        R=torch.from_numpy(np.where(rounded, u @ v, captured.R)).float(),
        t=torch.from_numpy(captured.t).float(),
        width=width,
        height=height,
        world="ours" if captured.is_ours else "captured",
        notes=captured.notes,
    )
