"""What lies behind the person in the final pictures."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.errors import InputError
from reimagine.pictures import read_picture
from reimagine.resize import resize_to_cover


def read_background(
    background: str, width: int, height: int
) -> Float[Tensor, "3 #height #width"] | None:
    """What lies behind the person; None for transparent.

    Raises:
        InputError: where it is no colour and no picture.
    """
    if background == "transparent":
        return None
    named = {"white": "#ffffff", "black": "#000000", "grey": "#808080", "gray": "#808080"}
    text = named.get(background, background)
    digits = text.removeprefix("#")
    if text.startswith("#") or not Path(text).exists():
        try:
            if len(digits) != 6 or not text.startswith("#"):
                raise ValueError
            values = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        except ValueError:
            raise InputError(
                f"`background` is {background!r}; expected white, black, grey, a colour like #3a6ea5, transparent, or a "
                "picture file that exists."
            ) from None
        return torch.tensor(values)[:, None, None]
    return resize_to_cover(read_picture(text)[:3], width, height)
