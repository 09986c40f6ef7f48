"""Ways to find the person in a photo that has no plain background: one that needs nothing, or a user's own model."""

from collections.abc import Callable
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.appearance.photos import Picture
from reimagine.errors import InputError
from reimagine.plugins import find_factory

Matting = Callable[[Tensor], Tensor]
"""From a photo (3 height width, 0..1, sRGB) to where the person is (height width, 0..1)."""
MATTINGS = {"grabcut": "reimagine.appearance.grabcut:make"}
"""Name to module:factory. A factory takes the device ("cpu", "cuda")."""


def check_matting(name: str | None) -> None:
    """Nothing, where there is such a matting, or none was asked for.

    Raises:
        InputError: where there is none.
    """
    if name is not None:
        find_factory("`matting`", name, MATTINGS)


def load_matting(name: str) -> Matting:
    """The matting of that name, or made by the user's own "module:factory".

    Raises:
        InputError: where there is no such factory, or what it made is no function.
    """
    factory = find_factory("`matting`", name, MATTINGS)
    try:
        made = factory("cuda" if torch.cuda.is_available() else "cpu")
    except TypeError as error:
        raise InputError(
            f"`matting` {name} cannot be called with a device ({error}); expected a function of one. "
            "See docs/backends.md."
        ) from error
    if not callable(made):
        raise InputError(
            f"`matting` {name} made a {type(made).__name__}; expected a function from a photo to where the person is. "
            "See docs/backends.md."
        )
    return cast("Matting", made)


def found_by(matting: Matting, picture: Picture) -> Float[Tensor, "height width"]:
    """Where the person is in the photo, 0..1.

    Raises:
        InputError: where the matting's answer is of another size, or no numbers from 0 to 1.
    """
    size = tuple(picture.rgb.shape[1:])
    alpha = cast("object", matting(picture.rgb.clone()))
    if not isinstance(alpha, torch.Tensor) or tuple(alpha.shape) != size:
        got = tuple(alpha.shape) if isinstance(alpha, torch.Tensor) else type(alpha).__name__
        raise InputError(
            f"`matting` answered {picture.name} with {got}; expected a tensor of {size}, the photo's height and width."
        )
    alpha = alpha.detach().float().cpu()
    if not bool(((alpha >= 0) & (alpha <= 1)).all()):
        raise InputError(
            f"`matting` answered {picture.name} with numbers from {float(alpha.min()):g} to {float(alpha.max()):g}; "
            "expected 0 (background) to 1 (person)."
        )
    return alpha
