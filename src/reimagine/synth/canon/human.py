"""A person put together from traits: layers of surface, each with its part and its colours, on one skeleton."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.body.anny import anny_body, natural_height_m
from reimagine.records import Body, Skin
from reimagine.synth.canon.accessories import bag, belt, glasses, scarf
from reimagine.synth.canon.fabrics import FABRICS, Cloth, Dye, edge, mix
from reimagine.synth.canon.footwear import SHOES, shoe_pieces, sock_pieces
from reimagine.synth.canon.garments import (
    WAIST_M,
    Garment,
    armhole,
    collar,
    finished,
    has_skirt,
    height_at,
    leg_axis,
    neckline,
    opened,
    skirt,
    sleeve_end,
    torso,
    trousers,
)
from reimagine.synth.canon.headwear import STYLES, Head, beard, cover_pieces, hair_pieces
from reimagine.synth.canon.traits import MONK, Traits
from reimagine.synth.canon.wardrobe import GARMENTS, tailored
from reimagine.synth.dress import eyeballs, find_face, outer_head
from reimagine.synth.hair import Face
from reimagine.synth.looks import Complexion, eye_colours, hair_colours, skin_colours
from reimagine.synth.noise import clouds, noise
from reimagine.synth.pieces import Piece, clip, keep, subdivide, turn_in
from reimagine.synth.wardrobe import (
    ARM_JOINTS,
    HEAD_JOINTS,
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_SHOULDER,
    L_WRIST,
)

PARTS = ("skin", "face", "hair", "upper", "lower", "shoes", "sock", "hat", "glasses", "bag")
"""The first six are those of `records.PARTS`."""
LIMBS = (
    "head",
    "torso",
    "left upper arm",
    "right upper arm",
    "left forearm",
    "right forearm",
    "left hand",
    "right hand",
    "left thigh",
    "right thigh",
    "left shin",
    "right shin",
    "left foot",
    "right foot",
)
"""Which limb a point moves with."""
_SHORT_SKIRTS = ("short skirt", "pleated skirt", "pencil skirt")
_STANDING_M = 1.7
"""Height at which everything is tailored; the whole is scaled afterwards."""
_EYE_HALF_M = 0.0315
"""Half the distance between the eyes for which faces and hair are drawn."""

Painter = Callable[[Float[Tensor, "points 3"]], Tensor]
"""Points in the zero pose at `_STANDING_M` to sRGB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One piece of a person."""

    piece: Piece
    part: str
    paint: Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Human:
    """A made person, all of it known."""

    traits: Traits
    body: Body
    surface: Skin
    """Dressed, in the zero pose."""
    layer: Int[Tensor, " verts"]
    """Index into `layers` of each vertex of `surface`."""
    layers: tuple[Layer, ...]
    part: Int[Tensor, " verts"]
    """Index into `PARTS`."""
    limb: Int[Tensor, " verts"]
    """Index into `LIMBS`."""
    scale: float
    """Metres of `surface` per metre that the painters are made for."""
    crease: Float[Tensor, " verts"]
    """Where folds of cloth rise (positive) or sink when it is pressed together; 0 on what is no cloth."""
    landmarks: Float[Tensor, "6 3"]
    """Left eye, right eye, nose, mouth, left ear, right ear, in the zero pose."""
    ankle_pitch_rad: float
    """How far heels bend the ankles."""

    def colours(self, layer: int, rest: Float[Tensor, "points 3"]) -> Tensor:
        """Colours of points of a layer in the zero pose, sRGB without light."""
        return self.layers[layer].paint(rest / self.scale).clamp(0.01, 0.98)


def make_human(traits: Traits, subdivisions: int = 1) -> Human:
    """The person of these traits; each subdivision makes four faces of one."""
    phenotype = torch.tensor(traits.phenotype)
    height_m = natural_height_m(phenotype, 1.68)
    body = anny_body(phenotype, height_m=_STANDING_M)
    layers, face_at = _layers(traits, body, subdivisions)
    scale = height_m / _STANDING_M
    weights, joints = torch.cat([one.piece.weights for one in layers]).topk(6, dim=1)
    starts = torch.tensor([0] + [len(one.piece.verts) for one in layers[:-1]]).cumsum(0)
    surface = Skin(
        verts=torch.cat([one.piece.verts for one in layers]) * scale,
        faces=torch.cat(
            [one.piece.faces + start for one, start in zip(layers, starts, strict=True)]
        ).int(),
        weight_joints=joints.int(),
        weights=weights / weights.sum(dim=1, keepdim=True),
    )
    counts = [len(one.piece.verts) for one in layers]
    layer = torch.arange(len(layers)).repeat_interleave(torch.tensor(counts))
    parts = torch.tensor([PARTS.index(one.part) for one in layers])[layer]
    is_face = (parts == 0) & _on_face(surface.verts / scale, face_at)
    return Human(
        traits=traits,
        body=replace(
            body,
            skin=replace(body.skin, verts=body.skin.verts * scale),
            joints=body.joints * scale,
            height_m=height_m,
        ),
        surface=surface,
        layer=layer,
        layers=tuple(layers),
        part=torch.where(is_face, PARTS.index("face"), parts),
        limb=limb_of(torch.cat([one.piece.weights for one in layers])),
        scale=scale,
        crease=_creases(surface.verts / scale, parts, traits.seed),
        landmarks=_landmarks(face_at) * scale,
        ankle_pitch_rad=0.28 if traits.footwear == "heels" else 0.0,
    )


def _creases(rest: Float[Tensor, "verts 3"], parts: Tensor, seed: int) -> Float[Tensor, " verts"]:
    is_cloth = (parts == PARTS.index("upper")) | (parts == PARTS.index("lower"))
    mine = is_cloth.nonzero()[:, 0]
    crease = torch.zeros(len(rest))
    crease[mine] = clouds(rest[mine] * torch.tensor([34.0, 60.0, 34.0]), octaves=2, seed=seed % 977)
    return crease


def limb_of(weights: Float[Tensor, "verts 55"]) -> Int[Tensor, " verts"]:
    """The limb that moves a vertex most."""
    joints: list[list[int]] = [[12, 15, 22, 23, 24], [0, 3, 6, 9, 13, 14]]
    joints += [[16], [17], [18], [19], [20, *range(25, 40)], [21, *range(40, 55)]]
    joints += [[1], [2], [4], [5], [7, 10], [8, 11]]
    return torch.stack([weights[:, one].sum(dim=1) for one in joints], dim=1).argmax(dim=1)


def _layers(traits: Traits, body: Body, subdivisions: int) -> tuple[list[Layer], "_Usual"]:
    weights = torch.zeros(len(body.skin.verts), 55)
    weights.scatter_add_(1, body.skin.weight_joints.long(), body.skin.weights)
    coarse = Piece(verts=body.skin.verts, faces=body.skin.faces.long(), weights=weights)
    is_eye = eyeballs(coarse)
    usual = _usual(coarse, is_eye, body)
    eye_faces = is_eye[coarse.faces].all(dim=1)
    eyes, whole = keep(replace(coarse, kind="eye"), eye_faces), keep(coarse, ~eye_faces)
    for _ in range(subdivisions):
        eyes, whole = subdivide(eyes), subdivide(whole)
    complexion = _complexion(traits)
    paint_skin = _faced(lambda points: skin_colours(complexion, usual.face, points), usual)
    paint_hair = _faced(lambda points: hair_colours(complexion, points), usual)
    layers = [
        Layer(
            piece=eyes,
            part="face",
            paint=_faced(lambda p: _eyes(complexion, usual.face, p), usual),
        ),
    ]
    layers += _head_layers(traits, whole, usual, paint_hair)
    clothes = _clothes(traits, whole, body.joints)
    layers += clothes
    bare = _bare(whole, body, traits, clothes)
    return [Layer(piece=bare, part="skin", paint=paint_skin), *layers], usual


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usual:
    """A head scaled so that its eyes are as far apart as drawings of faces expect."""

    scale: float
    face: Face
    """In the scaled head."""


def _usual(body: Piece, is_eye: Tensor, shape: Body) -> _Usual:
    balls = body.verts[is_eye][:, 0]
    left, right = balls[balls > 0], balls[balls < 0]
    half = float(left.min() + left.max() - right.min() - right.max()) / 4
    scale = _EYE_HALF_M / half
    larger = replace(body, verts=body.verts * scale)
    return _Usual(scale=scale, face=find_face(larger, is_eye, replace(shape, height_m=_STANDING_M)))


def _faced(paint: Painter, usual: _Usual) -> Painter:
    return lambda points: paint(points * usual.scale)


def _complexion(traits: Traits) -> Complexion:
    tone = MONK[traits.monk - 1]
    # The scale's swatches are as bright as lit skin; without light it is darker and a little redder.
    skin = torch.tensor([int(tone[k : k + 2], 16) / 255 for k in (0, 2, 4)])
    skin = skin * torch.tensor([0.90, 0.82, 0.78])
    lips = torch.lerp(skin * 0.86, torch.tensor([0.60, 0.24, 0.24]), 0.45)
    generator = torch.Generator().manual_seed(traits.seed)
    iris = torch.rand(3, generator=generator) * torch.tensor([0.25, 0.25, 0.25]) + 0.08
    stubble = {"none": 0.0, "stubble": 0.35, "short beard": 0.85, "full beard": 0.9}[traits.beard]

    def triple(colour: Tensor) -> tuple[float, float, float]:
        red, green, blue = colour.tolist()
        return red, green, blue

    return Complexion(
        skin=triple(skin),
        lips=triple(lips),
        iris=triple(iris),
        hair=traits.hair_colour,
        brow_m=0.0048 if traits.gender < 0.5 else 0.0036,
        stubble=stubble,
    )


def _eyes(complexion: Complexion, face: Face, points: Tensor) -> Tensor:
    """Eyes between lids, in their shadow: open about as far as people's are, whatever the body's eyelids do."""
    away = points - face.eyes[(points[:, 0] < face.middle[0]).long()]
    half_m = 0.0052 * (1 - (away[:, 0] / 0.0145) ** 2).clamp_min(0)
    lid = ((away[:, 1].abs() - half_m) / 0.0012).clamp(0, 1)[:, None]
    seen = eye_colours(complexion, face, points) * 0.82
    return torch.lerp(seen, torch.tensor(complexion.skin) * 0.9, lid)


def _head_layers(traits: Traits, whole: Piece, usual: _Usual, paint_hair: Painter) -> list[Layer]:
    larger = replace(whole, verts=whole.verts * usual.scale)
    on_head = (larger.weights[:, list(HEAD_JOINTS)].sum(dim=1) > 0.6)[larger.faces].all(dim=1)
    head = Head(skull=outer_head(keep(larger, on_head)), body=larger, face=usual.face)
    style = STYLES[traits.hair_style]

    def at_size(piece: Piece) -> Piece:
        return replace(piece, verts=piece.verts / usual.scale)

    layers = [
        Layer(piece=at_size(one), part="hair", paint=paint_hair) for one in hair_pieces(style, head)
    ]
    if traits.beard in ("short beard", "full beard"):
        length = 0.006 if traits.beard == "short beard" else 0.020
        layers.append(Layer(piece=at_size(beard(head, length)), part="hair", paint=paint_hair))
    cloth = _painter(traits, 2, "tube", None)
    layers += [
        Layer(piece=at_size(one), part="hat", paint=cloth) for one in cover_pieces(style, head)
    ]
    if traits.glasses:
        layers.append(
            Layer(
                piece=at_size(glasses(usual.face)), part="glasses", paint=_even((0.06, 0.06, 0.07))
            )
        )
    return layers


def _clothes(traits: Traits, whole: Piece, joints: Tensor) -> list[Layer]:
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
            under = torch.cat([piece.verts for piece, _ in pieces])
        for piece, coordinates in pieces:
            paint = _painter(traits, place, coordinates, joints, middle_z)
            layers.append(Layer(piece=piece, part=garment.part, paint=paint))
        if garment.belt:
            layers.append(
                Layer(
                    piece=belt(garment, whole, joints, lift),
                    part="lower",
                    paint=_even(traits.colours[5]),
                )
            )
        lift += 0.010 + (0.012 if place == 0 else 0.004)
    layers += _feet(traits, whole, joints)
    if traits.bag:
        layers.append(
            Layer(
                piece=bag(whole, joints, 1 if traits.seed % 2 else -1),
                part="bag",
                paint=_even(traits.colours[8]),
            )
        )
    if traits.scarf:
        piece = scarf(whole, joints, 0.25 + 0.2 * (traits.seed % 7) / 6)
        layers.append(Layer(piece=piece, part="upper", paint=_painter(traits, 2, "tube", None)))
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
        paint = _even((0.92, 0.92, 0.90) if sock == 1 else traits.colours[4])
        layers = _each(sock_pieces(whole, joints, height), "sock", paint)
    elif traits.outfit.bottom in _SHORT_SKIRTS and sock == 2:
        layers = _each(sock_pieces(whole, joints, 0.95), "sock", _even((0.10, 0.10, 0.12)))
    if shape is None:
        return layers
    floor_y = float(whole.verts[:, 1].min())
    sole = (0.90, 0.89, 0.87) if traits.seed % 2 else (0.10, 0.10, 0.10)
    leather = _even(traits.shoe_colour)

    def paint_shoe(points: Tensor) -> Tensor:
        return mix(leather(points), sole, edge(floor_y + 0.006 - points[:, 1], 0.003))

    return [*layers, *_each(shoe_pieces(shape, whole, joints), "shoes", paint_shoe)]


def _each(pieces: list[Piece], part: str, paint: Painter) -> list[Layer]:
    return [Layer(piece=one, part=part, paint=paint) for one in pieces]


def _bare(whole: Piece, body: Body, traits: Traits, clothes: list[Layer]) -> Piece:
    """The skin that shows, and a little more under the cloth: what is far inside clothes is left out."""
    joints, worn = body.joints, traits.outfit
    x, y = whole.verts[:, 0].abs(), whole.verts[:, 1]
    covered = torch.full_like(y, -1.0)
    for name in (worn.top, worn.bottom):
        if name is None:
            continue
        garment = tailored(GARMENTS[name], traits.fit)
        covered = torch.maximum(covered, _inside(garment, whole, joints))
    if traits.footwear in SHOES and not SHOES[traits.footwear].straps:
        top = float(joints[L_ANKLE, 1]) + SHOES[traits.footwear].top_m - 0.05
        covered = torch.maximum(covered, top - y)
    del x, clothes
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


def _painter(
    traits: Traits, place: int, layout: str, joints: Tensor | None, middle_z: float = 0.0
) -> Painter:
    base, light, dark = traits.colours[3 * place : 3 * place + 3]
    generator = torch.Generator().manual_seed(traits.seed + place)
    size = float(torch.rand(1, generator=generator)) * 0.9 + 0.6
    dye = Dye(base=base, light=light, dark=dark, seed=traits.seed % 9973 + place, size=size)
    fabric = FABRICS[traits.fabrics[place]]

    def paint(points: Tensor) -> Tensor:
        return fabric(dye, _cloth(points, layout, joints, middle_z))

    return paint


def _cloth(points: Tensor, layout: str, joints: Tensor | None, middle_z: float) -> Cloth:
    """Coordinates on cloth: along and around the limb that it covers."""
    x, y, z = points.unbind(dim=1)
    around = torch.atan2(x * 0.75, z - middle_z) / (2 * torch.pi) * 0.96
    uv, front = torch.stack([around, y], dim=1), torch.full((len(points), 2), 9.0)
    if joints is None:
        return Cloth(rest=points, uv=uv, front=front)
    if layout == "legs":
        axis = leg_axis(joints, 1, float(joints[L_HIP, 1]), float(joints[L_ANKLE, 1]) - 0.1)
        row = ((float(joints[L_HIP, 1]) - y) / 0.01).long().clamp(0, len(axis) - 1)
        centre = axis[row]
        turn = torch.atan2(x.abs() - centre[:, 0], z - centre[:, 1]) / (2 * torch.pi) * 0.48
        return Cloth(rest=points, uv=torch.stack([turn, y], dim=1), front=front)
    shoulder = joints[L_SHOULDER]
    if layout == "shirt":
        elbow, wrist = joints[L_ELBOW], joints[L_WRIST]
        upper = ((x.abs() - shoulder[0]) / (elbow[0] - shoulder[0])).clamp(0, 1)[:, None]
        lower = ((x.abs() - elbow[0]) / (wrist[0] - elbow[0])).clamp(0, 1)[:, None]
        bone = torch.lerp(torch.lerp(shoulder, elbow, upper), wrist, lower)
        sleeve = torch.atan2(y - bone[:, 1], z - bone[:, 2]) / (2 * torch.pi) * 0.36
        arm = (x.abs() > float(shoulder[0]) + 0.005) & (y > float(shoulder[1]) - 0.17)
        uv = torch.where(arm[:, None], torch.stack([sleeve, x.abs()], dim=1), uv)
        chest = (z > middle_z) & ~arm
        at = torch.stack([x, y - (shoulder[1] - 0.19)], dim=1)
        front = torch.where(chest[:, None], at, front)
    return Cloth(rest=points, uv=uv, front=front)


def _even(colour: tuple[float, float, float]) -> Painter:
    def paint(points: Tensor) -> Tensor:
        grain = 1 + 0.04 * noise(points * 450, seed=5)
        return torch.tensor(colour).expand(len(points), 3) * grain[:, None]

    return paint


def _trunk_middle(whole: Piece) -> float:
    z = whole.verts[whole.weights[:, 9] > 0.5][:, 2]
    return float((z.min() + z.max()) / 2)


def _on_face(rest: Float[Tensor, "verts 3"], usual: _Usual) -> Tensor:
    """Skin in front of the ears, from the chin up."""
    face = usual.face
    away = rest * usual.scale - face.middle
    ahead = rest[:, 2] * usual.scale - face.axis_z > 0.012
    return (
        ahead
        & (away[:, 1] > -0.115 - 0.2 * (0.05 - away[:, 0].abs()).clamp_min(0))
        & (away[:, 0].abs() < 0.085)
    )


def _landmarks(usual: _Usual) -> Float[Tensor, "6 3"]:
    face = usual.face
    height = face.middle[1] * 0.45 + face.mouth[1] * 0.55
    nose = torch.stack([face.middle[0], height, face.mouth[2] + 0.018])
    ear = torch.tensor([face.ear_x, float(face.middle[1]) - 0.01, face.axis_z])
    ears = [ear, ear * torch.tensor([-1.0, 1.0, 1.0])]
    return torch.stack([face.eyes[0], face.eyes[1], nose, face.mouth, *ears]) / usual.scale
