"""Which colours of a part are unlike the rest of it: prints, hands, shadows, skin that shines through hair."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from reimagine.appearance.grid import ramp

_BAND_M = 0.03
"""Heights are compared in bands this high."""


def oddness(
    verts: NDArray[np.float32],
    colour: NDArray[np.float32],
    known: NDArray[np.float32],
    trust: NDArray[np.float32],
    other: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """How far each vertex's colour (n 3) is unlike what is well seen of the part, at its height and on the whole, 0..1.

    Also where the `other` photo's colour (n 3) there is not like it: it is then enough to be unlike the whole.
    Prints, hands and shadows are odd on plain cloth; on checked cloth little is. Odd colours are not carried on to places that
    no photo shows.
    """
    sure = trust > 0.6
    if sure.sum() < 20:
        return np.zeros(len(colour), np.float32)
    height_m = verts[:, 1]
    bins = np.round((height_m - height_m.min()) / _BAND_M).astype(int)
    usual = np.full((bins.max() + 1, 3), np.nan)
    spread = np.full(bins.max() + 1, np.nan)
    for band in range(bins.max() + 1):
        near = known[sure & (np.abs(bins - band) <= 1)]
        if len(near) >= 10:
            usual[band], spread[band] = _usual(near, 0.5)
    filled = np.flatnonzero(np.isfinite(spread))
    at = filled[np.abs(bins[:, None] - filled[None]).argmin(1)]
    middle, whole = _usual(known[sure], 0.75)
    at_height = np.linalg.norm(colour - usual[at], axis=1) / (3 * spread[at] + 0.06)
    if other is not None:
        apart = np.linalg.norm(colour - other, axis=1) / (3 * whole + 0.06)
        at_height = np.maximum(at_height, apart)
    on_whole = np.linalg.norm(colour - middle, axis=1) / (3 * whole + 0.06)
    return _with_surroundings(verts, ramp(np.minimum(at_height, on_whole), 0.7, 1.1))


def likeness(
    verts: NDArray[np.float32],
    colour: NDArray[np.float32],
    usual: NDArray[np.float32],
    another: NDArray[np.float32],
) -> NDArray[np.float32]:
    """How far each vertex's colour (n 3) is rather `another` (3) than what is `usual` (3), 0..1."""
    own, other = (np.linalg.norm(colour - middle, axis=1) for middle in (usual, another))
    return _with_surroundings(verts, ramp(own / np.maximum(own + other, 1e-6), 0.2, 0.35))


def _with_surroundings(
    verts: NDArray[np.float32], odd: NDArray[np.floating]
) -> NDArray[np.float32]:
    """What is near something odd is odd too, else its rim would stay."""
    _, near = KDTree(verts).query(verts, k=min(24, len(verts)))
    return odd[near].max(1).astype(np.float32)


def _usual(
    colour: NDArray[np.floating], share: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The median colour, and within which distance of it this share of all lies."""
    middle = np.median(colour, axis=0)
    return middle, np.quantile(np.linalg.norm(colour - middle, axis=1), share)
