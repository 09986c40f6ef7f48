"""The contact sheet: a clip at a glance."""

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.resize import resize_to_cover

SHEET_FRAMES = 12
SHEET_WIDTH = 1920
"""Pixels at most."""


def sheet_frames(frames: int, most: int = SHEET_FRAMES) -> list[int]:
    """Indices of up to `most` frames, evenly spread over the clip, first and last among them."""
    if frames <= most:
        return list(range(frames))
    return [round(index * (frames - 1) / (most - 1)) for index in range(most)]


def contact_sheet(
    pictures: list[Float[Tensor, "3 height width"]], columns: int = 6
) -> Float[Tensor, "3 sheet_height sheet_width"]:
    """The pictures side by side, row after row, all cropped to the part where anything happens.

    Plain borders that all pictures share are cut away but for a little air. At most 1920 pixels wide.
    """
    left, top, right, bottom = _shared_box(pictures)
    columns = min(columns, len(pictures))
    gap = 4
    width = min(right - left, (SHEET_WIDTH - gap * (columns + 1)) // columns)
    height = max(1, round((bottom - top) * width / (right - left)))
    rows = -(-len(pictures) // columns)
    sheet = torch.ones(3, gap + rows * (height + gap), gap + columns * (width + gap))
    for index, picture in enumerate(pictures):
        tile = resize_to_cover(picture[:, top:bottom, left:right], width, height)
        y, x = (
            gap + place * (side + gap)
            for place, side in zip(divmod(index, columns), (height, width), strict=True)
        )
        sheet[:, y : y + height, x : x + width] = tile
    return sheet


def _shared_box(pictures: list[Float[Tensor, "3 height width"]]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what differs from the corner's colour in any picture, with some air."""
    height, width = pictures[0].shape[1:]
    differs = torch.zeros(height, width, dtype=torch.bool)
    for picture in pictures:
        differs |= (picture - picture[:, :1, :1]).abs().amax(0) > 0.03
    rows, columns = (differs.any(dim=axis).nonzero()[:, 0].tolist() for axis in (1, 0))
    if not rows:
        return 0, 0, width, height
    air = max(2, height // 40)
    return (
        max(columns[0] - air, 0),
        max(rows[0] - air, 0),
        min(columns[-1] + 1 + air, width),
        min(rows[-1] + 1 + air, height),
    )
