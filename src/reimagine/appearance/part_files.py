"""Part labels as a coloured picture that people can look at and correct."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from reimagine.errors import InputError
from reimagine.foreign import reads
from reimagine.pictures import read_picture
from reimagine.records import PARTS

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

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEAR, _FAR = 0.02, 0.1
"""Distances in RGB, 0..1, to the nearest colour of the palette: up to here it is this colour; beyond there it is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A picture of parts, as a user gave it."""

    labels: Int[Tensor, "height width"]
    """0 for background, else 1 + index into PARTS."""
    unclear: float
    """Share of its pixels, 0..1, with a colour between two of the palette."""


def encode_parts(labels: Int[Tensor, "height width"]) -> bytes:
    """A PNG with one palette colour a part, so that painting programs offer these alone.

    Labels are 0 for background, else 1 + index into PARTS. The file's layout: PNG specification, colour type 3.
    """
    height, width = labels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter, 0: none
    rows[:, 1:] = labels.numpy()
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(value for colour in PALETTE for value in colour)),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@reads("a picture of parts")
def read_parts(path: Path, *, width: int, height: int) -> Parts:
    """The labels of a picture from `encode_parts`, perhaps corrected by hand.

    A pixel takes the part of the nearest colour, so brushes with soft rims do no harm; what was rubbed out to
    transparency is background.

    Raises:
        InputError: where the picture cannot be read, is no PNG, has another size or other colours.
    """
    pixels = read_picture(path, least_side=1)
    with path.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            raise InputError(
                f"{path} is no PNG; expected one, since others smear the colours that name the parts. "
                "Export it as PNG."
            )
    if pixels.shape[1:] != (height, width):
        raise InputError(
            f"{path} is {pixels.shape[2]}x{pixels.shape[1]}; expected {width}x{height}, the size "
            "of its photo. Save it at that size."
        )
    colours = torch.tensor(PALETTE, dtype=torch.float32) / 255
    distances = torch.stack(
        [(pixels[:3] - colour[:, None, None]).norm(dim=0) for colour in colours]
    )
    distance, labels = distances.min(dim=0)
    if pixels.shape[0] == 4:
        clear = pixels[3] < 0.5
        distance, labels = (torch.where(clear, 0, values) for values in (distance, labels))
    strange = float((distance > _FAR).float().mean())
    if strange > 0.05:
        table = ", ".join(
            f"{name} #{r:02x}{g:02x}{b:02x}" for name, (r, g, b) in zip(NAMES, PALETTE, strict=True)
        )
        raise InputError(
            f"{path} has other colours on {strange:.0%} of its pixels; expected {table}. "
            "Paint with these."
        )
    if not bool((labels > 0).any()):
        raise InputError(
            f"{path} is background everywhere; expected the person's parts. Correct the picture "
            "that reimagine person wrote."
        )
    return Parts(labels=labels, unclear=float((distance > _NEAR).float().mean()))
