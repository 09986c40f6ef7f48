"""Colours of one piece: what each photo shows of it, and a guess for the rest, skin from skin and cloth from cloth."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from reimagine.appearance.arms import BARE_ENDS, shaded_by_cloth
from reimagine.appearance.borders import allowed, kind_grid
from reimagine.appearance.fit import Fit
from reimagine.appearance.grid import Mask
from reimagine.appearance.hairline import thinned_out
from reimagine.appearance.mesh import averaged, hollows
from reimagine.appearance.odd import crevices, likeness, oddness
from reimagine.appearance.outline import FACE, HAIR, SKIN
from reimagine.appearance.piece import HAIRY, HATTED, KINDS, Piece
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.regions import HEAD_AND_TORSO
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.steps import ALL, Steps
from reimagine.appearance.texture import Places, Sighting, View, Way, colours, guess, places, sight
from reimagine.body.joints import Joint
from reimagine.body.model import joint_positions
from reimagine.records import Skin

_SCULPTED = ("trunk", "hair", "locks", "tail", "left_leg", "right_leg", "left_arm", "right_arm")

_SKIN_RANGE = 0.18
"""How far (RGB, 0..1) skin of a face may be from its median."""
_STRANDS = 0.28
"""On the nape, what is so far from it is no skin."""
_WELL = 0.8
"""Trust above which the photo itself says of what kind a place is."""
_MIXED_M = 0.01
"""So near another kind a colour may be mixed with that one's, and is not carried on."""
_SHADOW, _SHADOW_ROUNDS = 2.0, 3
"""How much darker a guessed colour is at a place as deep below its neighbours as they are away; over how many rings."""
_BESIDE_M = 0.004
"""Half the distance of a head's vertices, about."""
_FADED = 0.7
"""How much of a photo folded around the side gives way to the even colour of what is near, on plain cloth."""
_PLAIN, _PATTERNED, _PLAIN_ROUNDS = 0.037, 0.046, 12
"""How far (RGB, 0..1) colours are from their mean over so many rings on plain and on patterned cloth."""
_TORN = 4.0
"""So many times further apart than on the surface, two neighbours' colours are not of one place."""
_JAW_DOWN_M, _JAW_AHEAD_M, _JAW_M = 0.03, 0.095, 0.03
"""The head's share of the neck begins so far below its joint (zero pose), lies no further ahead, and grows over so much."""
_NECK_M = 0.12
"""Half the breadth of neck and neckline."""


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
    neck = _neck(piece, fit, verts)
    way = Way(
        # The head has the middle of the neck: laid, its rim would show what the photo has beside the whole neck.
        lay=1 - _below_jaw(piece, fit) if steps.lay and piece.name == "head" else None,
        through_camera=piece.name not in _SCULPTED,
    )
    masks = [_allowed(piece, seen, view) for seen, view in zip(shown, views, strict=True)]
    at = [places(view, chosen, may, way=way) for view, may in zip(views, masks, strict=True)]
    grids = [kind_grid(piece, seen) for seen in shown]
    doubts = _doubts(piece, masks, shown, views)
    kind = piece.kind
    assert kind is not None
    bare = np.array([SKIN in labels for labels in KINDS[piece.name]])
    mirror = ~bare[kind] if piece.name in ("head", "trunk", "throat") else True
    mirror = np.broadcast_to(mirror & np.bool_(steps.fold), len(chosen))
    sightings = [
        _sighted(piece, kind, view, here, may, grid, doubt, mirror)
        for view, here, may, grid, doubt in zip(views, at, masks, grids, doubts, strict=True)
    ]
    xy, share, own = (
        np.stack([getattr(one, name) for one in sightings]) for name in ("xy", "share", "trust")
    )
    trust = own.sum(0)
    if own.max() < 0.05:  # hidden in every photo: whatever else shows this kind of surface
        return flat(_typical(sum(KINDS[piece.name], ()), shown, views), xy)
    share *= 1 - (1 - own) * _torn(piece.skin.faces.numpy(), verts, xy, views[0])
    taken = np.stack([colours(view, place) for view, place in zip(views, xy, strict=True)])
    known = (taken * own[..., None]).sum(0) / np.maximum(trust, 1e-6)[:, None]
    folded = np.any([one.folded for one in sightings], axis=0)
    # Prints on cloth and clasps in hair are not carried on to the sides, nor is a forehead that shines through hair.
    usual = np.ones(len(verts), np.float32)
    plain = _plainness(piece.skin, known, trust, kind) * np.float32(steps.even)
    share *= 1 - _FADED * folded * plain[kind] * (1 - own)
    skin, of_hair = _skin_of_neck(shown[0], views[0]), _typical((HAIR,), shown, views)
    if piece.name == "throat":
        share *= _without_strands(taken, skin, views)
    for one in np.unique(kind[folded]) if steps.prints else ():
        of = folded & (kind == one)
        hair = KINDS[piece.name][one] == (HAIR,)
        for v in range(len(views)):
            other = taken[1 - v, of] if len(views) == 2 else None
            odd = oddness(verts[of], taken[v, of], known[of], trust[of], other)
            if hair:
                odd = np.maximum(odd, likeness(verts[of], taken[v, of], of_hair, skin))
                # A hair tie is thinner than the distance of vertices.
                for near in beside(views[v], xy[v, of]):
                    odd = np.maximum(odd, oddness(verts[of], near, known[of], trust[of]))
            share[v, of] *= 1 - odd * (1 - own[v, of])
        # A stripe on plain cloth is usual at its height, but nothing to fill what lies above and below with.
        even = np.median(known[of & (trust > 0.6)], axis=0) if plain[one] > 0.5 else None
        odd = oddness(verts[of], known[of], known[of], trust[of], even)
        if hair:
            odd = np.maximum(odd, likeness(verts[of], known[of], of_hair, skin))
        usual[of] -= odd
    sure = trust * usual
    fill = np.zeros((len(verts), 3), np.float32)
    for one in np.unique(kind):
        of = kind == one
        of_skin = skin if bare[one] else None
        fill[of] = _guessed(verts, known, sure, of, of_skin, even=bool(plain[one] > 0.5))[of]
    if piece.name == "head":
        bald = kind != HATTED
        fill[bald] = thinned_out(verts[bald], kind[bald] == HAIRY, fill[bald])
    # The chin's shadow on the neck goes where the chin goes.
    fill += (neck * bare[kind])[:, None] * (skin - fill)
    fill *= 1 - _shadow(piece.skin)[:, None]
    return Coat(xy=xy, share=share / np.maximum(share.sum(0), 1.0), trust=trust, fill=fill)


