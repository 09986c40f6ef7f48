"""A person's clothes and shoes as layers, from the skin outwards, and the skin that they leave bare."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reimagine.records import Body
from reimagine.synth.canon.accessories import bag, belt, scarf
from reimagine.synth.canon.cloth_paint import Painter, cloth_painter, even
from reimagine.synth.canon.fabrics import edge, mix
from reimagine.synth.canon.footwear import SHOES, shoe_pieces, sock_pieces
from reimagine.synth.canon.garments import (
    WAIST_M,
    Garment,
    armhole,
    collar,
    finished,
    has_skirt,
    height_at,
    neckline,
    opened,
    skirt,
    sleeve_end,
    torso,
    trousers,
)
from reimagine.synth.canon.traits import Traits
from reimagine.synth.canon.wardrobe import GARMENTS, tailored
from reimagine.synth.pieces import Piece, clip, turn_in
from reimagine.synth.wardrobe import ARM_JOINTS, L_ANKLE, L_ELBOW, L_HIP

_SHORT_SKIRTS = ("short skirt", "pleated skirt", "pencil skirt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One piece of a person."""

    piece: Piece
    part: str
    paint: Painter


def clothes_of(traits: Traits, whole: Piece, joints: Tensor) -> list[Layer]:
    """Clothes, shoes, bag and scarf, inner layers first."""
    layers: list[Layer] = []
    worn = traits.outfit
    order = [(worn.bottom, 1), (worn.top, 0), (worn.outer, 2)]
    bottom = None if worn.bottom is None else GARMENTS[worn.bottom]
    if bottom is not None and bottom.sleeve is not None:
        order = [(worn.top, 0), (worn.bottom, 1)]
    middle_z = _trunk_middle(whole)
    lift, under = 0.0, None
    for name, place in order:
        if name is None:
            continue
        garment = tailored(GARMENTS[name], traits.fit)
        pieces = _garment_pieces(garment, whole, joints, lift, middle_z, traits.seed + place, under)
        if has_skirt(garment):
            below = torch.cat([piece.verts for piece, _ in pieces])
            under = below[below[:, 1] < joints[L_HIP, 1]]  # without sleeves
        for piece, coordinates in pieces:
            paint = cloth_painter(traits, place, coordinates, joints, middle_z)
            layers.append(Layer(piece=piece, part=garment.part, paint=paint))
        if garment.belt:
            layers.append(
                Layer(
                    piece=belt(garment, whole, joints, lift),
                    part="lower",
                    paint=even(traits.colours[5]),
                )
            )
        lift += 0.010 + (0.012 if place == 0 else 0.004)
    layers += _feet(traits, whole, joints)
    if traits.bag:
        layers.append(
            Layer(
                piece=bag(whole, joints, 1 if traits.seed % 2 else -1),
                part="bag",
                paint=even(traits.colours[8]),
            )
        )
    if traits.scarf:
        piece = scarf(whole, joints, 0.25 + 0.2 * (traits.seed % 7) / 6)
        layers.append(
            Layer(piece=piece, part="upper", paint=cloth_painter(traits, 2, "tube", None))
        )
    return layers


def _garment_pieces(
    garment: Garment,
    whole: Piece,
    joints: Tensor,
    lift: float,
    middle_z: float,
    seed: int,
    under: Tensor | None,
) -> list[tuple[Piece, str]]:
    """The pieces of a garment, each with how its cloth is laid out."""
    made: list[tuple[Piece, str]] = []
    if garment.sleeve is not None:
        made.append((torso(garment, whole, joints, lift, under), "shirt"))
    if garment.legs is not None:
        made.append((trousers(garment, whole, joints, lift), "legs"))
    elif has_skirt(garment):
        made.append((skirt(garment, whole, joints, lift, under), "tube"))
    done = [
        (finished(garment, opened(garment, piece, joints, middle_z), seed), layout)
        for piece, layout in made
    ]
    around_neck = collar(garment, whole, joints, lift)
    if around_neck is not None:
        done.append((turn_in(around_neck, 0.002), "tube"))
    return done


