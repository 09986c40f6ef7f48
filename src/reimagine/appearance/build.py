"""From photos to a person: the whole of this stage, one call per step."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from reimagine.appearance.doubts import front_back_swapped, same_person_warning
from reimagine.appearance.fit import Fit, fit_body
from reimagine.appearance.grid import filled
from reimagine.appearance.matte import silhouette
from reimagine.appearance.outlines import FACE, HAIR, LOWER, SHOES, SKIN, UPPER, leg_cloth
from reimagine.appearance.parts import label_parts
from reimagine.appearance.photos import Picture, read_photos
from reimagine.appearance.piece import Piece, normals_of
from reimagine.appearance.pieces import make_pieces
from reimagine.appearance.plane import CELL_M, plane_of, region_picture
from reimagine.appearance.reference import wide_reference
from reimagine.appearance.seeing import Seeing, seeing
from reimagine.appearance.settle import settle
from reimagine.appearance.texture import Sighting, View, Way, colours, guess, oddness, sight
from reimagine.body.model import joint_positions, pose_skin
from reimagine.records import Person, Photo, Skin
from reimagine.request import Photos

_SHOWN_AS = {
    "head": (FACE, SKIN, HAIR),
    "throat": (SKIN, FACE),
    "trunk": (UPPER, SKIN),
    "hair": (HAIR,),
    "left_leg": (LOWER, SKIN, SHOES),
    "right_leg": (LOWER, SKIN, SHOES),
    "left_foot": (SHOES, SKIN),
    "right_foot": (SHOES, SKIN),
    "left_arm": (UPPER, SKIN),
    "right_arm": (UPPER, SKIN),
    "left_hand": (SKIN,),
    "right_hand": (SKIN,),
}
"""Which labels of a photo may give a piece its colour."""
_BESIDE = {
    "left_foot": (10,),
    "right_foot": (13,),
    "left_hand": (3,),
    "right_hand": (6,),
    "head": (1,),
    "hair": (1,),
}
"""Body regions next to a piece's own where it may be seen too."""

_SKIN_RANGE = 0.3
"""How far (RGB, 0..1) skin of a face may be from its median."""
_WELL = 0.8
"""Trust above which the photo says itself what is hair."""
_NECK_M = 0.07
"""Half the breadth in which the trunk's top is neck."""


def build_person(
    photos: Photos,
    *,
    height_m: float | None = None,
    report: Callable[[str, float], None] = lambda _step, _share: None,
) -> Person:
    """The person on the photos: body, dressed surface, colours.

    `report` hears the step's name and the share of it done, 0..1.

    Raises:
        InputError: where the photos cannot be used.
    """
    cut = [replace(picture, mask=silhouette(picture)) for picture in read_photos(photos)]
    pictures, notes = _in_order(tuple(cut))
    alphas = [picture.mask for picture in pictures if picture.mask is not None]
    report("silhouettes", 1.0)
    fit = fit_body(
        alphas,
        [picture.side for picture in pictures],
        height_m=height_m,
        report=lambda share: report("fitting the body", share),
    )
    labels = [
        label_parts(picture.rgb, alpha, side=picture.side, guide=region_picture(fit.body, stance))
        for picture, alpha, stance in zip(pictures, alphas, fit.stances, strict=True)
    ]
    pieces = make_pieces(fit.body, [stance.pose for stance in fit.stances], _shown(fit, labels))
    fit = replace(fit, stances=settle(fit, _join(pieces)[0], alphas))
    shown = _shown(fit, labels)
    report("dressing", 0.5)
    person = _coloured(fit, pieces, shown, pictures, alphas, notes)
    report("dressing", 1.0)
    swapped = pictures[0].name != cut[0].name
    return replace(person, reference=wide_reference(photos, pictures, swapped=swapped))


