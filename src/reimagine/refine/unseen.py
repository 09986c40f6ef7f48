"""Steadying where no surface is known: somebody else's frames, along optical flow that is checked there and back.

Optical flow is wrong in places, and what it brings there must not be averaged. So a frame keeps each pixel as it is unless
there is flicker to take out and the pixel's neighbours in time agree: flicker is told from errors of the flow by the
plain parts of the picture, as such errors grow with the edges that they displace. Five frames count. A frame unlike both
its neighbours, which are like each other, is made anew from these; shapes that jump are moved to where a parabola
through their five places has them (Savitzky and Golay, 1964); colours that drift are averaged coarsely, noise finely.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.refine.backend import Read
from reimagine.refine.optical import optical_flow
from reimagine.refine.robust import MAD_TO_SIGMA, TUKEY
from reimagine.resize import carried_outwards

SIDE = 2
"""Frames to either side that are averaged."""
UNLIKE = 1.5, 0.002
"""A frame is another one where it differs from both neighbours by more than so many times what they do, and so much more."""
SHADE = 31
"""Side in pixels of the square whose mean is left out of that: exposure makes no other frame."""
BENDING, BEND = 4.0, (0.11, 0.16)
"""Pixels: over which displacements are averaged; root mean square below which none count and above which all do."""
FARTHEST = 3.0
"""Pixels that anything jumps."""
COARSE, DRIFT = 6.0, (0.010, 0.020)
"""Pixels over which colours are averaged; how far they drift, used likewise. Of 1."""
NOISE = 0.011, 0.020
"""Standard deviation of fine differences, used likewise."""
LARGEST = 0.06
"""Of that; more is another thing than noise."""
SAME = 1 / 400
"""What differs by less is the same."""
PLAIN = 0.4
"""Share of the picture's differing pixels that counts as plain."""

