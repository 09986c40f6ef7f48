"""Fingers where a file has none, or has them in a form that only the licensed SMPL-X model file can open."""

import numpy as np
from jaxtyping import Float

PCA_NOTE = (
    "fingers are stored as {} PCA numbers, which only the licensed SMPL-X model file can open; "
    "one relaxed hand shape is used instead"
)
MEAN_HAND_NOTE = (
    "fingers are given relative to SMPL-X's mean hand, which only the licensed model file has; they are put on top of one "
    "relaxed hand shape"
)
NO_HANDS_NOTE = "the file has no fingers; relaxed hands are used"


def relaxed_hands(frames: int) -> Float[np.ndarray, "frames 30 3"]:
    """Slightly curled fingers, axis-angle, left hand then right (index, middle, pinky, ring, thumb, 3 each).

    Each finger joint is flexed by 0.35 rad, the thumb by 0.15: of the simple guesses the one nearest to a
    captured mesh with a PCA hand (4.5 mm mean distance). Flexion is about -z on the left, +z on the
    right, for the thumb about +y and -y, in the axes of the zero pose.
    """
    left = np.zeros((15, 3))
    left[:12, 2] = -0.35
    left[12:, 1] = 0.15
    both = np.concatenate([left, -left])
    return np.broadcast_to(both, (frames, 30, 3)).copy()
