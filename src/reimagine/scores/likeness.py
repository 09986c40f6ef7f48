"""How much of the person's own photos is left in the painting: each photo is carried through the surface onto the frame.

Only pixels count whose place on the surface the photo really shows. The photo is laid on the surface as the person's
record says (`Person.photo_xy`), so that what is measured is the painting, not how well the surface fits the photo.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from numpy.typing import NDArray
from torch import Tensor

from reimagine.records import Person, Raster, SurfaceView
from reimagine.render.rasterize import interpolate
from reimagine.scores.fidelity import C1, C2, SPREAD, WINDOW

SURE = 0.6
"""What `Person.seen` has to be above for a place to count as photographed."""
OWN = 0.8
"""How much of a place's colour has to come from this photo."""
LEAST = 0.35
"""Share of the person's pixels that the photo has to show, or the frame sees another side."""
SPARSE = 4
"""Every how many pixels a photo is tried first."""
MOST_DB = 100.0
"""PSNR of pictures that are equal, so that it has a mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """The painting against one photo; NaN where the frame shows little of what the photo shows."""

    psnr_db: float
    ssim: float
    """-1..1, over windows of what the photo shows alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A photo as the frame would have it."""

    picture: Float[NDArray[np.float32], "height width 3"]
    shown: Bool[NDArray[np.bool_], "height width"]
    """Where the photo really shows what the pixel sees."""
    person_pixels: int
    """How many pixels the frame's person has, for the share that the photo has to show."""


