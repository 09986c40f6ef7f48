"""Colours of one piece: what each photo shows of it, and a guess for the rest, skin from skin and cloth from cloth."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from reimagine.appearance.fit import Fit
from reimagine.appearance.grid import Mask, filled
from reimagine.appearance.legs import leg_cloth
from reimagine.appearance.outline import FACE, HAIR, LOWER, SHOES, SKIN, UPPER
from reimagine.appearance.piece import Piece
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.steps import ALL, Steps
from reimagine.appearance.texture import (
    Places,
    Sighting,
    View,
    Way,
    colours,
    guess,
    oddness,
    places,
    sight,
)
from reimagine.body.model import joint_positions

_BARE = (SKIN, FACE)
_KINDS = {
    "head": ((HAIR,), _BARE),
    "throat": (_BARE,),
    "trunk": (_BARE, (UPPER,)),
    "hair": ((HAIR,),),
    "left_leg": (_BARE, (SHOES,), (LOWER,)),
    "right_leg": (_BARE, (SHOES,), (LOWER,)),
    "left_foot": (_BARE, (SHOES,)),
    "right_foot": (_BARE, (SHOES,)),
    "left_arm": ((SKIN,), (UPPER,)),
    "right_arm": ((SKIN,), (UPPER,)),
    "left_hand": ((SKIN,),),
    "right_hand": ((SKIN,),),
}
"""Which labels of a photo may give a piece its colour, by kinds that take nothing from each other. What is labelled
otherwise, but enclosed, is of the last kind: buttons, prints, nostrils."""
_BESIDE = {
    "left_foot": (10,),
    "right_foot": (13,),
    "left_hand": (3,),
    "right_hand": (6,),
    "head": (1,),
    "hair": (1,),
}
"""Body regions next to a piece's own where it may be seen too."""
_SCULPTED = ("trunk", "hair", "left_leg", "right_leg", "left_arm", "right_arm")

_SKIN_RANGE = 0.3
"""How far (RGB, 0..1) skin of a face may be from its median."""
_WELL = 0.8
"""Trust above which the photo itself says of what kind a place is."""
_NECK_M = 0.10
"""Half the breadth of neck and neckline."""
_VOTERS = 12
"""So many seen vertices say of what kind one is that no photo shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coat:
    """Colours of a piece's vertices."""

    xy: NDArray[np.float32]
    """views verts 2, pixels."""
    share: NDArray[np.float32]
    """views verts, 0..1, at most 1 together."""
    trust: NDArray[np.float32]
    """verts, 0 and more."""
    fill: NDArray[np.float32]
    """verts 3."""


def coat(
    piece: Piece,
    chosen: NDArray[np.int64],
    fit: Fit,
    shown: list[Seeing],
    views: list[View],
    steps: Steps = ALL,
) -> Coat:
    """The colours of a piece, whose vertices are `chosen` of those in `views`; `shown` and `views` in the photos' order."""
    verts = views[0].verts[chosen]
    way = Way(
        lay=steps.lay and piece.name == "head",
        through_camera=piece.name not in (*_SCULPTED, "throat"),
    )
    allowed = [_allowed(piece, seen, view) for seen, view in zip(shown, views, strict=True)]
    at = [places(view, chosen, may, way=way) for view, may in zip(views, allowed, strict=True)]
    grids = [_kind_grid(piece, seen) for seen in shown]
    kinds = _kinds(piece, verts, at, allowed, grids)
    bare = _is_bare(piece)
    mirror = ~bare[kinds.argmax(0)] if piece.name in ("head", "trunk", "throat") else True
    mirror = mirror & np.bool_(steps.fold)
    sightings = [
        _sighted(view, here, may, grid, kinds.argmax(0), np.broadcast_to(mirror, len(chosen)))
        for view, here, may, grid in zip(views, at, allowed, grids, strict=True)
    ]
    xy, share, own = (
        np.stack([getattr(one, name) for one in sightings]) for name in ("xy", "share", "trust")
    )
    trust = own.sum(0)
    if own.max() < 0.05:  # hidden in every photo: whatever else shows this kind of surface
        fill = np.broadcast_to(_typical(piece, shown, views), (len(chosen), 3))
        return Coat(xy=xy, share=0 * share, trust=trust, fill=fill)
    taken = np.stack([colours(view, place) for view, place in zip(views, xy, strict=True)])
    known = (taken * own[..., None]).sum(0) / np.maximum(trust, 1e-6)[:, None]
    folded = np.any([one.folded for one in sightings], axis=0)
    # Prints on cloth and clasps in hair are not carried on to the sides.
    usual = np.ones(len(verts), np.float32)
    for kind in range(len(kinds) if steps.prints else 0):
        of = folded & (kinds.argmax(0) == kind)
        for v in range(len(views)):
            odd = oddness(verts[of], taken[v, of], known[of], trust[of])
            share[v, of] *= 1 - odd * (1 - own[v, of])
        usual[of] -= oddness(verts[of], known[of], known[of], trust[of])
    skin = _skin_of_neck(shown[0], views[0])
    sure = trust * usual
    fill = np.zeros((len(verts), 3), np.float32)
    for kind, soft in enumerate(_softened(kinds)):
        fill += soft[:, None] * _guessed(
            verts, known, sure, kinds[kind], skin if bare[kind] else None
        )
    # The chin's shadow on the neck goes where the chin goes.
    neck = _at_neck(piece, fit, verts) & bare[kinds.argmax(0)]
    fill[neck] = skin
    return Coat(xy=xy, share=share / np.maximum(share.sum(0), 1.0), trust=trust, fill=fill)


