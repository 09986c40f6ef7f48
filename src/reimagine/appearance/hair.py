"""Hair that hangs beside and below the head: its outline from both photos, and how deep it lies."""

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from reimagine.appearance.grid import Mask, depth, label
from reimagine.appearance.mesh import faces_within
from reimagine.appearance.outline import HAIR, Outline, closed, grown, largest, smooth
from reimagine.appearance.plane import CELL_M, depths
from reimagine.appearance.regions import Region
from reimagine.appearance.sculpt import fallen
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.tail import tail_depths
from reimagine.body.joints import Joint
from reimagine.records import Body

_TEMPLE_M, _EAR_M, _CHIN_M = -0.08, -0.02, 0.05
"""Below the head joint."""
_CROWN_M, _MIDDLE_M = 0.14, 0.03
"""Above the head joint."""
_BESIDE_M = 0.03
"""Hair that the front photo shows beside the head goes so far ahead of the head's middle; so far behind the throat it ends."""
_HANGING_M2 = 0.0035
"""Less hair than this beside or below the head is painted, not built."""
_LOCK_M = 0.012
"""Half the breadth of the thinnest lock that hangs as a volume."""
_UNDER_M = 0.025
"""How far within the outline hair that hangs begins over the crown."""
_INSIDE_M, _OFF_M, _THICK_M = 0.006, 0.014, 0.030
"""How deep hair begins in the head, how far it lies off what it falls over, and how thick it is there."""
_DRAWS_IN = 0.1
"""Metres that hair behind draws in per metre below where the head stands out furthest."""
_BESIDE_TAIL_M = 0.01
"""What is left of the hair so near a tail is its own outline."""

Depths = NDArray[np.float32]


def hanging_hair(
    front: Seeing, back: Seeing | None, tail: Mask | None = None
) -> dict[str, Outline]:
    """What hangs of the hair on both photos, on the front's plane: around the head and down the back, before the chest, and tied.

    The back's is moved so that the crowns meet. What it shows lies within the front's silhouette: beyond it the heads were
    held differently. `tail`: where one hangs, on the front's plane.
    """
    behind = np.zeros_like(front.labels, dtype=bool)
    if back is not None:
        behind = _moved(front, back) & closed(front.labels > 0, 0.01)
    own = front.labels == HAIR
    whole = smooth(largest(closed(own | behind, 0.01)))
    falls = _hanging(front, whole if tail is None else whole & ~grown(tail, _BESIDE_TAIL_M))
    # What falls does so from the head: begun higher, it leaves no gap at the nape and no step beside the ears.
    # Over the crown it runs beneath the head's own surface, which is filled out to the outline there.
    higher = (behind | (front.bare != Region.HEAD)) & (
        depth(whole) * CELL_M > _UNDER_M * _over(front)
    )
    falls |= whole & higher & falls.any(0)
    chest = _over_body(front)
    below_chin = np.arange(len(whole))[:, None] > _row(front, _CHIN_M)
    locks = _large(falls & own & below_chin, chest)
    masks = {"hair": falls & ~(locks & chest & ~behind), "locks": locks}
    if tail is not None:
        masks["tail"] = tail
    return {
        name: Outline(mask=mask, bottom=None, regions=(0,), part="hair")
        for name, mask in masks.items()
    }


