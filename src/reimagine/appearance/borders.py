"""Where skin, cloth and shoes meet on one piece: the surface is cut along the line that the photos show.

Colours then change there and nowhere else, as sharply as in the photo, on the sides too that no photo shows well.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from reimagine.appearance.arms import ARMS, with_one_hem
from reimagine.appearance.edges import edges_of
from reimagine.appearance.grid import Mask, filled, label
from reimagine.appearance.legs import leg_cloth
from reimagine.appearance.mesh import averaged, cut, normals_of
from reimagine.appearance.outline import ARMPIT_M, HAIR, HAT, LOWER, SHOES, SKIN, UPPER, grown
from reimagine.appearance.piece import KINDS, LEGS, Piece
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.regions import ARMS as REGIONS_OF_ARMS
from reimagine.appearance.regions import HEAD_AND_TORSO, LEFT_ARM, RIGHT_ARM, Region
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.tail import before_skin
from reimagine.appearance.weights import dense_weights, skin_of
from reimagine.body.joints import SHOULDERS, Joint
from reimagine.body.model import pose_skin
from reimagine.records import Pose, Skin

_BESIDE = {
    "left_foot": (10,),
    "right_foot": (13,),
    "left_hand": (3,),
    "right_hand": (6,),
    "head": (1,),
    "hair": (1, 2, 5),
    "locks": (1, 2, 5),
    "tail": (1, 2, 5),
}
"""Body regions next to a piece's own where it may be seen too."""
_MOSTLY = 0.4
"""So much of a leg's breadth is cloth where trousers go on."""
_BLUR_CELLS = 0.6
"""So exactly the photo's line is followed."""
_UNDER_HAIR = 0.3
"""How far hair over shoulders, chest and back speaks for cloth beneath it."""
_RIM_M = 0.008
"""So near a hand its colour and its shade lie on cloth."""
_SLACK_M, _WIDER_M = 0.02, 0.01
"""Over the first a sleeve's edge is smoothed; by the second it may reach further inwards than the arm's cloth."""
_OUT_M, _OUTWARDS = 0.08, 0.5
"""Over so much below a sleeve's hem the trunk's side comes out from behind it, by so many metres a metre."""
_VOTERS, _ROUNDS = 16, 6
"""So many seen vertices say together what one is that no photo shows; the line is smoothed over so many rings."""


def allowed(piece: Piece, seen: Seeing) -> Mask:
    """Where on the plane the photo shows this piece."""
    shown = np.isin(seen.labels, sum(KINDS[piece.name], ()))
    near = np.isin(seen.guide, (*piece.regions, *_BESIDE.get(piece.name, ())))
    if piece.name in LEGS:
        shown = leg_cloth(seen.labels)
    if piece.name == "trunk" and (seen.labels == UPPER).any():
        shown = (seen.labels == UPPER) & ~_sleeves(seen) | _bare_neck(seen)
    if piece.name == "head":
        # Strands beside the neck are not the neck's skin.
        shown &= (seen.labels != HAIR) | (
            np.arange(len(shown))[:, None] < seen.joints[Joint.HEAD, 0]
        )
    if piece.name in seen.outlines:
        near = seen.outlines[piece.name].mask
    # Buttons, prints and nostrils may be labelled as something else: what is enclosed belongs to it.
    found = filled(shown & near) & (seen.labels > 0)
    return found & ~_hands(seen, shown) if piece.name in ("trunk", *LEGS) else found


def _hands(seen: Seeing, shown: Mask) -> Mask:
    """Hands and arms before cloth, with the rim in which the photo mixes both; what is `shown` of the piece is none."""
    skin = label((seen.labels == SKIN) & ~shown)
    of_arm = np.unique(skin[np.isin(seen.guide, REGIONS_OF_ARMS)])
    return grown(np.isin(skin, of_arm[of_arm > 0]), _RIM_M)


