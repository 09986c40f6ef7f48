"""How far a lens bends straight lines: what a pinhole leaves out."""

import numpy as np
from jaxtyping import Float

from reimagine.errors import InputError

TERMS = ("k1", "k2", "p1", "p2", "k3")
"""Of OpenCV's model, in its order."""


def corner_error_px(
    K: Float[np.ndarray, "3 3"], size: Float[np.ndarray, "2"], terms: tuple[float, ...]
) -> float:
    """How many pixels a lens moves what a pinhole shows in the picture's corner farthest off.

    x (1 + k1 r^2 + k2 r^4 + k3 r^6) + 2 p1 x y + p2 (r^2 + 2 x^2), and the same for y with p1 and p2 exchanged
    (https://docs.opencv.org/4.x/d9/d0c/group__calib3d.html).
    """
    k1, k2, p1, p2, k3 = (*terms, *[0.0] * (5 - len(terms)))[:5]
    pixels = np.array([[x, y] for x in (0.0, size[0]) for y in (0.0, size[1])])
    x, y = ((pixels - K[:2, 2]) / [K[0, 0], K[1, 1]]).T
    square = x * x + y * y
    radial = k1 * square + k2 * square**2 + k3 * square**3
    moved = np.stack(
        [
            (x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x)) * K[0, 0],
            (y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y) * K[1, 1],
        ]
    )
    return float(np.linalg.norm(moved, axis=0).max())


def lens_note(
    K: Float[np.ndarray, "3 3"], size: Float[np.ndarray, "2"], terms: tuple[float, ...]
) -> str | None:
    """What is left out of a lens, or None where it is a pinhole to a tenth of a pixel."""
    error = corner_error_px(K, size, terms)
    if not error >= 0.1:
        return None
    named = ", ".join(f"{name} {v:g}" for name, v in zip(TERMS, terms, strict=False) if v)
    return (
        f"the camera file's lens bends lines ({named}); our pictures are a pinhole's, which lies up to {error:.0f} px off "
        f"in the corners of its {size[0]:.0f}x{size[1]:.0f} pictures: undistort those to compare"
    )


def refuse_lens(path: object, model: object) -> InputError:
    """The error for a lens that no pinhole comes near to."""
    return InputError(
        f"{path}: the camera model is {model}; expected a pinhole, or OpenCV's or COLMAP's radial lens. Undistort the "
        "pictures first, with colmap image_undistorter or ns-process-data, and give the cameras that it writes."
    )
