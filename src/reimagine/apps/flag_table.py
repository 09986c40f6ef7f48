"""The flags of a command, made from its request's own fields and the words below these."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from itertools import pairwise
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from reimagine.apps.forms import FORMS
from reimagine.apps.wording import flag_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag, or names that are given without one."""

    name: str
    """As it is written: --radius-m."""
    place: str
    """Where its value goes within the request: clip.view.radius_m."""
    kinds: tuple[type, ...]
    """What a value may be: str, int, float or bool."""
    default: object
    """`MISSING` where there must be a value."""
    several: bool = False
    """Whether more than one value may follow, and the flag be given again."""
    names: int = 0
    """How many values are given without the flag; 0 where it is a flag."""
    says: str = ""
    """The words about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagGroup:
    """The flags of one part of a request."""

    kind: type[Any]
    says: str
    flags: tuple[Flag, ...]


def flag_groups(kind: type[Any], place: str = "") -> Iterator[FlagGroup]:
    """The request's own flags, then those of each part of it; parts have no prefix."""
    hints, own = get_type_hints(kind), list[Flag]()
    groups: list[FlagGroup] = []
    says = _words_of(kind)
    for field in fields(kind):
        hint, inside = hints[field.name], f"{place}{field.name}"
        if field.name in FORMS:
            form = FORMS[field.name].kind
            flags = [flag for group in flag_groups(form, f"{inside}.") for flag in group.flags]
            if is_dataclass(hint):
                groups.append(FlagGroup(kind=form, says=_about(form), flags=tuple(flags)))
            else:
                own += flags
        elif is_dataclass(hint):
            groups += flag_groups(cast("type[Any]", hint), f"{inside}.")
        else:
            own.append(_flag(field, hint, inside, says.get(field.name, "")))
    yield FlagGroup(kind=kind, says=_about(kind), flags=tuple(own))
    yield from groups


def _flag(field: Field[Any], hint: Any, place: str, says: str) -> Flag:  # noqa: ANN401
    several = get_origin(hint) is tuple and Ellipsis in get_args(hint)
    names = len(get_args(hint)) if get_origin(hint) is tuple and not several else 0
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    parts = get_args(hint)[:1] if several or names else parts
    return Flag(
        name=flag_of(place),
        place=place,
        kinds=tuple(part for part in parts if part is not type(None)),
        default=() if several and field.default is MISSING else field.default,
        several=several,
        names=names,
        says=says,
    )


def _about(kind: type[Any]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


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
