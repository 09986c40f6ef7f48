"""What the made people of `looks` wear on top: a baseball cap, glasses, a ponytail, an open jacket."""

from dataclasses import replace

import torch
from torch import Tensor

from reimagine.synth.looks import Colour, Look, Measure, Worn
from reimagine.synth.noise import clouds, noise
from reimagine.synth.pieces import Piece, clip, components, keep, smooth, turn_in, vertex_normals
from reimagine.synth.shapes import joined, line, rigid, sheet, tube
from reimagine.synth.wardrobe import HEAD_JOINTS, Cut, shirt

HEAD = 15
NAVY: Colour = (0.10, 0.14, 0.27)
WHITE: Colour = (0.90, 0.89, 0.86)
OLIVE: Colour = (0.33, 0.34, 0.22)
BLACK: Colour = (0.05, 0.05, 0.055)


def _cap(body: Piece, measure: Measure, look: Look) -> Piece:
    """A baseball cap: a crown over the hair, a curved visor in front."""
    face = measure.face
    brim_y = float(face.middle[1]) + 0.052
    skull = _skull(body)
    tilt = 0.10 * (skull.verts[:, 2] - face.axis_z)
    crown = clip(replace(skull, kind="cap"), skull.verts[:, 1] - brim_y - tilt + 0.012)
    soft = smooth(crown, 40)
    out = vertex_normals(soft, crown.faces)
    up = out[:, 1:2].clamp(0, 1)
    crown = replace(crown, verts=soft + (look.haircut.sides_m + 0.009 + 0.012 * up) * out)
    return joined(turn_in(crown, 0.006), _visor(crown, measure, brim_y))


def _visor(crown: Piece, measure: Measure, brim_y: float) -> Piece:
    """Two sheets that end in a round edge, 7 cm ahead of the crown, bent down at the sides."""
    z0 = measure.face.axis_z
    rows, columns = 24, 64
    turn = torch.linspace(-1.05, 1.05, columns)
    low = crown.verts[crown.verts[:, 1] < brim_y + 0.03]
    angle = torch.atan2(low[:, 0], low[:, 2] - z0)
    radius = (low[:, 0].square() + (low[:, 2] - z0).square()).sqrt()
    near = (angle[None] - turn[:, None]).abs() < 0.08
    rim = torch.where(near, radius[None], torch.zeros(())).amax(dim=1) - 0.004  # begins inside
    out = torch.linspace(0, 1, rows)[:, None] * (0.074 * (1 - (turn / 1.05) ** 4))
    x = (rim + 0.35 * out) * turn.sin()
    z = z0 + rim * turn.cos() + out
    y = brim_y + 0.014 - 0.16 * out - 7.0 * x**2 * (0.3 + 0.7 * out / 0.074)
    top = torch.stack([x, y, z], dim=-1).reshape(-1, 3)
    down = torch.tensor([0.0, 0.004, 0.0])
    faces = sheet(rows, columns)
    return _rigid(
        (torch.cat([top, top - down]), torch.cat([faces.flip(1), faces + len(top)])), "cap"
    )


def _glasses(body: Piece, measure: Measure, look: Look) -> Piece:
    """Dark frames with clear lenses: two rims, a bridge, temples to the ears."""
    del body, look
    face = measure.face
    ring = torch.linspace(0, 2 * torch.pi, 49)[:-1]
    half = float(face.eyes[0, 0] - face.middle[0])
    ahead = float(face.middle[2]) + face.eye_radius_m + 0.012
    parts: list[Piece] = []
    for side in (1, -1):
        round_x = ring.cos().abs().pow(0.8) * ring.cos().sign()
        round_y = ring.sin().abs().pow(0.8) * ring.sin().sign()
        x = side * (half + 0.001) + 0.0255 * round_x
        y = float(face.middle[1]) - 0.004 + 0.0205 * round_y
        z = ahead - 3.0 * x**2
        rim = torch.stack([x, y + 0 * x, z], dim=1)
        parts.append(_rigid(tube(rim, 0.0021 + 0 * x, closed=True), "glasses"))
        hinge = torch.tensor([side * (half + 0.027), float(face.middle[1]) + 0.006, 0.0])
        hinge[2] = ahead - 3.0 * float(hinge[0]) ** 2
        ear = torch.tensor([side * (face.ear_x + 0.004), float(face.middle[1]) + 0.006, 0.0])
        ear[2] = face.axis_z - 0.005
        bend = torch.stack([side * (face.ear_x - 0.001) + 0 * ear[0], ear[1], hinge[2] - 0.03])
        path = torch.cat([line(hinge, bend, 12), line(bend, ear, 24)[1:]])
        parts.append(_rigid(tube(path, torch.full((len(path),), 0.0021)), "glasses"))
    arch = torch.linspace(-1, 1, 12)
    gap = half - 0.0245
    bridge = torch.stack([gap * arch, 0.004 * (1 - arch**2), 0 * arch], dim=1)
    bridge = bridge + torch.tensor([0.0, float(face.middle[1]) + 0.002, ahead + 0.001])
    parts.append(_rigid(tube(bridge, torch.full((len(arch),), 0.0021)), "glasses"))
    return joined(*parts)


