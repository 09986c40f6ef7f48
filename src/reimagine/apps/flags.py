"""Flags to a request: made from the request's own fields, with defaults from --request file.json."""

from contextlib import redirect_stderr
from io import StringIO
from typing import TypeVar

import tyro

from reimagine.apps.help import ASKS, help_text
from reimagine.apps.mistakes import check_flags, is_value
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
    # Parts of a request have no prefix; --view.radius-m is understood all the same.
    arguments = [argument.replace("--view.", "--", 1) for argument in arguments]
    for flag in ("--photo", "--photo-azimuth-deg", "--detail"):
        arguments, values = _taken(arguments, flag)
        arguments += [flag, *values] if values else []
    arguments, loras = _taken(arguments, "--lora", at_most=1)
    arguments += ["--lora", ",".join(loras)] if loras else []
    made = parse_flags(
        kind,
        command,
        arguments,
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
    check_flags(kind, command, arguments, has_defaults=default is not None)
    heard = StringIO()
    try:
        with redirect_stderr(heard):
            return tyro.cli(
                kind,
                prog=f"reimagine {command}",
                args=arguments,
                default=tyro.MISSING_NONPROP if default is None else default,
                config=(tyro.conf.OmitArgPrefixes, tyro.conf.DisallowNone),
            )
    except SystemExit:
        # What only tyro can tell comes in a box of several lines.
        said = " ".join(heard.getvalue().translate(_BOX).split())
        raise InputError(f"{said or command + ' got flags that do not fit'}.") from None


def _taken(
    arguments: list[str], flag: str, at_most: int | None = None
) -> tuple[list[str], list[str]]:
    """The other arguments, and the values of a flag that may be given several times, each with so many values.

    A flag without a value stays among the others: those who check flags tell it.
    """
    values: list[str] = []
    rest: list[str] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument.startswith(f"{flag}="):
            values.append(argument.removeprefix(f"{flag}="))
        elif argument == flag and left and is_value(left[0]):
            count = 0
            while left and is_value(left[0]) and count != at_most:
                values.append(left.pop(0))
                count += 1
        else:
            rest.append(argument)
    return rest, values


_BOX = {ord(sign): " " for sign in "╭╮╰╯─│"}


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
