"""What is found by name: a key of a visible table, or the user's own "module:factory"."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module

from reimagine.errors import InputError


def find_factory(flag: str, name: str, table: Mapping[str, str]) -> Callable[..., object]:
    """The function that makes the backend `name`: a key of `table`, or "module:factory" itself.

    Args:
        flag: The flag that the name was given by, for the error's text.
        name: What the user gave.
        table: Known names and the "module:factory" of each.

    Raises:
        InputError: where there is no such name, module or function.
    """
    place = table.get(name, name)
    module_name, colon, factory_name = place.partition(":")
    if not (colon and module_name and factory_name):
        near = get_close_matches(name, table, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else "See reimagine backends."
        known = ", ".join(table)
        raise InputError(f"{flag} is {name!r}; expected {known} or module:factory. {hint}")
    try:
        factory = getattr(import_module(module_name), factory_name, None)
    except (ImportError, TypeError) as error:
        raise InputError(
            f"{flag} {name} cannot be loaded ({error}); expected a module that Python finds. "
            "Install it, or put its folder into PYTHONPATH."
        ) from error
    if not callable(factory):
        raise InputError(
            f"{flag} is {name!r}; expected a function {factory_name} in {module_name}, "
            "which has none. Give module:factory."
        )
    return factory