def flat(colour: NDArray[np.floating], xy: NDArray[np.float32]) -> Coat:
    """All of a piece in one colour (3), guessed; `xy` (views verts 2): where photos have it, though they are not asked."""
    nothing = np.zeros(xy.shape[:2], np.float32)
    fill = np.broadcast_to(colour, (xy.shape[1], 3)).astype(np.float32)
    return Coat(xy=xy, share=nothing, trust=nothing[0], fill=fill)


def _torn(
    faces: NDArray[np.integer], verts: NDArray[np.float32], xy: NDArray[np.float32], view: View
) -> NDArray[np.bool_]:
    """Vertices (views verts) whose neighbours take their colour from so far away that what lies between is another thing."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    length = np.linalg.norm(verts[ends[:, 0]] - verts[ends[:, 1]], axis=1)
    metre = _metre(view)
    torn = np.zeros(xy.shape[:2], bool)
    for v, place in enumerate(xy):
        apart = np.linalg.norm(place[ends[:, 0]] - place[ends[:, 1]], axis=1)
        torn[v, ends[apart > _TORN * metre * length + 1].ravel()] = True
    return torn


def _metre(view: View) -> float:
    """How many pixels of the photo a metre is."""
    return float(np.linalg.norm(view.plane.pixels[0, 1] - view.plane.pixels[0, 0])) / CELL_M


def beside(view: View, xy: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The photo's colours (n 3) beside places (n 2) of it, on all four sides."""
    step = np.float32(_BESIDE_M * _metre(view))
    aside = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)], np.float32)
    return [colours(view, xy + step * way) for way in aside]