def _feet(traits: Traits, whole: Piece, joints: Tensor) -> list[Layer]:
    sock, shape = traits.seed % 3, SHOES.get(traits.footwear)
    layers: list[Layer] = []
    if traits.footwear == "socks" or (
        traits.footwear in ("trainers", "oxfords", "ankle boots") and sock
    ):
        height = (0.10, 0.16, 0.30)[traits.seed % 5 % 3]
        paint = even((0.92, 0.92, 0.90) if sock == 1 else traits.colours[4])
        layers = _each(sock_pieces(whole, joints, height), "sock", paint)
    elif traits.outfit.bottom in _SHORT_SKIRTS and sock == 2:
        layers = _each(sock_pieces(whole, joints, 0.95), "sock", even((0.10, 0.10, 0.12)))
    if shape is None:
        return layers
    floor_y = float(whole.verts[:, 1].min())
    sole = (0.90, 0.89, 0.87) if traits.seed % 2 else (0.10, 0.10, 0.10)
    leather = even(traits.shoe_colour)

    def paint_shoe(points: Tensor) -> Tensor:
        return mix(leather(points), sole, edge(floor_y + 0.006 - points[:, 1], 0.003))

    return [*layers, *_each(shoe_pieces(shape, whole, joints), "shoes", paint_shoe)]


def _each(pieces: list[Piece], part: str, paint: Painter) -> list[Layer]:
    return [Layer(piece=one, part=part, paint=paint) for one in pieces]


def bare(whole: Piece, body: Body, traits: Traits) -> Piece:
    """The skin that shows, and a little more under the cloth: what is far inside clothes is left out."""
    joints, worn = body.joints, traits.outfit
    y = whole.verts[:, 1]
    covered = torch.full_like(y, -1.0)
    for name in (worn.top, worn.bottom):
        if name is None:
            continue
        garment = tailored(GARMENTS[name], traits.fit)
        covered = torch.maximum(covered, _inside(garment, whole, joints))
    if traits.footwear in SHOES and not SHOES[traits.footwear].straps:
        top = float(joints[L_ANKLE, 1]) + SHOES[traits.footwear].top_m - 0.05
        covered = torch.maximum(covered, top - y)
    return clip(whole, 0.03 - covered)


def _inside(garment: Garment, whole: Piece, joints: Tensor) -> Tensor:
    """Metres inside the rims of a garment, about; negative outside."""
    x, y = whole.verts[:, 0].abs(), whole.verts[:, 1]
    arms = whole.weights[:, list(ARM_JOINTS)].sum(dim=1)
    inside = torch.full_like(y, -1.0)
    if garment.sleeve is not None and garment.hem is not None:
        bottom = y - height_at(joints, garment.hem)
        reach = (
            float(joints[L_ELBOW, 0]) if garment.sleeve < 0 else sleeve_end(joints, garment.sleeve)
        )
        upper = torch.minimum(bottom, reach - x)
        upper = torch.minimum(upper, neckline(whole.verts, joints, garment.neck))
        if garment.sleeve < 0:
            upper = torch.minimum(upper, armhole(whole.verts, joints))
        inside = torch.maximum(inside, upper)
    if garment.legs is not None or garment.sleeve is None:
        low = garment.legs if garment.legs is not None else garment.hem
        assert low is not None
        waist = float(joints[L_HIP, 1]) + WAIST_M
        lower = torch.minimum(y - height_at(joints, low), waist - y)
        inside = torch.maximum(inside, torch.minimum(lower, 0.3 - arms))
    return inside


def _trunk_middle(whole: Piece) -> float:
    z = whole.verts[whole.weights[:, 9] > 0.5][:, 2]
    return float((z.min() + z.max()) / 2)
