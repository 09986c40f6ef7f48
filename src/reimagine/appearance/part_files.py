"""Part labels as a coloured picture that people can look at and correct."""

from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from reimagine.pictures import read_picture, write_picture
from reimagine.records import PARTS
from reimagine.request import InputError

NAMES = ("background", *PARTS)
PALETTE = (
    (255, 255, 255),
    (240, 176, 144),
    (208, 48, 48),
    (64, 40, 16),
    (48, 112, 224),
    (32, 160, 64),
    (232, 200, 0),
)
"""Red, green, blue of each of NAMES."""


def write_parts(path: Path, labels: Int[Tensor, "height width"]) -> None:
    """A PNG with one flat colour a part: labels are 0 for background, else 1 + index into PARTS."""
    colours = torch.tensor(PALETTE, dtype=torch.float32) / 255
    write_picture(path, colours[labels].permute(2, 0, 1))


def read_parts(path: Path, *, width: int, height: int) -> Int[Tensor, "height width"]:
    """The labels of a picture from `write_parts`, perhaps corrected by hand.

    A pixel takes the part of the nearest colour, so brushes with soft rims do no harm.

    Raises:
        InputError: where the picture cannot be read, has another size or other colours.
    """
    pixels = read_picture(path, least_side=1)[:3]
    if pixels.shape[1:] != (height, width):
        raise InputError(
            f"{path} is {pixels.shape[2]}x{pixels.shape[1]}; expected {width}x{height}, the size "
            "of its photo. Save it at that size."
        )
    colours = torch.tensor(PALETTE, dtype=torch.float32) / 255
    distances = torch.stack([(pixels - colour[:, None, None]).norm(dim=0) for colour in colours])
    distance, labels = distances.min(dim=0)
    strange = float((distance > 0.1).float().mean())
    if strange > 0.05:
        table = ", ".join(
            f"{name} #{r:02x}{g:02x}{b:02x}" for name, (r, g, b) in zip(NAMES, PALETTE, strict=True)
        )
        raise InputError(
            f"{path} has other colours on {strange:.0%} of its pixels; expected {table}. "
            "Paint with these."
        )
    return labels