def _without_strands(
    taken: NDArray[np.float32], skin: NDArray[np.float32], views: list[View]
) -> NDArray[np.float32]:
    """How much of a photo's colour (views verts) is skin's: strands over the nape stay with the hair."""
    away = np.linalg.norm(taken - skin, axis=2)
    of_skin = np.clip((_STRANDS - away) / (_STRANDS - _SKIN_RANGE), 0, 1)
    behind = np.array([view.sign < 0 for view in views])
    return np.where(behind[:, None], of_skin, 1).astype(np.float32)


def _plainness(
    skin: Skin,
    known: NDArray[np.float32],
    trust: NDArray[np.float32],
    kind: NDArray[np.int64],
) -> NDArray[np.float32]:
    """For each kind (kinds), 1 where it has one colour, so that mirrored folds would show as figures, 0 where it is patterned."""
    away = np.abs(known - averaged(known, skin.faces.numpy(), _PLAIN_ROUNDS)).mean(1)
    plain = np.zeros(int(kind.max()) + 1, np.float32)
    for one in range(len(plain)):
        sure = (kind == one) & (trust > 0.6)
        if sure.any():
            plain[one] = (_PATTERNED - away[sure].mean()) / (_PATTERNED - _PLAIN)
    return np.clip(plain, 0, 1)


def _shadow(skin: Skin) -> NDArray[np.float32]:
    """How much light hollows lose (verts), so that ears, which no photo shows from the side, read as ears."""
    faces = skin.faces.numpy()
    deep = averaged(hollows(skin.verts.numpy(), faces), faces, _SHADOW_ROUNDS)
    return np.clip(_SHADOW * deep, -0.1, 0.5)


def _sighted(
    piece: Piece,
    kind: NDArray[np.int64],
    view: View,
    at: Places,
    allowed: Mask,
    grid: NDArray[np.int64],
    doubt: Mask,
    mirror: NDArray[np.bool_],
) -> Sighting:
    """What the photo knows of each vertex, each kind from its own kind only.

    But hair and brow go over into each other: where the photo sees the head well, it is right as it is.
    """
    soft = piece.name == "head"
    whole = sight(view, at, allowed, mirror=mirror)
    found: dict[str, NDArray[Any]] = {
        field.name: getattr(whole, field.name).copy() for field in fields(Sighting)
    }
    for one in np.unique(kind):
        of = kind == one
        some = replace(at, **{field.name: getattr(at, field.name)[of] for field in fields(Places)})
        own = grid == one
        may = allowed & own if soft else allowed
        seen = sight(view, some, may, own, doubt=doubt, mirror=mirror[of])
        unsure = whole.trust[of] <= _WELL if soft else np.ones(of.sum(), bool)
        for name, values in found.items():
            values[np.flatnonzero(of)[unsure]] = getattr(seen, name)[unsure]
    return Sighting(**found)


def _guessed(
    verts: NDArray[np.float32],
    known: NDArray[np.float32],
    sure: NDArray[np.float32],
    of: NDArray[np.bool_],
    skin: NDArray[np.float32] | None,
    *,
    even: bool,
) -> NDArray[np.float32]:
    """Colours (verts 3) as if all were of the kind that some are; where that is skin, without brows, beards and shadows."""
    away = KDTree(verts[~of]).query(verts)[0] if (~of).any() else np.full(len(verts), np.inf)
    of_kind = sure * of * (away > _MIXED_M)
    of_kind = of_kind if of_kind.max() > 0.05 else sure * of
    if skin is not None:
        like = of_kind * (np.linalg.norm(known - skin, axis=1) < _SKIN_RANGE)
        of_kind = like if like.max() > 0.05 else of_kind
    return guess(
        verts, known, of_kind if of_kind.max() > 0.05 else sure, even=even or skin is not None
    )


