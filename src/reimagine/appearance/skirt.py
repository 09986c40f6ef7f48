"""Skirts and dresses: one tube about both legs, made and moved as the shirt's lower end.

A blouse and a skirt are one surface too: where one ends and the other begins is a matter of colour.
"""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.outline import CROTCH_M, LOWER, UPPER, closed
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.regions import ARMS
from reimagine.appearance.weights import unposed
from reimagine.body.joints import ANKLES, FEET, HIPS, KNEES
from reimagine.body.model import pose_skin, rotation_matrices
from reimagine.records import Body, Part, Person, Pose, Skin

_LEG_JOINTS = tuple(zip(HIPS, KNEES, ANKLES, FEET, strict=True))
"""Left and right, from the hip down, SMPL-X order."""
_SHORTEST_M = 0.10
"""Below the crotch a skirt's hem lies so far at least."""
_END_M, _LEFT_OVER = 0.06, 0.25
"""Below its last whole row a skirt ends: within so many metres less than this share of its cloth is left."""
_BETWEEN_M = 0.075
"""Half the breadth about the middle in which a skirt follows both legs."""

_AHEAD_RAD = 0.12
"""So far ahead of the zero pose's people's thighs point when they stand at ease."""

_SEAT_M = 0.04
"""Above the hip joints the seat stands out furthest, from which cloth falls."""
_SEAM_DARK, _SEAM_SHARE = 0.12, 0.8
"""How much darker than both legs the line between them is, and in which share of the rows it is."""


def skirted(
    labels: NDArray[np.integer],
    guide: NDArray[np.integer],
    joints: Float[NDArray[np.floating], "55 2"],
    light: NDArray[np.floating],
) -> NDArray[np.integer]:
    """The labels with a skirt's counted among the shirt's; as they are where the person wears trousers or shorts.

    Trousers show a gap between the legs, or go on as two below the place where the legs part; a skirt is whole down to
    its hem and ends there. Where wide trousers touch, a dark line between them runs all the way down. `guide` is the body
    region of each silhouette pixel, `joints` row and column of each joint, `light` how bright each place is, 0..1.
    """
    arms = np.isin(guide, ARMS)
    cloth = closed(np.isin(labels, (UPPER, LOWER)) & ~arms, 0.006)
    crotch = int(joints[HIPS, 0].mean() + CROTCH_M / CELL_M)
    middle, reach = int(joints[HIPS, 1].mean()), int(_BETWEEN_M / CELL_M)
    between = cloth[crotch:, max(middle - reach, 0) : middle + reach + 1]
    if between.size == 0:
        return labels
    parted = np.flatnonzero(~between.all(1))
    rows = int(parted[0]) if len(parted) else len(between)
    if rows * CELL_M < _SHORTEST_M:
        return labels
    end = int(_END_M / CELL_M)
    hem = crotch + rows
    above = cloth[max(hem - end, 0) : hem].sum()
    below = cloth[hem + end // 4 : hem + end // 4 + end].sum()
    if below > _LEFT_OVER * above:
        return labels
    if _seam(light[crotch:hem], middle) > _SEAM_SHARE:
        return labels
    skirt = (labels == LOWER) & (np.arange(len(labels)) < hem + end)[:, None]
    return np.where(skirt, UPPER, labels)


def _seam(light: NDArray[np.floating], middle: int) -> float:
    """In which share of the rows a dark line between two legs is seen near column `middle`."""
    near, far = int(0.03 / CELL_M), int(_BETWEEN_M / CELL_M)
    strip = ndimage.gaussian_filter1d(light[:, middle - far : middle + far + 1], 1.0, axis=1)
    darkest = strip[:, far - near : far + near + 1].min(1)
    beside = np.minimum(strip[:, : far - near].mean(1), strip[:, far + near + 1 :].mean(1))
    return float((darkest < (1 - _SEAM_DARK) * beside).mean())


def is_skirt(hem: NDArray[np.floating] | None, joints: Float[NDArray[np.floating], "55 2"]) -> bool:
    """Whether a garment whose hem is in these rows is a skirt or a dress, rather than a shirt."""
    hips = float(joints[HIPS, 0].mean())
    return hem is not None and float(np.median(hem)) > hips + (CROTCH_M + _SHORTEST_M) / CELL_M


def seat_row(joints: Float[NDArray[np.floating], "55 2"]) -> int:
    """The row where the seat stands out furthest: shirts and skirts that reach below it hang free from there."""
    return int(joints[HIPS, 0].mean() - _SEAT_M / CELL_M)


def hang_between(
    weights: NDArray[np.float32],
    verts: NDArray[np.float32],
    joints: Float[NDArray[np.floating], "55 3"],
) -> NDArray[np.float32]:
    """Weights (verts 55) of a tube about both legs, whose lower end turns with the thighs: either side with its own.

    `verts` and `joints` (metres) stand as in the photo. Shins do not move it. Above the crotch weights stay.
    """
    hips, knees = joints[HIPS], joints[KNEES]
    crotch = hips[:, 1].mean() - CROTCH_M
    share = np.clip((crotch + 0.04 - verts[:, 1]) / 0.08, 0, 1)[:, None]
    down = np.clip((hips[:, 1].mean() - verts[:, 1]) / (hips - knees)[:, 1].mean(), 0, 1)
    middle = np.interp(down, [0, 1], [hips[:, 0].mean(), knees[:, 0].mean()])
    left = np.clip(0.5 + 0.5 * (verts[:, 0] - middle) / _BETWEEN_M, 0, 1)
    legs = weights[:, [one for side in _LEG_JOINTS for one in side]].sum(1)
    hung = weights.copy()
    for (hip, *rest), part in zip(_LEG_JOINTS, (left, 1 - left), strict=True):
        hung[:, rest] = 0
        hung[:, hip] = legs * part
    return (weights + share * (hung - weights)).astype(np.float32)


def at_ease(pose: Pose, body: Body) -> Pose:
    """A stance whose thighs point ahead as those of people who stand do, which no photo from the front shows.

    What hangs straight in the photo then does so whenever somebody stands. It is for a skirt alone: shins and feet stay.
    """
    ahead = rotation_matrices(torch.tensor([-_AHEAD_RAD, 0.0, 0.0]))
    turned = pose.transforms.clone()
    for hip in HIPS:
        thigh = pose.transforms[..., hip, :, :]
        turned[..., hip, :, :] = ahead @ thigh
        # About the hip, which stays where it is.
        at = body.joints[hip]
        stays = (thigh[..., :3] - turned[..., hip, :, :3]) @ at + thigh[..., 3]
        turned[..., hip, :, 3] = stays
    return replace(pose, transforms=turned)


def hanging(person: Person, pose: Pose) -> Skin:
    """The person's surface, whose skirt hangs in `pose` (one frame) as it does `at_ease`: straight, as in a photo."""
    surface, body = person.surface, person.body
    skirt = person.part == Part.UPPER
    shortest = float(body.joints[HIPS, 1].mean()) - CROTCH_M - _SHORTEST_M
    if not (skirt & (surface.verts[:, 1] < shortest)).any():
        return surface
    eased = replace(surface, verts=pose_skin(surface, at_ease(pose, body))[0])
    verts = torch.where(skirt[:, None], unposed(eased, pose).verts, surface.verts)
    return replace(surface, verts=verts)
