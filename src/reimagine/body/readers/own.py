"""Our own .npz: the fields of `records.Motion`, loss-free."""

from pathlib import Path

import numpy as np

from reimagine.arrays import read_arrays
from reimagine.body.readers.checked import checked_motion, frame_rate, shaped
from reimagine.errors import InputError
from reimagine.records import Motion

NUMBERS = ("poses", "transl", "fps", "betas")
WORDS = ("turns_about", "up", "source")


def is_own(names: list[str]) -> bool:
    """Whether an .npz with these arrays was written by `body.write.write_motion`."""
    return "reimagine_motion" in names


def read_own(path: Path) -> Motion:
    """The motion as it was written. Raises InputError where a field is missing or of the wrong shape."""
    arrays = read_arrays(path, [*NUMBERS, *WORDS, "reimagine_motion", "notes"])
    missing = [name for name in (*NUMBERS, *WORDS) if name not in arrays]
    if missing:
        raise InputError(
            f"{path.name} lacks {', '.join(missing)}; expected all of {', '.join((*NUMBERS, *WORDS))}. "
            "Write it again with `reimagine motion convert`."
        )
    turns_about, up = str(arrays["turns_about"]), str(arrays["up"])
    if turns_about not in ("pelvis", "origin") or up not in ("y", "unknown"):
        raise InputError(
            f"{path.name}: turns_about is '{turns_about}' and up is '{up}'; expected pelvis or origin, and y or "
            "unknown. Write it again with `reimagine motion convert`."
        )
    betas = np.asarray(arrays["betas"])
    return checked_motion(
        path,
        poses=shaped(path, "poses", arrays["poses"], -1, 55, 3),
        transl=shaped(path, "transl", arrays["transl"], -1, 3),
        fps=frame_rate(path, arrays["fps"]),
        betas=shaped(path, "betas", betas, -1) if betas.size else np.zeros(0),
        source=str(arrays["source"]),
        turns_about=turns_about,
        up=up,
        notes=tuple(str(note) for note in np.atleast_1d(arrays.get("notes", np.zeros(0, "<U1")))),
    )
