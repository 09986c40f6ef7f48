"""Arrays out of an .npz, safely: sizes are judged by the headers before anything is unpacked."""

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from reimagine.request import InputError

MAX_BYTES = 1 << 30
"""No array that a motion needs is larger; a small file that claims more is a mistake or a bomb."""


def array_names(path: Path) -> list[str]:
    """Names of the arrays in an .npz.

    Raises InputError when it is not a whole zip file.
    """
    try:
        with zipfile.ZipFile(path) as folder:
            return [
                name.removesuffix(".npy") for name in folder.namelist() if name.endswith(".npy")
            ]
    except zipfile.BadZipFile:
        raise InputError(
            f"{path.name} is a damaged .npz (its end is missing); expected a whole file. Copy it again."
        ) from None


def read_arrays(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Those of the named arrays that the .npz has.

    Raises InputError for arrays of Python objects (they would have to be unpickled), for sizes over MAX_BYTES
    and for damaged files.
    """
    try:
        with zipfile.ZipFile(path) as folder:
            held = set(folder.namelist())
            names = [name for name in names if f"{name}.npy" in held]
            for name in names:
                _check_header(folder, path, name)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path.name} cannot be read as .npz ({_one_line(error)}); expected arrays as numpy.savez "
            "writes them. Save or copy it again."
        ) from None


def _check_header(folder: zipfile.ZipFile, path: Path, name: str) -> None:
    with folder.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise InputError(
            f"{path.name}: '{name}' holds Python objects (a pickle), which we never load; expected plain "
            f"numbers. Save it as numpy.asarray({name}, dtype=float)."
        )
    if math.prod(shape) * dtype.itemsize > MAX_BYTES:
        raise InputError(
            f"{path.name}: '{name}' claims the shape {shape}, over 1 GiB; expected a motion of at most "
            "200000 frames. Cut the file into parts."
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
