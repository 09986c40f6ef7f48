"""Distances and connected pieces on a grid, with exact types, and a soft step."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
_CORE = 0.55
"""Share of a limb's breadth whose depth is believed; nearer the rim it already curves away."""


def depth(mask: Mask, sampling: tuple[float, float] = (1.0, 1.0)) -> NDArray[np.float64]:
    """Distance of each true cell to the nearest false one, in cells times `sampling` (rows, columns)."""
    return np.asarray(ndimage.distance_transform_edt(mask, sampling=sampling))


def nearest(mask: Mask, sampling: tuple[float, float] = (1.0, 1.0)) -> NDArray[np.int64]:
    """Row and column (2 rows columns) of the true cell nearest to each cell."""
    found = ndimage.distance_transform_edt(
        ~mask, sampling=sampling, return_distances=False, return_indices=True
    )
    return np.asarray(found, dtype=np.int64)


def label(mask: Mask, *, along_rows: bool = False) -> NDArray[np.int64]:
    """A number from 1 for each connected piece (4 neighbours, or along rows only), 0 off the mask."""
    joined = [[0, 0, 0], [1, 1, 1], [0, 0, 0]] if along_rows else [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    pieces = np.zeros(mask.shape, np.int64)
    ndimage.label(mask, structure=np.array(joined), output=pieces)
    return pieces


def filled(mask: Mask) -> Mask:
    """The mask with its holes closed."""
    return np.asarray(ndimage.binary_fill_holes(mask), dtype=bool)


def core(mask: Mask) -> Mask:
    """The middle of each row's runs."""
    edge = depth(mask, (1e3, 1.0))
    runs = label(mask, along_rows=True)
    peaks = np.zeros(runs.max() + 1)
    np.maximum.at(peaks, runs, edge)
    return mask & (edge >= (1 - _CORE) * peaks[runs])


def ramp(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.floating]:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