def _ponytail(body: Piece, measure: Measure, look: Look) -> Piece:
    """A tail of hair, tied high at the back of the head, to between the shoulder blades."""
    skull, face = _skull(body), measure.face
    height = float(face.middle[1]) + 0.045
    behind = skull.verts[(skull.verts[:, 1] - height).abs() < 0.01]
    start = torch.stack([torch.zeros(()), torch.tensor(height), behind[:, 2].min()])
    start = start - torch.tensor([0.0, 0.0, look.haircut.sides_m - 0.024])
    along = torch.linspace(0, 1, 60)
    back = -0.060 * (1 - torch.exp(-along * 9)) - 0.010 * along
    down = 0.012 * torch.exp(-along * 12) - 0.30 * along**1.3
    path = start + torch.stack([0.012 * torch.sin(along * 5), down, back], dim=1)
    radius = 0.014 + 0.018 * torch.sin(torch.pi * along.clamp(0, 1) ** 0.7) + 0.004 * (1 - along)
    tail = _rigid(tube(path, radius, sides=48), "hair")
    locks = clouds(tail.verts * torch.tensor([110.0, 7.0, 110.0]), octaves=2, seed=8)[:, None]
    return replace(tail, verts=tail.verts + 0.005 * locks * vertex_normals(tail.verts, tail.faces))


def _jacket(body: Piece, measure: Measure, look: Look) -> Piece:
    """A long-sleeved jacket over the shirt, open in front."""
    cut = Cut(
        sleeve=1.86,
        hem_below_hips=look.cut.hem_below_hips + 0.05,
        shirt_slack=look.cut.shirt_slack + 0.008,
        trouser_slack=0.0,
        trouser_taper=0.0,
        shirt_taper=0.04,
        collar_m=look.cut.collar_m + 0.004,
    )
    whole = shirt(body, measure.joints, cut)
    whole = replace(whole, verts=whole.verts + 0.010 * vertex_normals(whole.verts, whole.faces))
    x, y, z = whole.verts.unbind(dim=1)
    below = (float(measure.joints[16, 1]) - y).clamp_min(0)
    gap = 0.050 + 0.10 * below + 0.006 * torch.sin(below * 25)
    value = torch.maximum(x.abs() - gap, measure.torso_z - z)
    return replace(turn_in(clip(whole, value), 0.008), kind="jacket")


def _paint_cap(look: Look, measure: Measure, points: Tensor) -> Tensor:
    del look
    x, y, z = (points - measure.face.middle).unbind(dim=1)
    badge = ((x / 0.026) ** 2 + ((y - 0.105) / 0.019) ** 2 < 1) & (z > -0.09)
    ring = ((x / 0.021) ** 2 + ((y - 0.105) / 0.014) ** 2 > 1) & badge
    base = torch.tensor(NAVY).expand(len(points), 3)
    base = torch.where(badge[:, None], torch.tensor(WHITE), base)
    base = torch.where(ring[:, None], torch.tensor((0.75, 0.18, 0.16)), base)
    return base * (1 + 0.06 * noise(points * 600, seed=71))[:, None]


def _paint_glasses(look: Look, measure: Measure, points: Tensor) -> Tensor:
    del look, measure
    return torch.tensor(BLACK).expand(len(points), 3)


def _paint_jacket(look: Look, measure: Measure, points: Tensor) -> Tensor:
    del look
    x, y, z = points.unbind(dim=1)
    chest = float(measure.joints[16, 1]) - 0.16
    pocket = torch.maximum((x.abs() - 0.125).abs() - 0.038, (y - chest + 0.02).abs() - 0.05)
    seam = (pocket.abs() < 0.0014) & (z > measure.torso_z)
    base = torch.tensor(OLIVE) * (1 + 0.07 * noise(points * 500, seed=72))[:, None]
    return base * torch.where(seam, 0.6, 1.0)[:, None]


def _skull(body: Piece) -> Piece:
    """The head's outer surface, without mouth and tongue."""
    on_head = body.weights[:, list(HEAD_JOINTS)].sum(dim=1) > 0.6
    head = keep(body, on_head[body.faces].all(dim=1))
    label = components(head)
    return keep(head, (label == label[head.verts[:, 1].argmax()])[head.faces].all(dim=1))


def _rigid(shape: tuple[Tensor, Tensor], kind: str) -> Piece:
    """A piece that goes with the head."""
    return rigid(shape, HEAD, kind)


CAP = Worn(kind="cap", part="hair", make=_cap, paint=_paint_cap)
GLASSES = Worn(kind="glasses", part="face", make=_glasses, paint=_paint_glasses)
PONYTAIL = Worn(kind="hair", part="hair", make=_ponytail)
JACKET = Worn(kind="jacket", part="upper", make=_jacket, paint=_paint_jacket)
