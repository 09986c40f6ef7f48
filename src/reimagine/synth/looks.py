"""What the two people are made of: numbers, and the colour of every point of them in the zero pose."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.synth.hair import Face, Haircut
from reimagine.synth.noise import clouds, noise
from reimagine.synth.pieces import Piece
from reimagine.synth.wardrobe import (
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    L_WRIST,
    Cut,
    beyond_collar,
)

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complexion:
    """Colours of a head, sRGB, 0..1."""

    skin: Colour
    lips: Colour
    iris: Colour
    hair: Colour
    brow_m: float
    """Thickness of the brows."""
    stubble: float
    """0 none to 1 dense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One person. Colours are sRGB, 0..1."""

    phenotype: tuple[float, float, float, float, float, float]
    height_m: float
    skin: Colour
    lips: Colour
    iris: Colour
    hair: Colour
    brow_m: float
    """Thickness of the brows."""
    stubble: float
    shirt: str
    """print or plaid"""
    cloth: tuple[Colour, Colour, Colour]
    """The shirt's colours."""
    trousers: Colour
    denim: bool
    shoe: Colour
    cut: Cut
    haircut: Haircut
    worn: tuple["Worn", ...] = ()
    """What is worn besides shirt, trousers and shoes."""

    @property
    def complexion(self) -> Complexion:
        """Of the head."""
        return Complexion(
            skin=self.skin,
            lips=self.lips,
            iris=self.iris,
            hair=self.hair,
            brow_m=self.brow_m,
            stubble=self.stubble,
        )