def _is_bare(piece: Piece) -> NDArray[np.bool_]:
    """For each kind of the piece, whether it is skin."""
    return np.array([SKIN in labels for labels in _KINDS[piece.name]])


def _kind_grid(piece: Piece, seen: Seeing) -> NDArray[np.int64]:
    """The kind that each cell of the plane shows, of those the piece can have."""
    kinds = _KINDS[piece.name]
    of_label = np.full(1 + SHOES, len(kinds) - 1)
    for kind, labels in enumerate(kinds):
        of_label[list(labels)] = kind
    return of_label[seen.labels]


def _kinds(
    piece: Piece,
    verts: NDArray[np.float32],
    at: list[Places],
    allowed: list[Mask],
    grids: list[NDArray[np.int64]],
) -> NDArray[np.float32]:
    """How far each vertex is of each kind (kinds verts, adding up to 1): as photos show it, carried on to the sides."""
    count = len(_KINDS[piece.name])
    if piece.hairy is not None:
        return np.stack([piece.hairy, 1 - piece.hairy])
    votes = np.zeros((count, len(verts)))
    for here, may, grid in zip(at, allowed, grids, strict=True):
        row, column = (
            np.clip(np.round(here.cells[:, axis]).astype(int), 0, may.shape[axis] - 1)
            for axis in (0, 1)
        )
        weight = np.clip(here.facing + 0.1, 0, 1) * may[row, column]
        votes[grid[row, column], np.arange(len(verts))] += weight
    known = votes.sum(0) > 0.02
    if count == 1 or not known.any():
        return np.eye(count, dtype=np.float32)[-1][:, None].repeat(len(verts), 1)
    _, near = KDTree(verts[known]).query(verts, k=min(_VOTERS, int(known.sum())))
    together = votes[:, known][:, near.reshape(len(verts), -1)].sum(2)
    return (together / together.sum(0)).astype(np.float32)


def _softened(kinds: NDArray[np.float32]) -> NDArray[np.float32]:
    """The kinds (kinds verts) with a border a few vertices broad."""
    near = np.clip(6 * kinds - 2.5, 0, 1) + 1e-6
    return near / near.sum(0)


def _sighted(
    view: View,
    at: Places,
    allowed: Mask,
    grid: NDArray[np.int64],
    kind: NDArray[np.int64],
    mirror: NDArray[np.bool_],
) -> Sighting:
    """What the photo knows of each vertex. Where it does not see the place well, each kind looks at its own kind only."""
    whole = sight(view, at, allowed, mirror=mirror)
    unsure = whole.trust <= _WELL
    found: dict[str, NDArray[Any]] = {
        field.name: getattr(whole, field.name).copy() for field in fields(Sighting)
    }
    for one in np.unique(kind):
        of = kind == one
        some = replace(at, **{field.name: getattr(at, field.name)[of] for field in fields(Places)})
        own = sight(view, some, allowed & (grid == one), mirror=mirror[of])
        for name, values in found.items():
            values[of & unsure] = getattr(own, name)[unsure[of]]
    return Sighting(**found)


