"""The colour that a plain background would have behind the person."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

SHRINK = 4
"""The background is smooth: it is fitted on a picture this much smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """A plain background, guessed behind the person too."""

    lab: Float[np.ndarray, "height width 3"]
    """CIE Lab, L 0..100."""
    noise: float
    """Typical distance of a background pixel from it, Lab units."""
    busy: float
    """Share of the picture's left, right and top rim that it does not explain, 0..1."""


def fit_backdrop(lab: Float[np.ndarray, "height width 3"]) -> Backdrop:
    """A cubic in x and y, grown robustly from the rim inwards, then bent to what lies near.

    The cubic follows vignettes and lamps; what it leaves over (a step in the wall, a hot spot)
    is smoothed out of the pixels taken for background and added.
    """
    height, width = lab.shape[:2]
    size = (max(width // SHRINK, 8), max(height // SHRINK, 8))
    small = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
    terms = _cubic_terms(small.shape[0], small.shape[1])
    rim = _rim(small.shape[0], small.shape[1])
    known, cubic, noise = _grow(small, terms, rim)
    rest = np.linalg.norm(small - cubic, axis=2)
    busy = float((rest[rim] > max(4 * noise, 6.0)).mean()) if noise < 6 else 1.0
    smooth = cubic + _smooth_known(small - cubic, known)
    full = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC)
    left = np.linalg.norm(small - smooth, axis=2)[known]
    noise = float(np.percentile(left, 90)) if left.size else noise
    return Backdrop(lab=full, noise=noise, busy=busy)


def _cubic_terms(height: int, width: int) -> Float[np.ndarray, "height width 10"]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width * 2 - 1, y / height * 2 - 1
    return np.stack([x**i * y**j for i in range(4) for j in range(4 - i)], axis=-1)


def _rim(height: int, width: int) -> Bool[np.ndarray, "height width"]:
    """Left, right and top strip: people stand on the bottom one."""
    rim = np.zeros((height, width), bool)
    side, top = max(2, width // 16), max(2, height // 24)
    rim[:, :side] = rim[:, -side:] = rim[:top] = True
    return rim


def _grow(
    small: Float[np.ndarray, "height width 3"],
    terms: Float[np.ndarray, "height width 10"],
    rim: Bool[np.ndarray, "height width"],
) -> tuple[Bool[np.ndarray, "height width"], Float[np.ndarray, "height width 3"], float]:
    flat, design = small.reshape(-1, 3), terms.reshape(-1, terms.shape[-1])
    # Whoever stands at the rim must not pull the first fit: start near the rim's median colour.
    near = np.linalg.norm(flat - np.median(flat[rim.ravel()], axis=0), axis=1)
    known = rim.ravel() & (near < max(3 * float(np.median(near[rim.ravel()])), 8.0))
    cubic, noise = flat, 0.0
    for turn in range(8):
        # Sums by einsum: the threads of BLAS stall on a busy machine.
        here = design[known]
        squares = np.eye(here.shape[1]) * 1e-6 + np.einsum("ni,nj->ij", here, here)
        wanted = np.einsum("ni,nc->ic", here, flat[known])
        cubic = np.einsum("ni,ic->nc", design, np.linalg.solve(squares, wanted))
        distance = np.linalg.norm(flat - cubic, axis=1)
        noise = 1.5 * float(np.median(distance[known]))
        grown = distance < max(3 * noise, 2.0)
        known = grown if turn else grown | known
    return known.reshape(small.shape[:2]), cubic.reshape(small.shape), noise


def _smooth_known(
    rest: Float[np.ndarray, "height width 3"], known: Bool[np.ndarray, "height width"]
) -> Float[np.ndarray, "height width 3"]:
    """`rest` averaged over known pixels near by; over wider ones where none are near."""
    # Pixels beside the person hold some of the person.
    weight = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    out = np.zeros_like(rest)
    for sigma in (32.0, 6.0):
        total = cv2.GaussianBlur(weight, (0, 0), sigma)
        mean = cv2.GaussianBlur(rest * weight[:, :, None], (0, 0), sigma)
        trust = np.clip(total / 0.2, 0, 1)[:, :, None]
        out += trust * (mean / np.maximum(total, 1e-3)[:, :, None] - out)
    return out
