"""What looks wrong about photos: told to the user, never refused."""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from reimagine.appearance.photos import Picture

_TOUCHES = 0.04
"""Share of the person's height that may lie along the picture's edge: a sole, not a waist."""


def front_back_swapped(front: Picture, back: Picture) -> bool:
    """Whether the face is in the back photo; both pictures need their mask.

    False where both heads look alike (bald, or hair of the skin's colour).
    """
    return _face_share(back) > _face_share(front) + 0.25


def same_person_warning(front: Picture, back: Picture) -> str | None:
    """One line where the clothes' colours differ as if two people were shown, else None.

    Both pictures need their mask. Jackets of two colours give a false warning.
    """
    likeness = min(_likeness(front, back, *band) for band in ((0.22, 0.42), (0.55, 0.8)))
    if likeness > 0.7:
        return None
    return (
        f"{front.name} and {back.name} look like different people or clothes "
        f"(colours agree to {likeness:.0%}); expected one person. Check `front` and `back`."
    )


def not_whole_warning(picture: Picture) -> str | None:
    """One line where the person runs out of the picture, else None; the picture needs its mask."""
    _, person = _lab_and_person(picture)
    tall = int(np.ptp(np.flatnonzero(person.any(1)))) + 1
    for edge, where in (
        (person[-1], "bottom"),
        (person[0], "top"),
        (person[:, 0], "left"),
        (person[:, -1], "right"),
    ):
        if edge.sum() > _TOUCHES * tall:
            return (
                f"{picture.name}: the person runs out of the picture at the {where}; expected all of them, from crown to "
                "soles. What is missing is guessed."
            )
    return None


def upside_down_warning(front: Picture) -> str | None:
    """One line where the front photo's face is where the feet should be, else None; the picture needs its mask."""
    assert front.mask is not None, "the silhouette comes first"
    turned = replace(front, rgb=front.rgb.flip(1), mask=front.mask.flip(0))
    if _face_share(turned) <= _face_share(front) + 0.25:
        return None
    return f"{front.name} seems to be upside down; expected the head at the top. Turn it by 180 degrees."


def _face_share(picture: Picture) -> float:
    """Share of skin colours where a face would be, 0..1."""
    lab, person = _lab_and_person(picture)
    rows = np.flatnonzero(person.any(1))
    top, tall = int(rows[0]), int(np.ptp(rows)) + 1
    face = slice(top + round(0.055 * tall), top + round(0.125 * tall))
    columns = np.flatnonzero(person[face].any(0))
    middle, half = int(np.median(columns)), max(2, round(0.03 * tall))
    box = (face, slice(max(0, middle - half), middle + half))
    L, a, b = np.moveaxis(lab[box], -1, 0)
    hue_deg = np.degrees(np.arctan2(b, a))
    # Skin of every tone lies on one ray of hue; hair is darker or paler than it.
    skin = (L > 25) & (np.hypot(a, b) > 9) & (hue_deg > 20) & (hue_deg < 80)
    return float((skin & person[box]).sum() / max(1, int(person[box].sum())))


def _likeness(front: Picture, back: Picture, start: float, stop: float) -> float:
    """How far the colours of one band of heights agree, 0..1 (Bhattacharyya coefficient)."""
    first, second = (_colours(picture, start, stop) for picture in (front, back))
    return float(np.sqrt(first * second).sum())


def _colours(picture: Picture, start: float, stop: float) -> Float[np.ndarray, "bins bins bins"]:
    lab, person = _lab_and_person(picture)
    rows = np.flatnonzero(person.any(1))
    top, tall = int(rows[0]), int(np.ptp(rows)) + 1
    band = slice(top + round(start * tall), top + round(stop * tall))
    pixels = lab[band][person[band]]
    histogram, _ = np.histogramdd(pixels, bins=(8, 16, 16), range=((0, 100), (-64, 64), (-64, 64)))
    # Light differs from photo to photo: neighbouring bins count as nearly the same.
    for axis, width in ((0, 5), (1, 3), (2, 3)):
        kernel = np.hanning(width + 2)[1:-1]
        histogram = ndimage.convolve1d(histogram, kernel, axis=axis, mode="constant")
    return histogram / max(float(histogram.sum()), 1.0)


def _lab_and_person(
    picture: Picture,
) -> tuple[Float[np.ndarray, "height width 3"], Bool[np.ndarray, "height width"]]:
    assert picture.mask is not None, "the silhouette comes first"
    bgr = np.ascontiguousarray(picture.rgb.permute(1, 2, 0).numpy()[:, :, ::-1])
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2Lab), picture.mask.numpy() > 0.5
