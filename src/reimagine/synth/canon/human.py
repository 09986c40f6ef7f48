"""A person put together from traits: layers of surface, each with its part and its colours, on one skeleton."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.body.anny import anny_body, natural_height_m
from reimagine.records import Body, Skin
from reimagine.synth.canon.accessories import glasses
from reimagine.synth.canon.cloth_paint import Painter, cloth_painter, even
from reimagine.synth.canon.dressing import Layer, bare, clothes_of
from reimagine.synth.canon.headwear import STYLES, Head, beard, cover_pieces, hair_pieces
from reimagine.synth.canon.traits import MONK, Traits
from reimagine.synth.dress import eyeballs, find_face, outer_head
from reimagine.synth.hair import Face
from reimagine.synth.looks import Complexion, eye_colours, hair_colours, skin_colours
from reimagine.synth.noise import clouds
from reimagine.synth.pieces import Piece, keep, subdivide
from reimagine.synth.wardrobe import (
    HEAD_JOINTS,
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
_STANDING_M = 1.7
"""Height at which everything is tailored; the whole is scaled afterwards."""
_EYE_HALF_M = 0.0315
"""Half the distance between the eyes for which faces and hair are drawn."""


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
    layers += clothes_of(traits, whole, body.joints)
    skin = Layer(piece=bare(whole, body, traits), part="skin", paint=paint_skin)
    return [skin, *layers], usual


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
    cloth = cloth_painter(traits, 2, "tube", None)
    layers += [
        Layer(piece=at_size(one), part="hat", paint=cloth) for one in cover_pieces(style, head)
    ]
    if traits.glasses:
        layers.append(
            Layer(
                piece=at_size(glasses(usual.face)), part="glasses", paint=even((0.06, 0.06, 0.07))
            )
        )
    return layers


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
