"""From photos to a person: the whole of this stage, one call per step."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from reimagine.appearance.balance import balanced
from reimagine.appearance.coat import coat, flat
from reimagine.appearance.details import details
from reimagine.appearance.doubts import (
    front_back_swapped,
    not_whole_warning,
    same_person_warning,
    upside_down_warning,
)
from reimagine.appearance.face import nod
from reimagine.appearance.fit import Fit, fit_body
from reimagine.appearance.hat import with_hats
from reimagine.appearance.loose import loose
from reimagine.appearance.matte import silhouette
from reimagine.appearance.matting import Matting, found_by, load_matting
from reimagine.appearance.mesh import normals_of
from reimagine.appearance.more_photos import add_photos
from reimagine.appearance.parts import label_parts
from reimagine.appearance.photos import Picture, read_more_photos, read_photos
from reimagine.appearance.piece import HAIRY, HATTED, Piece
from reimagine.appearance.pieces import make_pieces
from reimagine.appearance.plane import plane_of, region_picture
from reimagine.appearance.reference import wide_reference
from reimagine.appearance.seeing import Seeing, seeing
from reimagine.appearance.settle import settle
from reimagine.appearance.steps import ALL, Steps
from reimagine.appearance.texture import View
from reimagine.body.model import joint_positions, pose_skin
from reimagine.records import Part, Person, Photo, Skin
from reimagine.settings import Photos


def build_person(
    photos: Photos,
    *,
    height_m: float | None = None,
    gender: float | None = None,
    steps: Steps = ALL,
    report: Callable[[str, float], None] = lambda _step, _share: None,
) -> Person:
    """The person on the photos: body, dressed surface, colours.

    `height_m`, `gender` (0 male to 1 female): what the user knows of them; None guesses it.
    `report` hears the step's name and the share of it done, 0..1. `steps`: what may be left out, to measure it.

    Raises:
        InputError: where the photos cannot be used.
    """
    matting = None if photos.matting is None else load_matting(photos.matting)
    cut = [_cut_out(picture, matting) for picture in read_photos(photos)]
    more = [_cut_out(picture, matting) for picture in read_more_photos(photos)]
    pictures, notes = _in_order(tuple(cut))
    alphas = [picture.mask for picture in pictures if picture.mask is not None]
    report("silhouettes", 1.0)
    fit = fit_body(
        alphas,
        [picture.side for picture in pictures],
        height_m=height_m,
        gender=gender,
        report=lambda share: report("fitting the body", share),
    )
    if steps.nod:
        first = nod(fit.body, fit.stances[0], pictures[0].rgb, alphas[0])
        fit = replace(fit, stances=(first, *fit.stances[1:]))
    labels = [
        label_parts(picture.rgb, alpha, side=picture.side, guide=region_picture(fit.body, stance))
        if picture.parts is None
        else picture.parts
        for picture, alpha, stance in zip(pictures, alphas, fit.stances, strict=True)
    ]
    fit, shown, pieces = dressed(fit, labels, pictures, steps)
    pieces += details(
        photos.detail,
        fit.body,
        pieces[0].skin,
        [stance.pose for stance in fit.stances],
        shown,
        [picture.rgb.permute(1, 2, 0).numpy() for picture in pictures],
    )
    surface, owner = _join(pieces)
    report("dressing", 0.5)
    lit = pictures
    if steps.balance and len(pictures) == 2:
        lit = (pictures[0], balanced(*pictures, (labels[0], labels[1])))
    person = _coloured(fit, pieces, (surface, owner), shown, lit, labels, steps)
    tail = [index for index, piece in enumerate(pieces) if piece.name == "tail"]
    of_tail = torch.from_numpy(np.isin(owner, tail))
    free = loose(surface, person.part, fit.body, fit.stances[0].pose, of_tail)
    person = replace(person, surface=replace(surface, loose_m=free), notes=notes)
    report("dressing", 1.0)
    person = add_photos(person, fit, more, lambda share: report("further photos", share))
    swapped = pictures[0].name != cut[0].name
    return replace(person, reference=wide_reference(photos, pictures, swapped=swapped))


def _cut_out(picture: Picture, matting: Matting | None) -> Picture:
    """The picture with its silhouette; parts that a user corrected say where the person is, too."""
    if matting is not None and picture.mask is None:
        picture = replace(picture, mask=found_by(matting, picture))
    alpha = silhouette(picture)
    if picture.parts is not None:
        person = picture.parts > 0
        alpha = torch.where((alpha > 0.5) == person, alpha, person.float())
    return replace(picture, mask=alpha)


def _in_order(pictures: tuple[Picture, ...]) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Front first, whatever they were called, and what there is to say about them."""
    notes = [note for picture in pictures for note in picture.notes]
    doubts = [upside_down_warning(pictures[0]), *map(not_whole_warning, pictures)]
    notes += [doubt for doubt in doubts if doubt]
    if len(pictures) == 1:
        return pictures, (*notes, "Only a front photo was given; the back is guessed from it.")
    front, back = pictures
    if front_back_swapped(front, back):
        notes.append("The front photo shows a back and the back photo a front; they were swapped.")
        front, back = replace(back, side="front"), replace(front, side="back")
    warning = same_person_warning(front, back)
    return (front, back), (*notes, warning) if warning else tuple(notes)


