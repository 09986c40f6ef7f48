"""What one photo shows, read on its frontal plane."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reimagine.appearance.grid import Mask
from reimagine.appearance.guide import nearest_region, settle_arms
from reimagine.appearance.nape import under_hair
from reimagine.appearance.outline import HAT, Outline
from reimagine.appearance.outlines import outlines
from reimagine.appearance.plane import Plane
from reimagine.appearance.skirt import skirted
from reimagine.appearance.tail import find_tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeing:
    """What one photo shows, on its plane."""

    plane: Plane
    labels: NDArray[np.int64]
    """rows columns: 0, or 1 + index into PARTS; skirts belong to the upper garment."""
    bare: NDArray[np.int64]
    """rows columns: body region, -1 off the body."""
    guide: NDArray[np.int64]
    """rows columns: the nearest body region on the silhouette, -1 off it."""
    joints: NDArray[np.float64]
    """55 2: row and column of each joint."""
    outlines: Mapping[str, Outline]
    """Trunk, arms and legs."""
    hat: Mask | None = None
    """rows columns: what of the hair is a hat; None where none is worn."""
    tail: Mask | None = None
    """rows columns: where a tail of tied hair hangs, in a photo from behind; None where hair is not tied."""

    @property
    def hatted(self) -> NDArray[np.int64]:
        """The labels, with HAT where a hat is taken for hair."""
        return self.labels if self.hat is None else np.where(self.hat, HAT, self.labels)


def seeing(
    plane: Plane,
    labels: NDArray[np.integer],
    regions: NDArray[np.integer],
    joints: NDArray[np.floating],
    rgb: NDArray[np.floating],
    *,
    behind: bool = False,
) -> Seeing:
    """Labels, body regions and colours (height width 3) of a photo moved onto its plane, and the joints (55 3, metres).

    `behind`: whether the photo is from there.
    """
    flat = plane.read(labels.astype(np.float32), nearest=True).astype(np.int64)
    bare = plane.read(regions.astype(np.float32) + 1, nearest=True).astype(np.int64) - 1
    guide = settle_arms(flat, nearest_region(bare, flat > 0), bare)
    places = plane.cells(plane.seen_at(joints[:, :2], joints[:, 2], back=True))
    colours = plane.read(rgb)
    flat = skirted(flat, guide, places, colours.mean(-1)).astype(np.int64)
    flat = under_hair(flat, places) if behind else flat
    return Seeing(
        plane=plane,
        labels=flat,
        bare=bare,
        guide=guide,
        joints=places,
        outlines=outlines(flat, guide, bare, places),
        tail=find_tail(flat, places, colours) if behind else None,
    )
