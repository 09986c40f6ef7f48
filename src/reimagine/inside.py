"""Files inside a folder that may come from someone else: no path may lead out of it."""

import os
from pathlib import Path

from reimagine.errors import InputError


def inside(folder: Path, name: str) -> Path:
    """`folder / name`, where no part of `name` is a symbolic link; the folder itself may be one, as the user gave it.

    Raises:
        InputError: naming the link.
    """
    path = folder
    for part in Path(name).parts:
        path = path / part
        if part == ".." or path.is_symlink():
            raise _leads_out(path, folder)
    return path


def check_links(folder: Path) -> None:
    """Nothing, where the folder holds no symbolic link at any depth, or is not there.

    Raises:
        InputError: naming the first link.
    """
    for place, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            if os.path.islink(os.path.join(place, name)):  # noqa: PTH114, PTH118 - a run may have 200,000 files
                raise _leads_out(Path(place) / name, folder)


def _leads_out(path: Path, folder: Path) -> InputError:
    return InputError(
        f"{path} is a symbolic link, through which nothing is read or written; expected a file or folder within {folder}. "
        "Put in its place what it points to."
    )