def _shown(
    fit: Fit, labels: list[Int[Tensor, "height width"]], pictures: tuple[Picture, ...]
) -> list[Seeing]:
    seen = [
        seeing(
            plane_of(fit.body, stance),
            own.numpy(),
            region_picture(fit.body, stance).numpy(),
            joint_positions(fit.body, stance.pose)[0].numpy(),
            picture.rgb.permute(1, 2, 0).numpy(),
            behind=picture.side == "back",
        )
        for stance, own, picture in zip(fit.stances, labels, pictures, strict=True)
    ]
    return with_hats(seen, [picture.rgb.permute(1, 2, 0).numpy() for picture in pictures])


def dressed(
    fit: Fit, labels: list[Int[Tensor, "height width"]], pictures: tuple[Picture, ...], steps: Steps
) -> tuple[Fit, list[Seeing], list[Piece]]:
    """The fit with its stances settled, what the photos show from there, and the pieces cut from it."""
    shown = _shown(fit, labels, pictures)
    if steps.settle:
        # Only then do both photos agree where hems and sides are. Trousers that a shirt holds in have lost their outline.
        outer = _pieces(fit, shown, steps, held=False)
        alphas = [cast("Tensor", picture.mask) for picture in pictures]
        fit = replace(fit, stances=settle(fit, _join(outer)[0], alphas))
        shown = _shown(fit, labels, pictures)
    return fit, shown, _pieces(fit, shown, steps)


def _pieces(fit: Fit, shown: list[Seeing], steps: Steps, *, held: bool = True) -> list[Piece]:
    poses = [stance.pose for stance in fit.stances]
    return make_pieces(fit.body, poses, shown, hems=steps.hems, held=held and steps.hems)


def _coloured(
    fit: Fit,
    pieces: list[Piece],
    joined: tuple[Skin, NDArray[np.int64]],
    shown: list[Seeing],
    pictures: tuple[Picture, ...],
    labels: list[Int[Tensor, "height width"]],
    steps: Steps,
) -> Person:
    surface, owner = joined
    part = np.array([piece.part for piece in pieces])[owner]
    for index, piece in enumerate(pieces):
        if piece.name == "head" and piece.kind is not None:
            worn = np.isin(piece.kind, (HAIRY, HATTED))
            part[np.flatnonzero(owner == index)[worn]] = Part.HAIR
    views = [
        _view(surface, fit, index, seen, picture)
        for index, (seen, picture) in enumerate(zip(shown, pictures, strict=True))
    ]
    coats = [
        coat(piece, np.flatnonzero(owner == index), fit, shown, views, steps)
        if piece.colour is None
        else flat(piece.colour, np.zeros((len(views), (owner == index).sum(), 2), np.float32))
        for index, piece in enumerate(pieces)
    ]  # pieces lie one after the other in the surface
    return Person(
        body=fit.body,
        surface=surface,
        photos=tuple(
            Photo(
                rgb=picture.rgb,
                alpha=cast("Tensor", picture.mask),
                camera=stance.camera,
                pose=stance.pose,
                side=picture.side,
                parts=parts,
            )
            for picture, parts, stance in zip(pictures, labels, fit.stances, strict=True)
        ),
        photo_xy=torch.from_numpy(np.concatenate([coat.xy for coat in coats], 1)),
        photo_weight=torch.from_numpy(np.concatenate([coat.share for coat in coats], 1)),
        seen=torch.from_numpy(np.concatenate([coat.trust for coat in coats]).clip(0, 1)),
        fill=torch.from_numpy(np.concatenate([coat.fill for coat in coats]).clip(0, 1)),
        part=torch.from_numpy(part),
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
