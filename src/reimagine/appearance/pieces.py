"""The pieces a dressed person is made of: garments and limbs sculpted from the photos, head, hands and feet of the body."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from reimagine.appearance.body_pieces import behind_jaw, body_pieces
from reimagine.appearance.borders import shares, split
from reimagine.appearance.collar import open_collar
from reimagine.appearance.flanks import with_flanks
from reimagine.appearance.grid import Mask
from reimagine.appearance.hair import hair_depths, hanging_hair
from reimagine.appearance.hems import room_under, with_backs
from reimagine.appearance.mesh import faces_within
from reimagine.appearance.outline import Outline
from reimagine.appearance.piece import LEGS, Piece
from reimagine.appearance.plane import CELL_M, depths, regions_of
from reimagine.appearance.regions import Region
from reimagine.appearance.sculpt import dress_weights, relax, sculpt, unpose
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.skirt import at_ease, hang_between, is_skirt, seat_row
from reimagine.appearance.tail import carried
from reimagine.appearance.weights import dense_weights
from reimagine.body.joints import SHOULDERS, Joint
from reimagine.body.model import joint_positions, pose_skin
from reimagine.records import PARTS, Body, Pose, Skin

_EASE_M = {"trunk": 0.010, "left_leg": 0.006, "right_leg": 0.006}
_HAIR = ("hair", "locks", "tail")


def make_pieces(
    body: Body, poses: list[Pose], seen: list[Seeing], *, hems: bool = True, held: bool = True
) -> list[Piece]:
    """All pieces, in the zero pose; `poses` are the stances (one frame each) in the photos, the front first.

    Without `hems` they end behind as in front; trousers are `held` within a shirt, or are not.
    """
    pose, front, back = poses[0], seen[0], seen[1] if len(seen) > 1 else None
    verts = pose_skin(body.skin, pose)[0]
    regions = regions_of(body.skin)
    body_verts, body_weights = verts.numpy(), dense_weights(body.skin)
    standing = joint_positions(body, pose)[0].numpy()
    shoulder_m = float(body.joints[SHOULDERS, 1].mean())
    shoulder = int(front.joints[SHOULDERS, 0].mean() + 0.02 / CELL_M)
    skirt = is_skirt(front.outlines["trunk"].bottom, front.joints)
    hangs_in = at_ease(pose, body) if skirt else pose
    tail = _tail(body, poses, seen)
    found = {**front.outlines, **hanging_hair(front, back, tail)}
    if hems and back is not None:
        found = with_backs(
            found | with_flanks(front, back),
            front,
            back,
            depths(verts, body.skin.faces, front.plane),
        )
    collar_m = float(front.joints[Joint.NECK, 0] - front.outlines["trunk"].top) * CELL_M
    up_to = float(body.joints[Joint.NECK, 1]) + collar_m + 0.02
    neck = (regions == Region.HEAD) & (body.skin.verts[:, 1].numpy() < up_to) & behind_jaw(body)
    pieces: dict[str, Piece] = {}
    cover: tuple[Skin, NDArray[np.float32]] | None = None
    worn: tuple[NDArray[np.float32], NDArray[np.int32]] | None = None
    room: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    hair: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for name, outline in found.items():
        if outline.mask.sum() * CELL_M**2 < 0.002:
            continue
        own = np.isin(regions, outline.regions)
        if name == "trunk":
            own |= neck
        if name in _HAIR:
            # It falls over what is worn, and comes after it.
            hair = hair or hair_depths(verts, body, regions, front, worn, tail)
            ahead, behind = hair[name]
        elif name in LEGS:
            ahead, behind = _leg_depths(outline, verts, body, regions, front)
        else:
            ahead, behind = depths(verts, faces_within(body.skin.faces, own), front.plane)
        shape, faces = sculpt(
            outline,
            front.plane,
            ahead,
            behind,
            ease_m=_EASE_M.get(name, 0.003),
            covers_to=shoulder if name == "trunk" else 0,
            free_from=seat_row(front.joints) if name == "trunk" else None,
            swells=name not in _HAIR,
            within=room if name in LEGS else None,
        )
        if name in _HAIR:
            shape = relax(shape, faces, rounds=10)
        near = own | (regions == Region.TORSO) if name in _HAIR else own
        weights = dress_weights(
            shape,
            faces,
            body_verts=body_verts[near],
            body_weights=body_weights[near],
            smoothing=40 if name == "trunk" else 12,
        )
        if name == "trunk":
            weights = hang_between(weights, shape, standing)
            worn = shape, faces
            cloth = depths(torch.from_numpy(shape), torch.from_numpy(faces), front.plane)
            room = room_under(outline, cloth) if held and not skirt else None
        piece = Piece(
            name=name,
            skin=unpose(shape, faces, weights, hangs_in if name == "trunk" else pose),
            part=PARTS.index(outline.part),
            regions=outline.regions,
        )
        if name == "trunk":
            whole = piece.skin
            piece, covered = open_collar(piece, poses, seen, shoulder_m)
            cover = whole, covered
        else:
            piece = split(piece, shares(piece, poses, seen))
        pieces[name] = piece
    legs = {name: pieces[name].skin for name in LEGS if name in pieces}
    return [*body_pieces(body, poses, seen, legs, cover), *pieces.values()]


def _tail(body: Body, poses: list[Pose], seen: list[Seeing]) -> Mask | None:
    """Where a tail of hair hangs on the front's plane."""
    if len(seen) < 2 or seen[1].tail is None:
        return None
    heads = [pose.transforms[0, Joint.HEAD].numpy() for pose in poses]
    joint = body.joints[Joint.HEAD].numpy()
    return carried(seen[1].tail, (seen[1].plane, seen[0].plane), heads[::-1], joint)


def _leg_depths(
    outline: Outline,
    verts: Float[torch.Tensor, "verts 3"],
    body: Body,
    regions: NDArray[np.int64],
    front: Seeing,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Front and back z of a leg on the plane: the hips' where its outline is that of both, the foot's where trousers reach over it."""
    left, right = (front.outlines[name] for name in LEGS)
    shared = np.atleast_2d((left.mask & right.mask).any(1)).T
    hips = (*left.regions, *right.regions)
    of_hips, of_foot, of_leg = (
        depths(verts, faces_within(body.skin.faces, np.isin(regions, own)), front.plane)
        for own in (hips, (*outline.regions, outline.regions[-1] + 1), outline.regions)
    )
    ahead, behind = (
        np.where(shared, hip, np.where(outline.mask, foot, leg))
        for hip, foot, leg in zip(of_hips, of_foot, of_leg, strict=True)
    )
    return ahead, behind
