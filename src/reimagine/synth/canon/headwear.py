"""What is on heads: hair of many styles, beards, scarves, caps and hats. All lengths are for a face of usual size."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.synth.canon.garments import grid_faces
from reimagine.synth.drape import STEP_M, hang, wrap
from reimagine.synth.hair import Face, Haircut, bun, fall, hair, hairline
from reimagine.synth.noise import clouds
from reimagine.synth.pieces import Piece, clip, even_normals, smooth, step, turn_in, vertex_normals
from reimagine.synth.shapes import ball, curve, joined, rigid, tube

CHEST, NECK, HEAD = 9, 12, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where head wear is put, in the zero pose, scaled so that the face has its usual size."""

    skull: Piece
    """The head's outer surface."""
    body: Piece
    face: Face


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A hair style or a covering of the head."""

    cap: tuple[float, float] | None = None
    """Thickness of the hair on top and at the sides, metres; None: no hair to be seen."""
    lower_m: float = 0.0
    fringe_m: float = 0.0
    length_m: float = 0.0
    front: bool = False
    """Whether long hair also falls in front of the shoulders."""
    knot: str | None = None
    """bun, top, tail or braids."""
    curl_m: float = 0.0
    cover: str | None = None
    """hijab, scarf, turban, cap, hat or beanie."""


STYLES = {
    "none": Style(),
    "shaved": Style(cap=(0.003, 0.002)),
    "short": Style(cap=(0.026, 0.010)),
    "fringe": Style(cap=(0.028, 0.014), fringe_m=0.022),
    "bob": Style(cap=(0.022, 0.016), length_m=0.22),
    "long": Style(cap=(0.020, 0.016), length_m=0.42),
    "long in front": Style(cap=(0.020, 0.016), length_m=0.38, front=True),
    "bun": Style(cap=(0.016, 0.012), knot="bun"),
    "top knot": Style(cap=(0.014, 0.010), knot="top"),
    "ponytail": Style(cap=(0.016, 0.012), knot="tail"),
    "braids": Style(cap=(0.014, 0.011), knot="braids"),
    "curls": Style(cap=(0.042, 0.036), lower_m=0.035, curl_m=0.016),
    "afro": Style(cap=(0.085, 0.080), lower_m=0.02, curl_m=0.012),
    "hijab": Style(cover="hijab"),
    "headscarf": Style(cap=(0.010, 0.008), cover="scarf"),
    "turban": Style(cover="turban"),
    "cap": Style(cap=(0.012, 0.010), cover="cap"),
    "hat": Style(cap=(0.014, 0.012), length_m=0.0, cover="hat"),
    "beanie": Style(cap=(0.012, 0.010), cover="beanie"),
}


def hair_pieces(style: Style, head: Head) -> list[Piece]:
    """The hair of a style, without coverings."""
    if style.cap is None:
        return []
    cut = Haircut(
        top_m=style.cap[0],
        sides_m=style.cap[1],
        lower_m=style.lower_m,
        fringe_m=style.fringe_m,
        length_m=style.length_m,
    )
    cap = hair(head.skull, head.face, cut)
    if style.curl_m:
        cap = _curled(cap, head.face, cut, style.curl_m)
    pieces = [cap]
    if style.length_m:
        pieces.append(fall(head.body, head.face, cut, 0.85 if style.front else 1.25))
    if style.knot in ("bun", "top"):
        behind = head.skull.verts[hairline(head.skull.verts, head.face, cut) > 0]
        low = behind[behind[:, 2].argmin()] + torch.tensor([0.0, 0.0, -0.024])
        high = behind[behind[:, 1].argmax()] + torch.tensor([0.0, 0.022, -0.035])
        follow = torch.zeros(1, 55)
        follow[0, HEAD] = 1
        pieces.append(bun(follow, low if style.knot == "bun" else high))
    if style.knot == "tail":
        pieces.append(_tail(head, style.cap[1]))
    if style.knot == "braids":
        pieces += [_braid(head, side) for side in (1, -1)]
    return [replace(one, kind="hair") for one in pieces]


def cover_pieces(style: Style, head: Head) -> list[Piece]:
    """What covers the head."""
    make = {
        "hijab": lambda: [_hood(head), _cape(head)],
        "scarf": lambda: [_crown(head, 0.028, 0.016, 0.045), _knot(head)],
        "turban": lambda: [_crown(head, 0.030, 0.022, 0.0), *_wraps(head)],
        "cap": lambda: [_crown(head, 0.040, 0.020, 0.0), _visor(head)],
        "beanie": lambda: [_crown(head, 0.030, 0.022, 0.012), _band(head)],
        "hat": lambda: [_crown(head, 0.050, 0.026, 0.0), _brim(head)],
    }
    return [replace(one, kind="hat") for one in make[style.cover]()] if style.cover else []


def beard(head: Head, length_m: float) -> Piece:
    """A beard on chin and jaw."""
    face = head.face
    x, y, z = (head.skull.verts - face.mouth).unbind(dim=1)
    side = x.abs()
    below = -0.012 - 0.35 * (side - 0.02).clamp_min(0) + 0.9 * (side - 0.045).clamp_min(0) - y
    value = torch.minimum(below, y + 0.075)
    value = torch.minimum(value, z + 0.105)
    piece = clip(replace(head.skull, kind="hair"), value)
    out = even_normals(piece, piece.verts)
    depth = length_m * (0.75 + 0.35 * clouds(piece.verts * 60, octaves=2, seed=15))
    rim = step((-0.012 - (piece.verts - face.mouth)[:, 1]) / 0.02)
    down = torch.tensor([0.0, -0.4, 0.1])
    return replace(piece, verts=piece.verts + (depth * (0.15 + 0.85 * rim))[:, None] * (out + down))


def _curled(cap: Piece, face: Face, cut: Haircut, depth_m: float) -> Piece:
    lumps = clouds(cap.verts * 48, octaves=2, seed=17) + 0.5 * clouds(
        cap.verts * 110, octaves=1, seed=18
    )
    rim = step((hairline(cap.verts, face, cut)) / 0.03)
    out = even_normals(cap, cap.verts)
    return replace(cap, verts=cap.verts + (depth_m * lumps * rim)[:, None] * out)


def _tail(head: Head, sides_m: float) -> Piece:
    """Tied high at the back of the head, down to between the shoulder blades."""
    face = head.face
    height = float(face.middle[1]) + 0.045
    behind = head.skull.verts[(head.skull.verts[:, 1] - height).abs() < 0.012]
    start = torch.stack(
        [torch.zeros(()), torch.tensor(height), behind[:, 2].min() - sides_m + 0.024]
    )
    along = torch.linspace(0, 1, 60)
    back = -0.060 * (1 - torch.exp(-along * 9)) - 0.010 * along
    down = 0.012 * torch.exp(-along * 12) - 0.30 * along**1.3
    path = start + torch.stack([0.012 * torch.sin(along * 5), down, back], dim=1)
    radius = 0.014 + 0.018 * torch.sin(torch.pi * along.clamp(0, 1) ** 0.7) + 0.004 * (1 - along)
    tail = rigid(tube(path, radius, sides=32), HEAD, "hair")
    locks = clouds(tail.verts * torch.tensor([110.0, 7.0, 110.0]), octaves=2, seed=8)[:, None]
    return replace(tail, verts=tail.verts + 0.005 * locks * vertex_normals(tail.verts, tail.faces))


def _braid(head: Head, side: int) -> Piece:
    """A plait from behind the ear, over the shoulder, to the chest."""
    face = head.face
    middle, ear = float(face.middle[1]), face.ear_x
    knots = torch.tensor(
        [
            [side * (ear + 0.000), middle - 0.03, face.axis_z - 0.035],
            [side * (ear + 0.020), middle - 0.10, face.axis_z - 0.030],
            [side * (ear + 0.030), middle - 0.19, face.axis_z + 0.010],
            [side * (ear + 0.020), middle - 0.27, face.axis_z + 0.085],
            [side * (ear + 0.012), middle - 0.37, face.axis_z + 0.120],
        ]
    )
    path = curve(knots, 120)
    along = torch.linspace(0, 1, 120)
    radius = 0.015 * (1 - 0.4 * along) * (0.80 + 0.20 * torch.cos(along * 90).abs())
    shape = tube(path, radius, sides=20)
    piece = rigid(shape, HEAD, "hair")
    weights = torch.zeros_like(piece.weights)
    weights[:, CHEST] = step((middle - 0.12 - piece.verts[:, 1]) / 0.12)
    weights[:, HEAD] = 1 - weights[:, CHEST]
    return replace(piece, weights=weights)


def _crown(head: Head, top_m: float, sides_m: float, lower_m: float) -> Piece:
    """Cloth over the upper head, down to above the brows."""
    face = head.face
    edge_y = float(face.middle[1]) + 0.050
    behind = (face.axis_z + 0.03 - head.skull.verts[:, 2]).clamp_min(0)
    value = head.skull.verts[:, 1] - edge_y + 0.45 * behind.clamp(max=0.10) + lower_m * (behind > 0)
    piece = clip(replace(head.skull, kind="hat"), value)
    soft = smooth(piece, 40)
    out = vertex_normals(soft, piece.faces)
    up = out[:, 1:2].clamp(0, 1)
    return turn_in(replace(piece, verts=soft + (sides_m + (top_m - sides_m) * up) * out), 0.006)


def _rim(crown: Piece, face: Face, turn: Tensor) -> Tensor:
    """Radius of a crown's lower edge about the head's axis, towards each angle."""
    low = crown.verts[crown.verts[:, 1] < crown.verts[:, 1].min() + 0.06]
    angle = torch.atan2(low[:, 0], low[:, 2] - face.axis_z)
    radius = (low[:, 0].square() + (low[:, 2] - face.axis_z).square()).sqrt()
    near = ((angle[None] - turn[:, None] + torch.pi) % (2 * torch.pi) - torch.pi).abs() < 0.12
    return torch.where(near, radius[None], torch.zeros(())).amax(dim=1)


def _visor(head: Head) -> Piece:
    """Two sheets that end in a round edge, 7 cm ahead of the crown, bent down at the sides."""
    face = head.face
    rows, columns = 16, 48
    turn = torch.linspace(-1.05, 1.05, columns)
    rim = _rim(_crown(head, 0.040, 0.020, 0.0), face, turn) - 0.006
    out = torch.linspace(0, 1, rows)[:, None] * (0.074 * (1 - (turn / 1.05) ** 4))
    x = (rim + 0.35 * out) * turn.sin()
    z = face.axis_z + rim * turn.cos() + out
    y = float(face.middle[1]) + 0.062 - 0.16 * out - 7.0 * x**2 * (0.3 + 0.7 * out / 0.074)
    return _plate(torch.stack([x, y, z], dim=-1), 0.004)


def _brim(head: Head) -> Piece:
    """A wide brim all around, turned up a little."""
    face = head.face
    rows, columns = 14, 97
    turn = torch.linspace(-torch.pi, torch.pi, columns)
    rim = _rim(_crown(head, 0.050, 0.026, 0.0), face, turn) - 0.006
    out = torch.linspace(0, 0.085, rows)[:, None]
    radius = rim + out
    y = float(face.middle[1]) + 0.060 + 0.03 * (out / 0.085) ** 2 + 0.0 * turn
    y = y - 0.035 * (0.5 - 0.5 * turn.cos()) * (1 - out / 0.2)
    return _plate(
        torch.stack([radius * turn.sin(), y, face.axis_z + radius * turn.cos()], dim=-1), 0.004
    )


def _plate(top: Float[Tensor, "rows columns 3"], thick_m: float) -> Piece:
    rows, columns = top.shape[:2]
    faces = grid_faces(rows, columns)
    flat = top.reshape(-1, 3)
    under = flat - torch.tensor([0.0, thick_m, 0.0])
    return rigid(
        (torch.cat([flat, under]), torch.cat([faces, faces.flip(1) + len(flat)])), HEAD, "hat"
    )


def _ring(head: Head, y: float, out_m: float, radius_m: float, tilt: float) -> Piece:
    """A roll of cloth around the head."""
    face = head.face
    turn = torch.linspace(-torch.pi, torch.pi, 97)[:-1]
    rim = _rim(_crown(head, 0.030, 0.022, 0.0), face, turn) + out_m
    height = float(face.middle[1]) + y + tilt * turn.cos()
    path = torch.stack([rim * turn.sin(), height, face.axis_z + rim * turn.cos()], dim=1)
    return rigid(tube(path, torch.full((96,), radius_m), sides=14, closed=True), HEAD, "hat")


def _wraps(head: Head) -> list[Piece]:
    return [
        _ring(head, 0.062, -0.004, 0.020, 0.012),
        _ring(head, 0.088, -0.008, 0.021, -0.012),
        _ring(head, 0.112, -0.020, 0.022, 0.014),
    ]


def _band(head: Head) -> Piece:
    return _ring(head, 0.058, -0.006, 0.011, 0.004)


def _knot(head: Head) -> Piece:
    """Where a scarf is tied behind, with two ends."""
    face = head.face
    low = head.skull.verts[(head.skull.verts[:, 1] - float(face.middle[1]) + 0.02).abs() < 0.015]
    back = torch.stack([torch.zeros(()), face.middle[1] - 0.02, low[:, 2].min() - 0.020])
    pieces = [rigid(ball(back, torch.tensor([0.022, 0.018, 0.016]), rows=12), HEAD, "hat")]
    for side in (1.0, -1.0):
        ends = torch.stack(
            [
                back,
                back + torch.tensor([0.03 * side, -0.06, -0.01]),
                back + torch.tensor([0.04 * side, -0.13, 0.0]),
            ]
        )
        pieces.append(rigid(tube(curve(ends, 24), torch.full((24,), 0.012), sides=10), HEAD, "hat"))
    return joined(*pieces)


def _hood(head: Head) -> Piece:
    """Cloth around the face: over head, ears, cheeks and throat."""
    face = head.face
    x, y, z = (head.body.verts - face.middle).unbind(dim=1)
    oval = 1 - ((x / 0.066) ** 2 + ((y + 0.030) / 0.092) ** 2).sqrt()
    open_face = torch.where(
        z > face.axis_z - float(face.middle[2]) + 0.01, oval, torch.full_like(oval, -1.0)
    )
    on_head = head.body.weights[:, [NECK, HEAD, 22, 23, 24]].sum(dim=1) - 0.25
    piece = clip(replace(head.body, kind="hat"), torch.minimum(-0.07 * open_face, on_head))
    outer = clip(
        piece, y.new_zeros(len(piece.verts)) + piece.verts[:, 1] - (float(face.middle[1]) - 0.24)
    )
    soft = smooth(outer, 40)
    out = vertex_normals(soft, outer.faces)
    folds = 0.004 * clouds(soft * torch.tensor([30.0, 14.0, 30.0]), octaves=2, seed=33)
    up = out[:, 1:2].clamp(0, 1)
    return turn_in(replace(outer, verts=soft + (0.013 + 0.014 * up + folds[:, None]) * out), 0.006)


def _cape(head: Head) -> Piece:
    """What hangs from the throat over shoulders and chest."""
    face = head.face
    top_y, length = float(face.middle[1]) - 0.125, 0.22
    rows, columns = int(length / STEP_M) + 2, 144
    near = head.body.verts[(head.body.verts[:, 0].abs() < 0.155) & (head.body.verts[:, 1] < top_y)]
    axis = torch.tensor([0.0, face.axis_z - 0.005]).expand(rows + 2, 2)
    drape = hang(near, axis, top_m=top_y, slack_m=0.036, taper=0.0)
    turn = torch.arange(columns) / columns * 2 * torch.pi
    down = torch.linspace(0, 1, rows)[:, None] * length * (1 - 0.12 * torch.sin(4 * turn))
    flat = torch.stack([turn.sin().expand(rows, -1), -down, turn.cos().expand(rows, -1)], dim=-1)
    verts = flat.reshape(-1, 3) * torch.tensor([0.1, 1.0, 0.1]) + torch.tensor(
        [0.0, top_y, face.axis_z - 0.005]
    )
    verts = wrap(drape, verts)
    faces = grid_faces(rows, columns, closed=True)
    weights = torch.zeros(len(verts), 55)
    weights[:, CHEST] = step((down.reshape(-1) - 0.01) / 0.10)
    weights[:, NECK] = 1 - weights[:, CHEST]
    piece = Piece(verts=verts, faces=faces, weights=weights, kind="hat")
    folds = clouds(verts * torch.tensor([22.0, 9.0, 22.0]), octaves=2, seed=34)[:, None]
    return turn_in(
        replace(piece, verts=verts + 0.007 * folds * vertex_normals(verts, faces)), 0.006
    )