LOOKS = {
    "alex": Look(
        phenotype=(0.04, 0.68, 0.62, 0.46, 0.60, 0.70),
        height_m=1.79,
        skin=(0.80, 0.60, 0.48),
        lips=(0.70, 0.43, 0.37),
        iris=(0.25, 0.33, 0.30),
        hair=(0.20, 0.13, 0.085),
        brow_m=0.0048,
        stubble=0.25,
        shirt="print",
        cloth=((0.15, 0.36, 0.44), (0.93, 0.90, 0.82), (0.90, 0.47, 0.20)),
        trousers=(0.20, 0.27, 0.42),
        denim=True,
        shoe=(0.62, 0.17, 0.14),
        cut=Cut(
            sleeve=0.72,
            hem_below_hips=0.06,
            shirt_slack=0.020,
            trouser_slack=0.012,
            trouser_taper=0.16,
            shirt_taper=0.06,
            collar_m=0.080,
        ),
        haircut=Haircut(top_m=0.034, sides_m=0.010),
    ),
    "sam": Look(
        phenotype=(0.95, 0.67, 0.50, 0.44, 0.55, 0.75),
        height_m=1.68,
        skin=(0.66, 0.46, 0.35),
        lips=(0.60, 0.31, 0.28),
        iris=(0.20, 0.12, 0.08),
        hair=(0.135, 0.090, 0.070),
        brow_m=0.0036,
        stubble=0.0,
        shirt="plaid",
        cloth=((0.72, 0.30, 0.20), (0.93, 0.86, 0.70), (0.14, 0.18, 0.30)),
        trousers=(0.22, 0.23, 0.25),
        denim=False,
        shoe=(0.88, 0.87, 0.85),
        cut=Cut(
            sleeve=1.55,
            hem_below_hips=0.09,
            shirt_slack=0.018,
            trouser_slack=0.014,
            trouser_taper=0.13,
            shirt_taper=0.08,
            collar_m=0.078,
        ),
        haircut=Haircut(top_m=0.018, sides_m=0.014, bun=True),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Where things are on the undressed body, zero pose."""

    joints: Float[Tensor, "55 3"]
    face: Face
    floor_y: float
    torso_z: float
    """Depth of the chest's middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worn:
    """A hat, glasses, a jacket or what else somebody has on."""

    kind: str
    """Its pieces' kind: one of `pieces.KINDS`, or a new one."""
    part: str
    """The `records.PARTS` that it counts as."""
    make: Callable[[Piece, Measure, Look], Piece]
    """From the undressed body's surface; zero pose."""
    paint: Callable[[Look, Measure, Tensor], Tensor] | None = None
    """SRGB of points of a new kind; None for one of `pieces.KINDS`."""


def colours(
    look: Look, measure: Measure, kind: str, points: Float[Tensor, "points 3"]
) -> Float[Tensor, "points 3"]:
    """SRGB of points of one kind of surface."""
    painters: dict[str, Callable[[Look, Measure, Tensor], Tensor]] = {
        "skin": lambda one, where, at: skin_colours(one.complexion, where.face, at),
        "eye": lambda one, where, at: eye_colours(one.complexion, where.face, at),
        "hair": lambda one, _, at: hair_colours(one.complexion, at),
        "shirt": _print if look.shirt == "print" else _plaid,
        "trousers": _trousers,
        "shoes": _shoes,
    }
    painters |= {one.kind: one.paint for one in look.worn if one.paint}
    return painters[kind](look, measure, points).clamp(0.01, 0.98)


def _flat(colour: Colour, points: Tensor) -> Tensor:
    return torch.tensor(colour).expand(len(points), 3).clone()


def _mix(base: Tensor, colour: Colour, share: Tensor) -> Tensor:
    return torch.lerp(base, torch.tensor(colour).expand_as(base), share.clamp(0, 1)[:, None])


def _edge(inside_m: Tensor, width_m: float = 0.0008) -> Tensor:
    """1 where `inside_m` is positive, softened over `width_m`."""
    return (inside_m / width_m + 0.5).clamp(0, 1)


def skin_colours(look: Complexion, face: Face, points: Float[Tensor, "points 3"]) -> Tensor:
    """SRGB of skin, with brows, lashes, lips and stubble where the face is."""
    base = _flat(look.skin, points)
    base = (
        base
        * (1 + 0.035 * clouds(points * 55, seed=21) + 0.02 * noise(points * 400, seed=22))[:, None]
    )
    x, y, _ = (points - face.middle).unbind(dim=1)
    front = _edge(points[:, 2] - face.axis_z - 0.02, 0.03) * _edge(y + 0.16, 0.04)
    side = x.abs()
    for place, size, strength in (((0.036, -0.040), 0.020, 0.30), ((0.0, -0.038), 0.013, 0.22)):
        blush = torch.exp(-((side - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * size**2))
        base = _mix(base, look.lips, blush * front * strength)
    chin = _edge(-0.052 - y, 0.03) * _edge(y + 0.135, 0.03) * front
    grain = 0.75 + 0.25 * noise(points * 700, seed=23)
    base = _mix(base, look.hair, chin * look.stubble * grain)

    mouth = points - face.mouth
    wide = (mouth[:, 0].abs() / 0.025).clamp(max=1)
    shape = (1 - wide**2).clamp_min(0)
    bow = 0.0075 * shape**0.7 - 0.0016 * torch.exp(-((mouth[:, 0] / 0.004) ** 2))
    inside = torch.minimum(bow - mouth[:, 1], mouth[:, 1] + 0.0095 * shape**0.7)
    base = _mix(base, look.lips, _edge(inside, 0.003) * _edge(shape - 0.02, 0.05) * front * 0.85)
    line = _edge(0.0011 - mouth[:, 1].abs(), 0.0012) * _edge(shape - 0.05, 0.05)
    base = _mix(base, (0.22, 0.10, 0.09), line * front * 0.7)

    eye_x = face.eyes[0, 0] - face.middle[0]
    along = (side - eye_x) / 0.024
    arch = 0.0215 + 0.0035 * (1 - (along - 0.35) ** 2) - 0.003 * (along > 0.6) * (along - 0.6)
    thick = look.brow_m * (1 - 0.55 * ((along + 1) / 2).clamp(0, 1))
    ends = _edge(0.92 - (along - 0.14).abs(), 0.2)
    hairs = 0.72 + 0.28 * noise(points * torch.tensor([900.0, 250.0, 300.0]), seed=24)
    brow = _edge(thick - (y - arch).abs(), 0.0022) * ends * hairs
    base = _mix(base, look.hair, brow * front * 0.85)

    eye = face.eyes[(points[:, 0] < face.middle[0]).long()]
    near = (points - eye).norm(dim=1) - face.eye_radius_m
    lashes = _edge(0.0021 - near, 0.0016) * (0.35 + 0.6 * _edge(y - 0.001, 0.004))
    return _mix(base, (0.07, 0.05, 0.045), lashes * front)


def eye_colours(look: Complexion, face: Face, points: Float[Tensor, "points 3"]) -> Tensor:
    """SRGB of eyeballs that look ahead."""
    centre = face.eyes[(points[:, 0] < face.middle[0]).long()]
    away = torch.nn.functional.normalize(points - centre, dim=1)
    angle = torch.arccos(away[:, 2].clamp(-1, 1))
    base = _flat((0.76, 0.73, 0.71), points)
    rays = 0.85 + 0.3 * noise(away * torch.tensor([40.0, 40.0, 1.0]), seed=31)
    iris = torch.tensor(look.iris) * rays[:, None]
    base = torch.lerp(base, iris, _edge(0.50 - angle, 0.06)[:, None])
    base = _mix(
        base, (0.03, 0.03, 0.03), _edge(angle - 0.43, 0.05) * _edge(0.52 - angle, 0.06) * 0.6
    )
    base = _mix(base, (0.01, 0.01, 0.01), _edge(0.20 - angle, 0.05))
    glint = (away - torch.nn.functional.normalize(torch.tensor([-0.18, 0.2, 0.95]), dim=0)).norm(
        dim=1
    )
    return _mix(base, (0.98, 0.98, 0.98), _edge(0.09 - glint, 0.05))


def hair_colours(look: Complexion, points: Float[Tensor, "points 3"]) -> Tensor:
    """SRGB of hair, with strands and tufts."""
    strands = clouds(points * torch.tensor([170.0, 22.0, 110.0]), octaves=2, seed=41)
    tufts = clouds(points * torch.tensor([45.0, 15.0, 40.0]), octaves=2, seed=42)
    return _flat(look.hair, points) * (1.05 + 0.28 * strands + 0.22 * tufts)[:, None]


def _collared(look: Look, measure: Measure, points: Tensor, base: Tensor) -> Tensor:
    """With a ribbed band about the neck."""
    away = beyond_collar(points, measure.joints, look.cut.collar_m)
    ribs = 0.80 + 0.06 * torch.sin(torch.atan2(points[:, 0], points[:, 2]) * 260)
    band = _edge(0.022 - away)
    return base * torch.lerp(torch.ones_like(band), ribs, band)[:, None]


def _weave(points: Tensor, strength: float) -> Tensor:
    """Fine grain of cloth, a factor about 1."""
    return (1 + strength * noise(points * 450, seed=51) + strength * clouds(points * 30, seed=52))[
        :, None
    ]


def _print(look: Look, measure: Measure, points: Tensor) -> Tensor:
    """A T-shirt with light sleeves' rims and a sun over mountains on the chest; a striped back."""
    base_colour, light, accent = look.cloth
    base = _flat(base_colour, points)
    shoulder_y = float(measure.joints[L_SHOULDER, 1])
    x, y = points[:, 0], points[:, 1] - shoulder_y
    front = points[:, 2] > measure.torso_z
    u, v = x, y + 0.205
    disc = 0.088 - (u**2 + v**2).sqrt()
    emblem = _edge(disc) * front
    base = _mix(base, light, emblem)
    base = _mix(base, accent, _edge(0.034 - ((u + 0.028) ** 2 + (v - 0.026) ** 2).sqrt()) * emblem)
    for top_x, top_y, slope, colour in (
        (-0.045, -0.005, 0.75, base_colour),
        (0.030, 0.022, 0.95, (0.10, 0.22, 0.28)),
    ):
        peak = top_y - slope * (u - top_x).abs() - v
        base = _mix(base, colour, _edge(peak) * emblem * _edge(disc - 0.007))
        snow = _edge(peak) * _edge(v - top_y + 0.018 + 0.010 * ((u * 45) % 1 - 0.5).abs()) * emblem
        base = _mix(base, light, snow * _edge(disc - 0.007))
    for low, high in ((-0.155, -0.125), (-0.195, -0.165)):
        stripe = _edge(y - low) * _edge(high - y) * (~front) * _edge(0.30 - x.abs())
        base = _mix(base, light if low > -0.16 else accent, stripe)
    return _collared(look, measure, points, base) * _weave(points, 0.03)


def _plaid(look: Look, measure: Measure, points: Tensor) -> Tensor:
    """A checked shirt with a button border in front."""
    base_colour, light, dark = look.cloth
    x, y, z = points.unbind(dim=1)
    on_arm_height = y > float(measure.joints[L_SHOULDER, 1]) - 0.17
    arm = (x.abs() > float(measure.joints[L_SHOULDER, 0]) + 0.005) & on_arm_height
    around = torch.atan2(x * 0.75, z - measure.torso_z)  # a chest is wider than deep
    torso_u, torso_v = around / (2 * torch.pi) * 12, y / 0.085
    shoulder, elbow, wrist = (measure.joints[k] for k in (L_SHOULDER, L_ELBOW, L_WRIST))
    upper = ((x.abs() - shoulder[0]) / (elbow[0] - shoulder[0])).clamp(0, 1)[:, None]
    lower = ((x.abs() - elbow[0]) / (wrist[0] - elbow[0])).clamp(0, 1)[:, None]
    bone = torch.lerp(torch.lerp(shoulder, elbow, upper), wrist, lower)
    sleeve_u = torch.atan2(y - bone[:, 1], z - bone[:, 2]) / (2 * torch.pi) * 4
    u = torch.where(arm, x / 0.085, torso_u) % 1
    v = torch.where(arm, sleeve_u, torso_v) % 1
    base = _flat(base_colour, points)
    for value in (u, v):
        base = _mix(base, dark, 0.55 * _edge(0.20 - (value - 0.5).abs(), 0.02))
        base = _mix(base, light, 0.60 * _edge(0.025 - (value - 0.08).abs(), 0.015))
        base = _mix(base, light, 0.35 * _edge(0.015 - (value - 0.92).abs(), 0.015))
    front = (z > measure.torso_z) & ~arm
    border = _edge(0.0165 - x.abs()) * front
    base = base * (1 + 0.10 * border)[:, None]
    seam = _edge(0.0009 - (x.abs() - 0.0165).abs()) * front
    base = _mix(base, (0.16, 0.10, 0.10), seam * 0.7)
    top = float(measure.joints[L_SHOULDER, 1])
    step = (top - y) % 0.088 - 0.044
    button = _edge(0.0055 - (x**2 + step**2).sqrt()) * front
    base = _mix(base, (0.90, 0.86, 0.78), button)
    return _collared(look, measure, points, base) * _weave(points, 0.04)


def _trousers(look: Look, measure: Measure, points: Tensor) -> Tensor:
    hip, knee, ankle = (measure.joints[k] for k in (L_HIP, L_KNEE, L_ANKLE))
    x, y, z = points.unbind(dim=1)
    base = _flat(look.trousers, points)
    thread: Colour = (0.70, 0.47, 0.25) if look.denim else (0.12, 0.12, 0.13)
    if look.denim:
        twill = noise(points * torch.tensor([700.0, 700.0, 700.0]), seed=61)
        slub = noise(points * torch.tensor([500.0, 60.0, 500.0]), seed=62)
        base = base * (1 + 0.10 * twill + 0.08 * slub)[:, None]
        for height, size in (((hip[1] + knee[1]) / 2, 0.14), (knee[1], 0.07)):
            worn = torch.exp(-(((y - height) / size) ** 2)) * _edge(z - hip[2] - 0.02, 0.06)
            base = _mix(base, (0.50, 0.58, 0.70), worn * 0.32 * (1 + 0.15 * clouds(points * 60)))
    base = base * _weave(points, 0.03)
    share = ((hip[1] - y) / (hip[1] - ankle[1])).clamp(0, 1)
    middle_z = torch.lerp(hip[2].expand_as(share), ankle[2].expand_as(share), share)
    outer = _edge(x.abs() - (hip[0] + (ankle[0] - hip[0]) * share), 0.01)
    seam = _edge(0.0016 - (z - middle_z).abs()) * outer
    base = _mix(base, (0.08, 0.10, 0.16), seam * 0.8)
    cuff = y - (ankle[1] + 0.02)
    base = _mix(base, thread, _edge(0.0010 - (cuff - 0.01).abs()) * 0.7)
    base = _mix(base, (0.07, 0.09, 0.14), _edge(0.0012 - x.abs()) * _edge(y - hip[1] + 0.10) * 0.7)
    # Patch pockets behind.
    pocket_x, pocket_y = (x.abs() - 0.085).abs() - 0.052, (y - (hip[1] - 0.02)).abs() - 0.060
    rim = torch.maximum(pocket_x, pocket_y)
    behind = z < hip[2] - 0.02
    base = _mix(base, thread, _edge(0.0012 - rim.abs()) * behind * 0.8)
    return base


def _shoes(look: Look, measure: Measure, points: Tensor) -> Tensor:
    x, y, z = points.unbind(dim=1)
    ankle = measure.joints[L_ANKLE]
    height = y - measure.floor_y
    base = _flat(look.shoe, points) * _weave(points, 0.03)
    foot_x = ankle[0] + 0.15 * (z - ankle[2]).clamp_min(0)
    across, along = x.abs() - foot_x, z - ankle[2]
    tongue = (
        _edge(0.019 - across.abs(), 0.002)
        * _edge(along - 0.045, 0.004)
        * _edge(0.135 - along, 0.004)
    )
    lace = _edge((along % 0.018 - 0.009).abs() - 0.0045, 0.001)
    base = _mix(base, (0.25, 0.24, 0.24), tongue * 0.6)
    base = _mix(base, (0.93, 0.92, 0.90), tongue * lace)
    heel = _edge(-along - 0.035, 0.002)
    base = base * (1 - 0.35 * heel)[:, None]
    sole = _edge(0.017 - height, 0.001)
    base = _mix(base, (0.92, 0.91, 0.88), sole)
    return _mix(base, (0.30, 0.29, 0.28), _edge(0.0012 - (height - 0.018).abs(), 0.001) * 0.6)
