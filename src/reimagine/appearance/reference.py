"""The wide picture that image models are shown: the person from the front at the left, from behind at the right."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.appearance.photos import Picture
from reimagine.pictures import over, read_picture
from reimagine.resize import resize_to_cover
from reimagine.settings import Photos

WIDTH, HEIGHT = 800, 1328
"""Pixels of each half, as in the pictures that the ReImagine LoRA was trained on."""
_PERSON = 0.88
"""Share of the height, and most of the width, that the person takes."""


def wide_reference(
    photos: Photos, pictures: tuple[Picture, ...], *, swapped: bool
) -> Float[Tensor, "3 height width"]:
    """The user's own wide picture as it is, or one made of their photos: each cut out, on white, 800 x 1328.

    Args:
        photos: What the user gave.
        pictures: The photos read, front first, each with its silhouette.
        swapped: Whether the user's wide picture has the back at the left.

    Raises:
        InputError: where the wide picture cannot be read.
    """
    if photos.reference is not None:
        wide = read_picture(photos.reference)
        wide = over(wide, torch.ones(3, 1, 1)) if wide.shape[0] == 4 else wide
        half = wide.shape[2] // 2
        return torch.cat([wide[:, :, half:], wide[:, :, :half]], dim=2) if swapped else wide
    return torch.cat([_half(picture) for picture in pictures], dim=2)


def _half(picture: Picture) -> Float[Tensor, "3 1328 800"]:
    """The person on white, upright in the middle."""
    assert picture.mask is not None
    cut = torch.cat([picture.rgb, picture.mask[None]])
    on_white = over(cut, torch.ones(3, 1, 1))
    rows, columns = ((picture.mask > 0.5).any(dim).nonzero()[:, 0] for dim in (1, 0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    scale = _PERSON * min(HEIGHT / (bottom - top), WIDTH / (right - left))
    shift = (
        WIDTH / 2 - scale * (left + right) / 2,
        HEIGHT / 2 - scale * (top + bottom) / 2,
    )
    if scale < 1:  # as large as it is read later, so that nothing shimmers
        height, width = (round(side * scale) for side in on_white.shape[1:])
        on_white, scale = resize_to_cover(on_white, width, height), 1.0
    # OpenCV counts from pixel centres, we from corners.
    centre = (scale - 1) / 2
    matrix = np.array([[scale, 0, shift[0] + centre], [0, scale, shift[1] + centre]])
    placed = cv2.warpAffine(
        np.ascontiguousarray(on_white.permute(1, 2, 0).numpy()),
        matrix,
        (WIDTH, HEIGHT),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(1, 1, 1),
    )
    return torch.from_numpy(np.ascontiguousarray(placed.transpose(2, 0, 1))).clamp(0, 1)
