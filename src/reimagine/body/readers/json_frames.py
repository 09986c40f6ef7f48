"""A JSON file, or a folder of them with one frame each, read with limits."""

import json
import re
from pathlib import Path

from reimagine.body.readers.checked import MAX_FRAMES
from reimagine.errors import InputError

MAX_FILE_BYTES = 200 << 20


def read_json(path: Path) -> object:
    """What the file holds.

    Raises InputError for text that is not JSON and for files over 200 MB.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(
            f"{path.name} is over 200 MB; expected a motion as JSON. Cut it into parts."
        )
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"{path.name} is not whole JSON{where}; expected one. Copy it again."
        ) from None


def frame_files(folder: Path) -> list[Path]:
    """The .json files of a folder in the order of the numbers in their names.

    Raises InputError when there are none or too many.
    """
    files = [file for file in folder.iterdir() if file.suffix.lower() == ".json" and file.is_file()]
    if not files:
        raise InputError(
            f"the folder {folder.name} has no .json files; expected one a frame. Give the folder that holds them."
        )
    if len(files) > MAX_FRAMES:
        raise InputError(
            f"the folder {folder.name} has {len(files)} frames; expected at most {MAX_FRAMES}. Split it."
        )
    return sorted(files, key=_number)


def _number(file: Path) -> tuple[int, str]:
    digits = re.findall(r"\d+", file.stem)
    return int(digits[-1][:18]) if digits else 0, file.name


def first_dict(path: Path, held: object, notes: list[str]) -> dict[str, object]:
    """The one person's numbers: the dict itself, or the first of a list or of 'annots'.

    Raises InputError when there is none.
    """
    if isinstance(held, dict) and "annots" in held:
        held = held["annots"]
    if isinstance(held, list):
        if len(held) > 1 and not notes:
            notes.append(f"the file holds {len(held)} people; the first is used")
        held = held[0] if held else None
    if not isinstance(held, dict):
        raise InputError(
            f"{path.name} holds no person; expected a list with Rh, Th and poses (MVHumanNet, EasyMocap) or "
            "root_pose and body_pose (LHM). Check the file."
        )
    return {str(key): value for key, value in held.items()}
