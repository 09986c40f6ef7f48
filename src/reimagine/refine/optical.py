"""Where a pixel is in another picture, where no surface is known: dense optical flow, checked there and back."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.records import Flow

LEAST_SIDE = 32
"""Pixels; smaller pictures are not looked at."""
_SHARE, _SLACK = 0.01, 0.5
"""Of the squared lengths, and squared pixels, by which there and back may differ (Sundaram et al., ECCV 2010, eq. 5)."""


def optical_flow(a: Float[Tensor, "3 height width"], b: Float[Tensor, "3 height width"]) -> Flow:
    """DIS flow (Kroeger et al., ECCV 2016) from one picture to the other; visible where the way back leads home.

    Patches are compared without their means, so that exposure does not count as motion.
    """
    height, width = a.shape[1:]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    if min(height, width) < LEAST_SIDE:
        here = torch.from_numpy(np.stack([columns + 0.5, rows + 0.5], axis=-1))
        return Flow(target=here, visible=torch.zeros(height, width, dtype=torch.bool))
    grey = [_grey(one) for one in (a, b)]
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # The preset stops at half the size; then shapes that jump by half a pixel pass for still.
    finder.setFinestScale(0)
    there, back = (
        np.asarray(finder.calc(one, two, np.zeros((height, width, 2), np.float32)), np.float32)
        for one, two in (grey, grey[::-1])
    )
    x, y = columns + there[..., 0], rows + there[..., 1]
    returned = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lengths = np.square(there).sum(-1) + np.square(returned).sum(-1)
    home = np.square(there + returned).sum(-1) <= _SHARE * lengths + _SLACK
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    return Flow(
        target=torch.from_numpy(np.stack([x, y], axis=-1) + np.float32(0.5)),
        visible=torch.from_numpy(home & inside),
    )


def _grey(picture: Float[Tensor, "3 height width"]) -> NDArray[np.uint8]:
    pixels = np.ascontiguousarray(picture.permute(1, 2, 0).cpu().numpy())
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return (grey * 255 + 0.5).clip(0, 255).astype(np.uint8)
