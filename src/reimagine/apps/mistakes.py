"""What is wrong with a command's flags, in one line; looked for before tyro reads them, whose boxes fill a screen."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from reimagine.apps.help import ASKS, EXAMPLES
from reimagine.errors import InputError

_WORDS = {int: "a whole number", float: "a number", str: "a name or text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flag:
    kinds: tuple[type, ...]
    """What a value may be; empty where only tyro knows."""
    default: object
    """`MISSING` where there must be a value."""
    several: bool = False
    """Whether more than one value may follow."""

    @property
    def wanted(self) -> str:
        return " or ".join(_WORDS[kind] for kind in self.kinds) or "a value"


def check_flags(
    kind: type[Any], command: str, arguments: list[str], *, has_defaults: bool = False
) -> None:
    """Nothing, where every argument is a flag of this request, or the value of one.

    Args:
        kind: The request, a dataclass; a field that is one too stands for its own fields. A field that is a tuple is
            given without a flag.
        command: Its name, for the error's text.
        arguments: As on the command line.
        has_defaults: Whether a --request file has set what must be given.

    Raises:
        InputError: naming the first argument that is wrong, and the nearest flag.
    """
    flags = dict(_flags(kind))
    names = sum(len(get_args(hint)) for hint in get_type_hints(kind).values() if _is_tuple(hint))
    given: set[str] = set()
    rest, words = list(arguments), list[str]()
    while rest:
        argument = rest.pop(0)
        if not is_value(argument):
            name, equals, value = argument.partition("=")
            flag = _flag(command, flags, name)
            given.add(_dashed(name))
            if flag.kinds == (bool,):
                if equals:
                    raise InputError(f"{name} got {value!r}; expected no value. Give {name} alone.")
            else:
                _check_value(flag, name, value if equals else _taken(flag, name, rest))
                while flag.several and rest and is_value(rest[0]):
                    _check_value(flag, name, rest.pop(0))
        else:
            words.append(argument)
    _check_words(command, words, names, lacks_run="--run" in flags and "--run" not in given)
    absent = [name for name, flag in flags.items() if flag.default is MISSING and name not in given]
    if absent and not has_defaults:
        raise InputError(
            f"{command} got no {absent[0]}; expected {absent[0]} and a value. See reimagine {command} --help."
        )


def _flags(kind: type[Any]) -> Iterator[tuple[str, _Flag]]:
    """Flags by name, those of nested requests without a prefix."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        hint = hints[field.name]
        if is_dataclass(hint):
            yield from _flags(cast("type[Any]", hint))
        elif not _is_tuple(hint):
            several = get_origin(hint) is tuple
            parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
            parts = get_args(hint)[:1] if several else parts
            kinds = tuple(part for part in parts if part in (*_WORDS, bool))
            known = len(kinds) == len([part for part in parts if part is not type(None)])
            yield (
                _dashed(f"--{field.name}"),
                _Flag(kinds=kinds if known else (), default=_default(field), several=several),
            )


def _default(field: Field[Any]) -> object:
    return None if field.default_factory is not MISSING else field.default


def _flag(command: str, flags: Mapping[str, _Flag], name: str) -> _Flag:
    if (dashed := _dashed(name)) in flags:
        return flags[dashed]
    switch = flags.get("--" + dashed.removeprefix("--no-"))
    if switch is not None and switch.kinds == (bool,):
        return switch
    known = [*flags, *(ask for ask in ASKS if ask.startswith("--"))]
    near = get_close_matches(dashed[2:], [flag[2:] for flag in known], n=1)
    hint = f"Did you mean --{near[0]}? " if near else ""
    raise InputError(
        f"{command} got {name}, which is none of its flags. {hint}See reimagine {command} --help."
    )


def _taken(flag: _Flag, name: str, rest: list[str]) -> str:
    """The value that follows, taken out of the rest."""
    if not rest or not is_value(rest[0]):
        raise InputError(
            f"{name} came without a value; expected {flag.wanted}{_example(flag, name)}."
        )
    return rest.pop(0)


def _check_value(flag: _Flag, name: str, value: str) -> None:
    if not flag.kinds or str in flag.kinds:
        return
    try:
        for kind in flag.kinds:
            kind(value)
    except ValueError:
        raise InputError(
            f"{name} is {value!r}; expected {flag.wanted}{_example(flag, name)}."
        ) from None


def _check_words(command: str, words: list[str], names: int, *, lacks_run: bool) -> None:
    if len(words) > names:
        got = f"{words[names]!r}, which belongs to no flag"
        way = "Put names with spaces in quotes."
        if lacks_run:
            way = f"Did you mean --run {words[names]}?"
    elif len(words) < names:
        got = f"{len(words)} names; expected {names}"
        way = f"Such as: reimagine {command} {EXAMPLES.get(command, '...')}."
    else:
        return
    raise InputError(f"{command} got {got}. {way} See reimagine {command} --help.")


def _example(flag: _Flag, name: str) -> str:
    if flag.default in (None, MISSING, ()):
        return ""
    return f", for example {name} {flag.default}"


def _is_tuple(hint: object) -> bool:
    """Whether it is a tuple of a fixed length: names without a flag."""
    return get_origin(hint) is tuple and Ellipsis not in get_args(hint)


def is_value(argument: str) -> bool:
    """Whether an argument is no flag: a word, or a number, which may be negative."""
    if not argument.startswith("-"):
        return True
    try:
        float(argument)
    except ValueError:
        return False
    return True


def _dashed(name: str) -> str:
    return "--" + name.removeprefix("--").replace("_", "-")
