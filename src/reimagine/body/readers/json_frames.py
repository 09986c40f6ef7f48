"""A JSON file, or a folder of them with one frame each, read with limits."""

import json
from collections import Counter
from pathlib import Path
from typing import cast

from reimagine.body.readers.checked import MAX_FRAMES
from reimagine.errors import InputError
from reimagine.foreign import in_order

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
    """The .json files of a folder, or its .npz files, in the order of the numbers in their names.

    Raises InputError when there are none or too many.
    """
    held = [file for file in folder.iterdir() if file.is_file()]
    by_ending = {end: [f for f in held if f.suffix.lower() == end] for end in (".json", ".npz")}
    files = by_ending[".json"] or by_ending[".npz"]
    if not files:
        raise InputError(
            f"the folder {folder.name} has no .json or .npz files; expected one a frame. Give the folder that holds them."
        )
    if len(files) > MAX_FRAMES:
        raise InputError(
            f"the folder {folder.name} has {len(files)} frames; expected at most {MAX_FRAMES}. Split it."
        )
    return sorted(files, key=lambda file: in_order(file.name))


def one_person(files: list[Path], held: list[object], notes: list[str]) -> list[dict[str, object]]:
    """One person's numbers in each frame: the dict itself, or one of a list or of 'annots'.

    Of several people it is the one, told by "id", who is in most frames; where they are missing they keep their pose.
    Raises InputError where there is nobody.
    """
    frames = [_people(file, content) for file, content in zip(files, held, strict=True)]
    if all(len(people) == 1 for people in frames):
        return [people[0] for people in frames]
    most = max(len(people) for people in frames)
    ids = Counter(str(person["id"]) for people in frames for person in people if "id" in person)
    if len(ids) < most:  # nobody is told apart
        notes.append(f"the file holds {most} people; the first is used")
        return [people[0] for people in frames]
    chosen = max(ids, key=lambda number: ids[number])
    notes.append(
        f"the file holds {len(ids)} people; {chosen} is used, who is in {ids[chosen]} of {len(frames)} frames"
    )
    found = [next((p for p in people if str(p.get("id")) == chosen), None) for people in frames]
    last = next(person for person in found if person is not None)
    kept: list[dict[str, object]] = []
    for person in found:
        last = last if person is None else person
        kept.append(last)
    return kept


def _people(path: Path, held: object) -> list[dict[str, object]]:
    """Everybody in a frame."""
    if isinstance(held, dict) and "annots" in held:
        held = held["annots"]
    people = cast("list[object]", held) if isinstance(held, list) else [held]
    named = [
        {str(key): value for key, value in cast("dict[object, object]", person).items()}
        for person in people
        if isinstance(person, dict)
    ]
    if not people or len(named) < len(people):
        raise InputError(
            f"{path.name} holds no person; expected a list with Rh, Th and poses (MVHumanNet, EasyMocap) or "
            "root_pose and body_pose (LHM). Check the file."
        )
    return named
