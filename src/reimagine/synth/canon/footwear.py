"""Shoes of eight shapes, socks and bare feet, in the zero pose at a standing height of 1.7 m."""

from dataclasses import dataclass, replace

import torch
from einops import rearrange
from jaxtyping import Float
from scipy.spatial import KDTree
from torch import Tensor

from reimagine.synth.drape import hang, wrap
from reimagine.synth.pieces import Piece, clip, even_normals, smooth, turn_in
from reimagine.synth.shapes import joined, tube
from reimagine.synth.shoes import ANGLES, even_rows, outline, tube_faces
from reimagine.synth.wardrobe import L_ANKLE, leg_axis

ROWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Footwear:
    """A shape of shoe, metres."""

    top_m: float
    """How far above the ankle it reaches."""
    sole_m: float = 0.018
    wall_m: float = 0.005
    """Thickness of the upper."""
    point_m: float = 0.0
    """How far the toe goes on beyond the foot, to a point."""
    heel_m: float = 0.0
    """Height of a heel block."""
    shaft_m: float = 0.0
    """How far above the ankle a boot's shaft reaches; 0: none."""
    straps: bool = False
    """Open, with straps over the bare foot."""


SHOES = {
    "trainers": Footwear(top_m=0.010, sole_m=0.026, wall_m=0.007),
    "oxfords": Footwear(top_m=0.000, sole_m=0.016, wall_m=0.004, point_m=0.022, heel_m=0.012),
    "loafers": Footwear(top_m=-0.018, sole_m=0.012, wall_m=0.004, point_m=0.008),
    "flats": Footwear(top_m=-0.036, sole_m=0.006, wall_m=0.003, point_m=0.006),
    "ankle boots": Footwear(top_m=0.02, sole_m=0.022, wall_m=0.006, heel_m=0.014, shaft_m=0.09),
    "knee boots": Footwear(top_m=0.02, sole_m=0.014, wall_m=0.005, heel_m=0.016, shaft_m=0.30),
    "heels": Footwear(top_m=-0.034, sole_m=0.010, wall_m=0.003, point_m=0.026, heel_m=0.045),
    "platforms": Footwear(top_m=-0.010, sole_m=0.050, wall_m=0.006),
    "sandals": Footwear(top_m=-0.060, sole_m=0.018, straps=True),
}


def shoe_pieces(shape: Footwear, body: Piece, joints: Float[Tensor, "55 3"]) -> list[Piece]:
    """Both shoes."""
    pieces: list[Piece] = []
    for side in (1, -1):
        pieces.append(_upper(shape, body, joints, side))
        if shape.heel_m:
            pieces.append(_heel(shape, body, joints, side))
        if shape.shaft_m:
            pieces.append(_shaft(shape, body, joints, side))
        if shape.straps:
            pieces += _straps(body, joints, side)
    return [replace(one, kind="shoes") for one in pieces]


def sock_pieces(body: Piece, joints: Float[Tensor, "55 3"], top_m: float) -> list[Piece]:
    """Socks up to `top_m` above the ankle; tights where that is beyond the hips."""
    top_y = float(joints[L_ANKLE, 1]) + top_m
    piece = clip(replace(body, kind="sock"), top_y - body.verts[:, 1])
    hands = (
        piece.weights[:, 13:15].sum(dim=1)
        + piece.weights[:, 16:22].sum(dim=1)
        + piece.weights[:, 25:].sum(dim=1)
    )
    piece = clip(piece, 0.4 - hands)
    soft = smooth(piece, 4)
    return [turn_in(replace(piece, verts=soft + 0.0035 * even_normals(piece, soft)), 0.003)]


