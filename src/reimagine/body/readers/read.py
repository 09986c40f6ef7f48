"""A motion file of any format that we know, told apart by what it contains, not by its name."""

import zipfile
from pathlib import Path

from reimagine.body.readers.amass import is_amass, read_amass
from reimagine.body.readers.arrays import array_names
from reimagine.body.readers.own import is_own, read_own
from reimagine.body.readers.smplx_parameters import is_smplx_parameters, read_smplx_parameters
from reimagine.records import Motion
from reimagine.request import InputError

FORMATS = "AMASS .npz, SMPL-X parameter .npz, MVHumanNet or EasyMocap JSON, GVHMR .pt, LHM JSON folder, BVH, our .npz"


def read_motion(path: str | Path) -> Motion:
    """The motion in a file or folder.

    Raises InputError, one line, for anything that cannot be read safely and wholly.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(
            f"motion file {path} does not exist; expected a file or a built-in motion's name. Check the path."
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty; expected a motion ({FORMATS}). Copy it again.")
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(b"PK"):
        return _read_npz(path)
    if start.startswith(b"\x80"):
        raise InputError(
            f"{path.name} is a pickle, which can run code and is never loaded; expected {FORMATS}. Convert it where "
            "you trust it: numpy.savez('motion.npz', **{k: numpy.asarray(v) for k, v in data.items()})."
        )
    raise InputError(f"{path.name} is no motion that we know; expected {FORMATS}.")


def _read_npz(path: Path) -> Motion:
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path.name} is a damaged .npz (its end is missing); expected a whole file. Copy it again."
        )
    names = array_names(path)
    for matches, read in (
        (is_own, read_own),
        (is_smplx_parameters, read_smplx_parameters),
        (is_amass, read_amass),
    ):
        if matches(names):
            return read(path)
    raise InputError(
        f"{path.name} holds {', '.join(sorted(names)[:12]) or 'no arrays'}; expected poses and trans (AMASS) or "
        "global_orient and body_pose (SMPL-X parameters). Rename the arrays."
    )