def kind_grid(piece: Piece, seen: Seeing) -> NDArray[np.int64]:
    """The kind that each cell of the plane shows, of those the piece can have."""
    kinds = KINDS[piece.name]
    of_label = np.full(1 + HAT, len(kinds) - 1)
    for kind, labels in enumerate(kinds):
        of_label[list(labels)] = kind
    return of_label[_labels(piece, seen)]


def shares(piece: Piece, poses: list[Pose], seen: list[Seeing]) -> NDArray[np.float32]:
    """How far each vertex is of each kind (kinds verts, adding up to 1): as photos show it, carried on to the sides.

    The last kind where no photo shows the piece.
    """
    skin, count = piece.skin, len(KINDS[piece.name])
    each: list[NDArray[np.floating]] = []
    for index, (pose, view) in enumerate(zip(poses, seen, strict=True)):
        verts = pose_skin(skin, pose)[0].numpy()
        facing = normals_of(verts, skin.faces.numpy())[:, 2] * (1.0 if index == 0 else -1.0)
        cells = view.plane.cells(view.plane.seen_at(verts[:, :2], verts[:, 2], back=True)).T
        # The trunk's outline ends at the collar; what lies above says where that is.
        may = view.labels > 0 if piece.name == "trunk" else allowed(piece, view)
        seen_as = _down_to_hem(view.labels, may) if piece.name in LEGS else _labels(piece, view)
        votes = np.zeros((count, len(skin.verts)))
        for kind, labels in enumerate(KINDS[piece.name]):
            shown = (may & np.isin(seen_as, labels)).astype(np.float32)
            if piece.name == "trunk" and UPPER in labels:
                hidden = (view.labels == HAIR) & (view.bare == Region.TORSO)
                if view.tail is not None:
                    hidden &= ~before_skin(view.labels, view.tail)
                shown += _UNDER_HAIR * hidden
            shown = ndimage.gaussian_filter(shown, _BLUR_CELLS)
            at = ndimage.map_coordinates(shown, cells, order=1, mode="nearest")
            votes[kind] = np.clip(facing + 0.1, 0, 1) * at
        each.append(votes)
    if piece.name in ARMS and len(each) == 2:
        # In the zero pose arms lie along x.
        each[1] = with_one_hem(each[0], each[1], np.abs(skin.verts[:, 0].numpy()))
    votes = np.sum(each, axis=0)
    known = votes.sum(0) > 0.02
    if not known.any():
        return np.eye(count, dtype=np.float32)[-1][:, None].repeat(len(skin.verts), 1)
    verts = skin.verts.numpy()
    _, near = KDTree(verts[known]).query(verts, k=min(_VOTERS, int(known.sum())))
    together = votes[:, known][:, near.reshape(len(verts), -1)].sum(2)
    found = (together / together.sum(0)).T
    found = averaged(found, skin.faces.numpy(), _ROUNDS)
    return found.T.astype(np.float32)


def _labels(piece: Piece, seen: Seeing) -> NDArray[np.int64]:
    """The photo's labels, and on the head what is a hat."""
    return seen.hatted if piece.name == "head" else seen.labels


def _down_to_hem(labels: NDArray[np.int64], leg: Mask) -> NDArray[np.int64]:
    """The labels, with all of the leg taken for trousers down to where these end: shoes beside a narrow hem lie below it."""
    cloth = ((labels == LOWER) & leg).sum(1) >= _MOSTLY * np.maximum(leg.sum(1), 1)
    rows = np.flatnonzero(cloth)
    above = np.arange(len(labels))[:, None] <= (rows[-1] if len(rows) else -1)
    return np.where(leg & above & (labels == SHOES), LOWER, labels)