def _guessed(
    verts: NDArray[np.float32],
    known: NDArray[np.float32],
    sure: NDArray[np.float32],
    kind: NDArray[np.float32],
    skin: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Colours (verts 3) as if all were of one kind; where that is skin, without brows, beards and shadows."""
    of_kind = sure * (kind > 0.8)
    if skin is not None:
        like = of_kind * (np.linalg.norm(known - skin, axis=1) < _SKIN_RANGE)
        of_kind = like if like.max() > 0.05 else of_kind
    return guess(verts, known, of_kind if of_kind.max() > 0.05 else sure)


def _at_neck(piece: Piece, fit: Fit, verts: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which vertices of the trunk or throat, standing as in the front photo, lie on the neck."""
    if piece.name not in ("trunk", "throat"):
        return np.zeros(len(verts), bool)
    joint = joint_positions(fit.body, fit.stances[0].pose)[0, 12].numpy()
    return (verts[:, 1] > joint[1] - 0.01) & (np.abs(verts[:, 0] - joint[0]) < _NECK_M)


def _skin_of_neck(seen: Seeing, view: View) -> NDArray[np.float32]:
    """The skin's median colour on head and neck; of all skin, or of everything, where none is seen there."""
    bare, picture = np.isin(seen.labels, _BARE), view.plane.read(view.rgb)
    near = bare & np.isin(seen.guide, (0, 1))
    chosen = next(mask for mask in (near, bare, seen.labels >= 0) if mask.any())
    return np.median(picture[chosen], axis=0)


def _allowed(piece: Piece, seen: Seeing, view: View) -> Mask:
    """Where on the plane the photo shows this piece."""
    shown = np.isin(seen.labels, sum(_KINDS[piece.name], ()))
    near = np.isin(seen.guide, (*piece.regions, *_BESIDE.get(piece.name, ())))
    if piece.name in ("left_leg", "right_leg"):
        shown = leg_cloth(seen.labels)
    if piece.name == "trunk" and (seen.labels == UPPER).any():
        shown = (seen.labels == UPPER) | _bare_neck(seen)
    if piece.name == "head":
        # Strands beside the neck are not the neck's skin.
        shown &= (seen.labels != HAIR) | (np.arange(len(shown))[:, None] < seen.joints[15, 0])
    if piece.name in seen.outlines:
        near = seen.outlines[piece.name].mask
    # Buttons, prints and nostrils may be labelled as something else: what is enclosed belongs to it.
    allowed = filled(shown & near) & (seen.labels > 0)
    return allowed & _not_background(view, allowed) if piece.name == "hair" else allowed


def _bare_neck(seen: Seeing) -> Mask:
    """Skin of the neck and in the neckline: what it shows is painted on the trunk, so that collars keep the photo's edge."""
    rows = np.arange(len(seen.labels))[:, None]
    armpit = seen.joints[[16, 17], 0].mean() + 0.15 / CELL_M
    jaw = seen.joints[15, 0] + 0.03 / CELL_M
    return (seen.labels == SKIN) & np.isin(seen.guide, (0, 1)) & (rows < armpit) & (rows > jaw)


def _not_background(view: View, hair: Mask) -> Mask:
    """Where loose strands do not let a bright background shine through."""
    brightness = view.plane.read(view.rgb).mean(-1)
    return brightness < (np.median(brightness[hair]) if hair.any() else 1.0) + 0.22


def _typical(piece: Piece, shown: list[Seeing], views: list[View]) -> NDArray[np.float32]:
    """The median colour of a piece's kind over all photos; of the whole person where no photo shows any."""
    pictures = [view.plane.read(view.rgb) for view in views]
    for wanted in (sum(_KINDS[piece.name], ()), tuple(range(1, 7))):
        pixels = np.concatenate(
            [
                picture[np.isin(seen.labels, wanted)]
                for picture, seen in zip(pictures, shown, strict=True)
            ]
        )
        if len(pixels):
            return np.median(pixels, axis=0).astype(np.float32)
    return np.full(3, 0.5, np.float32)
