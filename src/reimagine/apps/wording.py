"""How the command line names a field of the request: as its flag, or as its place in the file of --request."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, cast, get_type_hints

_REFINEMENT = "refinement."
"""A video model's settings share their names with an image model's; their flags begin with --refine-."""


_FLAGS = {"loras": "--lora"}
"""Flags that are not called like their fields."""


def flag_of(field: str) -> str:
    """The flag of a field, whose groups tell nothing: --size for size and clip.size, --refine-steps for refinement.steps."""
    if field.startswith(_REFINEMENT):
        return "--refine-" + _dashed(field.removeprefix(_REFINEMENT))
    name = field.rpartition(".")[2]
    return _FLAGS.get(name, f"--{_dashed(name)}")


def place_of(kind: type[Any], field: str) -> str:
    """Where a field lies in a request file: clip.size for size."""
    ends = [place for place in _places(kind) if f".{place}".endswith(f".{field}")]
    return min(ends, key=len, default=field)


def words_for(kind: type[Any] | None, arguments: list[str]) -> Callable[[str], str]:
    """How these arguments gave a field: as a flag, or in the file of --request where its flag is not among them."""
    given = {_dashed(argument.partition("=")[0]) for argument in arguments}
    if kind is None or "--request" not in given:
        return flag_of

    def word(field: str) -> str:
        flag = flag_of(field)
        return flag if flag in given else place_of(kind, field)

    return word


def _places(kind: type[Any], before: str = "") -> Iterator[str]:
    hints = get_type_hints(kind)
    for field in fields(kind):
        hint = hints[field.name]
        yield before + field.name
        if is_dataclass(hint):
            yield from _places(cast("type[Any]", hint), f"{before}{field.name}.")


def _dashed(name: str) -> str:
    return name.replace("_", "-")
