"""How far what a frame shows lies from where another one, carried along the surface, shows it.

An image model paints edges half a pixel left in one frame and right in the next; averaged as they lie, they blur. The
field is Lucas and Kanade's (IJCAI 1981) over windows of some ten pixels, solved on a grid, as it is smooth anyway.
Textures that flicker match a little by chance: displacements count as far as they are large and explain why the frames
differ.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

Grey = Float[NDArray[np.float32], "height width"]
Where = Bool[NDArray[np.bool_], "height width"]
Vectors = Float[NDArray[np.float32], "height width 2"]

STEP = 4
"""Pixels between the points of the grid; its window has this standard deviation."""
SHADE = 11
"""Side in pixels of the square whose mean, taken twice, is left out: exposure that differs is no displacement."""
BLURS = (1.5, 0.8)
"""Standard deviations in pixels of what is compared, one a round: the first catches what is farther away."""
DOUBT = 0.03
"""Share of the energy of differences that counts against a displacement of one pixel."""
FARTHEST = 3.0
"""Pixels."""
EXPLAINED = 0.45, 0.55
"""Shares of the differences that displacements explain, below which none count and above which all do. Measured: 0.1 to
0.45 where something else flickers, 0.65 (median) where everything does, 0.95 where edges jitter; up to 0.6 where nothing does."""
EXPLAINED_HERE = 0.3
"""The same around one place; below it displacements count less."""
DISPLACED = 0.3, 0.6
"""Pixels, root mean square, used likewise. Measured: up to 0.3 where nothing flickers, from 0.75 where edges jitter."""


def displacement(mine: Grey, theirs: Grey, where: Where) -> Vectors | None:
    """From where `mine` shows something to where `theirs` does, in pixels; None where nothing is displaced.

    Args:
        mine: The frame.
        theirs: Another one, carried here along the surface and exposed alike; beyond `where` anything smooth.
        where: Where the two show the same of the surface.
    """
    height, width = mine.shape
    down, right = -height % STEP, -width % STEP
    weight = np.pad(where.astype(np.float32), ((0, down), (0, right)))
    ours, others = (
        _without_shade(np.pad(one, ((0, down), (0, right)), mode="edge")) for one in (mine, theirs)
    )
    known = _around(weight)
    still = found = np.zeros((*known.shape, 2), np.float32)
    one, other = ours, others
    for blur in BLURS:
        one, other = (_blurred(picture, blur) for picture in (ours, others))
        found = _nearer(found, one, other, weight)
    before, after = (
        np.asarray(weight * np.square(one - _at(other, steps)), np.float32)
        for steps in (still, found)
    )
    explained = 1 - float(after.sum()) / max(float(before.sum()), 1e-9)
    trust = _ramp(explained, EXPLAINED) * _ramp(_size(found, one, weight), DISPLACED)
    if trust == 0:
        return None
    here = 1 - _around(after) / np.maximum(_around(before), 1e-9)
    # At a silhouette half of the window is enough; where all is hidden, nothing is known.
    sure = np.clip(here / EXPLAINED_HERE, 0, 1) * np.minimum(2 * known, 1)
    found = found * (trust * sure)[..., None]
    whole = cv2.resize(np.asarray(found, np.float32), weight.shape[::-1])
    return np.asarray(whole[:height, :width], np.float32)


def _nearer(found: Vectors, mine: Grey, theirs: Grey, weight: Grey) -> Vectors:
    """Displacements after another round of least squares, held to zero by `DOUBT`."""
    there = _at(theirs, found)
    apart = mine - there
    across, down = _slopes(np.asarray((mine + there) / 2, np.float32))
    right, below = across * weight, down * weight
    products = (right * across, right * down, below * down, right * apart, below * apart)
    xx, xy, yy, x, y = (_around(np.asarray(one, np.float32)) for one in products)
    # All of the displacement is solved for anew, so that doubt pulls it to zero and not to what was found before.
    x = x + xx * found[..., 0] + xy * found[..., 1]
    y = y + xy * found[..., 0] + yy * found[..., 1]
    doubt = DOUBT * _around(np.asarray(apart * apart * weight, np.float32)) + 1e-6
    xx, yy = xx + doubt, yy + doubt
    better = np.stack([yy * x - xy * y, xx * y - xy * x], axis=-1) / (xx * yy - xy * xy)[..., None]
    length = np.linalg.norm(better, axis=-1, keepdims=True)
    return np.asarray(better * np.minimum(1, FARTHEST / np.maximum(length, 1e-6)), np.float32)


def _size(found: Vectors, picture: Grey, weight: Grey) -> float:
    """Root mean square displacement in pixels, where there are edges that show it."""
    across, down = _slopes(picture)
    edges = _around(np.asarray(weight * (across * across + down * down), np.float32))
    mean = (np.square(found).sum(axis=-1) * edges).sum() / max(float(edges.sum()), 1e-9)
    return float(mean) ** 0.5


def _slopes(picture: Grey) -> list[Grey]:
    """Change a pixel, to the right and downwards."""
    return [
        np.asarray(cv2.Sobel(picture, cv2.CV_32F, *axis, scale=1 / 8), np.float32)
        for axis in ((1, 0), (0, 1))
    ]


def _around(values: Grey) -> Grey:
    """Mean around each point of the grid."""
    small = cv2.resize(values, (0, 0), fx=1 / STEP, fy=1 / STEP, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.float32)


def _blurred(picture: Grey, sigma: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def _without_shade(picture: Grey) -> Grey:
    shade = cv2.blur(cv2.blur(picture, (SHADE, SHADE)), (SHADE, SHADE))
    return np.asarray(picture - shade, np.float32)


def _at(picture: Grey, found: Vectors) -> Grey:
    """The picture at displaced positions."""
    if not found.any():
        return picture
    height, width = picture.shape
    steps = np.asarray(cv2.resize(found, (width, height)), np.float32)
    x = steps[..., 0] + np.arange(width, dtype=np.float32)
    y = steps[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    there = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(there, np.float32)


def _ramp(value: float, between: tuple[float, float]) -> float:
    """0 below the first, 1 above the second."""
    return min(max((value - between[0]) / (between[1] - between[0]), 0.0), 1.0)