def likeness(picture: Float[NDArray[np.float32], "height width 3"], carried: Carried) -> Likeness:
    """Compare a painted picture (0..1) with a photo carried onto it."""
    shown = carried.shown
    count = int(shown.sum())
    if count == 0 or count < LEAST * carried.person_pixels:
        return Likeness(psnr_db=float("nan"), ssim=float("nan"))
    squared = float(np.square(picture[shown] - carried.picture[shown], dtype=np.float64).mean())
    psnr = MOST_DB if squared == 0 else min(MOST_DB, float(-10 * np.log10(squared)))
    return Likeness(psnr_db=psnr, ssim=_ssim(picture, carried.picture, shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A photo, ready to be carried onto many frames."""

    side: str
    pixels: UInt8[NDArray[np.uint8], "photo_height photo_width 3"]
    values: Float[Tensor, "verts 4"]
    """Of each vertex: x and y in the photo, how much of the colour comes from it, how far the photos show the place."""


def lay(person: Person) -> tuple[Laid, ...]:
    """All the person's photos."""
    return tuple(_lay(person, index) for index in range(len(person.photos)))


def _lay(person: Person, index: int) -> Laid:
    xy, weight, photo = person.photo_xy[index], person.photo_weight[index], person.photos[index]
    known = torch.isfinite(xy).all(1) & torch.isfinite(weight)
    sure = torch.where(known, person.seen, 0.0)
    values = torch.cat([torch.nan_to_num(xy), torch.nan_to_num(weight)[:, None], sure[:, None]], 1)
    pixels = (photo.rgb.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
    return Laid(side=photo.side, pixels=np.ascontiguousarray(pixels.numpy()), values=values)


def carry(laid: Laid, seen: SurfaceView) -> Carried:
    """The photo carried through the surface onto the one frame of `seen`; no picture where too little of it shows."""
    values = laid.values.to(seen.verts)
    face = (seen.raster.face[0] >= 0).cpu().numpy()
    sample = interpolate(_sparse(seen.raster), seen.faces, values)[0].cpu().numpy()
    likely = int(_shown(sample).sum()) * SPARSE**2
    if likely < LEAST * int(face.sum()) / 2:
        nothing = np.zeros(face.shape, dtype=bool)
        return Carried(
            picture=np.zeros((*face.shape, 3), np.float32),
            shown=nothing,
            person_pixels=int(face.sum()),
        )
    at = interpolate(seen.raster, seen.faces, values)[0].cpu().numpy()
    # The person's outermost pixels mix with what lies behind.
    inner = cv2.erode(face.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    shown = inner & _shown(at)
    picture = np.zeros((*face.shape, 3), np.float32)
    count, people = int(shown.sum()), int(face.sum())
    if count >= max(1, LEAST * people):
        box = _box(shown)
        picture[box] = _read(laid.pixels, np.ascontiguousarray(at[box][..., :2]), shown[box])
    return Carried(picture=picture, shown=shown, person_pixels=people)


def _shown(
    at: Float[NDArray[np.float32], "rows columns 4"],
) -> Bool[NDArray[np.bool_], "rows columns"]:
    return (at[..., 2] > OWN) & (at[..., 3] > SURE)


def _sparse(raster: Raster) -> Raster:
    """Every fourth pixel each way, to tell the frames of which a photo shows nothing."""
    face, barycentrics, depth = (
        values[:, ::SPARSE, ::SPARSE].contiguous()
        for values in (raster.face, raster.barycentrics, raster.depth)
    )
    return Raster(face=face, barycentrics=barycentrics, depth=depth)


def _box(shown: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest box around what is set."""
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _read(
    photo: UInt8[NDArray[np.uint8], "photo_height photo_width 3"],
    xy: Float[NDArray[np.float32], "rows columns 2"],
    shown: Bool[NDArray[np.bool_], "rows columns"],
) -> Float[NDArray[np.float32], "rows columns 3"]:
    """The photo at these pixels (centres at +0.5), shrunken first to about the frame's scale, so that nothing aliases."""
    scale = _scale(xy, shown)
    low, high = xy[shown].min(0), xy[shown].max(0)
    edge = np.ceil(2 * scale)  # what the filters reach
    left, top = (max(0, int(value)) for value in low - edge)
    right, bottom = (int(value) + 1 for value in high + edge)
    photo = photo[top:bottom, left:right]
    height, width = photo.shape[:2]
    if scale > 1:
        size = max(1, round(width / scale)), max(1, round(height / scale))
        photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    by = np.array([photo.shape[1] / width, photo.shape[0] / height], np.float32)
    maps = (xy - np.array([left, top], np.float32)) * by - np.float32(0.5)
    found = cv2.remap(
        photo, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return found.astype(np.float32) / np.float32(255)


def _scale(xy: NDArray[np.float32], shown: NDArray[np.bool_]) -> float:
    """How many of the photo's pixels one of the frame's is wide: the median over neighbours, of every fourth line."""
    ways: list[NDArray[np.floating]] = []
    for places, known in ((xy[::4], shown[::4]), (xy[:, ::4].swapaxes(0, 1), shown[:, ::4].T)):
        step = places[:, 1:] - places[:, :-1]
        squared = step[..., 0] ** 2 + step[..., 1] ** 2
        ways.append(squared[known[:, 1:] & known[:, :-1]])
    steps = np.concatenate(ways)
    return float(np.sqrt(np.median(steps))) if len(steps) else 1.0


def _ssim(a: NDArray[np.float32], b: NDArray[np.float32], shown: NDArray[np.bool_]) -> float:
    """SSIM (Wang et al. 2004) whose windows hold the shown pixels alone: weights fall to zero outside."""
    crop = _box(shown)
    weight = np.repeat(shown[crop][..., None], 3, axis=2).astype(np.float32)
    # Nothing is read beyond the shown pixels, at least one of which every window of theirs holds.
    scale = 1 / np.maximum(_blurred(weight), 1e-6)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.multiply(_blurred(values), scale), np.float32)

    x, y = (np.asarray(one[crop] * weight, np.float32) for one in (a, b))
    mean_x, mean_y = mean(x), mean(y)
    squared = mean_x * mean_x + mean_y * mean_y
    product = mean_x * mean_y
    variances = mean(np.asarray(x * x + y * y, np.float32)) - squared
    contrast = (2 * (mean(np.asarray(x * y, np.float32)) - product) + C2) / (variances + C2)
    found = contrast * ((2 * product + C1) / (squared + C1))
    return sum(cv2.mean(found, shown[crop].view(np.uint8))[:3]) / 3


def _blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    edge = cv2.BORDER_CONSTANT
    blurred = cv2.GaussianBlur(values, (WINDOW, WINDOW), SPREAD, borderType=edge)
    return np.asarray(blurred, np.float32)
