"""The pieces a dressed person is made of: garments and limbs sculpted from the photos, head, hands and feet of the body."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from reimagine.appearance.head import fill_out, hanging
from reimagine.appearance.mesh import faces_within, normals_of
from reimagine.appearance.outline import HAIR, SHOES, Outline
from reimagine.appearance.outlines import hair
from reimagine.appearance.piece import Piece
from reimagine.appearance.plane import CELL_M, depths, regions_of
from reimagine.appearance.sculpt import dress_weights, relax, sculpt, unpose
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.shoes import shoe
from reimagine.appearance.skirt import hang_between
from reimagine.body.model import joint_positions, pose_skin
from reimagine.records import PARTS, Body, Pose, Skin

_EASE_M = {"trunk": 0.010, "left_leg": 0.006, "right_leg": 0.006}
_LEGS = ("left_leg", "right_leg")
_NECK_JOINT, _HEAD_JOINT = 12, 15
_SUNK_M = 0.035
"""How deep the neck lies below a collar."""
_CROWN_M = 0.14
"""Above the head joint."""
_HEAD, _TORSO, _HANDS, _FEET = (0,), (1,), (4, 7), (11, 14)


def make_pieces(body: Body, poses: list[Pose], seen: list[Seeing]) -> list[Piece]:
    """All pieces, in the zero pose; `poses` are the stances (one frame each) in the photos, the front first."""
    pose, front, back = poses[0], seen[0], seen[1] if len(seen) > 1 else None
    verts = pose_skin(body.skin, pose)[0]
    regions = regions_of(body.skin)
    body_verts, body_weights = verts.numpy(), dense_weights(body.skin)
    standing = joint_positions(body, pose)[0].numpy()
    collar_m = float(front.joints[_NECK_JOINT, 0] - front.outlines["trunk"].top) * CELL_M
    shoulder = int(front.joints[[16, 17], 0].mean() + 0.02 / CELL_M)
    shod = bool((front.labels == SHOES).sum() > 50)
    pieces = _body_pieces(body, regions, collar_m=collar_m, shod=shod)
    head, hairy = fill_out(pieces[0].skin, poses, seen)
    pieces[0] = replace(pieces[0], skin=head, hairy=hairy)
    found = {**front.outlines, "hair": _hair(front, back)}
    up_to = float(body.joints[_NECK_JOINT, 1]) + collar_m + 0.02
    neck = (regions == 0) & (body.skin.verts[:, 1].numpy() < up_to) & _behind_jaw(body)
    whole_hips = _hips(verts, body, regions, front)
    for name, outline in found.items():
        if outline.mask.sum() * CELL_M**2 < 0.002:
            continue
        own = np.isin(regions, outline.regions)
        if name == "trunk":
            own |= neck
        if name == "hair":
            ahead, behind = _hair_depths(verts, body, regions, front, outline)
        else:
            ahead, behind = depths(verts, faces_within(body.skin.faces, own), front.plane)
        if name in _LEGS:
            shared, *hips = whole_hips
            ahead, behind = (
                np.where(shared, *both) for both in zip(hips, (ahead, behind), strict=True)
            )
        shape, faces = sculpt(
            outline,
            front.plane,
            ahead,
            behind,
            ease_m=_EASE_M.get(name, 0.003),
            covers_to=shoulder if name == "trunk" else 0,
        )
        if name == "hair":
            shape = relax(shape, faces, rounds=10)
        near = own | np.isin(regions, _TORSO) if name == "hair" else own
        weights = dress_weights(
            shape,
            faces,
            body_verts=body_verts[near],
            body_weights=body_weights[near],
            smoothing=40 if name == "trunk" else 12,
        )
        if name == "trunk":
            weights = hang_between(weights, shape, standing)
        pieces.append(
            Piece(
                name=name,
                skin=unpose(shape, faces, weights, pose),
                part=PARTS.index(outline.part),
                regions=outline.regions,
            )
        )
    return pieces


def _hips(
    verts: torch.Tensor, body: Body, regions: NDArray[np.int64], front: Seeing
) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]]:
    """The rows (rows 1) in which either leg's outline is that of both, and z of both legs' front and back."""
    left, right = (front.outlines[name] for name in _LEGS)
    own = np.isin(regions, (*left.regions, *right.regions))
    ahead, behind = depths(verts, faces_within(body.skin.faces, own), front.plane)
    shared = np.atleast_2d((left.mask & right.mask).any(1)).T
    return shared, ahead, behind


def dense_weights(skin: Skin) -> NDArray[np.float32]:
    """Skin weights as a table, verts 55."""
    table = torch.zeros(len(skin.verts), 55)
    table.scatter_add_(1, skin.weight_joints.long(), skin.weights)
    return table.numpy()


def _body_pieces(
    body: Body, regions: NDArray[np.int64], *, collar_m: float, shod: bool
) -> list[Piece]:
    """Head, throat, hands and feet; `collar_m` above the neck's joint the trunk's cloth ends."""
    shoulder = float(body.joints[[16, 17], 1].mean())
    height = body.skin.verts[:, 1]
    # The neck below and behind the jaw goes with the throat: its sides are skin, whatever the face's are.
    low = (height < body.joints[_HEAD_JOINT, 1] - 0.03).numpy() & _behind_jaw(body)
    low |= height.numpy() < shoulder + 0.06
    # Where the neck runs into the shoulders, the photo says whether it is skin or collar.
    throat = (height.numpy() > shoulder - 0.03) & (body.skin.verts[:, 0].abs().numpy() < 0.10)
    collar = ((regions == 1) & throat) | ((regions == 0) & low)
    # The neck runs on inside the collar: the further down or aside, the deeper.
    below = (body.joints[_NECK_JOINT, 1] + collar_m - height) / 0.05
    aside = (body.skin.verts[:, 0].abs() - 0.045) / 0.04
    aside = torch.minimum(aside, (shoulder + 0.11 - height) / 0.04)
    sunk = _SUNK_M * torch.maximum(below, aside).clamp(0, 1) ** 2
    tucked = _shrunk(body.skin, sunk[:, None])
    head = _patch("head", tucked, (regions == 0) & ~low, _HEAD, "face")
    throat = _patch("throat", tucked, collar, (*_HEAD, *_TORSO), "skin")
    hands = [
        _patch(name, body.skin, regions == region, (region,), "skin")
        for name, region in (("left_hand", 4), ("right_hand", 7))
    ]
    feet = [
        _patch(name, body.skin, regions == region, (region,), "shoes" if shod else "skin")
        for name, region in (("left_foot", 11), ("right_foot", 14))
    ]
    return [head, throat, *hands, *(map(shoe, feet) if shod else feet)]


def _behind_jaw(body: Body) -> NDArray[np.bool_]:
    return (body.skin.verts[:, 2] < body.joints[_HEAD_JOINT, 2] + 0.045).numpy()


def _patch(
    name: str, skin: Skin, chosen: NDArray[np.bool_], regions: tuple[int, ...], part: str
) -> Piece:
    """The body's faces of some vertices, and one ring around them so that no gap opens at the border."""
    faces = skin.faces.long().numpy()
    kept = faces[chosen[faces].any(1)]
    used, index = np.unique(kept, return_inverse=True)
    rows = torch.from_numpy(used)
    own = Skin(
        verts=skin.verts[rows],
        faces=torch.from_numpy(index.reshape(-1, 3).astype(np.int32)),
        weight_joints=skin.weight_joints[rows],
        weights=skin.weights[rows],
    )
    return Piece(name=name, skin=own, part=PARTS.index(part), regions=regions)


