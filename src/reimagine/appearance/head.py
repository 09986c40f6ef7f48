"""The head of the body, filled out to the photos' outline: hair that lies close is skin that stands off."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.spatial import KDTree

from reimagine.appearance.hairline import tapered
from reimagine.appearance.mesh import normals_of
from reimagine.appearance.outline import HAIR
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.sculpt import relax
from reimagine.appearance.seeing import Seeing
from reimagine.body.joints import Joint
from reimagine.body.model import pose_skin
from reimagine.records import Pose, Skin

_BINS = 90
"""Directions around the head, 4 degrees each."""
_MIDDLE_M = 0.03
"""The head's middle above its joint."""
_FAR_M = 0.07
"""Nothing stands further off the skull than this; what does hangs."""
_THICKEST_M = 0.03
"""What the outline shows beyond this above the crown may be how the head is held; behind, it would be a helmet."""
_FRINGE_M = 0.010
"""How far hair over the brow stands off."""
_EAR_ASIDE, _EAR_FINE = 0.6, 0.065
"""Ears are the finely meshed outer sides: so far from the middle plane, with edges so short, in half breadths of the head."""
_BEHIND_M = 0.02
"""The front photo shows hair so far behind the middle of the ears."""
_COVERED = 0.7
"""Ears of which hair covers more than this are hidden by it."""
_EAR_OUT_M = 0.006
"""Beside the ears the head goes out no further."""


def fill_out(head: Skin, poses: list[Pose], seen: list[Seeing]) -> tuple[Skin, NDArray[np.float32]]:
    """The head filled out, and how much hair grows on each of its vertices (0..1).

    Hair and cheeks go as far out as the front photo's outline. `head` in the zero pose; `poses` (one frame each) and
    `seen` of the photos, the front first.
    """
    front = seen[0]
    turn = poses[0].transforms[0, Joint.HEAD, :, :3].numpy()
    verts = pose_skin(head, poses[0])[0].numpy()
    middle = front.plane.points(front.joints[[Joint.HEAD]])[0]
    middle[1] += _MIDDLE_M
    # As the camera sees the head, which is nearer to it than the plane is.
    arm = front.plane.seen_at(verts[:, :2], verts[:, 2], back=True) - middle
    own = np.linalg.norm(arm, axis=1)
    reach = np.zeros(_BINS)
    np.maximum.at(reach, _direction(arm), own)
    gap = np.clip(_outline(front, middle) - reach, -0.02, _FAR_M)
    up = np.sin((np.arange(_BINS) + 0.5) / _BINS * 2 * np.pi)
    # Below the ears the outline is the neck's or hanging hair's.
    gap = gap * np.clip((up + 0.35) / 0.3, 0, 1)
    gap = ndimage.gaussian_filter1d(ndimage.median_filter(gap, 3, mode="wrap"), 1.0, mode="wrap")
    # Beside the ears it may be that of single strands: they say where hair is, not how broad the head.
    broad = np.minimum(gap, _EAR_OUT_M + _FAR_M * np.clip((up - 0.15) / 0.3, 0, 1))
    near_rim = _near_rim(arm, reach)
    whole, moved = (_taken_out(verts, arm, near_rim, ring) for ring in (gap, broad))
    ears = find_ears(head.verts.numpy(), head.faces.numpy())
    of_ears = np.any(ears, axis=0)
    hairy = _hairiness(replace(head, verts=_moved(head, whole @ turn)), poses, seen, of_ears)
    # What faces the camera stands off towards it, and away from it behind, by what the outline shows above.
    thick = float(np.clip(np.median(gap[up > 0.5]), 0.005, _THICKEST_M))
    facing = normals_of(verts, head.faces.numpy())[:, 2]
    ahead = np.where(
        facing > 0, min(thick, _FRINGE_M), thick * tapered(verts, (hairy < 0.5) & ~of_ears)
    )
    moved[:, 2] += _smoothed(verts, (facing * ahead * hairy * (1 - near_rim))[:, None])[:, 0]
    shown = front.labels[_cells(front, verts)]
    # Hair covers the ears, or it does not: the front photo says. Strands that fall before one leave both bare.
    covered = np.mean([(shown[ear] == HAIR).mean() for ear in ears]) > _COVERED
    hairy[of_ears] = float(covered)
    if covered:
        flat = relax(verts.astype(np.float32), head.faces.numpy(), rounds=80)
        moved[of_ears] += (flat - verts)[of_ears]
    return replace(head, verts=_moved(head, moved @ turn)), hairy


def _near_rim(arm: NDArray[np.floating], reach: NDArray[np.floating]) -> NDArray[np.floating]:
    """How near each vertex is to the head's rim, 0..1; `arm` from the head's middle, one `reach` a direction."""
    return np.clip(np.linalg.norm(arm, axis=1) / _around(arm, reach), 0, 1) ** 3


def _around(arm: NDArray[np.floating], ring: NDArray[np.floating]) -> NDArray[np.floating]:
    """What `ring` gives for the direction of each arm."""
    angle = np.arctan2(arm[:, 1], arm[:, 0]) / (2 * np.pi) * _BINS - 0.5
    return np.interp(angle, np.arange(_BINS), ring, period=_BINS)


