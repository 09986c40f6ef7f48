"""Arrays out of an .npz, safely: sizes are judged by the headers before anything is unpacked."""

import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError

import numpy as np

from reimagine.errors import InputError

MAX_BYTES = 300 << 20
"""Of all arrays that are read from a file, as 64-bit numbers: more than the longest motion and SMPL-X itself need."""
_HARMLESS_BYTES, _DENSEST = 64 << 20, 200
"""A larger array that packs better than so many to one holds nothing, and is there to fill the memory."""

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
        raise _damaged(path, error) from error


def array_names(path: Path) -> list[str]:
    """Names of the arrays in an .npz. Raises InputError when it is not a whole zip file."""
    return [name.removesuffix(".npy") for name in zip_entries(path) if name.endswith(".npy")]


def read_arrays(
    path: Path, names: Sequence[str], *, most_bytes: int = MAX_BYTES
) -> dict[str, np.ndarray]:
    """Those of the named arrays that the .npz has.

    Raises InputError for arrays of Python objects (they would have to be unpickled), for arrays that take more than
    `most_bytes` together, reckoned as 64-bit numbers, and for damaged files.
    """
    try:
        with zipfile.ZipFile(path) as folder:
            held = {info.filename: info for info in folder.infolist()}
            names = [name for name in names if f"{name}.npy" in held]
            total = sum(_claimed_bytes(folder, path, held[f"{name}.npy"]) for name in names)
        if total > most_bytes:
            raise InputError(
                f"{path.name} claims arrays of {total >> 20} MB ({', '.join(names)}); expected at most "
                f"{most_bytes >> 20} MB. Cut the file into parts."
            )
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in names}
    except InputError:
        raise
    except DAMAGE as error:
        raise _damaged(path, error) from error


def check_unpacked(path: Path) -> None:
    """Nothing, where a zip file's entries take no more memory than the file is long, as torch.save writes them.

    Raises InputError otherwise.
    """
    try:
        with zipfile.ZipFile(path) as folder:
            entries = folder.infolist()
    except DAMAGE as error:
        raise _damaged(path, error) from error
    packed = any(info.compress_type != zipfile.ZIP_STORED for info in entries)
    if packed or sum(info.file_size for info in entries) > path.stat().st_size:
        raise InputError(
            f"{path.name} unpacks to more than it is long; expected a file as torch.save writes it. Save it again."
        )


def _damaged(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return InputError(
        f"{path.name} is a damaged .npz or zip file ({reason}); expected a whole one. Save or copy it again."
    )


def _claimed_bytes(folder: zipfile.ZipFile, path: Path, info: zipfile.ZipInfo) -> int:
    """What an array would take as 64-bit numbers, by its header, which agrees with how much there is of it."""
    name = info.filename.removesuffix(".npy")
    with folder.open(info) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(file)
        rest = info.file_size - file.tell()
    if dtype.hasobject:
        raise InputError(
            f"{path.name}: '{name}' holds Python objects (a pickle), which we never load; expected plain "
            f"numbers. Save it as numpy.asarray({name}, dtype=float)."
        )
    count = math.prod(shape)
    if count < 0 or count * dtype.itemsize != rest:
        raise InputError(
            f"{path.name}: '{name}' claims the shape {shape} and holds {rest} bytes; expected a whole array. "
            "Save or copy it again."
        )
    if rest > max(_HARMLESS_BYTES, _DENSEST * info.compress_size):
        raise InputError(
            f"{path.name}: '{name}' unpacks from {info.compress_size} bytes to {rest >> 20} MB; expected an array "
            "that holds something. Save it again."
        )
    return count * max(8, dtype.itemsize)
