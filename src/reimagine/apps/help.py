"""A command's help, from its request's own fields: what most need in one screen or two, the rest when asked for."""

import ast
import inspect
import shutil
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from itertools import pairwise
from textwrap import fill
from typing import Any, cast, get_args, get_origin, get_type_hints

from reimagine.request import Request
from reimagine.settings import ImageModel, Photos, Refinement, Shape

ASKS = ("--help", "-h", "--help-all")
EXAMPLES = {
    "generate": "--front front.jpg --back back.jpg --motion walk --camera orbit --out runs/first",
    "normals": "--motion dance --camera arc --out runs/normals",
    "person": "--front front.jpg --back back.jpg --out people/ann",
    "refine": "--run runs/first --background black",
    "score": "--run runs/first",
    "study": "runs/a runs/b --out study.html",
    "train lora": "--data people --base weights --out lora/mine",
}
"""What may stand behind each command."""
_MODELS = (ImageModel, Refinement)
"""Parts of a request that only models with weights listen to: told by --help-all."""
_PATHS = {
    *(
        "front",
        "back",
        "reference",
        "front_mask",
        "back_mask",
        "front_parts",
        "back_parts",
        "photo",
    ),
    *("overlay", "body_model", "bone_map"),
    *("out", "run", "from_video", "frames_dir", "against", "conditions", "truth", "real"),
    *("weights", "refine_weights", "controlnet", "data", "base", "start"),
    *("fid_weights", "lpips_weights", "identity_weights", "fvd_weights"),
}
"""Flags whose value is a file or folder."""
_WIDEST = 100
_COLUMN = 26
"""Where the words about a flag begin."""


def help_text(kind: type[Any], command: str, about: str = "", *, everything: bool = False) -> str:
    """What `reimagine COMMAND --help` prints, or --help-all for `everything`.

    Args:
        kind: The request, a dataclass whose fields have their words in the line below.
        command: Its name.
        about: Told at the end.
        everything: With the flags that only models with weights listen to.
    """
    width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
    groups = list(_groups(kind))
    shown = [group for group in groups if everything or group not in _MODELS]
    parts = [
        f"usage: reimagine {command} {EXAMPLES.get(command, '[flags]')}",
        fill(" ".join((inspect.getdoc(kind) or "").split()), width),
    ]
    for group in shown:
        heading = inspect.getdoc(group) if group is not kind else "What is made, and where it goes"
        flags = [*_flags(group)]
        if kind is Request and group is Photos:
            flags += [flag for flag in _flags(Shape) if flag[0].name == "gender"]
        entries = [_entry(field, hint, says, width) for field, hint, says in flags]
        if len(shown) > 1:
            entries.insert(0, fill(f"{' '.join((heading or '').split()).rstrip('.')}:", width))
        parts.append("\n".join(entries))
    hidden = sum(len(list(_flags(group))) for group in groups if group not in shown)
    if hidden:
        parts.append(
            f"{hidden} more flags are for models with weights: reimagine {command} --help-all"
        )
    return "\n\n".join(part for part in [*parts, about] if part)


def _groups(kind: type[Any]) -> Iterator[type[Any]]:
    """Photos first, then motion and camera, then the request's own flags, then those of models."""
    parts = list(_parts(kind))
    if kind is Request:
        # Photos decide the shape; its flags are refused, but for gender, which is told with the photos.
        parts.remove(Shape)
    yield from (part for part in parts if part not in _MODELS)
    yield kind
    yield from (part for part in parts if part in _MODELS)


def _parts(kind: type[Any]) -> Iterator[type[Any]]:
    """Dataclasses within, each before those within it."""
    for hint in get_type_hints(kind).values():
        if is_dataclass(hint):
            part = cast("type[Any]", hint)
            yield part
            yield from _parts(part)


def _flags(kind: type[Any]) -> Iterator[tuple[Field[Any], Any, str]]:
    """A dataclass's own fields, each with its type and the words below it."""
    says = _words_of(kind)
    hints = get_type_hints(kind)
    for field in fields(kind):
        if not is_dataclass(hints[field.name]):
            yield field, hints[field.name], says.get(field.name, "")


def _words_of(kind: type[Any]) -> dict[str, str]:
    """The string under each field of a class."""
    body = cast("ast.ClassDef", ast.parse(inspect.getsource(kind)).body[0]).body
    found: dict[str, str] = {}
    for field, below in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(below.value.value).split())
    return found


def _entry(field: Field[Any], hint: Any, says: str, width: int) -> str:  # noqa: ANN401
    flag, default = _written(field, hint), field.default
    told = default in (None, MISSING, ()) or isinstance(default, bool) or "Default:" in says
    if not told:
        says += f" (default {default:g})" if isinstance(default, float) else f" (default {default})"
    indent = " " * _COLUMN
    text = fill(
        says, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    return flag.ljust(_COLUMN) + text[_COLUMN:] if len(flag) < _COLUMN else f"{flag}\n{text}"


def _written(field: Field[Any], hint: Any) -> str:  # noqa: ANN401
    """How the flag is written: "  --frames N"."""
    name = field.name.replace("_", "-")
    if get_origin(hint) is tuple and Ellipsis not in get_args(hint):
        return "  " + " ".join([field.name.upper().removesuffix("S")] * len(get_args(hint)))
    if hint is bool:
        return f"  --no-{name}" if field.default is True else f"  --{name}"
    kinds = get_args(hint) or (hint,)
    value = "N" if int in kinds else "NUMBER" if float in kinds else "VALUE"
    value = "PATH" if field.name in _PATHS else value
    return f"  --{name} {value}"