def split(piece: Piece, parts: NDArray[np.float32]) -> Piece:
    """The piece cut along the borders of its kinds; `parts` (kinds verts): how far each vertex is of each.

    Vertices on a border are there twice, once of either kind.
    """
    skin = piece.skin
    table = np.concatenate([skin.verts.numpy(), dense_weights(skin), parts.T], 1)
    rest, count = skin.faces.numpy(), len(parts)
    meshes: list[tuple[NDArray[np.int32], NDArray[np.floating]]] = []
    for kind in range(count - 1):
        own = table[:, 58:]
        field = own[:, kind] - own[:, kind + 1 :].max(1)
        faces, ends, share = cut(rest, field)
        rest, _, _ = cut(rest, -field)
        new = table[ends[:, 0]] + share[:, None] * (table[ends[:, 1]] - table[ends[:, 0]])
        table = np.concatenate([table, new])
        meshes.append((faces, table))
    meshes.append((rest, table))
    used = [np.unique(faces, return_inverse=True) for faces, _ in meshes]
    starts = np.cumsum([0, *(len(rows) for rows, _ in used)])
    faces = [index.reshape(-1, 3) + start for (_, index), start in zip(used, starts, strict=False)]
    rows = np.concatenate([own[rows] for (_, own), (rows, _) in zip(meshes, used, strict=True)])
    new = skin_of(rows[:, :3], np.concatenate(faces), rows[:, 3:58], skin.weights.shape[1])
    return replace(
        piece, skin=new, kind=np.repeat(np.arange(count), [len(rows) for rows, _ in used])
    )


def only(piece: Piece, kinds: tuple[int, ...]) -> Piece:
    """What of a split piece is of these kinds."""
    assert piece.kind is not None
    own = np.isin(piece.kind, kinds)
    number = torch.from_numpy(np.cumsum(own) - 1).int()
    skin, kept = piece.skin, torch.from_numpy(own)
    faces = skin.faces.long()
    skin = Skin(
        verts=skin.verts[kept],
        faces=number[faces[kept[faces].all(1)]],
        weight_joints=skin.weight_joints[kept],
        weights=skin.weights[kept],
    )
    return replace(piece, skin=skin, kind=piece.kind[own])


def _sleeves(seen: Seeing) -> Mask:
    """Where sleeves hang before the trunk's sides; above the armpit, from the line that goes from there to the shoulder."""
    rows, columns = (np.arange(size) for size in seen.labels.shape)
    hidden = np.zeros_like(seen.labels, dtype=bool)
    for regions, joint, outward in (
        (LEFT_ARM, Joint.LEFT_SHOULDER, 1),
        (RIGHT_ARM, Joint.RIGHT_SHOULDER, -1),
    ):
        cloth, arm = (edges_of(np.isin(of, regions)) for of in (seen.guide, seen.bare))
        outer = cloth.high if outward > 0 else cloth.low
        inner = (cloth.low + arm.low) / 2 if outward > 0 else (cloth.high + arm.high) / 2
        shoulder, beside = (float(place) for place in seen.joints[joint])
        armpit = shoulder + ARMPIT_M / CELL_M
        there = np.flatnonzero((rows >= armpit) & np.isfinite(inner))
        there = there[seen.labels[there, outer[there].astype(int)] == UPPER]
        if len(there):
            ends = inner[there] - outward * _WIDER_M / CELL_M
            # Below its hem the line goes out to the side, not at once: the photo is folded along it.
            down = np.arange(1, _OUT_M / CELL_M)
            ends = np.concatenate([[beside], ends, ends[-1] + outward * _OUTWARDS * down])
            limit = np.interp(rows, np.concatenate([[shoulder], there, there[-1] + down]), ends)
            limit = ndimage.gaussian_filter1d(limit, _SLACK_M / CELL_M)
            upright = (rows >= shoulder) & (rows <= there[-1] + down[-1])
            hidden |= upright[:, None] & ((columns - limit[:, None]) * outward >= 0)
    return hidden


def _bare_neck(seen: Seeing) -> Mask:
    """Skin of the neck and in the neckline, beside which the photo's collar is not mixed with what lies behind."""
    rows = np.arange(len(seen.labels))[:, None]
    armpit = seen.joints[SHOULDERS, 0].mean() + 0.15 / CELL_M
    jaw = seen.joints[Joint.HEAD, 0] + 0.03 / CELL_M
    return (
        (seen.labels == SKIN) & np.isin(seen.guide, HEAD_AND_TORSO) & (rows < armpit) & (rows > jaw)
    )
