"""Which image backends there are, by name."""

from collections.abc import Callable
from importlib import import_module
from inspect import signature

from reimagine.errors import InputError
from reimagine.frames.backend import ImageBackend
from reimagine.plugins import find_factory
from reimagine.settings import ImageModel, parse_size

IMAGE_BACKENDS = {
    "atlas": "reimagine.frames.backends.atlas:make",
    "flux-kontext": "reimagine.frames.backends.flux_kontext:make",
    "flux-klein": "reimagine.frames.backends.flux_klein:make",
}
"""Name to module:factory. A factory takes the device ("cpu", "cuda") and the ImageModel settings."""

_COSTS = {
    "flux-kontext": "reimagine.frames.flux.plan:describe",
    "flux-klein": "reimagine.frames.klein.plan:describe",
}
"""Name to module:function of what is known of the cost: settings, width, height and the card's GB to lines."""


def describe_cost(name: str, settings: ImageModel, size: str, device: str) -> list[str]:
    """What pictures of this size would cost, in words; needs no weights.

    Raises:
        InputError: where the backend's cost is not known, or the settings cannot be used.
    """
    if name not in _COSTS:
        raise InputError(
            f"`plan` came with `image` {name}, whose cost is not known; expected one of {', '.join(_COSTS)}."
        )
    from reimagine.frames.memory import card_gb

    width, height = parse_size(size)
    module, function = _COSTS[name].split(":")
    return getattr(import_module(module), function)(settings, width, height, card_gb(device))


def load_backend(name: str, device: str, settings: ImageModel) -> ImageBackend:
    """The image backend of that name, or made by the user's own "module:factory".

    Raises:
        InputError: where there is no such backend, or what the factory made cannot paint.
    """
    factory = find_factory("`image`", name, IMAGE_BACKENDS)
    if not _takes_two(factory):
        raise InputError(
            f"`image` {name} is no function of (device, settings); expected one. See docs/backends.md."
        )
    backend = factory(device, settings)
    if not isinstance(backend, ImageBackend):
        raise InputError(
            f"`image` {name} made a {type(backend).__name__}; expected an object with "
            "paint(person, conditions, seed) and multiple. See docs/backends.md."
        )
    return backend


def _takes_two(factory: Callable[..., object]) -> bool:
    """Whether the function can be called with a device and settings; unknown counts as yes."""
    try:
        signature(factory).bind("cpu", ImageModel())
    except TypeError:
        return False
    except ValueError:  # a builtin that does not say
        return True
    return True
