"""Looking up pictures between pixels without losing sharpness."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
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