def hair_depths(
    verts: Float[Tensor, "verts 3"],
    body: Body,
    regions: NDArray[np.int64],
    front: Seeing,
    trunk: tuple[NDArray[np.float32], NDArray[np.int32]] | None,
    tail: Mask | None = None,
) -> dict[str, tuple[Depths, Depths]]:
    """Front and back of hair around the head and down the back, of locks before the chest, and of a tail.

    `verts` is the body standing as in the front photo, `trunk` the vertices and faces of what it wears, standing too.
    `tail`: where one hangs.
    """
    head = regions == Region.HEAD
    near, far = _depths(verts, body.skin.faces, front)
    if trunk is not None:
        cloth = _depths(torch.from_numpy(trunk[0]), torch.from_numpy(trunk[1]), front)
        near, far = np.fmax(near, cloth[0]), np.fmin(far, cloth[1])
    face, _ = _depths(verts, faces_within(body.skin.faces, head), front)
    middle = float(verts[torch.from_numpy(head), 2].mean())
    # Locks rise from the shoulders beside the neck, not before it.
    lock = np.where(_over_body(front), near, np.nan).astype(np.float32) + np.float32(_OFF_M)
    rows = np.arange(len(far))[:, None]
    # Where it begins it comes out of the head.
    rise = (rows - _row(front, _TEMPLE_M)) / (_row(front, _CHIN_M) - _row(front, _TEMPLE_M))
    off = -_INSIDE_M + (_INSIDE_M + _OFF_M) * np.clip(2 * rise, 0, 1)
    tied = {} if tail is None else {"tail": tail_depths(tail, far)}
    far = fallen(far, np.full(len(far), _DRAWS_IN, np.float32)) - off
    # The hairline runs back from the brow over the ear to the nape, but where hair is seen beside the head it covers the ears.
    down = np.clip((rows - _row(front, -_CROWN_M)) * CELL_M / 0.24, 0, 1.5)
    own = front.labels == HAIR
    beside = (own & (front.bare != Region.HEAD)).sum(1, keepdims=True) * CELL_M / 0.01
    beside = ndimage.gaussian_filter1d(np.clip(beside, 0, 1), 0.01 / CELL_M, axis=0)
    back = middle + 0.035 - 0.10 * down
    before = np.broadcast_to(back + (middle + _BESIDE_M - back) * beside, far.shape)
    before = np.where(own, before, np.fmin(before, near - _BESIDE_M))
    before = np.where(own & np.isfinite(face), face + off, before)
    # Down the back it is a sheet.
    sheet = (rows > _row(front, _CHIN_M)) & _over_body(front)
    before = np.where(sheet, far + _THICK_M, np.fmax(before, far + 0.025))
    before = np.where(np.isfinite(far), before, np.nan)
    return {
        "hair": (before.astype(np.float32), far.astype(np.float32)),
        "locks": (lock, lock - np.float32(_THICK_M)),
        **tied,
    }


def _depths(
    verts: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"], front: Seeing
) -> tuple[Depths, Depths]:
    return depths(verts, faces, front.plane)


def _row(front: Seeing, down_m: float) -> float:
    """The row so far below the head joint."""
    return float(front.joints[Joint.HEAD, 0]) + down_m / CELL_M


def _over(front: Seeing) -> NDArray[np.float64]:
    """0 beside and below the head's middle, 1 above it."""
    row, column = front.joints[Joint.HEAD]
    rows, columns = np.indices(front.labels.shape)
    up, aside = row - _MIDDLE_M / CELL_M - rows, columns - column
    steep = up / np.maximum(np.hypot(up, aside), 1e-6)
    return np.clip((steep - 0.35) / 0.45, 0, 1)


def _moved(front: Seeing, back: Seeing) -> Mask:
    """The back photo's hair on the front's plane."""
    moved = np.zeros_like(front.labels, dtype=bool)
    rows, columns = np.nonzero(back.labels == HAIR)
    own = np.nonzero(front.labels == HAIR)
    if len(rows) and len(own[0]):
        down = np.quantile(own[0], 0.01) - np.quantile(rows, 0.01)
        heads = [np.median(np.argwhere(seen.bare == Region.HEAD)[:, 1]) for seen in (front, back)]
        head = heads[0] - heads[1]
        row, column = np.round(rows + down).astype(int), np.round(columns + head).astype(int)
        inside = (row >= 0) & (row < moved.shape[0]) & (column >= 0) & (column < moved.shape[1])
        moved[row[inside], column[inside]] = True
    return moved


def _hanging(front: Seeing, hair: Mask) -> Mask:
    """The hair that does not lie on the skull: beside the head below the ears, and over neck and back."""
    rows = np.arange(len(hair))[:, None]
    below_ear, below_chin = rows > _row(front, _EAR_M), rows > _row(front, _CHIN_M)
    falls = hair & (below_chin | (below_ear & (front.bare != Region.HEAD)))
    # Single strands are no volume.
    core = depth(falls) > _LOCK_M / CELL_M
    if not core.any():
        return core
    return _large(falls & (depth(~core) <= _LOCK_M / CELL_M))


def _large(mask: Mask, where: Mask | None = None) -> Mask:
    """The connected pieces that are a volume of their own; what counts is their area `where`."""
    pieces = label(mask)
    counted = pieces if where is None else pieces * where
    area = np.bincount(counted.ravel(), minlength=pieces.max() + 1) * CELL_M**2
    return (area > _HANGING_M2)[pieces] & (pieces > 0)


def _over_body(front: Seeing) -> Mask:
    """Where the body is, but not head and neck."""
    return front.bare > 0