def _upper(shape: Footwear, body: Piece, joints: Tensor, side: int) -> Piece:
    """The outline of a foot without its toes, row by row, on a sole."""
    ankle = joints[L_ANKLE if side > 0 else L_ANKLE + 1]
    floor_y = float(body.verts[:, 1].min())
    top_y = max(float(ankle[1]) + shape.top_m, floor_y + 0.022)
    is_foot = (body.verts[:, 0] * side > 0) & (
        body.verts[:, 1] < max(top_y, float(ankle[1])) + 0.03
    )
    foot = body.verts[is_foot]
    sole_y = floor_y - shape.sole_m
    heights = torch.cat(
        [torch.linspace(top_y, floor_y, ROWS - 4), torch.linspace(floor_y - 1e-3, sole_y, 4)]
    )
    radius = torch.stack([outline(foot, ankle, max(float(y), floor_y + 0.004)) for y in heights])
    radius = even_rows(radius + shape.wall_m)
    angle = torch.arange(ANGLES) / ANGLES * 2 * torch.pi
    ahead = angle.cos().clamp_min(0) ** 12
    radius = radius + shape.point_m * ahead * (radius / radius.amax())
    radius = radius + 0.004 * (heights < floor_y + 0.001)[:, None]
    x, z = ankle[0] + radius * angle.sin(), ankle[2] + radius * angle.cos()
    rings = torch.stack([x, heights[:, None].expand_as(x), z], dim=-1)
    middle = torch.stack([ankle[0], torch.tensor(sole_y), ankle[2] + 0.04])
    verts = torch.cat([rearrange(rings, "rows angles c -> (rows angles) c"), middle[None]])
    return _follow(verts, tube_faces(ROWS), body, is_foot)


def _heel(shape: Footwear, body: Piece, joints: Tensor, side: int) -> Piece:
    ankle = joints[L_ANKLE if side > 0 else L_ANKLE + 1]
    floor_y = float(body.verts[:, 1].min()) - shape.sole_m
    is_foot = (body.verts[:, 0] * side > 0) & (body.verts[:, 1] < floor_y + 0.06)
    heel_z = float(body.verts[is_foot][:, 2].min()) + 0.030
    down = torch.linspace(0.004, -shape.heel_m, 8)
    path = torch.stack([ankle[0].expand(8), floor_y + down, torch.full((8,), heel_z)], dim=1)
    thin = 0.012 if shape.heel_m > 0.03 else 0.028
    radius = torch.linspace(0.028, thin, 8)
    verts, faces = tube(path, radius, sides=16)
    verts[-17:] = verts[-34:-17]  # a flat end rather than a point
    verts[-17:, 1] = floor_y - shape.heel_m
    return _follow(verts, faces, body, is_foot)


def _shaft(shape: Footwear, body: Piece, joints: Tensor, side: int) -> Piece:
    """The tube of a boot about the calf."""
    ankle = joints[L_ANKLE if side > 0 else L_ANKLE + 1]
    top_y, low_y = float(ankle[1]) + shape.shaft_m, float(ankle[1]) - 0.01
    is_leg = (
        (body.verts[:, 0] * side > 0)
        & (body.verts[:, 1] < top_y + 0.03)
        & (body.verts[:, 1] > low_y - 0.05)
    )
    piece = clip(replace(body, kind="shoes"), top_y - body.verts[:, 1])
    piece = clip(piece, piece.verts[:, 1] - low_y)
    piece = clip(piece, piece.verts[:, 0] * side)
    axis = leg_axis(joints, side, top_y, low_y - 0.04)
    leg = hang(body.verts[is_leg], axis, top_m=top_y, slack_m=shape.wall_m + 0.006, taper=0.12)
    piece = replace(piece, verts=wrap(leg, piece.verts))
    return turn_in(replace(piece, verts=smooth(piece, 6)), 0.006)


def _straps(body: Piece, joints: Tensor, side: int) -> list[Piece]:
    """Bands over the foot: slices of its surface."""
    ankle = joints[L_ANKLE if side > 0 else L_ANKLE + 1]
    foot = clip(body, body.verts[:, 0] * side)
    foot = clip(foot, float(ankle[1]) + 0.01 - foot.verts[:, 1])
    bands: list[Piece] = []
    for ahead in (0.055, 0.115):
        across = (
            foot.verts[:, 2] - ankle[2] - ahead + 0.5 * (foot.verts[:, 1] - ankle[1] + 0.05)
        ).abs()
        band = clip(foot, 0.010 - across)
        bands.append(replace(band, verts=band.verts + 0.005 * even_normals(band, band.verts)))
    return [joined(*(turn_in(one, 0.003) for one in bands))]


def _follow(verts: Tensor, faces: Tensor, body: Piece, near: Tensor) -> Piece:
    """A piece whose vertices move with the nearest of the body's."""
    nearest = torch.from_numpy(KDTree(body.verts[near].numpy()).query(verts.numpy())[1])
    return Piece(verts=verts, faces=faces, weights=body.weights[near][nearest], kind="shoes")
