"""A part's outline on the frontal plane: what parts are called, and what is done with masks of them."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import Mask, depth, label
from reimagine.appearance.plane import CELL_M
from reimagine.body.joints import HIPS
from reimagine.records import PARTS

SKIN, FACE, HAIR, UPPER, LOWER, SHOES = range(1, len(PARTS) + 1)
"""Labels in a photo; 0 is off the person."""
HAT = 1 + len(PARTS)
"""What `hat.py` tells apart of what is labelled hair."""
CROTCH_M, ARMPIT_M = 0.11, 0.13
"""Below the hip joints and below the shoulder joints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One part on the frontal plane."""

    mask: Mask
    bottom: NDArray[np.float32] | None
    """Row where the part ends, per column, if it is cut off flat there (a hem)."""
    regions: tuple[int, ...]
    """Body regions that give it depth and that it moves with."""
    part: str
    """What its colour is taken as where the photo does not say."""
    hidden: NDArray[np.float32] | None = None
    """rows columns: how far each place lies under something else, 0..1; None where none does."""
    begins: NDArray[np.float32] | None = None
    """Row where it is cut off flat at its upper end, per column, under what hides it; None where it closes by itself."""
    lower_behind: NDArray[np.float32] | None = None
    """By how many rows it ends and begins lower at its back, per column; None where front and back are level."""
    hidden_behind: NDArray[np.float32] | None = None
    """The same as `hidden` for its back."""
    top: float = 0.0
    """Row of a collar, above which there is only neck."""


def beside_nothing(
    labels: NDArray[np.integer], edge: NDArray[np.float64], outward: int
) -> NDArray[np.float64]:
    """1 in rows where the background begins just outside the edge; next to nothing where a hand or an arm does."""
    rows = np.flatnonzero(np.isfinite(edge))
    sure = np.zeros(len(edge))
    for step in (1, 2, 3):
        column = np.clip(edge[rows] + outward * step, 0, labels.shape[1] - 1).astype(int)
        sure[rows] += (labels[rows, column] == 0) / 3
    # A row beside a hand is as unsure as the hand's own.
    sure = ndimage.minimum_filter1d(sure, 5)
    return 0.02 + 0.98 * sure**2


def lowest(mask: Mask) -> NDArray[np.float32]:
    """Row just below the mask in each column, smoothed; carried sideways beyond it."""
    height = len(mask)
    has = mask.any(0)
    if not has.any():
        return np.full(mask.shape[1], height, np.float32)
    low = np.where(has, height - np.argmax(mask[::-1], axis=0), 0).astype(np.float32)
    # At the sides the outline curves up: what counts is the hem, so take the lowest nearby and ignore the flanks.
    columns = np.flatnonzero(has)
    inner = columns[
        len(columns) // 8 : max(len(columns) - len(columns) // 8, len(columns) // 8 + 1)
    ]
    steady = ndimage.median_filter(low[inner], size=min(15, len(inner)))
    return np.interp(np.arange(mask.shape[1]), inner, steady).astype(np.float32)


def hang(mask: Mask, bottom: NDArray[np.float32]) -> Mask:
    """The mask with its last rows carried 20 cm down, so that a cut at `bottom` leaves a full cross-section."""
    rows = np.flatnonzero(mask.any(1))
    if len(rows) == 0:
        return mask
    last = int(min(np.median(bottom), rows[-1])) - 2
    hung = mask.copy()
    hung[last : last + int(0.2 / CELL_M)] |= mask[max(last, 0)]
    return hung


def risen(mask: Mask, hem: NDArray[np.float32]) -> Mask:
    """The mask with its first rows below a hem carried 20 cm up, so that a cut there leaves a full cross-section."""
    first = min(int(hem.max()) + 2, len(mask) - 1)
    up = mask.copy()
    up[max(first - int(0.2 / CELL_M), 0) : first] |= mask[first]
    return up


def closed(mask: Mask, radius_m: float) -> Mask:
    """The mask with gaps narrower than twice the radius (metres) closed."""
    size = 2 * round(radius_m / CELL_M) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc).astype(bool)


def grown(mask: Mask, radius_m: float) -> Mask:
    """The mask and all that is within the radius (metres) of it."""
    return depth(~mask) * CELL_M <= radius_m


def smooth(mask: Mask) -> Mask:
    """The mask without what is finer than a centimetre."""
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.008 / CELL_M) > 0.5


def about(mask: Mask, joints: Float[NDArray[np.floating], "55 2"]) -> Mask:
    """What of each row of the mask hangs together with the middle, and all of rows whose middle is none of it."""
    runs = label(mask, along_rows=True)
    middle = runs[:, int(joints[HIPS, 1].mean())][:, None]
    return mask & ((runs == middle) | (middle == 0))


def largest(mask: Mask) -> Mask:
    """The largest connected piece of the mask."""
    pieces = label(mask)
    if pieces.max() < 2:
        return mask
    sizes = np.bincount(pieces.ravel())[1:]
    return pieces == 1 + int(sizes.argmax())


def large(mask: Mask) -> Mask:
    """The connected pieces of the mask with at least a third of the largest one's size."""
    pieces = label(mask)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return (sizes >= max(sizes.max() / 3, 1))[pieces]
