"""How far a surface's colours change while it moves: warping error, flicker and colour drift.

Warping error after Lai et al., Learning Blind Video Temporal Consistency (ECCV 2018), eq. 10: the mean squared
difference between a frame and the next one carried back along the flow, over the pixels in sight in both. Theirs
takes optical flow of the input video; ours the exact flow of the mesh, or optical flow where there is no mesh.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from reimagine.records import SurfaceView
from reimagine.render.flow import flow_between


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """Where each pixel of a frame is in the next one, in the form that OpenCV takes."""

    xy: Float[NDArray[np.float32], "height width 2"]
    """Pixel in the next frame, centres at whole numbers as OpenCV counts."""
    mask: Bool[NDArray[np.bool_], "height width"]
    """Foreground in sight in both frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a frame differs from the next one carried back."""

    squared: float
    """Mean squared difference a channel, colours 0..1 (Lai et al.)."""
    absolute: float
    """Mean absolute difference a channel, colours 0..255."""


def mesh_carry(first: SurfaceView, second: SurfaceView) -> Carry:
    """The exact flow from one frame to the next, of surface points whose surroundings are in sight in both frames too.

    Both have one frame; their pictures may be of two sizes, as crops are. Pixels beside what is hidden in the other
    frame, and the outermost ones of the silhouette, mix with what lies behind or before them and are left out.
    """
    there, back = flow_between(first, second), flow_between(second, first)
    inner, inner_next = (
        cv2.erode(flow.visible.cpu().numpy().astype(np.uint8), np.ones((3, 3), np.uint8))
        for flow in (there, back)
    )
    xy = (there.target - 0.5).nan_to_num(-1e4).cpu().numpy().astype(np.float32)
    landed = cv2.remap(inner_next, xy[..., 0], xy[..., 1], cv2.INTER_NEAREST)
    return Carry(xy=xy, mask=(inner > 0) & (landed > 0))


def optical_carry(
    first: Float[NDArray[np.float32], "height width 3"],
    second: Float[NDArray[np.float32], "height width 3"],
    foreground: Bool[NDArray[np.bool_], "height width"],
) -> Carry:
    """DIS optical flow (Kroeger et al., ECCV 2016) from one picture (0..1) to the other, on the foreground.

    Occlusion by the forward-backward check and motion boundaries of Ruder et al. (GCPR 2016), as Lai et al. do.
    """
    top, bottom, left, right = _box(foreground, margin=24)
    grey = [_grey(picture[top:bottom, left:right]) for picture in (first, second)]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    there, back = (
        np.asarray(flow.calc(a, b, np.zeros((*a.shape, 2), np.float32)), np.float32)
        for a, b in (grey, grey[::-1])
    )
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    place = np.stack([columns, rows], axis=-1) + there
    corner = np.array([left, top], np.float32)
    at = place - corner
    returned = cv2.remap(back, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    lengths = _squared(there), _squared(returned)
    lost = _squared(there + returned) > 0.01 * (lengths[0] + lengths[1]) + 0.5
    slopes = (cv2.Sobel(there, cv2.CV_32F, *axis, ksize=1, scale=0.5) for axis in ((1, 0), (0, 1)))
    lost |= sum(map(_squared, slopes)) > 0.01 * lengths[0] + 0.002
    height, width = foreground.shape
    x, y = place[..., 0], place[..., 1]
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    xy = np.full((height, width, 2), -1e4, np.float32)
    xy[top:bottom, left:right] = place
    mask = np.zeros(foreground.shape, dtype=bool)
    mask[top:bottom, left:right] = foreground[top:bottom, left:right] & inside & ~lost
    return Carry(xy=xy, mask=mask)


def change(
    first: Float[NDArray[np.float32], "height width 3"],
    second: Float[NDArray[np.float32], "height width 3"],
    carry: Carry,
) -> Change:
    """The difference of two pictures (0..1) along the flow; NaN where nothing is in sight in both."""
    if not carry.mask.any():
        return Change(squared=float("nan"), absolute=float("nan"))
    top, bottom, left, right = _box(carry.mask, margin=0)
    inside = (slice(top, bottom), slice(left, right))
    at = carry.xy[inside]
    warped = cv2.remap(second, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    difference = cv2.absdiff(first[inside], warped)
    mask = carry.mask[inside].view(np.uint8)
    squared, absolute = (
        cv2.mean(cv2.multiply(difference, difference), mask),
        cv2.mean(difference, mask),
    )
    return Change(squared=sum(squared[:3]) / 3, absolute=sum(absolute[:3]) / 3 * 255)


def mean_colour(
    picture: Float[NDArray[np.float32], "height width 3"],
    foreground: Bool[NDArray[np.bool_], "height width"],
) -> Float[NDArray[np.float64], " 3"]:
    """Mean CIE Lab colour (D65) of the foreground of an sRGB picture in 0..1; NaN where it is empty."""
    if not foreground.any():
        return np.full(3, np.nan)
    lab = cv2.cvtColor(picture[foreground][None], cv2.COLOR_RGB2Lab)
    return np.array(cv2.mean(lab)[:3])


def drift(colours: Float[NDArray[np.float64], "frames 3"], fps: float) -> list[float]:
    """CIE76 distance of each frame of the last second from the mean of the first second.

    Clips of under two seconds compare halves. `colours` are mean Lab colours, or better their differences from
    an anchored rendering's, from which the turning of person and camera has gone.
    """
    frames = len(colours)
    span = max(1, min(round(fps), frames // 2))
    first = colours[:span]
    known = first[np.isfinite(first).all(axis=1)]
    start = known.mean(axis=0) if len(known) else np.full(3, np.nan)
    return [float(np.linalg.norm(colour - start)) for colour in colours[-span:]]


def _squared(flow: cv2.typing.MatLike) -> NDArray[np.float32]:
    """Squared lengths; by planes, as a sum over a last axis of two takes numpy ten times as long."""
    return np.asarray(flow[..., 0] ** 2 + flow[..., 1] ** 2, np.float32)


def _grey(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    return (grey * 255 + 0.5).clip(0, 255).astype(np.uint8)


def _box(mask: NDArray[np.bool_], margin: int) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what is set, with a margin, at least 32 pixels; the whole where nothing is."""
    height, width = mask.shape
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        return 0, height, 0, width
    top, left = max(int(rows[0]) - margin, 0), max(int(columns[0]) - margin, 0)
    bottom = min(max(int(rows[-1]) + 1 + margin, top + 32), height)
    right = min(max(int(columns[-1]) + 1 + margin, left + 32), width)
    return max(min(top, bottom - 32), 0), bottom, max(min(left, right - 32), 0), right
