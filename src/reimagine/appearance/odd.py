"""Which colours of a part are unlike the rest of it: prints, hands, shadows, skin that shines through hair."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from reimagine.appearance.edges import edges_of
from reimagine.appearance.grid import Mask, depth, ramp
from reimagine.appearance.plane import CELL_M

_BAND_M = 0.03
"""Heights are compared in bands this high."""
_RIM_M = 0.05
"""So far in from the sides a crevice may reach."""
_NOVEL, _LIKE = 0.05, 6
"""A colour so far (RGB, 0..1) from so many of those further in is none of them."""
_CROWD = 0.4
"""Share of a cell's surroundings, so many rows and columns, that are a crevice, where it is one."""
_AROUND = (5, 3)


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


def crevices(cloth: Mask, picture: NDArray[np.floating]) -> Mask:
    """Where at its sides cloth has colours that it has nowhere further in: a sleeve's shade, an arm, the wall behind.

    From there out to the side; `picture`: rows columns 3, 0..1.
    """
    far = depth(cloth, (1e3, 1.0)) * CELL_M
    inner, rim = cloth & (far > _RIM_M), cloth & (far <= _RIM_M)
    if inner.sum() < _LIKE or not rim.any():
        return np.zeros_like(cloth)
    novel = np.zeros(cloth.shape, np.float32)
    novel[rim] = KDTree(picture[inner]).query(picture[rim], k=_LIKE)[0][:, -1] > _NOVEL
    for axis, size in enumerate(_AROUND):
        novel = ndimage.uniform_filter1d(novel, size, axis=axis)
    novel = rim & (novel > _CROWD)
    edges, columns = edges_of(cloth), np.arange(cloth.shape[1])
    found = np.zeros_like(cloth)
    for edge, inward in ((np.nan_to_num(edges.low), 1), (np.nan_to_num(edges.high), -1)):
        across = (columns - edge[:, None]) * inward
        breadth = np.where(novel & (across <= _RIM_M / CELL_M), across + 1, 0).max(1)
        breadth = ndimage.maximum_filter1d(ndimage.median_filter(breadth, 7), 5)
        breadth = ndimage.gaussian_filter1d(breadth, 2.0) + (breadth > 0)
        found |= cloth & (across + 0.5 < breadth[:, None])
    return found
