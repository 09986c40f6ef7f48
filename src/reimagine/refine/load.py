"""Which refiners there are, by name."""

from collections.abc import Callable
from inspect import signature

from reimagine.errors import InputError
from reimagine.plugins import find_factory
from reimagine.refine.backend import Refiner
from reimagine.settings import Refinement

REFINERS = {
    "none": "reimagine.refine.backends.none:make",
    "flow": "reimagine.refine.backends.flow:make",
    "wan": "reimagine.refine.backends.wan:make",
}
"""Name to module:factory. A factory takes the device ("cpu", "cuda") and the Refinement settings."""


def load_refiner(name: str, device: str, settings: Refinement) -> Refiner:
    """The refiner of that name, or made by the user's own "module:factory".

    Raises:
        InputError: where there is no such refiner, or what the factory made cannot refine.
    """
    factory = find_factory("`refiner`", name, REFINERS)
    if not _takes_two(factory):
        raise InputError(
            f"`refiner` {name} is no function of (device, settings); expected one. See docs/backends.md."
        )
    refiner = factory(device, settings)
    if not isinstance(refiner, Refiner):
        raise InputError(
            f"`refiner` {name} made a {type(refiner).__name__}; expected an object with "
            "refine(read, see, frames, start). See docs/backends.md."
        )
    return refiner


def _takes_two(factory: Callable[..., object]) -> bool:
    """Whether the function can be called with a device and settings; unknown counts as yes."""
    try:
        signature(factory).bind("cpu", Refinement())
    except TypeError:
        return False
    except ValueError:  # a builtin that does not say
        return True
    return True
