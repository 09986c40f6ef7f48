"""Arrays out of an .npz, safely: sizes are judged by the headers before anything is unpacked."""

import math
import struct
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np

from reimagine.errors import InputError

MAX_BYTES = 1 << 30
"""No array that a motion needs is larger; a small file that claims more is a mistake or a bomb."""


DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError),
    *(RuntimeError, ValueError, LookupError, OverflowError, SyntaxError, TypeError, TokenError),
)
"""What Python's zip and array readers raise on files that are broken, encrypted or strangely packed."""


def zip_entries(path: Path) -> dict[str, int]:
    """Names of a zip file's entries, and their unpacked sizes in bytes.

    Raises InputError when it is not a whole zip file.
    """
    try:
        with zipfile.ZipFile(path) as folder:
            return {info.filename: info.file_size for info in folder.infolist()}
    except DAMAGE as error:
        raise _damaged(path, error) from None


def array_names(path: Path) -> list[str]:
    """Names of the arrays in an .npz. Raises InputError when it is not a whole zip file."""
    return [name.removesuffix(".npy") for name in zip_entries(path) if name.endswith(".npy")]


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
            return {name: np.asarray(arrays[name]) for name in names}
    except InputError:
        raise
    except DAMAGE as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return InputError(
        f"{path.name} is a damaged .npz or zip file ({reason}); expected a whole one. Save or copy it again."
    )


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
