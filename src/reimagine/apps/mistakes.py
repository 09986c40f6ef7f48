"""A command's arguments made into values, one line for the first that is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from difflib import get_close_matches
from typing import Any

from reimagine.apps.flag_table import Flag
from reimagine.apps.help import ASKS, EXAMPLES
from reimagine.errors import InputError

_WORDS = {int: "a whole number", float: "a number", str: "a name or text"}


def read_values(
    known: Sequence[Flag], command: str, arguments: list[str], *, has_defaults: bool = False
) -> dict[str, Any]:
    """What the arguments give, by its place in the request.

    Args:
        known: The command's flags.
        command: Its name, for the error's text.
        arguments: As on the command line.
        has_defaults: Whether a --request file has set what must be given.

    Raises:
        InputError: naming the first argument that is wrong, and the nearest flag.
    """
    flags = {flag.name: flag for flag in known if not flag.names}
    values: dict[str, Any] = {}
    rest, words = list(arguments), list[str]()
    while rest:
        argument = rest.pop(0)
        if is_value(argument):
            words.append(argument)
            continue
        name, equals, value = argument.partition("=")
        flag = _flag(command, flags, name)
        if flag.kinds == (bool,):
            if equals:
                raise InputError(f"{name} got {value!r}; expected no value. Give {name} alone.")
            values[flag.place] = _dashed(name) == flag.name
            continue
        got = [_read(flag, name, value if equals else _taken(flag, name, rest))]
        while flag.several and not equals and rest and is_value(rest[0]):
            got.append(_read(flag, name, rest.pop(0)))
        values[flag.place] = (*values.get(flag.place, ()), *got) if flag.several else got[0]
    values |= _read_words(command, words, known, given=[*values])
    absent = [f.name for f in flags.values() if f.default is MISSING and f.place not in values]
    if absent and not has_defaults:
        raise InputError(
            f"{command} got no {absent[0]}; expected {absent[0]} and a value. See reimagine {command} --help."
        )
    return values


def is_value(argument: str) -> bool:
    """Whether an argument is no flag: a word, or a number, which may be negative."""
    if not argument.startswith("-"):
        return True
    try:
        float(argument)
    except ValueError:
        return False
    return True


def _flag(command: str, flags: Mapping[str, Flag], name: str) -> Flag:
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


def _taken(flag: Flag, name: str, rest: list[str]) -> str:
    """The value that follows, taken out of the rest."""
    if not rest or not is_value(rest[0]):
        raise InputError(
            f"{name} came without a value; expected {_wanted(flag)}{_example(flag, name)}."
        )
    return rest.pop(0)


def _read(flag: Flag, name: str, value: str) -> Any:  # noqa: ANN401
    """The value as the first of the flag's kinds that it can be."""
    for kind in flag.kinds:
        try:
            return kind(value)
        except ValueError:
            continue
    raise InputError(f"{name} is {value!r}; expected {_wanted(flag)}{_example(flag, name)}.")


def _read_words(
    command: str, words: list[str], known: Sequence[Flag], given: list[str]
) -> dict[str, Any]:
    """What is given without a flag."""
    takers = [flag for flag in known if flag.names]
    names = sum(flag.names for flag in takers)
    if len(words) > names:
        got = f"{words[names]!r}, which belongs to no flag"
        way = "Put names with spaces in quotes."
        if any(flag.name == "--run" and flag.place not in given for flag in known):
            way = f"Did you mean --run {words[names]}?"
    elif len(words) < names:
        got = f"{len(words)} names; expected {names}"
        way = f"Such as: reimagine {command} {EXAMPLES.get(command, '...')}."
    else:
        rest = iter(words)
        return {
            flag.place: tuple(_read(flag, flag.name[2:], next(rest)) for _ in range(flag.names))
            for flag in takers
        }
    raise InputError(f"{command} got {got}. {way} See reimagine {command} --help.")


def _wanted(flag: Flag) -> str:
    return " or ".join(_WORDS[kind] for kind in flag.kinds)


def _example(flag: Flag, name: str) -> str:
    if flag.default in (None, MISSING, ()):
        return ""
    return f", for example {name} {flag.default}"


def _dashed(name: str) -> str:
    return "--" + name.removeprefix("--").replace("_", "-")