def _in_order(pictures: tuple[Picture, ...]) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Front first, whatever they were called, and what there is to say about them."""
    if len(pictures) == 1:
        return pictures, ("Only a front photo was given; the back is guessed from it.",)
    notes: list[str] = []
    front, back = pictures
    if front_back_swapped(front, back):
        notes.append("The front photo shows a back and the back photo a front; they were swapped.")
        front, back = replace(back, side="front"), replace(front, side="back")
    warning = same_person_warning(front, back)
    return (front, back), (*notes, warning) if warning else tuple(notes)


def _shown(fit: Fit, labels: list[Int[Tensor, "height width"]]) -> list[Seeing]:
    return [
        seeing(
            plane_of(fit.body, stance),
            own.numpy(),
            region_picture(fit.body, stance).numpy(),
            joint_positions(fit.body, stance.pose)[0].numpy(),
        )
        for stance, own in zip(fit.stances, labels, strict=True)
    ]


def _coloured(
    fit: Fit,
    pieces: list[Piece],
    shown: list[Seeing],
    pictures: tuple[Picture, ...],
    alphas: list[Float[Tensor, "height width"]],
    notes: tuple[str, ...],
) -> Person:
    surface, owner = _join(pieces)
    views = [
        _view(surface, fit, index, seen, picture)
        for index, (seen, picture) in enumerate(zip(shown, pictures, strict=True))
    ]
    coats = [
        _coat(piece, np.flatnonzero(owner == index), fit, shown, views)
        for index, piece in enumerate(pieces)
    ]  # pieces lie one after the other in the surface
    return Person(
        body=fit.body,
        surface=surface,
        photos=tuple(
            Photo(
                rgb=picture.rgb,
                alpha=alpha,
                camera=stance.camera,
                pose=stance.pose,
                side=picture.side,
            )
            for picture, alpha, stance in zip(pictures, alphas, fit.stances, strict=True)
        ),
        photo_xy=torch.from_numpy(np.concatenate([coat.xy for coat in coats], 1)),
        photo_weight=torch.from_numpy(np.concatenate([coat.share for coat in coats], 1)),
        seen=torch.from_numpy(np.concatenate([coat.trust for coat in coats]).clip(0, 1)),
        fill=torch.from_numpy(np.concatenate([coat.fill for coat in coats]).clip(0, 1)),
        part=torch.tensor([piece.part for piece in pieces])[torch.from_numpy(owner)],
        notes=notes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coat:
    """Colours of a piece's vertices."""

    xy: NDArray[np.float32]
    """views verts 2, pixels."""
    share: NDArray[np.float32]
    """views verts, 0..1, at most 1 together."""
    trust: NDArray[np.float32]
    """verts, 0 and more."""
    fill: NDArray[np.float32]
    """verts 3."""


def _coat(
    piece: Piece, chosen: NDArray[np.int64], fit: Fit, shown: list[Seeing], views: list[View]
) -> _Coat:
    verts = views[0].verts[chosen]
    neck = _at_neck(piece, fit, verts)
    way = _way(piece, neck)
    sightings: list[Sighting] = []
    for view, seen in zip(views, shown, strict=True):
        allowed = _allowed(piece, seen)
        if piece.name == "hair":
            allowed &= _not_background(view, allowed)
        one = sight(view, chosen, allowed, way=way)
        if piece.hairy is not None:
            of_hair, bare = (
                sight(view, chosen, allowed & ((seen.labels == HAIR) == hair), way=way)
                for hair in (True, False)
            )
            one = _by_kind(one, of_hair, bare, piece.hairy)
        sightings.append(one)
    xy, share, own = (
        np.stack([getattr(one, name) for one in sightings]) for name in ("xy", "share", "trust")
    )
    trust = own.sum(0)
    if own.max() < 0.05:  # hidden in every photo: whatever else shows this kind of surface
        fill = np.broadcast_to(_typical(piece, shown, views), (len(chosen), 3))
        return _Coat(xy=xy, share=0 * share, trust=trust, fill=fill)
    taken = np.stack([colours(view, place) for view, place in zip(views, xy, strict=True)])
    known = (taken * own[..., None]).sum(0) / np.maximum(trust, 1e-6)[:, None]
    folded = np.any([one.folded for one in sightings], axis=0)
    # Prints are odd on cloth, clasps in hair; on the face everything may stay.
    usual = np.ones(len(verts), np.float32)
    of = folded if piece.hairy is None else folded & (piece.hairy > 0.5)
    for v in range(len(views)):
        odd = oddness(verts[of], taken[v, of], known[of], trust[of])
        share[v, of] *= 1 - odd * (1 - own[v, of])
    usual[of] -= oddness(verts[of], known[of], known[of], trust[of])
    if piece.hairy is None:
        fill = guess(verts, known, trust * usual)
    else:
        fill = _head_fill(
            verts, known, trust * usual, piece.hairy, _skin_of_neck(shown[0], views[0])
        )
    # The chin's shadow on the neck goes where the chin goes.
    fill[neck] = _skin_of_neck(shown[0], views[0])
    return _Coat(xy=xy, share=share / np.maximum(share.sum(0), 1.0), trust=trust, fill=fill)


def _by_kind(
    whole: Sighting, of_hair: Sighting, bare: Sighting, hairy: NDArray[np.float32]
) -> Sighting:
    """Where a photo does not see the head well, hair takes its colour from hair only, and skin from skin."""
    well = whole.trust > _WELL
    chosen = np.where(well, 0, np.where(hairy > 0.5, 1, 2))
    rows = np.arange(len(chosen))

    def pick(name: str) -> NDArray[Any]:
        return np.stack([getattr(one, name) for one in (whole, of_hair, bare)])[chosen, rows]

    return Sighting(**{field.name: pick(field.name) for field in fields(Sighting)})


def _head_fill(
    verts: NDArray[np.float32],
    known: NDArray[np.float32],
    sure: NDArray[np.float32],
    hairy: NDArray[np.float32],
    skin: NDArray[np.float32],
) -> NDArray[np.float32]:
    """On the head's sides hair goes on as hair, and skin as skin: no brows on the temples."""
    like_skin = np.linalg.norm(known - skin, axis=1) < _SKIN_RANGE
    bare = guess(verts, known, sure * like_skin * (hairy < 0.5))
    grown = guess(verts, known, sure * (hairy > 0.8))
    share_of_hair = np.clip(hairy * 6 - 2.5, 0, 1)[:, None].astype(np.float32)
    return (bare + (grown - bare) * share_of_hair).astype(np.float32)


