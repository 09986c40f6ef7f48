"""Flags to a request: made from the request's own fields, with defaults from --request file.json."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, cast, get_type_hints

from reimagine.apps.flag_table import flag_groups
from reimagine.apps.forms import FORMS
from reimagine.apps.help import ASKS, help_text
from reimagine.apps.mistakes import read_values
from reimagine.errors import InputError
from reimagine.request_json import read_request_file
from reimagine.trust import TRUST, check_modules

T = TypeVar("T")
_TRUST = "--" + TRUST.replace("_", "-")


def read_flags(kind: type[T], command: str, arguments: list[str]) -> T:
    """The request that these arguments make. Prints help and leaves where asked for it.

    Raises:
        InputError: where the file of --request cannot be used.
    """
    file, arguments = _take_request_file(arguments)
    trusted = _TRUST in arguments
    if file is not None and not hasattr(kind, TRUST):
        arguments = [argument for argument in arguments if argument != _TRUST]
    made = parse_flags(
        kind,
        command,
        # Parts of a request have no prefix; --view.radius-m is understood all the same.
        [argument.replace("--view.", "--", 1) for argument in arguments],
        default=None if file is None else read_request_file(kind, file),
        about="--request FILE.json sets what the flags leave out; a run's request.json is such a file. A module:factory in it "
        "is run only with --trust-modules.",
    )
    if file is not None:
        given = {argument.partition("=")[0] for argument in arguments}
        check_modules(made, str(file), trusted=trusted, given=given)
    return made


def parse_flags(
    kind: type[T], command: str, arguments: list[str], *, default: T | None = None, about: str = ""
) -> T:
    """The dataclass that these arguments make. Prints help and leaves where asked for it.

    Args:
        kind: What to make.
        command: Name of the command.
        arguments: As on the command line.
        default: What the arguments leave out.
        about: Told at the end of the help.

    Raises:
        InputError: for flags or values that do not fit.
    """
    if any(argument in ASKS for argument in arguments):
        print(help_text(kind, command, about, everything="--help-all" in arguments))
        raise SystemExit(0)
    known = [flag for group in flag_groups(kind) for flag in group.flags]
    values = read_values(known, command, arguments, has_defaults=default is not None)
    return _made(kind, default, values)


def _made(kind: type[T], default: T | None, values: Mapping[str, Any]) -> T:
    """The dataclass with these values by their places; what they leave out is the default's, else the field's own."""
    hints, made = get_type_hints(kind), dict[str, Any]()
    for field in fields(cast("Any", kind)):
        name, hint = field.name, hints[field.name]
        usual = field.default if field.default_factory is MISSING else field.default_factory()
        before = usual if default is None else getattr(default, name)
        inside = {
            place.removeprefix(f"{name}."): value
            for place, value in values.items()
            if place.startswith(f"{name}.")
        }
        if inside and name in FORMS:
            before = FORMS[name].fill(before, inside)
        elif inside and is_dataclass(hint):
            before = _made(cast("type[Any]", hint), before, inside)
        made[name] = values.get(name, before)
    return kind(**made)


def _take_request_file(arguments: list[str]) -> tuple[str | None, list[str]]:
    """The file of --request, and the other arguments."""
    for at, argument in enumerate(arguments):
        if argument.startswith("--request="):
            return argument.removeprefix("--request="), arguments[:at] + arguments[at + 1 :]
        if argument == "--request":
            if at + 1 == len(arguments):
                raise InputError("--request came without a file; expected --request file.json.")
            return arguments[at + 1], arguments[:at] + arguments[at + 2 :]
    return None, arguments
