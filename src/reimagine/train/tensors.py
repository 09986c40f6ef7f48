"""Tensors into a .safetensors file, with the rights and the errors that every other file has."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from reimagine.runs import UNFINISHED

_NUMBER = re.compile(r"\(os error (\d+)\)")
"""How Rust's standard library ends what the system said."""


def write_tensors(path: Path, tensors: dict[str, Tensor], header: Mapping[str, str]) -> None:
    """Write them, on whatever device they are.

    Args:
        path: The file.
        tensors: By name; none may share its numbers with another.
        header: What the file says of itself. One entry at most: safetensors writes several in any order, and equal
            trainings should make equal files.

    Raises:
        OSError: where the disk is full or the file cannot be written, which safetensors tells as an error of its own.
    """
    path.touch()
    try:
        # safetensors writes into a file of its own first, which stays where it is killed, and lets nobody else read it.
        with TemporaryDirectory(dir=path.parent, suffix=UNFINISHED) as passing:
            made = Path(passing) / path.name
            save_file(tensors, made, dict(header))
            shutil.copymode(path, made)
            made.replace(path)
    except SafetensorError as error:
        number = _NUMBER.search(str(error))
        if number is None:
            raise
        code = int(number[1])
        raise OSError(code, os.strerror(code), str(path)) from error
