"""From a picture's own size to the one that a video model is shown, and back."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate, pad

from reimagine.records import Raster


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Pixels of a picture at the model's size: the picture, then what it is padded to at the right and below."""

    height: int
    width: int
    full_height: int
    full_width: int


def native_size(height: int, width: int, pixels: int, multiple: int) -> Size:
    """The picture scaled down to at most `pixels`, never up, and padded to multiples."""
    scale = min(1.0, (pixels / (height * width)) ** 0.5)
    small = [max(1, round(side * scale)) for side in (height, width)]
    full = [-(-side // multiple) * multiple for side in small]
    return Size(height=small[0], width=small[1], full_height=full[0], full_width=full[1])


def at_size(
    picture: Float[Tensor, "4 height width"], size: Size
) -> Float[Tensor, "4 rows columns"]:
    """The picture scaled, colours counting by alpha, and padded by its border."""
    rgb, alpha = picture[:3], picture[3:]
    small = resized(torch.cat([rgb * alpha, alpha]), (size.height, size.width))
    small = torch.cat([small[:3] / small[3:].clamp_min(1e-4), small[3:]])
    beyond = (0, size.full_width - size.width, 0, size.full_height - size.height)
    return pad(small[None], beyond, mode="replicate")[0].clamp(0, 1)


def resized(picture: Float[Tensor, "c height width"], shape: tuple[int, int]) -> Tensor:
    """The picture of another height and width; itself where it has them."""
    if tuple(picture.shape[1:]) == shape:
        return picture
    return interpolate(picture[None], size=shape, mode="bicubic", antialias=True)[0]


def padded_raster(raster: Raster, size: Size) -> Raster:
    """Grown by empty pixels as the picture is padded, in proportion."""
    height, width = raster.face.shape[1:]
    right = round(width * size.full_width / size.width) - width
    down = round(height * size.full_height / size.height) - height
    return Raster(
        face=pad(raster.face, (0, right, 0, down), value=-1),
        barycentrics=pad(raster.barycentrics, (0, 0, 0, right, 0, down)),
        depth=pad(raster.depth, (0, right, 0, down), value=torch.inf),
    )