def _neck(piece: Piece, fit: Fit, verts: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each vertex of head or throat, standing as in the front photo, lies on the neck, 0..1."""
    if piece.name not in ("head", "throat"):
        return np.zeros(len(verts), np.float32)
    joints = joint_positions(fit.body, fit.stances[0].pose)[0].numpy()
    if piece.name == "head":
        _, up, ahead = (verts - joints[Joint.HEAD]).T
        return np.clip(0.5 - up / 0.06, 0, 1) * np.clip((0.06 - ahead) / 0.03, 0, 1)
    aside, up, _ = (verts - joints[Joint.NECK]).T
    return np.clip((_NECK_M - np.abs(aside)) / 0.04, 0, 1) * np.clip(up / 0.04 + 0.5, 0, 1)


def _below_jaw(piece: Piece, fit: Fit) -> NDArray[np.float32]:
    """How far each vertex of the head lies on the neck's front, which the head shares with the throat, 0..1."""
    _, up, ahead = (piece.skin.verts - fit.body.joints[Joint.HEAD]).numpy().T
    down, behind = -_JAW_DOWN_M - up, _JAW_AHEAD_M - ahead
    return np.clip(down / _JAW_M, 0, 1) * np.clip(behind / _JAW_M, 0, 1)


def _skin_of_neck(seen: Seeing, view: View) -> NDArray[np.float32]:
    """The skin's median colour on head and neck; of all skin, or of everything, where none is seen there."""
    bare, picture = np.isin(seen.labels, (SKIN, FACE)), view.plane.read(view.rgb)
    near = bare & np.isin(seen.guide, HEAD_AND_TORSO)
    chosen = next(mask for mask in (near, bare, seen.labels >= 0) if mask.any())
    return np.median(picture[chosen], axis=0)


def _allowed(piece: Piece, seen: Seeing, view: View) -> Mask:
    """Where on the plane the photo shows this piece clearly."""
    shown = allowed(piece, seen)
    if piece.name == "trunk":
        return shown & ~crevices(shown & (seen.labels != SKIN), view.plane.read(view.rgb))
    return shown & _not_background(view, shown) if piece.name in ("hair", "locks") else shown


def _doubts(piece: Piece, masks: list[Mask], shown: list[Seeing], views: list[View]) -> list[Mask]:
    """For each photo, where on the plane what it shows of this piece is rather its neighbour's, or in its shade."""
    skin = [mask & (seen.labels == SKIN) for mask, seen in zip(masks, shown, strict=True)]
    if piece.name not in BARE_ENDS or not np.any([own.any() for own in skin]):
        return [np.zeros_like(mask) for mask in masks]
    pictures = [view.plane.read(view.rgb) for view in views]
    pixels = np.concatenate([picture[own] for picture, own in zip(pictures, skin, strict=True)])
    usual = np.median(pixels, axis=0)
    return [
        shaded_by_cloth(seen.labels, mask, picture, usual)
        for seen, mask, picture in zip(shown, masks, pictures, strict=True)
    ]


def _not_background(view: View, hair: Mask) -> Mask:
    """Where loose strands do not let a bright background shine through."""
    brightness = view.plane.read(view.rgb).mean(-1)
    return brightness < (np.median(brightness[hair]) if hair.any() else 1.0) + 0.22


def _typical(
    labels: tuple[int, ...], shown: list[Seeing], views: list[View]
) -> NDArray[np.float32]:
    """The median colour of what is labelled so over all photos; of the whole person where no photo shows any."""
    pictures = [view.plane.read(view.rgb) for view in views]
    for wanted in (labels, tuple(range(1, 7))):
        pixels = np.concatenate(
            [
                picture[np.isin(seen.hatted, wanted)]
                for picture, seen in zip(pictures, shown, strict=True)
            ]
        )
        if len(pixels):
            return np.median(pixels, axis=0).astype(np.float32)
    return np.full(3, 0.5, np.float32)
