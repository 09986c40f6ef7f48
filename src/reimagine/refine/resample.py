"""Looking up pictures between pixels without losing sharpness."""

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

ROW = 256
"""Points per row of OpenCV's map, whose sides may not exceed 32,767."""


def lanczos(
    picture: Float[Tensor, "height width channels"], xy: Float[Tensor, "points 2"]
) -> Float[Tensor, "points channels"]:
    """Values at pixel positions (centres at +0.5) by an 8 x 8 Lanczos window; the border goes on outside."""
    points, channels = len(xy), picture.shape[2]
    rows = -(-points // ROW)
    grid = np.zeros((rows * ROW, 2), np.float32)
    grid[:points] = xy.cpu().numpy() - np.float32(0.5)
    x, y = (np.ascontiguousarray(grid[:, k]).reshape(rows, ROW) for k in (0, 1))
    image = np.ascontiguousarray(picture.cpu().numpy())
    taken = cv2.remap(image, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return torch.from_numpy(taken.reshape(-1, channels)[:points]).to(picture)


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