def _shrunk(skin: Skin, by_m: torch.Tensor) -> Skin:
    normals = torch.from_numpy(normals_of(skin.verts.numpy(), skin.faces.numpy()))
    return Skin(
        verts=skin.verts - by_m * normals,
        faces=skin.faces,
        weight_joints=skin.weight_joints,
        weights=skin.weights,
    )


def _hair(front: Seeing, back: Seeing | None) -> Outline:
    """The hanging hair of both photos, the back's moved so that the crowns meet."""
    if back is None:
        whole = hair(front.labels, front.labels)
        return replace(whole, mask=hanging(front, whole.mask))
    moved = np.zeros_like(front.labels)
    rows, columns = np.nonzero(back.labels == HAIR)
    own = np.nonzero(front.labels == HAIR)
    if len(rows) and len(own[0]):
        down = np.quantile(own[0], 0.01) - np.quantile(rows, 0.01)
        head = np.median(np.nonzero(front.bare == 0)[1]) - np.median(np.nonzero(back.bare == 0)[1])
        row, column = np.round(rows + down).astype(int), np.round(columns + head).astype(int)
        inside = (row >= 0) & (row < moved.shape[0]) & (column >= 0) & (column < moved.shape[1])
        moved[row[inside], column[inside]] = HAIR
    whole = hair(front.labels, moved)
    return replace(whole, mask=hanging(front, whole.mask))


def _hair_depths(
    verts: torch.Tensor,
    body: Body,
    regions: NDArray[np.int64],
    front: Seeing,
    outline: Outline,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Hair lies around the back of the head and body, and before the face only where the front photo shows it."""
    whole = depths(verts, body.skin.faces, front.plane)
    head = regions == 0
    ahead, _ = depths(verts, faces_within(body.skin.faces, head), front.plane)
    middle = float(verts[torch.from_numpy(head), 2].mean())
    behind = whole[1] - 0.014
    # The hairline runs back from the brow over the ear to the nape.
    crown = front.joints[_HEAD_JOINT, 0] - _CROWN_M / CELL_M
    down = np.clip((np.arange(len(ahead)) - crown) / (0.24 / CELL_M), 0, 1.5)[:, None]
    middle = middle + 0.035 - 0.10 * down
    fringe = (front.labels == HAIR) & outline.mask
    before = np.where(fringe & np.isfinite(ahead), ahead + 0.012, middle)
    before = np.where(np.isfinite(behind), np.maximum(before, behind + 0.025), np.nan)
    return before.astype(np.float32), behind.astype(np.float32)
