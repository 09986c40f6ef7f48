"""How near a picture is to the true one, on the crop around the person: PSNR, SSIM and MS-SSIM.

Written here, on OpenCV's filters, since the packages at hand cost more than these lines: torchmetrics brings a
framework, scikit-image has no multi-scale SSIM.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from reimagine.errors import InputError

MARGIN = 8
"""Pixels around the person that belong to the crop."""
WINDOW, SPREAD = 11, 1.5
"""Side and standard deviation of SSIM's window (Wang et al., IEEE TIP 2004)."""
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the five scales (Wang, Simoncelli and Bovik, Asilomar 2003)."""
C1, C2 = 0.01**2, 0.03**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """Likeness to the truth; higher is nearer."""

    psnr_db: float
    """Over the crop's pixels and channels; infinite where they are equal."""
    ssim: float
    """Mean over the crop and channels, -1..1."""
    ms_ssim: float
    """Five scales; NaN where a side of the crop is under 176 pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Likeness:
    ssim: float
    contrast: float


def fidelity(
    picture: Float[NDArray[np.float32], "height width 3"],
    truth: Float[NDArray[np.float32], "height width 3"],
    foreground: Bool[NDArray[np.bool_], "height width"],
) -> Fidelity:
    """Compare two pictures (0..1) around the true person.

    Raises:
        InputError: for pictures of two sizes, an empty mask, or a crop smaller than SSIM's window.
    """
    if picture.shape != truth.shape:
        sizes = [f"{one.shape[1]}x{one.shape[0]}" for one in (picture, truth)]
        raise InputError(
            f"the pictures are {sizes[0]} and the true ones {sizes[1]}; expected one size. Resize one of them."
        )
    rows, columns = (np.flatnonzero(foreground.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        raise InputError("the true picture shows nobody (its mask is empty); expected a person.")
    crop = tuple(
        slice(max(int(line[0]) - MARGIN, 0), int(line[-1]) + 1 + MARGIN) for line in (rows, columns)
    )
    a, b = (np.asarray(one[crop], np.float64) for one in (picture, truth))
    if min(a.shape[:2]) < WINDOW:
        raise InputError(
            f"the person is {a.shape[1]}x{a.shape[0]} pixels; expected at least {WINDOW} each way. "
            "Give larger pictures."
        )
    squared = float(np.square(a - b).mean())
    psnr = float("inf") if squared == 0 else float(-10 * np.log10(squared))
    return Fidelity(psnr_db=psnr, ssim=_likeness(a, b).ssim, ms_ssim=_multi_scale(a, b))


def _multi_scale(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if min(a.shape[:2]) < WINDOW * 2 ** (len(WEIGHTS) - 1):
        return float("nan")
    product = 1.0
    for scale, weight in enumerate(WEIGHTS):
        likeness = _likeness(a, b)
        last = scale == len(WEIGHTS) - 1
        product *= max(likeness.ssim if last else likeness.contrast, 0.0) ** weight
        height, width = (side // 2 * 2 for side in a.shape[:2])
        a, b = (
            one[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
            for one in (a, b)
        )
    return product


def _likeness(a: NDArray[np.float64], b: NDArray[np.float64]) -> _Likeness:
    """SSIM and its contrast-structure part, over windows that lie wholly in the crop."""
    edge = WINDOW // 2

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        blurred = cv2.GaussianBlur(values, (WINDOW, WINDOW), SPREAD)
        return np.asarray(blurred, np.float64)[edge:-edge, edge:-edge]

    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    both = mean(a * b) - mean_a * mean_b
    contrast = (2 * both + C2) / (var_a + var_b + C2)
    brightness = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    return _Likeness(ssim=float((brightness * contrast).mean()), contrast=float(contrast.mean()))
