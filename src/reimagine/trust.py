"""Modules that files name are not run: a file is data, whoever wrote it."""

from collections.abc import Collection, Mapping
from operator import attrgetter

from reimagine.errors import InputError

TRUST = "trust_modules"
"""The field by which a user says otherwise; a file cannot."""
_PLACES = ("image", "refiner", "photos.matting")
"""Where a request may say module:factory."""


def module_names(request: object) -> Mapping[str, str]:
    """Every module:factory of a request, by the flag that gives it; the names of built-in tables hold no colon."""
    found: dict[str, str] = {}
    for place in _PLACES:
        try:
            name = attrgetter(place)(request)
        except AttributeError:
            continue
        if name is not None and ":" in name:
            found["--" + place.rpartition(".")[2].replace("_", "-")] = name
    return found


def check_modules(
    request: object, where: str, *, trusted: bool, given: Collection[str] = ()
) -> None:
    """Nothing, where a request from the file `where` names no module of its own, or the user does too.

    Args:
        request: As it was read.
        where: The file.
        trusted: Whether --trust-modules was given.
        given: Flags that the user gave besides the file, whose values count instead.

    Raises:
        InputError: naming the first module:factory that would be run.
    """
    for flag, name in module_names(request).items():
        if not trusted and flag not in given:
            raise InputError(
                f"{where} names {name} for {flag}, and code that a file names is not run; expected a built-in name. "
                f"Give --trust-modules if you know who wrote the file."
            )
