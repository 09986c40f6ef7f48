"""How much of the person's own photos is left in the painting: each photo is carried through the surface onto the frame.

Only pixels count whose place on the surface the photo really shows. The photo is laid on the surface as the person's
record says (`Person.photo_xy`), so that what is measured is the painting, not how well the surface fits the photo.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.cameras.rasterize import interpolate
from reimagine.records import Person, Seen
from reimagine.scores.fidelity import C1, C2, SPREAD, WINDOW

SURE = 0.6
"""What `Person.seen` has to be above for a place to count as photographed."""
OWN = 0.8
"""How much of a place's colour has to come from this photo."""
LEAST = 0.35
"""Share of the person's pixels that the photo has to show, or the frame sees another side."""
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


def likeness(
    picture: Float[NDArray[np.float32], "height width 3"], carried: Carried, person_pixels: int
) -> Likeness:
    """Compare a painted picture (0..1) with a photo carried onto it.

    `person_pixels`: how many pixels the frame's person has, for the share that the photo has to show.
    """
    shown = carried.shown
    count = int(shown.sum())
    if count == 0 or count < LEAST * person_pixels:
        return Likeness(psnr_db=float("nan"), ssim=float("nan"))
    squared = float(np.square(picture[shown] - carried.picture[shown], dtype=np.float64).mean())
    psnr = MOST_DB if squared == 0 else min(MOST_DB, float(-10 * np.log10(squared)))
    return Likeness(psnr_db=psnr, ssim=_ssim(picture, carried.picture, shown))


def carry(person: Person, photo: int, seen: Seen) -> Carried:
    """The photo carried through the surface onto the one frame of `seen`."""
    xy, weight = person.photo_xy[photo], person.photo_weight[photo]
    known = torch.isfinite(xy).all(1)
    sure = torch.where(known & torch.isfinite(weight), person.seen, 0.0)
    values = torch.cat([torch.nan_to_num(xy), torch.nan_to_num(weight)[:, None], sure[:, None]], 1)
    at = interpolate(seen.raster, seen.faces, values.to(seen.verts))[0].cpu().numpy()
    covered = _inside(seen)
    shown = covered & (at[..., 2] > OWN) & (at[..., 3] > SURE)
    xy_here = np.where(shown[..., None], at[..., :2], -1e4).astype(np.float32)
    return Carried(picture=_read(person.photos[photo].rgb, xy_here, shown), shown=shown)


def _inside(seen: Seen) -> Bool[NDArray[np.bool_], "height width"]:
    """The person's pixels without the outermost, which mix with what lies behind."""
    face = (seen.raster.face[0] >= 0).cpu().numpy().astype(np.uint8)
    return np.asarray(cv2.erode(face, np.ones((3, 3), np.uint8)) > 0)


def _read(
    photo: Float[Tensor, "3 height width"],
    xy: Float[NDArray[np.float32], "rows columns 2"],
    shown: Bool[NDArray[np.bool_], "rows columns"],
) -> Float[NDArray[np.float32], "rows columns 3"]:
    """The photo at these pixels (centres at +0.5), shrunken first to about the frame's scale, so that nothing aliases."""
    pixels = np.ascontiguousarray(photo.permute(1, 2, 0).numpy(), dtype=np.float32)
    height, width = pixels.shape[:2]
    scale = _scale(xy, shown)
    if scale > 1:
        size = max(1, round(width / scale)), max(1, round(height / scale))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    by = np.array([pixels.shape[1] / width, pixels.shape[0] / height], np.float32)
    maps = xy * by - 0.5
    found = cv2.remap(
        pixels, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, np.float32)


def _scale(xy: NDArray[np.float32], shown: NDArray[np.bool_]) -> float:
    """How many of the photo's pixels one of the frame's is wide: the median over neighbours."""
    both = shown[:, 1:] & shown[:, :-1]
    across = np.linalg.norm(xy[:, 1:] - xy[:, :-1], axis=-1)[both]
    both = shown[1:] & shown[:-1]
    down = np.linalg.norm(xy[1:] - xy[:-1], axis=-1)[both]
    steps = np.concatenate([across, down])
    return float(np.median(steps)) if len(steps) else 1.0


def _ssim(a: NDArray[np.float32], b: NDArray[np.float32], shown: NDArray[np.bool_]) -> float:
    """SSIM (Wang et al. 2004) whose windows hold the shown pixels alone: weights fall to zero outside."""
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    crop = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    inside = shown[crop]
    weight = inside[..., None].astype(np.float64)
    total = _blurred(weight)[inside]

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return _blurred(values * weight)[inside] / total[:, None]

    x, y = (np.asarray(one[crop], np.float64) for one in (a, b))
    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    both = mean(x * y) - mean_x * mean_y
    contrast = (2 * both + C2) / (var_x + var_y + C2)
    brightness = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return float((contrast * brightness).mean())


def _blurred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    edge = cv2.BORDER_CONSTANT
    blurred = cv2.GaussianBlur(values, (WINDOW, WINDOW), SPREAD, borderType=edge)
    return np.asarray(blurred, np.float64)
