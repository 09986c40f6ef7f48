"""Pictures resized, and what lies hidden behind straight alpha kept out of what shows."""

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

HIDDEN = 1e-4
"""Alpha below which a resized colour is rounding and nothing else."""


def resized(
    picture: Float[Tensor, "channels height width"], width: int, height: int
) -> Float[Tensor, "channels new_height new_width"]:
    """The picture at another size, 0..1: averaged where it shrinks, bicubic where it grows.

    Of four channels the last is straight alpha, and colours count by it: what is hidden does not mix into what shows.
    """
    if picture.shape[0] != 4:
        return _resized(picture, width, height).clamp(0, 1)
    rgb, alpha = picture[:3], picture[3:]
    everything = _resized(torch.cat([rgb * alpha, alpha, rgb]), width, height)
    seen, share, plain = everything[:3], everything[3:4], everything[4:]
    shows = share > HIDDEN
    colours = torch.where(shows, seen / share.clamp_min(HIDDEN), plain)
    return torch.cat([colours, share * shows]).clamp(0, 1)


def resize_to_cover(
    picture: Float[Tensor, "channels height width"], width: int, height: int
) -> Float[Tensor, "channels new_height new_width"]:
    """The picture scaled to fill width x height exactly, what juts out cropped evenly."""
    scale = max(width / picture.shape[2], height / picture.shape[1])
    across = max(width, round(picture.shape[2] * scale))
    down = max(height, round(picture.shape[1] * scale))
    left, top = (across - width) // 2, (down - height) // 2
    whole = resized(picture, across, down)
    return whole[:, top : top + height, left : left + width].contiguous()


def carried_outwards(picture: Float[Tensor, "4 height width"]) -> Float[Tensor, "4 height width"]:
    """The picture whose hidden pixels have the colours that show around them, the softer the farther: for what mixes neighbours.

    By ever smaller pictures, each averaged by alpha, which fill the holes of the next larger one (Gortler et al.,
    SIGGRAPH 1996, section 3.3.1). The nearest pixel's colour instead makes streaks, and VP9's files half larger.
    """
    alpha = picture[3].numpy()
    if bool((alpha > 0).all()) or not bool((alpha > 0).any()):
        return picture
    smaller = [np.ascontiguousarray((picture[:3] * picture[3:]).permute(1, 2, 0).numpy())]
    weights = [alpha]
    while max(weights[-1].shape) > 1:
        size = tuple(-(-side // 2) for side in weights[-1].shape[::-1])
        for pictures in (smaller, weights):
            half = cv2.resize(pictures[-1], size, interpolation=cv2.INTER_AREA)
            pictures.append(np.asarray(half).reshape(*size[::-1], *pictures[-1].shape[2:]))
    filled = smaller[-1] / weights[-1][..., None]
    for colours, weight in zip(smaller[-2::-1], weights[-2::-1], strict=True):
        larger = cv2.resize(filled, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        known = weight[..., None] > HIDDEN
        filled = np.where(known, colours / np.maximum(weight, HIDDEN)[..., None], larger)
    around = torch.from_numpy(np.asarray(filled, np.float32)).permute(2, 0, 1)
    return torch.cat([torch.where(picture[3:] > 0, picture[:3], around), picture[3:]])


def nearest_inside(inside: Bool[Tensor, "height width"]) -> Int[Tensor, " pixels"]:
    """For each pixel, row by row, the nearest pixel inside; itself where none is."""
    height, width = inside.shape
    if not bool(inside.any()):
        return torch.arange(height * width)
    outside = (~inside).cpu().numpy().astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # OpenCV numbers the zero pixels in scan order from 1.
    inner = inside.reshape(-1).nonzero()[:, 0].cpu()
    return inner[torch.from_numpy(labels.reshape(-1).astype(np.int64) - 1)]


def _resized(picture: Tensor, width: int, height: int) -> Tensor:
    shrinks = width < picture.shape[2] or height < picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    planes = [
        cv2.resize(np.ascontiguousarray(plane), (width, height), interpolation=how)
        for plane in picture.numpy()
    ]
    return torch.from_numpy(np.stack(planes))
