"""How much fine detail the person has: to be read beside warping error, which blur lowers."""

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

INNER = 5
"""Side of the square by which the silhouette shrinks first: its outline is not detail."""


def sharpness(
    picture: Float[NDArray[np.float32], "height width 3"],
    foreground: Bool[NDArray[np.bool_], "height width"],
) -> float:
    """Variance of the Laplacian of luma (0..255) within the foreground; NaN where that is empty.

    After Pech-Pacheco et al. (ICPR 2000), who take the whole picture.
    """
    inner = cv2.erode(foreground.astype(np.uint8), np.ones((INNER, INNER), np.uint8)) > 0
    rows, columns = (np.flatnonzero(inner.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        return float("nan")
    crop = (
        slice(max(rows[0] - 1, 0), rows[-1] + 2),
        slice(max(columns[0] - 1, 0), columns[-1] + 2),
    )
    grey = cv2.cvtColor(np.ascontiguousarray(picture[crop]), cv2.COLOR_RGB2GRAY) * 255
    detail = cv2.Laplacian(grey, cv2.CV_32F)
    return float(detail[inner[crop]].var())
