"""Looking up pictures between pixels without losing sharpness."""

import cv2
import numpy as np
import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

ROW = 256
"""Points per row of OpenCV's map, whose sides may not exceed 32,767."""


def lanczos(
    picture: Float[Tensor, "3 height width"], xy: Float[Tensor, "points 2"]
) -> Float[Tensor, "points 3"]:
    """Colours at pixel positions (centres at +0.5) by an 8 x 8 Lanczos window; the border goes on outside."""
    points = len(xy)
    rows = -(-points // ROW)
    grid = np.zeros((rows * ROW, 2), np.float32)
    grid[:points] = xy.cpu().numpy() - 0.5
    x, y = (np.ascontiguousarray(grid[:, k]).reshape(rows, ROW) for k in (0, 1))
    image = np.ascontiguousarray(rearrange(picture, "c h w -> h w c").cpu().numpy())
    taken = cv2.remap(image, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return torch.from_numpy(taken.reshape(-1, 3)[:points]).to(picture)


def carry_outwards(
    picture: Float[Tensor, "4 height width"], inside: Bool[Tensor, "height width"]
) -> Float[Tensor, "3 height width"]:
    """The colours inside, and beyond them those of the nearest pixel inside."""
    if not bool(inside.any()):
        return picture[:3].clone()
    outside = (~inside).cpu().numpy().astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # OpenCV numbers the zero pixels in scan order from 1.
    nearest = torch.from_numpy(labels.reshape(-1).astype(np.int64) - 1)
    inner = inside.reshape(-1).nonzero()[:, 0].cpu()
    colours = picture[:3].reshape(3, -1)[:, inner[nearest].to(picture.device)]
    return colours.reshape(3, *picture.shape[1:])
