"""The photos that a request names, read, checked and brought to a workable size."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.appearance.part_files import Parts, read_parts
from reimagine.errors import InputError
from reimagine.pictures import read_picture
from reimagine.resize import resized
from reimagine.settings import DETAILS, Photos

MAX_HEIGHT = 2048
"""Photos taller than this, in pixels, are scaled down: more costs time and shows nothing."""


MOST = 12
"""Further photos beside front and back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One photo as the user gave it."""

    rgb: Float[Tensor, "3 height width"]
    """0..1, sRGB."""
    mask: Float[Tensor, "height width"] | None
    """0..1, 1 where the person is: the user's mask, else the photo's own alpha; None where there is neither."""
    side: str
    """"front", "back", or for further photos "photo 1" and so on."""
    name: str
    """The file's name, for messages."""
    azimuth_deg: float | None = None
    """From where it was taken, as the user says: 0 the front, 90 their right; None where nobody does."""
    parts: Int[Tensor, "height width"] | None = None
    """The user's own parts: 0 for background, else 1 + index into PARTS."""
    notes: tuple[str, ...] = ()
    """What was odd about its files."""


def read_photos(photos: Photos) -> tuple[Picture, ...]:
    """The front picture and, where one was given, the back picture, in this order.

    A wide reference is split in the middle: left half front, right half back. Pictures taller than
    2048 pixels are scaled down. `photos.person` is not looked at.

    Raises:
        InputError: where the photos do not go together, or a file cannot be used.
    """
    check_photos(photos)
    if photos.reference is not None:
        pictures = [*_split(Path(photos.reference))]
    else:
        assert photos.front is not None
        pictures = [_read(photos.front, photos.front_mask, "front")]
        if photos.back is not None:
            pictures.append(_read(photos.back, photos.back_mask, "back"))
    files = (photos.front_parts, photos.back_parts)[: len(pictures)]
    return tuple(
        _with_parts(picture, _shrink(picture), parts)
        for picture, parts in zip(pictures, files, strict=True)
    )


def read_more_photos(photos: Photos) -> tuple[Picture, ...]:
    """The further pictures, from wherever, in their order; a photo's own alpha says where the person is.

    Raises:
        InputError: where a file cannot be used.
    """
    azimuths = photos.photo_azimuth_deg or [None] * len(photos.photo)
    return tuple(
        replace(_shrink(_read(path, None, f"photo {index + 1}")), azimuth_deg=azimuth)
        for index, (path, azimuth) in enumerate(zip(photos.photo, azimuths, strict=True))
    )


def check_photos(photos: Photos) -> None:
    """Nothing, where the photos asked for go together; opens no file.

    Raises:
        InputError: no photo, a reference beside other photos, a back or a mask without its photo, too many, no such
            detail or azimuth.
    """
    for detail in photos.detail:
        if detail not in DETAILS:
            raise InputError(
                f"`detail` is {detail!r}; expected {', '.join(DETAILS)}. Choose from these."
            )
    _check_more(photos)
    if photos.reference is not None:
        other = [
            flag
            for flag, value in (
                ("`front`", photos.front),
                ("`back`", photos.back),
                ("`front_mask`", photos.front_mask),
                ("`back_mask`", photos.back_mask),
            )
            if value is not None
        ]
        if other:
            raise InputError(
                f"`reference` came together with {', '.join(other)}; expected one or the other. "
                "Give `reference` alone, or `front` and `back`."
            )
        return
    if photos.front is None:
        got = "only `photo`" if photos.photo else "no photo"
        got = "only `back`" if photos.back is not None else got
        raise InputError(
            f"Got {got}; expected a photo from the front. "
            "Give `front` FILE (and `back` FILE), or `reference` FILE."
        )
    for flag, value in (("`back_mask`", photos.back_mask), ("`back_parts`", photos.back_parts)):
        if value is not None and photos.back is None:
            raise InputError(
                f"Got {flag} without `back`; expected the photo too. Give `back` FILE."
            )


def _check_more(photos: Photos) -> None:
    if len(photos.photo) > MOST:
        raise InputError(
            f"Got {len(photos.photo)} times `photo`; expected at most {MOST}. Choose those from the sides."
        )
    azimuths = photos.photo_azimuth_deg
    if azimuths and len(azimuths) != len(photos.photo):
        raise InputError(
            f"`photo_azimuth_deg` has {len(azimuths)} numbers for {len(photos.photo)} further photos; expected one for "
            "each. Give as many as `photo`, or none."
        )
    for azimuth in azimuths:
        if not -360 <= azimuth <= 360:
            raise InputError(
                f"`photo_azimuth_deg` is {azimuth:g}; expected degrees from -360 to 360, such as 90 from their right."
            )