Colours = Float[NDArray[np.float32], "height width 3"]
Field = Float[NDArray[np.float32], "height width"]
Where = Bool[NDArray[np.bool_], "height width"]
Vectors = Float[NDArray[np.float32], "height width 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From one frame to another."""

    steps: Vectors
    """Pixels."""
    sure: Field
    """1 where the way back leads home, else 0."""


def steadied_unseen(
    read: Read, frames: int, start: int
) -> Iterator[Float[Tensor, "4 height width"]]:
    """Frames start..frames-1; each depends on those within `SIDE` + 1 of it and on nothing else."""
    painted: dict[int, Float[Tensor, "4 height width"]] = {}
    whole: dict[int, Colours] = {}

    def colours(frame: int) -> Colours:
        if frame not in painted:
            painted[frame] = read(frame)
        return _colours(painted[frame])

    def repaired(frame: int) -> Colours:
        if frame not in whole:
            around = (frame - 1, frame, frame + 1)
            inner = 0 < frame < frames - 1
            whole[frame] = _repaired(*map(colours, around)) if inner else colours(frame)
        return whole[frame]

    for frame in range(start, frames):
        beside = [k for k in range(frame - SIDE, frame + SIDE + 1) if 0 <= k < frames]
        steady = _steadied([repaired(k) for k in beside], beside.index(frame))
        picture = painted[frame].clone()
        picture[:3] = torch.from_numpy(steady).permute(2, 0, 1)
        yield picture.clamp_(0, 1)
        for kept in (painted, whole):
            for old in [k for k in kept if k < frame - SIDE]:
                del kept[old]


def _repaired(before: Colours, own: Colours, after: Colours) -> Colours:
    """The frame; where it is another one, what lies midway between its neighbours."""
    across = _way(before, after)
    least = min(_unlike(own, one, _way(own, one)) for one in (before, after))
    if least <= UNLIKE[0] * _unlike(before, after, across) + UNLIKE[1]:
        return own
    half = np.asarray(across.steps / 2, np.float32)
    for _ in range(2):  # the step of what passes here midway
        half = np.asarray(_at(across.steps, -half) / 2, np.float32)
    return np.asarray((_at(before, -half) + _at(after, half)) / 2, np.float32)


def _unlike(own: Colours, other: Colours, way: Way) -> float:
    """Mean difference along the flow, however exposed, of all pixels: those whose way is not known too."""
    away = own - _at(other, way.steps)
    return float(np.abs(away - cv2.blur(away, (SHADE, SHADE))).mean())


def _steadied(window: Sequence[Colours], middle: int) -> Colours:
    """One of some frames in a row."""
    own = window[middle]
    others = [one for k, one in enumerate(window) if k != middle]
    if not others:
        return own
    ways = [_way(own, one) for one in others]
    moved = _moved(own, ways, window=len(window), middle=middle)
    if moved is not None:
        own = _at(own, moved)
        ways = [Way(steps=moved + _at(way.steps, moved), sure=way.sure) for way in ways]
    away = [_at(one, way.steps) - own for one, way in zip(others, ways, strict=True)]
    sure = [way.sure for way in ways]
    differs = np.any(
        [(_length(one) > SAME) & (way > 0) for one, way in zip(away, sure, strict=True)], axis=0
    )
    if not differs.any():
        return own
    fine = [one - _smooth(one, weight) for one, weight in zip(away, sure, strict=True)]
    change = _of_drift(away, sure, differs) + _of_noise(own, fine, sure, differs)
    return np.asarray(own + change, np.float32)


def _moved(own: Colours, ways: Sequence[Way], *, window: int, middle: int) -> Vectors | None:
    """From where things are on a smooth path to where this frame shows them; None where nothing jumps."""
    places = np.arange(window, dtype=np.float64) - middle
    shares = np.linalg.pinv(np.vander(places, 3, increasing=True))[0].tolist()
    del shares[middle]
    steps = np.zeros_like(ways[0].steps)
    for share, way in zip(shares, ways, strict=True):
        steps += np.float32(share) * way.steps
    weight = np.prod([way.sure for way in ways], axis=0) * np.minimum(_slope(own), 0.03)
    if weight.sum() < 1e-6:
        return None
    jump = np.linalg.norm(steps, axis=-1)
    trust = _ramp(_median(jump, weight), BEND)
    if trust == 0:
        return None
    weight = weight * _agree(jump, FARTHEST / TUKEY) + np.float32(1e-6)
    return -trust * _smooth(steps, weight, BENDING)


def _of_drift(away: Sequence[Colours], sure: Sequence[Field], differs: Where) -> Colours:
    """What the frame's slow colours lack to be the mean of all frames'."""
    slow = [_smooth(one, weight) for one, weight in zip(away, sure, strict=True)]
    size = [_length(one) for one in slow]
    trust = _ramp(max(float(np.median(one[differs])) for one in size), DRIFT)
    known = [cv2.GaussianBlur(weight, (0, 0), COARSE) for weight in sure]
    weights = [_agree(one, LARGEST) * weight for one, weight in zip(size, known, strict=True)]
    return trust * _mean(slow, weights)


def _of_noise(
    own: Colours, fine: Sequence[Colours], sure: Sequence[Field], where: Where
) -> Colours:
    """What the frame's fine colours lack to be the mean of those that agree."""
    plain = where & (_slope(own) <= np.quantile(_slope(own)[where], PLAIN))
    size = [_length(one) for one in fine]
    sigma = MAD_TO_SIGMA * float(np.median(np.stack(size)[:, plain])) / 2**0.5
    around = [np.sqrt(np.maximum(cv2.blur(one * one, (3, 3)), 0)) for one in size]
    limit = 2**0.5 * min(sigma, LARGEST)
    weights = [_agree(one, limit) * weight for one, weight in zip(around, sure, strict=True)]
    return _ramp(sigma, NOISE) * _mean(fine, weights)


def _mean(away: Sequence[Colours], weights: Sequence[Field]) -> Colours:
    """Mean of the differences and of the frame's own, which is zero."""
    total, mean = np.ones_like(weights[0]), np.zeros_like(away[0])
    for one, weight in zip(away, weights, strict=True):
        total += weight
        mean += one * weight[..., None]
    return np.asarray(mean / total[..., None], np.float32)


def _median(values: Field, weight: Field) -> float:
    """By weight."""
    order = np.argsort(values, axis=None)
    total = np.cumsum(weight.reshape(-1)[order])
    return float(values.reshape(-1)[order][np.searchsorted(total, total[-1] / 2)])


def _agree(size: Field, sigma: float) -> Field:
    """Tukey's biweight of differences, 0..1."""
    return np.square(np.maximum(1 - np.square(size / max(TUKEY * sigma, 1e-6)), 0))


def _smooth(
    values: Float[NDArray[np.float32], "height width channels"],
    weight: Field,
    sigma: float = COARSE,
) -> Colours:
    """Mean around each pixel by a Gaussian, of what counts."""
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)[..., None]
    blurred = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return np.asarray(blurred / total, np.float32)


def _way(own: Colours, other: Colours) -> Way:
    a, b = (torch.from_numpy(one).permute(2, 0, 1) for one in (own, other))
    flow = optical_flow(a, b)
    height, width = own.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) + np.float32(0.5)
    steps = flow.target.numpy() - np.stack([columns, rows], axis=-1)
    return Way(steps=steps, sure=flow.visible.numpy().astype(np.float32))


def _at(picture: NDArray[np.float32], steps: Vectors) -> NDArray[np.float32]:
    """The picture at places that lie aside."""
    height, width = steps.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = columns + steps[..., 0], rows + steps[..., 1]
    how = cv2.INTER_LANCZOS4 if picture.shape[2] == 3 else cv2.INTER_LINEAR
    return np.asarray(cv2.remap(picture, x, y, how, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _colours(picture: Float[Tensor, "4 height width"]) -> Colours:
    return np.ascontiguousarray(carried_outwards(picture)[:3].permute(1, 2, 0).numpy())


def _slope(picture: Colours) -> Field:
    """Change a pixel of luma."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.hypot(*(cv2.Sobel(grey, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1))))


def _length(colours: Colours) -> Field:
    """Root mean square over the channels."""
    return np.sqrt(cv2.transform(colours * colours, np.full((1, 3), 1 / 3)))


def _ramp(value: float, between: tuple[float, float]) -> float:
    """0 below the first, 1 above the second."""
    return min(max((value - between[0]) / (between[1] - between[0]), 0.0), 1.0)
