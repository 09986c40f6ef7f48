"""How well the painted silhouette fits the asked one: IoU and the distance between outlines."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

DIFFERENT = 0.04
"""How far a pixel has to be from its background's colour to count as painted."""
LIKE_BACKGROUND = 0.25
"""Share of a person that may have the background's colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineMatch:
    """Two silhouettes compared."""

    iou: float
    """Intersection over union, 0..1."""
    distance_px: float
    """Mean distance from each outline to the other, both ways."""
    signed_px: float
    """Mean distance of the painted outline from the asked one, positive outside: clothes or growth."""


def compare(
    painted: Bool[NDArray[np.bool_], "height width"], asked: Bool[NDArray[np.bool_], "height width"]
) -> OutlineMatch:
    """NaN distances and IoU 0 where only one of them is empty, all NaN where both are."""
    union = int((painted | asked).sum())
    if union == 0:
        return OutlineMatch(iou=float("nan"), distance_px=float("nan"), signed_px=float("nan"))
    iou = int((painted & asked).sum()) / union
    if not (painted.any() and asked.any()):
        return OutlineMatch(iou=iou, distance_px=float("nan"), signed_px=float("nan"))
    rows, columns = (np.flatnonzero((painted | asked).any(axis=axis)) for axis in (1, 0))
    crop = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    to_asked, to_painted = (_signed(np.pad(mask[crop], 1)) for mask in (asked, painted))
    on_painted, on_asked = (_edge(np.pad(mask[crop], 1)) for mask in (painted, asked))
    there, back = to_asked[on_painted], to_painted[on_asked]
    return OutlineMatch(
        iou=iou,
        distance_px=float((np.abs(there).mean() + np.abs(back).mean()) / 2),
        signed_px=float(there.mean()),
    )


def before(
    picture: Float[NDArray[np.float32], "height width 3"],
    behind: Float[NDArray[np.float32], "height width 3"],
    painted: Float[NDArray[np.float32], "height width 3"],
    known: Bool[NDArray[np.bool_], "height width"],
) -> Bool[NDArray[np.bool_], "height width"] | None:
    """Where a picture shows somebody before a known background; None where that cannot be told.

    `painted` is an earlier picture of the same person over the same background, and `known` their silhouette in it:
    what had the background's colour there cannot be seen to have moved and counts as where it was.
    """
    alike = known & (np.abs(painted - behind).max(axis=2) <= DIFFERENT)
    if alike.sum() > LIKE_BACKGROUND * known.sum():
        return None
    off = np.abs(picture - behind).max(axis=2)
    differs = (off > DIFFERENT) | alike
    # At the rim a pixel is the person's where more than half of it is: against the most that differs beside it.
    square = np.ones((5, 5), np.uint8)
    inner = cv2.erode(differs.astype(np.uint8), square) > 0
    return inner | alike | (differs & (off > 0.5 * cv2.dilate(off, square)))


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The outermost pixels of a silhouette."""
    inner = cv2.erode(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    return mask & (inner == 0)


def _signed(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance to the silhouette's outermost pixels: 0 on them, negative inside."""
    edge = _edge(mask)
    distance = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 5)
    return np.where(mask, -distance, distance)
