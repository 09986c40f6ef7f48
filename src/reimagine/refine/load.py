"""Which refiners there are, by name."""

from reimagine.refine.backend import Refiner
from reimagine.request import InputError, find_factory

REFINERS = {
    "none": "reimagine.refine.backends.none:make",
    "flow": "reimagine.refine.backends.flow:make",
}
"""Name to module:factory. A factory takes the device ("cpu", "cuda")."""


def load_refiner(name: str, device: str) -> Refiner:
    """The refiner of that name, or made by the user's own "module:factory".

    Raises:
        InputError: where there is no such refiner, or what the factory made cannot steady.
    """
    refiner = find_factory("--refiner", name, REFINERS)(device)
    if not isinstance(refiner, Refiner):
        raise InputError(
            f"--refiner {name} made a {type(refiner).__name__}; expected an object with "
            "steady(read, see, frames, start). See docs/backends.md."
        )
    return refiner
