"""From photos to a person: the whole of this stage, one call per step."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.appearance.doubts import front_back_swapped, same_person_warning
from reimagine.appearance.fit import Fit, fit_body
from reimagine.appearance.grid import filled
from reimagine.appearance.matte import silhouette
from reimagine.appearance.outlines import FACE, HAIR, LOWER, SHOES, SKIN, UPPER, leg_cloth
from reimagine.appearance.parts import label_parts
from reimagine.appearance.photos import Picture, read_photos
from reimagine.appearance.pieces import Piece, Seeing, make_pieces, normals_of, seeing
from reimagine.appearance.plane import plane_of, region_picture
from reimagine.appearance.reference import wide_reference
from reimagine.appearance.texture import View, colours, guess, sight
from reimagine.body.model import pose_skin
from reimagine.records import Person, Photo, Skin
from reimagine.request import Photos

_SHOWN_AS = {
    "head": (FACE, SKIN, HAIR),
    "throat": (SKIN, FACE, UPPER),
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
    shown = [
        _see(fit, index, picture, alpha)
        for index, (picture, alpha) in enumerate(zip(pictures, alphas, strict=True))
    ]
    pieces = make_pieces(
        fit.body, fit.stances[0].pose, shown[0], shown[1] if len(shown) > 1 else None
    )
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


def _see(fit: Fit, index: int, picture: Picture, alpha: Float[Tensor, "height width"]) -> Seeing:
    stance = fit.stances[index]
    regions = region_picture(fit.body, stance)
    labels = label_parts(picture.rgb, alpha, side=picture.side, guide=regions)
    return seeing(plane_of(fit.body, stance), labels.numpy(), regions.numpy())


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
    count = len(surface.verts)
    xy = np.zeros((len(views), count, 2), np.float32)
    weight = np.zeros((len(views), count), np.float32)
    fill = np.full((count, 3), 0.5, np.float32)
    for index, piece in enumerate(pieces):
        chosen = np.flatnonzero(owner == index)
        for v, (view, seen) in enumerate(zip(views, shown, strict=True)):
            allowed = _allowed(piece, seen)
            if piece.name == "hair":
                allowed &= _not_background(view, allowed)
            sighting = sight(view, chosen, allowed, lay=piece.name != "throat")
            xy[v, chosen], weight[v, chosen] = sighting.xy, sighting.weight
        weight[:, chosen] /= np.maximum(weight[:, chosen].sum(0), 1.0)
        seen_colours = np.stack([colours(view, xy[v, chosen]) for v, view in enumerate(views)])
        trust = weight[:, chosen]
        if trust.max() < 0.05:  # hidden in every photo: whatever else shows this kind of surface
            fill[chosen] = _typical(piece, shown, views)
            continue
        known = (seen_colours * trust[..., None]).sum(0) / np.maximum(trust.sum(0), 1e-6)[:, None]
        fill[chosen] = guess(views[0].verts[chosen], known, trust.sum(0))
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
        photo_xy=torch.from_numpy(xy),
        photo_weight=torch.from_numpy(weight),
        fill=torch.from_numpy(np.clip(fill, 0, 1)),
        part=torch.tensor([piece.part for piece in pieces])[torch.from_numpy(owner)],
        notes=notes,
    )


def _view(surface: Skin, fit: Fit, index: int, seen: Seeing, picture: Picture) -> View:
    verts = pose_skin(surface, fit.stances[index].pose)[0].numpy()
    return View(
        plane=seen.plane,
        rgb=picture.rgb.permute(1, 2, 0).numpy(),
        verts=verts,
        normals=normals_of(verts, surface.faces.numpy()),
        sign=1.0 if picture.side == "front" else -1.0,
    )


def _allowed(piece: Piece, seen: Seeing) -> NDArray[np.bool_]:
    """Where on the plane the photo shows this piece."""
    near = piece.regions
    if piece.name in ("left_foot", "right_foot"):
        near = (*near, near[0] - 1)
    if piece.name in ("left_hand", "right_hand"):
        near = (*near, near[0] - 1)
    if piece.name == "head":
        near = (*near, 1)
    if piece.name == "hair":
        near = (0, 1)
    if piece.name == "trunk":
        near = (*near, 2, 5) if not np.isin(seen.guide, (2, 5)).any() else near
    shown = np.isin(seen.labels, _SHOWN_AS[piece.name])
    if piece.name in ("left_leg", "right_leg"):
        shown = leg_cloth(seen.labels)
    if piece.name == "trunk" and (seen.labels == UPPER).any():
        shown = seen.labels == UPPER
    # Buttons, prints and nostrils may be labelled as something else: what is enclosed belongs to it.
    return filled(shown & np.isin(seen.guide, near))


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