def _taken_out(
    verts: NDArray[np.floating],
    arm: NDArray[np.floating],
    near_rim: NDArray[np.floating],
    gap: NDArray[np.floating],
) -> NDArray[np.floating]:
    """Moves (verts 3, metres) that take the head's rim out by `gap`, one a direction, and its inside hardly."""
    own = np.maximum(np.linalg.norm(arm, axis=1, keepdims=True), 1e-6)
    moved = np.zeros_like(verts)
    moved[:, :2] = arm / own * (_around(arm, gap) * near_rim)[:, None]
    return _smoothed(verts, moved)


def _moved(head: Skin, by: NDArray[np.floating]) -> torch.Tensor:
    return head.verts + torch.from_numpy(by.astype(np.float32))


def find_ears(verts: NDArray[np.floating], faces: NDArray[np.int32]) -> list[NDArray[np.bool_]]:
    """Which vertices (in the zero pose) are the left ear's and the right one's: what is finely meshed at the sides."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    lengths = np.linalg.norm(verts[ends[:, 0]] - verts[ends[:, 1]], axis=1)
    count = np.maximum(np.bincount(ends.ravel(), minlength=len(verts)), 1)
    edge = np.bincount(ends.ravel(), np.repeat(lengths, 2), minlength=len(verts)) / count
    broad = float(np.quantile(np.abs(verts[:, 0]), 0.98))
    ears: list[NDArray[np.bool_]] = []
    for side in (1, -1):
        fine = (side * verts[:, 0] > _EAR_ASIDE * broad) & (edge < _EAR_FINE * broad)
        links = ends[fine[ends].all(1)].T
        joined = sparse.coo_matrix((np.ones(links.shape[1]), links), shape=(len(verts),) * 2)
        pieces = sparse.csgraph.connected_components(joined, directed=False)[1]
        ears.append(fine & (pieces == np.bincount(pieces).argmax()))
    return ears


def _hairiness(
    head: Skin, poses: list[Pose], seen: list[Seeing], ears: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """How much hair grows on each of the head's vertices, 0..1: as photos show it, carried on to the sides."""
    total = np.full(len(head.verts), 1e-6)
    hair = np.zeros(len(head.verts))
    for index, (pose, view) in enumerate(zip(poses, seen, strict=True)):
        verts = pose_skin(head, pose)[0].numpy()
        facing = normals_of(verts, head.faces.numpy())[:, 2] * (1.0 if index == 0 else -1.0)
        shown = view.labels[_cells(view, verts)]
        # The back photo knows nothing of what lies before the ears, the front photo little of what lies behind.
        before = verts[:, 2] - verts[ears, 2].mean()
        side = before > -_BEHIND_M if index == 0 else before < 0
        weight = np.clip(facing + 0.1, 0, 1) * (shown > 0) * side
        total += weight
        hair += weight * (shown == HAIR)
    verts = head.verts.numpy()
    known = total > 0.02
    if not known.any():
        return np.zeros(len(verts), np.float32)
    _, near = KDTree(verts[known]).query(verts, k=min(12, int(known.sum())))
    near = near.reshape(len(verts), -1)
    return (hair[known][near].sum(1) / total[known][near].sum(1)).astype(np.float32)


def _cells(view: Seeing, verts: NDArray[np.floating]) -> tuple[NDArray[np.int64], ...]:
    """Row and column where a photo shows each vertex (verts 3, standing as in it)."""
    flat = view.plane.seen_at(verts[:, :2], verts[:, 2], back=True)
    cells = np.round(view.plane.cells(flat)).astype(np.int64)
    return tuple(np.clip(cells[:, i], 0, view.labels.shape[i] - 1) for i in (0, 1))


def _direction(arm: NDArray[np.floating]) -> NDArray[np.int64]:
    turn = np.arctan2(arm[:, 1], arm[:, 0]) / (2 * np.pi) % 1.0
    return np.minimum((turn * _BINS).astype(np.int64), _BINS - 1)


def _outline(front: Seeing, middle: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far the silhouette goes from the head's middle in each direction, metres."""
    angle = (np.arange(_BINS) + 0.5) / _BINS * 2 * np.pi
    steps = np.arange(0.02, 0.25, CELL_M / 2)
    points = middle + steps[None, :, None] * np.stack([np.cos(angle), np.sin(angle)], -1)[:, None]
    row, column = front.plane.cells(points.reshape(-1, 2)).T
    inside = ndimage.map_coordinates((front.labels > 0).astype(np.float32), [row, column], order=1)
    within = np.minimum.accumulate(inside.reshape(_BINS, -1) > 0.5, axis=1)
    return steps[0] + within.sum(1) * CELL_M / 2


def _smoothed(verts: NDArray[np.floating], moved: NDArray[np.floating]) -> NDArray[np.floating]:
    """The mean of each vertex's move and its neighbours' within half a centimetre."""
    distance, near = KDTree(verts).query(verts, k=16)
    share = np.exp(-0.5 * (distance / 0.005) ** 2)
    return np.einsum("vk,vkc->vc", share / share.sum(1, keepdims=True), moved[near])
