"""The pieces that are the body's own: head, throat, hands and feet, with finer faces so that outlines are round."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from reimagine.appearance.borders import only, shares, split
from reimagine.appearance.collar import ASIDE_M, DOWN_M, sink
from reimagine.appearance.head import fill_out
from reimagine.appearance.mesh import averaged, subdivide
from reimagine.appearance.outline import SHOES
from reimagine.appearance.piece import HAIRY, HATTED, KINDS, Piece
from reimagine.appearance.plane import regions_of
from reimagine.appearance.regions import HEAD_AND_TORSO, Region
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.shoes import shoe, sink_foot
from reimagine.appearance.weights import dense_weights, skin_of
from reimagine.body.joints import SHOULDERS, Joint
from reimagine.records import PARTS, Body, Part, Pose, Skin

_ENDS = {
    "left_hand": Region.LEFT_HAND,
    "right_hand": Region.RIGHT_HAND,
    "left_foot": Region.LEFT_FOOT,
    "right_foot": Region.RIGHT_FOOT,
}
_LEG_OF = {"left_foot": "left_leg", "right_foot": "right_leg"}
_BELOW = len(KINDS["head"])
"""What is the throat's, where head and throat are cut from one surface; the numbers before are the head's kinds."""
_JAW_ROUNDS = 3
"""The line along which the head's colours give way to the throat's is smoothed over so many rings."""


def body_pieces(
    body: Body,
    poses: list[Pose],
    seen: list[Seeing],
    legs: dict[str, Skin],
    cover: tuple[Skin, NDArray[np.float32]] | None,
) -> list[Piece]:
    """Head, throat, hands and feet in the zero pose, lowered where clothes cover them.

    `cover`: the trunk before it was cut, and how far each of its vertices is under cloth; None where there is none.
    """
    regions = regions_of(body.skin)
    shod = bool((seen[0].labels == SHOES).sum() > 50)
    ends: list[Piece] = []
    for name, region in _ENDS.items():
        skin, _ = _patch(body.skin, regions == region)
        foot = name in _LEG_OF
        part = "shoes" if shod and foot else "skin"
        piece = Piece(name=name, skin=skin, part=PARTS.index(part), regions=(region,))
        piece = shoe(piece) if shod and foot else piece
        if foot and _LEG_OF[name] in legs:
            piece = sink_foot(piece, legs[_LEG_OF[name]])
        piece = replace(piece, skin=_finer(piece.skin, np.zeros((0, len(skin.verts))))[0])
        ends.append(split(piece, shares(piece, poses, seen)))
    return [*_head_and_throat(body, regions, poses, seen, cover), *ends]


def behind_jaw(body: Body) -> NDArray[np.bool_]:
    """Which of the body's vertices (zero pose) lie behind the jaw, or below it."""
    return (body.skin.verts[:, 2] < body.joints[Joint.HEAD, 2] + 0.045).numpy()


def _head_and_throat(
    body: Body,
    regions: NDArray[np.int64],
    poses: list[Pose],
    seen: list[Seeing],
    cover: tuple[Skin, NDArray[np.float32]] | None,
) -> list[Piece]:
    """Cut from one surface, so that nothing opens between them."""
    x, y, _ = body.skin.verts.numpy().T
    shoulder_m = float(body.joints[SHOULDERS, 1].mean())
    # The neck below and behind the jaw goes with the throat: its sides are skin, whatever the face's are.
    low = (y < float(body.joints[Joint.HEAD, 1]) - 0.03) & behind_jaw(body)
    low |= y < shoulder_m + 0.06
    head = (regions == Region.HEAD) & ~low
    # Where the neck runs into shoulders and chest, the photo says whether it is skin or cloth.
    chest = (regions == Region.TORSO) & (y > shoulder_m - DOWN_M) & (np.abs(x) < ASIDE_M)
    skull, rows = _patch(body.skin, head)
    filled, hairy = fill_out(skull, poses, seen)
    verts, hair = body.skin.verts.clone(), np.zeros(len(x), np.float32)
    verts[rows], hair[rows] = filled.verts, hairy
    skin, rows = _patch(replace(body.skin, verts=verts), (regions == Region.HEAD) | chest)
    if cover is not None:
        skin = sink(skin, *cover)
    own = head[rows].astype(np.float32)
    own = averaged(own, skin.faces.numpy(), _JAW_ROUNDS)
    whole = Piece(name="head", skin=skin, part=Part.FACE, regions=(Region.HEAD,))
    worn = shares(whole, poses, seen)
    hat = worn[HATTED] / np.maximum(worn[HATTED] + worn[HAIRY], 1e-6)
    parts = np.stack([1 - hat, hat]) * hair[rows] * own
    parts = np.concatenate([parts, np.stack([(1 - hair[rows]) * own, 1 - own])])
    skin, parts = _finer(skin, parts)
    whole = split(replace(whole, skin=skin), parts)
    throat = only(whole, (_BELOW,))
    throat = replace(
        throat,
        name="throat",
        part=Part.SKIN,
        regions=HEAD_AND_TORSO,
        kind=np.zeros(len(throat.skin.verts), np.int64),
    )
    return [only(whole, tuple(range(_BELOW))), throat]


def _patch(skin: Skin, chosen: NDArray[np.bool_]) -> tuple[Skin, NDArray[np.int64]]:
    """The faces of some vertices, with one ring around them so that no gap opens at the border, and its vertices' rows."""
    faces = skin.faces.long().numpy()
    used, index = np.unique(faces[chosen[faces].any(1)], return_inverse=True)
    rows = torch.from_numpy(used)
    own = Skin(
        verts=skin.verts[rows],
        faces=torch.from_numpy(index.reshape(-1, 3).astype(np.int32)),
        weight_joints=skin.weight_joints[rows],
        weights=skin.weights[rows],
    )
    return own, used


def _finer(skin: Skin, values: NDArray[np.floating]) -> tuple[Skin, NDArray[np.float32]]:
    """The skin with four faces for each, and values (c verts) for its vertices."""
    faces, ends, placed = subdivide(skin.verts.numpy(), skin.faces.numpy())
    weights = dense_weights(skin)
    verts = np.concatenate([skin.verts.numpy(), placed])
    weights = np.concatenate([weights, weights[ends].mean(1)])
    more = np.concatenate([values, values[:, ends].mean(2)], 1).astype(np.float32)
    return skin_of(verts, faces, weights, skin.weights.shape[1]), more
