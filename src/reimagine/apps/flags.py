"""Flags to a request: made from the request's own fields, with defaults from --request file.json."""

from typing import TypeVar

import tyro

from reimagine.request import InputError
from reimagine.request_json import read_request_file

T = TypeVar("T")


def read_flags(kind: type[T], command: str, arguments: list[str]) -> T:
    """The request that these arguments make. Prints help and leaves where asked for it.

    Raises:
        InputError: where the file of --request cannot be used.
    """
    file, arguments = _take_request_file(arguments)
    # Parts of a request have no prefix; --view.radius-m is understood all the same.
    arguments = [argument.replace("--view.", "--", 1) for argument in arguments]
    return tyro.cli(
        kind,
        prog=f"reimagine {command}",
        description=(kind.__doc__ or "") + "\n\n--request FILE.json sets what the flags leave out.",
        args=arguments,
        default=tyro.MISSING_NONPROP if file is None else read_request_file(kind, file),
        config=(
            tyro.conf.OmitArgPrefixes,
            tyro.conf.FlagCreatePairsOff,
            tyro.conf.DisallowNone,
        ),
    )


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