def _read(path: str, mask_path: str | None, side: str) -> Picture:
    rgb, alpha = _rgb_and_alpha(Path(path))
    if mask_path is not None:
        alpha = _read_mask(Path(mask_path), Path(path), rgb)
    return Picture(rgb=rgb, mask=alpha, side=side, name=Path(path).name)


def _split(path: Path) -> tuple[Picture, Picture]:
    rgb, alpha = _rgb_and_alpha(path)
    height, width = rgb.shape[1:]
    if width < height * 0.8:
        raise InputError(
            f"`reference` {path} is {width}x{height}; expected a wide picture, left half front, "
            "right half back. Give a single photo as `front`."
        )
    half = width // 2
    left = Picture(
        rgb=rgb[:, :, :half].contiguous(),
        mask=None if alpha is None else alpha[:, :half].contiguous(),
        side="front",
        name=f"{path.name} (left half)",
    )
    right = Picture(
        rgb=rgb[:, :, width - half :].contiguous(),
        mask=None if alpha is None else alpha[:, width - half :].contiguous(),
        side="back",
        name=f"{path.name} (right half)",
    )
    return left, right


def _rgb_and_alpha(
    path: Path,
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"] | None]:
    pixels = read_picture(path)
    if pixels.shape[0] < 4:
        return pixels, None
    alpha = pixels[3]
    # An alpha that hides nothing says nothing about where the person is.
    return pixels[:3].contiguous(), alpha if float(alpha.min()) < 0.5 else None


def _read_mask(
    path: Path, photo_path: Path, rgb: Float[Tensor, "3 height width"]
) -> Float[Tensor, "height width"]:
    pixels = read_picture(path)
    if pixels.shape[1:] != rgb.shape[1:]:
        got, expected = (f"{shape[2]}x{shape[1]}" for shape in (pixels.shape, rgb.shape))
        raise InputError(
            f"Mask {path} is {got}; expected {expected}, the size of {photo_path}. "
            "Save the mask at the photo's size."
        )
    white = pixels[:3].mean(0)
    # Cut-outs saved with transparency carry the mask in their alpha.
    mask = pixels[3] if pixels.shape[0] == 4 and float(pixels[3].min()) < 0.5 else white
    share = float((mask > 0.5).float().mean())
    if not 0.005 < share < 0.95:
        raise InputError(
            f"Mask {path} is white on {share:.0%} of the picture; expected white where the person "
            "is and black elsewhere. Draw it again."
        )
    return mask.contiguous()


def _with_parts(whole: Picture, shrunk: Picture, path: str | None) -> Picture:
    """The picture at its workable size with the parts in a file of either size, which also say where the person is."""
    if path is None:
        return shrunk
    height, width = shrunk.rgb.shape[1:]
    found = _parts_of_either(Path(path), whole, shrunk)
    labels = found.labels
    if labels.shape != (height, width):
        small = cv2.resize(
            labels.numpy().astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
        )
        labels = torch.from_numpy(small.astype(np.int64))
    notes = shrunk.notes
    if found.unclear > 0:
        notes = (
            *notes,
            f"{path} has colours on {found.unclear:.2%} of its pixels that name no part; the nearest were taken. "
            "A brush without soft rims paints clearer.",
        )
    return replace(shrunk, parts=labels, notes=notes)


def _parts_of_either(path: Path, whole: Picture, shrunk: Picture) -> Parts:
    """The parts in a file that is as large as the photo, or as large as what reimagine person wrote of it."""
    sizes = [tuple(picture.rgb.shape[1:]) for picture in (shrunk, whole)]
    got = tuple(read_picture(path, least_side=1).shape[1:])
    height, width = got if got in sizes else sizes[0]
    return read_parts(path, width=width, height=height)


def _shrink(picture: Picture) -> Picture:
    height, width = picture.rgb.shape[1:]
    if height <= MAX_HEIGHT:
        return picture
    size = (max(1, round(width * MAX_HEIGHT / height)), MAX_HEIGHT)
    if picture.mask is None:
        return replace(picture, rgb=resized(picture.rgb, *size))
    cut = resized(torch.cat([picture.rgb, picture.mask[None]]), *size)
    return replace(picture, rgb=cut[:3], mask=cut[3])
