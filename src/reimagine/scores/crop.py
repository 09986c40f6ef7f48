"""The part of a frame that the person is in: nothing else is measured, so nothing else is worked on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.records import Raster, SurfaceView

MARGIN = 24
"""Pixels around the person: what optical flow looks at, and beyond which no edge's surroundings reach."""
BEFORE_SCENERY = 60
"""Pixels around a person who stands before something: as far as points are searched for."""
PLAIN = 2 / 255
"""Differences of colour up to this are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Rows top..bottom and columns left..right of a frame."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def inside(self) -> tuple[slice, slice]:
        """Index of the last two axes of a picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def crop_around(
    pictures: Sequence[Float[Tensor, "channels height width"]], seen: SurfaceView | None
) -> Crop:
    """What alpha and the surface say is the person, in any of the pictures, with a margin; all, if nothing says it."""
    masks = [picture[3] > 0 for picture in pictures if len(picture) == 4]
    if seen is not None and masks:
        masks.append((seen.raster.face[0] >= 0).cpu())
    person = torch.zeros(pictures[0].shape[1:], dtype=torch.bool)
    for mask in masks:
        person |= mask
    crop = _box(person, MARGIN)
    if all(len(picture) == 4 or _plain(picture[:, *crop.inside]) for picture in pictures):
        return crop
    return _box(person, BEFORE_SCENERY)


def whole(picture: Float[Tensor, "channels height width"]) -> Crop:
    """All of a frame."""
    height, width = picture.shape[1:]
    return Crop(top=0, bottom=height, left=0, right=width)


def _box(person: Bool[Tensor, "height width"], margin: int) -> Crop:
    height, width = person.shape
    rows, columns = (person.any(dim=axis).nonzero()[:, 0].tolist() for axis in (1, 0))
    if not rows:
        return whole(person[None])
    return Crop(
        top=max(rows[0] - margin, 0),
        bottom=min(rows[-1] + 1 + margin, height),
        left=max(columns[0] - margin, 0),
        right=min(columns[-1] + 1 + margin, width),
    )


def _plain(picture: Float[Tensor, "channels rows columns"]) -> bool:
    """Whether all around the picture is of one colour."""
    rim = torch.cat([picture[:, 0], picture[:, -1], picture[..., 0], picture[..., -1]], dim=1)
    return bool((rim.amax(1) - rim.amin(1) < PLAIN).all())


def cut_picture(
    picture: Float[Tensor, "channels height width"], crop: Crop
) -> Float[Tensor, "channels rows columns"]:
    """The crop's part."""
    return picture[:, *crop.inside].contiguous()


def cut_seen(seen: SurfaceView, crop: Crop) -> SurfaceView:
    """The one frame of `seen` as a camera sees it that takes the crop alone."""
    K = seen.camera.K.clone()
    K[:, 0, 2] -= crop.left
    K[:, 1, 2] -= crop.top
    size = {"width": crop.right - crop.left, "height": crop.bottom - crop.top}
    face, depth, barycentrics = (
        values[:, *crop.inside].contiguous()
        for values in (seen.raster.face, seen.raster.depth, seen.raster.barycentrics)
    )
    return replace(
        seen,
        camera=replace(seen.camera, K=K, **size),
        raster=Raster(face=face, barycentrics=barycentrics, depth=depth),
    )


def moved_to(
    picture: Float[NDArray[np.float32], "rows columns 3"], own: Crop, other: Crop
) -> Float[NDArray[np.float32], "other_rows other_columns 3"]:
    """A crop as another crop of the same frame has it; what it lacks has the colour of its corner."""
    if own == other:
        return picture
    out = np.empty((other.bottom - other.top, other.right - other.left, 3), np.float32)
    out[:] = picture[0, 0]
    top, left = max(own.top, other.top), max(own.left, other.left)
    bottom, right = min(own.bottom, other.bottom), min(own.right, other.right)
    if top < bottom and left < right:
        out[top - other.top : bottom - other.top, left - other.left : right - other.left] = picture[
            top - own.top : bottom - own.top, left - own.left : right - own.left
        ]
    return out
