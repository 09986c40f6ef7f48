"""Which image backends there are, by name."""

from reimagine.frames.backend import ImageBackend
from reimagine.request import InputError, find_factory

IMAGE_BACKENDS = {
    "atlas": "reimagine.frames.backends.atlas:make",
}
"""Name to module:factory. A factory takes the device ("cpu", "cuda")."""


def load_backend(name: str, device: str) -> ImageBackend:
    """The image backend of that name, or made by the user's own "module:factory".

    Raises:
        InputError: where there is no such backend, or what the factory made cannot paint.
    """
    backend = find_factory("--image", name, IMAGE_BACKENDS)(device)
    if not isinstance(backend, ImageBackend):
        raise InputError(
            f"--image {name} made a {type(backend).__name__}; expected an object with "
            "paint(person, conditions, seed) and multiple. See docs/backends.md."
        )
    return backend