def _view(surface: Skin, fit: Fit, index: int, seen: Seeing, picture: Picture) -> View:
    verts = pose_skin(surface, fit.stances[index].pose)[0].numpy()
    return View(
        plane=seen.plane,
        rgb=picture.rgb.permute(1, 2, 0).numpy(),
        verts=verts,
        normals=normals_of(verts, surface.faces.numpy()),
        sign=1.0 if picture.side == "front" else -1.0,
    )


def _way(piece: Piece, neck: NDArray[np.bool_]) -> Way:
    """Sculpted cloth and hair go on around the sides; the body's own parts are seen as the camera saw them."""
    sculpted = piece.name in ("trunk", "hair", "left_leg", "right_leg", "left_arm", "right_arm")
    return Way(
        lay=piece.name not in ("throat", "left_foot", "right_foot"),
        through_camera=not sculpted and piece.name != "throat",
        mirror=_mirror(piece, neck),
    )


def _mirror(piece: Piece, neck: NDArray[np.bool_]) -> NDArray[np.bool_] | bool:
    """Cloth and hair; a face's features and the chin's shadow are not repeated."""
    if piece.hairy is not None:
        return piece.hairy > 0.6
    return ~neck if piece.name == "trunk" else piece.name != "throat"


def _at_neck(piece: Piece, fit: Fit, verts: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which vertices of the trunk or throat, standing as in the front photo, lie on the neck."""
    joint = joint_positions(fit.body, fit.stances[0].pose)[0, 12].numpy()
    above = (verts[:, 1] > joint[1] - 0.01) & (np.abs(verts[:, 0] - joint[0]) < _NECK_M)
    return above if piece.name in ("trunk", "throat") else np.zeros(len(verts), bool)


def _skin_of_neck(seen: Seeing, view: View) -> NDArray[np.float32]:
    """The skin's median colour on head and neck; of everything there where no skin is seen."""
    near = np.isin(seen.guide, (0, 1))
    bare = near & np.isin(seen.labels, (SKIN, FACE))
    return np.median(view.plane.read(view.rgb)[bare if bare.any() else near], axis=0)


def _allowed(piece: Piece, seen: Seeing) -> NDArray[np.bool_]:
    """Where on the plane the photo shows this piece."""
    shown = np.isin(seen.labels, _SHOWN_AS[piece.name])
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
    return filled(shown & near) & (seen.labels > 0)


def _bare_neck(seen: Seeing) -> NDArray[np.bool_]:
    """Skin of the neck and in the neckline: what it shows is painted on the trunk, so that collars keep the photo's edge."""
    rows = np.arange(len(seen.labels))[:, None]
    armpit = seen.joints[[16, 17], 0].mean() + 0.15 / CELL_M
    jaw = seen.joints[15, 0] + 0.03 / CELL_M
    return (seen.labels == SKIN) & np.isin(seen.guide, (0, 1)) & (rows < armpit) & (rows > jaw)


def _not_background(view: View, hair: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where loose strands do not let a bright background shine through."""
    brightness = view.plane.read(view.rgb).mean(-1)
    return brightness < (np.median(brightness[hair]) if hair.any() else 1.0) + 0.22


def _typical(piece: Piece, shown: list[Seeing], views: list[View]) -> NDArray[np.float32]:
    """The median colour of a piece's kind over all photos; of the whole person where no photo shows any."""
    pictures = [view.plane.read(view.rgb) for view in views]
    for wanted in (_SHOWN_AS[piece.name], tuple(range(1, 7))):
        pixels = np.concatenate(
            [
                picture[np.isin(seen.labels, wanted)]
                for picture, seen in zip(pictures, shown, strict=True)
            ]
        )
        if len(pixels):
            return np.median(pixels, axis=0).astype(np.float32)
    return np.full(3, 0.5, np.float32)


def _join(pieces: list[Piece]) -> tuple[Skin, NDArray[np.int64]]:
    """All pieces as one surface, and which piece each vertex belongs to."""
    counts = [len(piece.skin.verts) for piece in pieces]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    influences = max(piece.skin.weights.shape[1] for piece in pieces)

    def padded(table: Tensor) -> Tensor:
        return torch.nn.functional.pad(table, (0, influences - table.shape[1]))

    surface = Skin(
        verts=torch.cat([piece.skin.verts for piece in pieces]),
        faces=torch.cat(
            [piece.skin.faces + int(start) for piece, start in zip(pieces, starts, strict=True)]
        ),
        weight_joints=torch.cat([padded(piece.skin.weight_joints) for piece in pieces]),
        weights=torch.cat([padded(piece.skin.weights) for piece in pieces]),
    )
    return surface, np.repeat(np.arange(len(pieces)), counts)
