"""What is learned from: triples of wide reference, normal map and target picture, in a folder."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.errors import InputError
from reimagine.foreign import reads
from reimagine.pictures import over, read_picture

LIST = "pairs.jsonl"
_KINDS = (".png", ".jpg", ".jpeg", ".webp")
_LAYOUT = (
    f"expected {LIST}, or folders with reference.png, normals/ and targets/, or of MVHumanNet++. "
    "See docs/training.md."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Triple:
    """Where the three pictures of one example lie."""

    reference: Path
    """The wide picture, front at the left, back at the right."""
    normals: Path
    """Normal map in the official colours."""
    target: Path
    """What is to be painted; as large as the normal map."""
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures of one example, 0..1."""

    reference: Float[Tensor, "3 reference_height reference_width"]
    normals: Float[Tensor, "3 height width"]
    target: Float[Tensor, "3 height width"]


def check_folder(folder: Path) -> None:
    """Nothing, where there is such a folder; looks no further.

    Raises:
        InputError: otherwise.
    """
    if not folder.is_dir():
        raise InputError(f"`data` {folder} is no folder; {_LAYOUT}")


@reads("triples")
def find_triples(folder: Path, prompt: str) -> tuple[Triple, ...]:
    """The triples of a folder: of its pairs.jsonl, else of its folders, one a person.

    Args:
        folder: Whatever --data says, or what was made of it.
        prompt: For those that have none.

    Raises:
        InputError: where there are none, or a file is named that is not there.
    """
    check_folder(folder)
    listed = folder / LIST
    if listed.is_file():
        triples = _listed(folder, listed, prompt)
    else:
        people = [folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir())]
        triples = [triple for person in people for triple in _of_person(person, prompt)]
    if not triples:
        raise InputError(f"`data` {folder} holds no triples; {_LAYOUT}")
    return tuple(triples)


def read_triple(triple: Triple) -> Pictures:
    """The pictures; what is transparent becomes white.

    Raises:
        InputError: where one cannot be read, or target and normal map are not of one size, in multiples of 16.
    """
    normals, target = _opaque(triple.normals), _opaque(triple.target)
    height, width = target.shape[1:]
    if normals.shape != target.shape:
        raise InputError(
            f"{triple.target} is {width}x{height} pixels, its normal map {triple.normals} "
            f"{normals.shape[2]}x{normals.shape[1]}; expected one size. Scale or crop both alike."
        )
    if width % 16 or height % 16:
        raise InputError(
            f"{triple.target} is {width}x{height} pixels; expected multiples of 16. Crop it and its normal map to "
            f"{width - width % 16}x{height - height % 16}."
        )
    return Pictures(reference=_opaque(triple.reference), normals=normals, target=target)


def fingerprint(triples: tuple[Triple, ...], folder: Path) -> str:
    """The same text for the same files: names within the folder, sizes in bytes, prompts."""
    lines = [
        f"{path.resolve().relative_to(folder.resolve())} {path.stat().st_size}"
        for triple in triples
        for path in (triple.reference, triple.normals, triple.target)
    ]
    text = "\n".join([*lines, *(triple.prompt for triple in triples)])
    return sha256(text.encode()).hexdigest()[:16]


def _opaque(path: Path) -> Float[Tensor, "3 height width"]:
    picture = read_picture(path, least_side=16)
    return over(picture, torch.ones(3, 1, 1)) if picture.shape[0] == 4 else picture


def _listed(folder: Path, listed: Path, prompt: str) -> list[Triple]:
    """The triples of pairs.jsonl: one object a line."""
    triples: list[Triple] = []
    try:
        # Other signs that Python takes for ends of lines may stand in a JSON text.
        lines = listed.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{listed} cannot be read ({error}); expected JSON lines.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{listed} line {number}"
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            raise InputError(
                f'{where} is no JSON object; expected {{"reference": ..., "normals": ..., "target": ...}}.'
            )
        own = entry.get("prompt", prompt)
        if not isinstance(own, str):
            raise InputError(f"{where} has prompt {own!r}; expected a text. Put it in quotes.")
        reference, normals, target = (
            _inside(folder, entry, name, where) for name in ("reference", "normals", "target")
        )
        triples.append(Triple(reference=reference, normals=normals, target=target, prompt=own))
    return triples


def _inside(folder: Path, entry: dict[str, Any], name: str, where: str) -> Path:
    """A file that a list names, which must lie in the list's own folder."""
    said = entry.get(name)
    if not isinstance(said, str) or not said:
        raise InputError(f"{where} has no {name}; expected a picture's path within {folder}.")
    path = folder / said
    try:
        lies_inside, is_there = path.resolve().is_relative_to(folder.resolve()), path.is_file()
    except (OSError, ValueError, RuntimeError):
        # Signs that no file's name has, names that are too long, links in a circle.
        raise InputError(
            f"{where}: {name} {said[:80]!r} is no file's name; expected a picture's path within {folder}."
        ) from None
    if not lies_inside:
        raise InputError(
            f"{where}: {name} {said} lies outside {folder}; expected a path within it. Copy it there."
        )
    if not is_there:
        raise InputError(f"{where}: there is no {name} {path}; check the name.")
    return path


def _of_person(folder: Path, prompt: str) -> list[Triple]:
    """The triples of a person's folder: a target for each normal map, by the same name."""
    maps = _pictures(folder / "normals")
    targets = {path.stem: path for path in _pictures(folder / "targets")}
    if not maps and not targets:
        return []
    reference = next((p for p in _pictures(folder) if p.stem == "reference"), None)
    if reference is None:
        raise InputError(
            f"{folder} has normals or targets, and no reference.png; expected the wide picture of the person, front "
            "at the left, back at the right. Put it there."
        )
    alone = sorted({path.stem for path in maps} ^ targets.keys())
    if alone:
        raise InputError(
            f"{folder}: {alone[0]} is only in one of normals/ and targets/ ({len(alone)} such); expected a pair of "
            "equal names. Add or remove it."
        )
    return [
        Triple(reference=reference, normals=path, target=targets[path.stem], prompt=prompt)
        for path in maps
    ]


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _KINDS)
