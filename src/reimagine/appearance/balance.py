"""Front and back photos under one light: along the outline both show the same cloth and skin."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import ndimage
from torch import Tensor

from reimagine.appearance.grid import depth, nearest
from reimagine.appearance.photos import Picture
from reimagine.records import PARTS

_RIM, _BAND = 0.004, 0.025
"""Where both photos see the same: so far inside the outline, as shares of the person's height. Nearer it is mixed."""
_ENOUGH = 100
"""Pixels in the band that a colour takes to be known."""
_ALIKE, _OTHER = 0.30, 0.53
"""Logarithm of the ratio up to which a difference is of light, and from which on it is of something else."""
_BLACK = 0.03
"""Added to colours, since the ratio of two blacks says nothing."""
_TINT = 0.5
"""Share of a difference in tint that is taken out."""
_SOFT = 0.003
"""Over which share of the height one kind's correction goes over into another's."""


def balanced(
    front: Picture,
    back: Picture,
    labels: tuple[Int[Tensor, "_h _w"], Int[Tensor, "_h2 _w2"]],
) -> Picture:
    """The back photo with each kind of surface (skin, hair, cloth ...) as bright and as tinted as in the front photo.

    Kinds that differ by more than light can explain (a shoe's toe and heel) stay. The front photo stays: it has the face.
    """
    if any(not label.any() for label in labels):
        return back
    own, other = (
        _along_the_rim(picture.rgb, label)
        for picture, label in zip((front, back), labels, strict=True)
    )
    gains = np.ones((len(PARTS) + 1, 3), np.float32)
    for kind in own.keys() & other.keys():
        ratio = np.log((own[kind] + _BLACK) / (other[kind] + _BLACK))
        light = ratio.mean()
        trust = np.clip((_OTHER - abs(light)) / (_OTHER - _ALIKE), 0, 1)
        gains[kind] = np.exp(trust * (light + _TINT * (ratio - light)))
    shown = labels[1].numpy()
    rows, columns = nearest(shown > 0)
    soft = _SOFT * np.ptp(np.flatnonzero(shown.any(1)))
    field = ndimage.gaussian_filter(gains[shown[rows, columns]], (soft, soft, 0))
    rgb = back.rgb * torch.from_numpy(field).permute(2, 0, 1)
    return replace(back, rgb=rgb.clamp(0, 1))


def _along_the_rim(
    rgb: Float[Tensor, "3 h w"], labels: Int[Tensor, "h w"]
) -> dict[int, Float[np.ndarray, " 3"]]:
    """The median colour of each kind just inside the silhouette's outline, by label."""
    shown = labels.numpy()
    tall = float(np.ptp(np.flatnonzero((shown > 0).any(1))))
    inside = depth(shown > 0)
    band = (inside > _RIM * tall) & (inside < _BAND * tall)
    found: dict[int, Float[np.ndarray, " 3"]] = {}
    for kind in np.unique(shown[band]):
        of = torch.from_numpy(band & (shown == kind))
        if int(of.sum()) >= _ENOUGH:
            found[int(kind)] = rgb[:, of].median(1).values.numpy()
    return found
