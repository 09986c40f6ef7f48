"""Hair as a cap over the scalp, in the SMPL-X zero pose."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.synth.drape import STEP_M, hang, wrap
from reimagine.synth.noise import clouds
from reimagine.synth.pieces import Piece, clip, smooth, step, turn_in, vertex_normals

CHEST, HEAD = 9, 15
FALL_FROM = 1.25
"""Angle from the front (radians) where long hair begins to fall."""
FALL_HALF_M = 0.11
"""Half the breadth of the body that it falls over."""

HAIRLINE = (
    (0.0, 0.064),
    (0.6, 0.060),
    (0.95, 0.044),
    (1.15, 0.010),
    (1.38, -0.012),
    (1.52, 0.020),
    (1.85, 0.022),
    (2.1, -0.030),
    (2.5, -0.075),
    (3.2, -0.085),
)
"""Angle from the front (radians) and height over the eyes' middle (metres) of the hairline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Where things are on a head in the zero pose, metres."""

    eyes: Float[Tensor, "2 3"]
    """Middles of the left and the right eyeball."""
    eye_radius_m: float
    mouth: Float[Tensor, "3"]
    """Middle of the lips' meeting line."""
    axis_z: float
    """Depth of the skull's middle."""
    ear_x: float
    """Half of the skull's width without ears."""

    @property
    def middle(self) -> Float[Tensor, "3"]:
        """Between the eyes."""
        return self.eyes.mean(dim=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Haircut:
    """Metres."""

    top_m: float
    sides_m: float
    lower_m: float = 0.0
    """How much further down than `HAIRLINE` it grows at the sides and the back."""
    fringe_m: float = 0.0
    """How much further down at the front."""
    bun: bool = False
    length_m: float = 0.0
    """How far below the eyes it falls behind; 0 where it does not fall at all."""


def hairline(points: Float[Tensor, "points 3"], face: Face, cut: Haircut) -> Tensor:
    """Metres above (positive) or below the hairline."""
    x, y, z = points.unbind(dim=1)
    angle = torch.atan2(x.abs(), z - face.axis_z)
    knots = torch.tensor(HAIRLINE)
    right = torch.searchsorted(knots[:, 0].contiguous(), angle.contiguous()).clamp(
        1, len(knots) - 1
    )
    (a0, h0), (a1, h1) = knots[right - 1].T, knots[right].T
    share = ((angle - a0) / (a1 - a0)).clamp(0, 1)
    share = share * share * (3 - 2 * share)
    front = torch.exp(-((angle / 0.7) ** 2))
    line = torch.lerp(h0, h1, share) - cut.fringe_m * front - cut.lower_m * (1 - front)
    strands = 0.005 * clouds(points * torch.tensor([110.0, 14.0, 110.0]), octaves=2, seed=11)
    return y - float(face.middle[1]) - line + strands


def hair(head: Piece, face: Face, cut: Haircut) -> Piece:
    """A cap that thins out towards the hairline."""
    piece = clip(replace(head, kind="hair"), hairline(head.verts, face, cut))
    above = hairline(piece.verts, face, cut)
    soft = smooth(piece, 15)
    normals = vertex_normals(soft, piece.faces)
    up = normals[:, 1].clamp(0, 1)
    thick = cut.sides_m + (cut.top_m - cut.sides_m) * up
    thick = thick * (0.25 + 0.75 * step(above / 0.035))
    strands = clouds(soft * torch.tensor([70.0, 14.0, 50.0]), octaves=2, seed=5)
    tufts = clouds(soft * 28, octaves=2, seed=6)
    thick = thick * (1 + 0.28 * tufts) + 0.0022 * strands * step(above / 0.02)
    return replace(piece, verts=soft + (thick + 0.002)[:, None] * normals)


def fall(body: Piece, face: Face, cut: Haircut, start_rad: float = FALL_FROM) -> Piece:
    """Long hair: what falls from the sides and the back of the head, over the ears; from this angle on."""
    top_y = float(face.middle[1]) + 0.03
    rows, columns = int(cut.length_m / STEP_M) + 4, 160
    near = body.verts[body.verts[:, 0].abs() < FALL_HALF_M]
    axis = torch.tensor([0.0, face.axis_z]).expand(rows + 2, 2)
    tube = hang(near, axis, top_m=top_y, slack_m=cut.sides_m + 0.004, taper=0.10)
    turn = torch.linspace(start_rad, 2 * torch.pi - start_rad, columns)
    back = ((start_rad - torch.pi) + (turn - start_rad)).cos()
    length = 0.20 + (cut.length_m - 0.20) * step((back + 0.1) / 0.7)
    down = torch.linspace(0, 1, rows)[:, None] * length
    flat = torch.stack([turn.sin().expand(rows, -1), -down, turn.cos().expand(rows, -1)], dim=-1)
    verts = flat.reshape(-1, 3) * torch.tensor([0.1, 1.0, 0.1])
    verts = wrap(tube, verts + torch.tensor([0.0, top_y, face.axis_z]))
    here = (torch.arange(rows - 1)[:, None] * columns + torch.arange(columns - 1)).reshape(-1)
    below = here + columns
    faces = torch.cat(
        [
            torch.stack([here, below, here + 1], dim=1),
            torch.stack([here + 1, below, below + 1], dim=1),
        ]
    )
    weights = torch.zeros(len(verts), 55)
    weights[:, CHEST] = step((down.reshape(-1) - 0.10) / 0.15)
    weights[:, HEAD] = 1 - weights[:, CHEST]
    piece = Piece(verts=verts, faces=faces, weights=weights, kind="hair")
    locks = clouds(verts * torch.tensor([60.0, 5.0, 60.0]), octaves=2, seed=8)[:, None]
    piece = replace(piece, verts=verts + 0.005 * locks * vertex_normals(verts, faces))
    return turn_in(piece, 0.010)


def bun(weights: Float[Tensor, "1 55"], crown: Float[Tensor, "3"]) -> Piece:
    """A knot of hair: a slightly flattened ball with a spiral groove."""
    rows, columns = 40, 64
    polar = torch.linspace(0, torch.pi, rows)[:, None].expand(rows, columns)
    turn = (torch.arange(columns) / columns * 2 * torch.pi).expand(rows, columns)
    ball = torch.stack(
        [polar.sin() * turn.cos(), polar.sin() * turn.sin(), -polar.cos()], dim=-1
    ).reshape(-1, 3)
    groove = 1 + 0.05 * torch.cos(7 * polar + 2 * turn).reshape(-1, 1)
    verts = crown + ball * groove * torch.tensor([0.040, 0.038, 0.030])
    first = torch.arange(rows - 1)[:, None] * columns
    here = torch.arange(columns)
    after = (here + 1) % columns
    a, b, c, d = first + here, first + after, first + columns + here, first + columns + after
    faces = torch.cat(
        [
            torch.stack([a, b, c], dim=-1).reshape(-1, 3),
            torch.stack([b, d, c], dim=-1).reshape(-1, 3),
        ]
    )
    return Piece(verts=verts, faces=faces, weights=weights.expand(len(verts), -1), kind="hair")
