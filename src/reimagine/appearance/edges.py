"""A part's left and right edge in every row: what is seen kept, what hands and neighbours hide drawn straight."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import Mask, label
from reimagine.appearance.plane import CELL_M

_STEADY_M = 0.022
"""How far along an edge neighbours are listened to."""
_BRIDGE_M = 0.25
"""What hides an edge for longer than this is no hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Columns of a part's first and last cell in each row, as real numbers; NaN in rows where it is not."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def mask(self, columns: int) -> Mask:
        """The cells between the edges."""
        at = np.arange(columns)[None]
        return (at >= self.low[:, None] - 0.5) & (at <= self.high[:, None] + 0.5)


def edges_of(mask: Mask) -> Edges:
    """First and last column of the mask in each row."""
    there = mask.any(1)
    low = np.where(there, mask.argmax(1), np.nan)
    high = np.where(there, mask.shape[1] - 1 - mask[:, ::-1].argmax(1), np.nan)
    return Edges(low=low.astype(np.float64), high=high.astype(np.float64))


def steadied(
    edge: NDArray[np.float64], sure: NDArray[np.float64], steady_m: float = _STEADY_M
) -> NDArray[np.float64]:
    """The edge with outliers and jitter taken out; rows of little `sure` (0..1) follow those around them.

    NaN stays NaN.
    """
    known = np.isfinite(edge)
    rows = np.flatnonzero(known)
    if len(rows) < 3:
        return edge
    span = np.arange(rows[0], rows[-1] + 1)
    weight = np.where(known[span], np.clip(sure[span], 1e-3, 1.0), 1e-3)
    whole = np.interp(span, rows, edge[rows])
    for run in _short_doubts(weight):
        ends = np.median(whole[max(run[0] - 4, 0) : run[0]]), np.median(whole[run[-1] + 1 :][:4])
        whole[run], weight[run] = np.interp(run, [run[0] - 1, run[-1] + 1], ends), 0.3
    whole = np.where(weight > 0.5, ndimage.median_filter(whole, size=7, mode="nearest"), whole)
    sigma = steady_m / CELL_M
    # Weighted twice: where nothing is sure, a wide window still finds what is.
    far = _weighted(whole, weight, 4 * sigma)
    near = _weighted(whole, weight, sigma)
    trust = np.clip(ndimage.gaussian_filter1d(weight, sigma, mode="nearest") * 3, 0, 1)
    smooth = far + (near - far) * trust
    result = np.full_like(edge, np.nan)
    result[span] = smooth
    return np.where(known, result, np.nan)


def _short_doubts(weight: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Rows that nobody is sure of, in short runs with others above and below: they are drawn straight."""
    pieces = label((weight < 0.3)[None], along_rows=True)[0]
    runs = [np.flatnonzero(pieces == piece) for piece in range(1, int(pieces.max()) + 1)]
    last = len(weight) - 1
    return [run for run in runs if run[0] > 0 and run[-1] < last and len(run) * CELL_M < _BRIDGE_M]


def _weighted(
    values: NDArray[np.float64], weight: NDArray[np.float64], sigma: float
) -> NDArray[np.float64]:
    """Gaussian mean along rows; straight lines stay straight up to the ends."""
    # A straight line is taken out first, so that the ends are not drawn inwards.
    at = np.arange(len(values), dtype=np.float64)
    slope, start = np.polyfit(at, values, 1, w=np.sqrt(weight))
    rest = values - (slope * at + start)
    total = ndimage.gaussian_filter1d(weight, sigma, mode="nearest")
    mean = ndimage.gaussian_filter1d(weight * rest, sigma, mode="nearest") / total
    return mean + slope * at + start
