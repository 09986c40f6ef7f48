"""Garments of many cuts, tailored from a body's own surface in the SMPL-X zero pose, at a standing height of 1.7 m."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.synth.drape import STEP_M, Tube, hang, wrap
from reimagine.synth.noise import clouds
from reimagine.synth.pieces import (
    Piece,
    clip,
    components,
    even_normals,
    keep,
    smooth,
    step,
    turn_in,
)
from reimagine.synth.wardrobe import (
    ARM_JOINTS,
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    L_WRIST,
    NECK,
    beyond_collar,
    leg_axis,
)

WAIST_M = 0.16
"""How far above the hip joints trousers and skirts begin."""
_TORSO_END_M = 0.06
"""How far above the hip joints the body is still one tube."""


CHEST = 9
_COLLARS: dict[str, tuple[tuple[float, float], ...]] = {
    "shirt": ((-0.012, 0.0), (0.024, -0.002), (0.030, 0.004), (0.004, 0.016), (-0.020, 0.030)),
    "stand": ((-0.015, 0.004), (0.020, 0.002), (0.050, 0.004), (0.052, 0.012), (0.0, 0.016)),
    "roll": ((-0.015, 0.0), (0.035, 0.0), (0.058, 0.004), (0.054, 0.014), (0.010, 0.014)),
    "lapel": ((-0.010, 0.004), (0.022, 0.002), (0.026, 0.010), (-0.012, 0.028)),
    "hood": (
        (-0.03, 0.010),
        (0.0, 0.020),
        (0.055, 0.012),
        (0.062, 0.030),
        (0.045, 0.070),
        (-0.01, 0.095),
        (-0.07, 0.080),
        (-0.09, 0.050),
    ),
}
"""Height above the neck joint and distance from the neck, from the inner edge over the top to the outer one, metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Garment:
    """How a garment is cut; metres at a standing height of 1.7 m unless said otherwise."""

    name: str
    part: str
    """"upper" or "lower"."""
    sleeve: float | None = None
    """Where sleeves end: 0 shoulder, 1 elbow, 2 wrist, below 0 sleeveless; None: nothing above the waist."""
    hem: float | None = None
    """Where what hangs about the trunk ends: 0 hip joints, 1 knees, 2 ankles, negative above the hips; None: legs instead."""
    legs: float | None = None
    """Where trouser legs end, likewise; None: no legs."""
    ease: float = 0.016
    """Room between body and cloth."""
    flare: float = -0.06
    """How much wider a tube gets per metre downwards; negative: it may narrow so much."""
    sleeve_ease: float = 0.012
    """Room in the sleeve at its end."""
    neck: str = "crew"
    """crew, v, deep, wide, shirt, stand, roll, hood, lapel, wrap, or bib (no shoulders)."""
    open_m: float | None = None
    """Half of the gap in front at the chest; None: closed."""
    folds: int = 0
    """Folds or pleats around the hem."""
    fold_m: float = 0.0
    """Depth of the folds at the hem."""
    quilt_m: float = 0.0
    """Depth of the seams of quilting, 7 cm apart."""
    belt: bool = False
    overlap: bool = False
    """Whether one front lies over the other, as on robes."""
    thick: float = 0.006
    """Of hems and cuffs."""


_HIP_TAPER = 0.3
"""How much trouser legs narrow per metre at the hips."""


def torso(
    garment: Garment,
    body: Piece,
    joints: Float[Tensor, "55 3"],
    lift: float,
    under: Float[Tensor, "under_verts 3"] | None = None,
) -> Piece:
    """What covers trunk and arms; `lift` keeps outer layers off inner ones; it hangs over the points `under` it."""
    assert garment.sleeve is not None
    assert garment.hem is not None
    hips_y = float(joints[L_HIP, 1])
    hem_y = height_at(joints, garment.hem)
    low_y = max(hips_y + _TORSO_END_M, hem_y)
    shoulder_x, sleeve_x = float(joints[L_SHOULDER, 0]), sleeve_end(joints, garment.sleeve)
    if garment.sleeve < 0:
        piece = clip(replace(body, kind=garment.name), armhole(body.verts, joints))
    else:
        piece = clip(replace(body, kind=garment.name), sleeve_x - body.verts[:, 0].abs())
    piece = clip(piece, piece.verts[:, 1] - low_y)
    piece = clip(piece, neckline(piece.verts, joints, garment.neck))
    label = components(piece)  # the head, which the neckline's cylinder leaves whole, goes
    piece = keep(piece, (label == label[piece.verts[:, 1].argmin()])[piece.faces].all(dim=1))
    arm = piece.weights[:, list(ARM_JOINTS)].sum(dim=1)

    soft = smooth(piece, 12)
    out = even_normals(piece, soft)
    along = ((piece.verts[:, 0].abs() - shoulder_x) / max(sleeve_x - shoulder_x, 0.05)).clamp(0, 1)
    cuff = (
        step((along - 0.75) / 0.25)
        if garment.sleeve > 1.7 and garment.sleeve_ease < 0.035
        else 0 * along
    )
    offset = lift + 0.007 + (garment.sleeve_ease - 0.004) * along * (1 - 0.75 * cuff)
    verts = torch.lerp(piece.verts, soft, 0.6) + offset[:, None] * out
    verts = _bell(verts, joints, along, garment.sleeve_ease - 0.03)

    top_y = float(joints[L_SHOULDER, 1]) - 0.05
    lowered = verts.clone()
    if hem_y < low_y:
        let_down = (top_y - verts[:, 1]).clamp_min(0)
        end_y = max(hem_y, hips_y - 0.05 if has_skirt(garment) else hips_y - 0.14)
        lowered[:, 1] = verts[:, 1] - let_down * (low_y - end_y) / (top_y - low_y)
    tube = trunk_tube(garment, body, joints, lift, under)
    share = (step((top_y - 0.03 - lowered[:, 1]) / 0.12) * (1 - step(arm / 0.5)))[:, None]
    verts = torch.lerp(lowered, wrap(tube, lowered), share)
    piece = replace(piece, verts=verts)
    verts = smooth(piece, 6)
    if under is None:
        return replace(piece, verts=verts)
    # Over a skirt it moves as the skirt does.
    low = (step((hips_y + 0.02 - verts[:, 1]) / 0.08) * (1 - step(arm / 0.5)))[:, None]
    weights = torch.lerp(piece.weights, skirt_weights(verts, joints), low)
    return replace(piece, verts=verts, weights=weights)


def skirt(
    garment: Garment,
    body: Piece,
    joints: Float[Tensor, "55 3"],
    lift: float,
    under: Float[Tensor, "under_verts 3"] | None = None,
) -> Piece:
    """What hangs about both legs from the hips (with a torso above) or the waist down."""
    assert garment.hem is not None
    hips_y = float(joints[L_HIP, 1])
    start_y = hips_y + (-0.01 if garment.sleeve is not None else WAIST_M)
    hem_y = height_at(joints, garment.hem)
    tube = trunk_tube(garment, body, joints, lift, under)
    rows, columns = max(8, int((start_y - hem_y) / 0.012)), 144
    turn = (torch.arange(columns) / columns) * 2 * torch.pi
    down = torch.linspace(0, 1, rows)
    y = (start_y - down * (start_y - hem_y))[:, None].expand(rows, columns)
    centre = tube.axis[0, 1]
    flat = torch.stack([turn.sin().expand(rows, -1), y, turn.cos().expand(rows, -1)], dim=-1)
    verts = flat.reshape(-1, 3) * torch.tensor([0.1, 1.0, 0.1]) + torch.stack(
        [torch.zeros(()), torch.zeros(()), centre]
    )
    verts = wrap(tube, verts)
    away = torch.nn.functional.normalize(
        (verts - torch.tensor([0.0, 0.0, float(centre)])) * torch.tensor([1.0, 0.0, 1.0]), dim=1
    )
    if garment.sleeve is not None:  # begins beneath the torso's lower edge
        tucked = 0.006 * (1 - step((start_y - verts[:, 1] - 0.025) / 0.03))
        verts = verts - tucked[:, None] * away
    if garment.folds:
        phase = turn[None] * garment.folds + 0.7 * torch.sin(3 * turn)[None] + 1.2 * down[:, None]
        wave = (garment.fold_m * down[:, None] ** 1.5 * (0.5 + 0.5 * torch.cos(phase))).reshape(
            -1, 1
        )
        verts = verts + wave * away
    faces = grid_faces(rows, columns, closed=True)
    return Piece(verts=verts, faces=faces, weights=skirt_weights(verts, joints), kind=garment.name)


def has_skirt(garment: Garment) -> bool:
    """Whether it goes on below the hips as one tube about both legs."""
    return (
        garment.hem is not None
        and garment.legs is None
        and (garment.sleeve is None or garment.hem > 0.14)
    )


def collar(
    garment: Garment, body: Piece, joints: Float[Tensor, "55 3"], lift: float
) -> Piece | None:
    """What stands about the neck or lies behind it, a piece of its own; None where there is nothing."""
    profile = _COLLARS.get(garment.neck)
    if profile is None:
        return None
    neck = joints[NECK]
    rows, columns = len(profile), 96
    near = body.verts[
        (body.verts[:, 0].abs() < 0.085) & ((body.verts[:, 1] - neck[1] - 0.02).abs() < 0.06)
    ]
    axis = torch.stack([torch.zeros(()), neck[2] + 0.016]).expand(14, 2)
    tube = hang(near, axis, top_m=float(neck[1]) + 0.08, slack_m=0.010 + lift, taper=0.6)
    gap = 0.16 if garment.neck in ("shirt", "hood") else 0.02
    turn = torch.linspace(gap, 2 * torch.pi - gap, columns)
    up, out = torch.tensor(profile).T
    # A neck leans forward: its collar lies lower in front.
    lean = 0.012 - 0.030 * (0.5 + 0.5 * turn.cos())
    behind = (0.5 - 0.5 * turn.cos()) ** 2 if garment.neck == "hood" else torch.ones(columns)
    y = (
        neck[1]
        + 0.005
        + lean[None]
        + up[:, None] * (behind[None] if garment.neck == "hood" else 1.0)
    )
    flat = torch.stack(
        [0.1 * turn.sin().expand(rows, -1), y, neck[2] + 0.016 + 0.1 * turn.cos().expand(rows, -1)],
        dim=-1,
    )
    verts = wrap(tube, flat.reshape(-1, 3))
    away = torch.stack([turn.sin(), torch.zeros(columns), turn.cos()], dim=1)
    verts = verts + ((out[:, None] * behind)[..., None] * away).reshape(-1, 3)
    weights = torch.zeros(len(verts), 55)
    weights[:, NECK], weights[:, CHEST] = 0.5, 0.5
    return Piece(verts=verts, faces=grid_faces(rows, columns), weights=weights, kind=garment.name)


def trousers(garment: Garment, body: Piece, joints: Float[Tensor, "55 3"], lift: float) -> Piece:
    """Trouser legs of any length and width from the waist down."""
    assert garment.legs is not None
    hips_y, end_y = float(joints[L_HIP, 1]), height_at(joints, garment.legs)
    piece = clip(replace(body, kind=garment.name), body.verts[:, 1] - end_y)
    piece = clip(piece, hips_y + WAIST_M - piece.verts[:, 1])
    hands = piece.weights[:, list(ARM_JOINTS)].sum(dim=1)
    piece = keep(piece, (hands < 0.5)[piece.faces].all(dim=1))
    tight = garment.ease < 0.006
    soft = smooth(piece, 6 if tight else 20)
    verts = torch.lerp(piece.verts, soft, 0.7)
    verts = verts + (lift + (0.004 if tight else 0.009)) * even_normals(piece, soft)
    if not tight:
        top_y = hips_y - 0.10
        left = piece.verts[:, 0] > 0
        for side, mine in ((1, left), (-1, ~left)):
            axis = leg_axis(joints, side, top_y, end_y - 0.05)
            leg = body.verts[(body.verts[:, 0] * side > 0) & (body.verts[:, 1] > end_y - 0.02)]
            leg = leg[leg[:, 1] < top_y + 0.05]
            # Cloth follows the leg in from the hips; wide legs widen from the middle of the thigh on.
            below = ((torch.arange(len(axis)) * STEP_M - 0.1) / 0.2).clamp(0, 1)
            taper = torch.lerp(
                torch.full_like(below, _HIP_TAPER), -garment.flare + 0 * below, below
            )
            tube = hang(leg, axis, top_m=top_y, slack_m=garment.ease + lift, taper=taper)
            wrapped = wrap(tube, verts)
            wrapped[:, 0] = torch.maximum(wrapped[:, 0] * side, torch.tensor(0.004)) * side
            share = (step((top_y - verts[:, 1]) / 0.12) * mine)[:, None]
            verts = torch.lerp(verts, wrapped, share)
    return replace(piece, verts=smooth(replace(piece, verts=verts), 3 if tight else 8))


def finished(garment: Garment, piece: Piece, seed: int) -> Piece:
    """Folds, quilting, an open front and thickness at the rims."""
    verts = piece.verts
    normals = even_normals(piece, verts)
    depth = min(0.010, 0.25 * garment.ease + 0.002)
    stretched = verts * torch.tensor([9.0, 22.0, 9.0])
    warped = stretched + 0.8 * clouds(verts * 6, seed=seed)[:, None]
    height = clouds(warped, octaves=2, seed=seed + 1) * depth * 0.5
    if garment.quilt_m:
        across = (verts[:, 1] / 0.075).frac().abs()
        height = height + garment.quilt_m * (torch.sin(across * torch.pi).abs().sqrt() - 0.5)
    return turn_in(replace(piece, verts=verts + height[:, None] * normals), garment.thick)


def opened(garment: Garment, piece: Piece, joints: Float[Tensor, "55 3"], middle_z: float) -> Piece:
    """The piece with its front cut open, wider towards the hem."""
    if garment.open_m is None:
        return piece
    x, y, z = piece.verts.unbind(dim=1)
    below = (float(joints[L_SHOULDER, 1]) - y).clamp_min(0)
    gap = garment.open_m + 0.05 * below + 0.005 * torch.sin(below * 25)
    return clip(piece, torch.maximum(x.abs() - gap, middle_z - z))


def trunk_tube(
    garment: Garment,
    body: Piece,
    joints: Tensor,
    lift: float,
    under: Float[Tensor, "under_verts 3"] | None = None,
) -> Tube:
    """The tube that cloth about the trunk hangs on, from below the armpits down to the hem, around what is `under` it."""
    assert garment.hem is not None
    top_y = float(joints[L_SHOULDER, 1]) - 0.05
    bottom_y = min(height_at(joints, garment.hem), float(joints[L_HIP, 1])) - 0.03
    on_trunk = body.weights[:, list(ARM_JOINTS)].sum(dim=1) < 0.3
    points = body.verts[on_trunk]
    rows = int((top_y - bottom_y) / STEP_M) + 3
    heights = top_y - STEP_M * torch.arange(rows)
    hips_y = float(joints[L_HIP, 1])
    middle: list[Tensor] = []
    for y in heights.clamp_min(hips_y):
        near = points[(points[:, 1] - y).abs() < 0.02][:, 2]
        middle.append((near.min() + near.max()) / 2)
    z = torch.stack(middle)
    z = torch.nn.functional.avg_pool1d(
        torch.nn.functional.pad(z[None, None], (6, 6), mode="replicate"), 13, 1
    )[0, 0]
    axis = torch.stack([torch.zeros(rows), z], dim=1)
    # Cloth falls in from the armpits to the waist; only below the hips does it flare.
    fitted = 0.34 if garment.ease < 0.02 else 0.14
    taper = torch.where(heights > hips_y + 0.06, max(fitted, -garment.flare), -garment.flare)
    around = points if under is None else torch.cat([points, under])
    return hang(around, axis, top_m=top_y, slack_m=garment.ease + lift, taper=taper)


def skirt_weights(verts: Float[Tensor, "verts 3"], joints: Tensor) -> Float[Tensor, "verts 55"]:
    """Pelvis at the hips; below, both thighs and some of the shins, blended from left to right."""
    hip_y, knee_y = float(joints[L_HIP, 1]), float(joints[L_KNEE, 1])
    y = verts[:, 1]
    legs = 0.9 * step((hip_y + 0.05 - y) / 0.30)
    shins = 0.55 * step((knee_y - y) / 0.25)
    left = step(verts[:, 0] / 0.24 + 0.5)
    weights = torch.zeros(len(verts), 55)
    weights[:, 0] = 1 - legs
    for share, hip, knee in ((left, L_HIP, L_KNEE), (1 - left, L_HIP + 1, L_KNEE + 1)):
        weights[:, hip] = legs * share * (1 - shins)
        weights[:, knee] = legs * share * shins
    return weights


def sleeve_end(joints: Float[Tensor, "55 3"], sleeve: float) -> float:
    """Where the sleeves end, |x|; fingers stay free."""
    ends = [float(joints[k, 0]) for k in (L_SHOULDER, L_ELBOW, L_WRIST)]
    first = min(max(int(sleeve), 0), 1)
    return ends[first] + (sleeve - first) * (ends[first + 1] - ends[first])


def armhole(verts: Float[Tensor, "verts 3"], joints: Tensor) -> Float[Tensor, " verts"]:
    """Metres inside the cut of a sleeveless top: a strap over the shoulder, a round hole down to below the armpit."""
    shoulder = joints[L_SHOULDER]
    below = float(shoulder[1]) + 0.02 - verts[:, 1]
    limit = 0.118 + 0.5 * (below - 0.10).clamp(0, 0.14) + 4.0 * (below - 0.17).clamp_min(0)
    return limit - verts[:, 0].abs()


def neckline(verts: Tensor, joints: Tensor, neck: str) -> Tensor:
    """Metres outside the hole for the neck."""
    radius = {"crew": 0.080, "wide": 0.115, "deep": 0.095, "bib": 0.08}.get(neck, 0.074)
    hole = beyond_collar(verts, joints, radius)
    depth = {"v": 0.13, "deep": 0.17, "lapel": 0.24, "wrap": 0.15, "shirt": 0.045}.get(neck)
    if depth is None:
        return hole
    y, z = (verts - joints[NECK])[:, 1:].unbind(dim=1)
    wedge = (y + depth) * 0.42 - verts[:, 0].abs()
    return torch.minimum(hole, torch.where(z > -0.01, -wedge, torch.ones(())))


def height_at(joints: Float[Tensor, "55 3"], share: float) -> float:
    """Height of a place on the leg: 0 hip joints, 1 knees, 2 ankles, -1 is 30 cm above the hips."""
    hip, knee, ankle = (float(joints[k, 1]) for k in (L_HIP, L_KNEE, L_ANKLE))
    if share < 0:
        return hip - 0.30 * share
    first = min(int(share), 1)
    ends = (hip, knee, ankle)
    return ends[first] + (share - first) * (ends[first + 1] - ends[first])


def grid_faces(rows: int, columns: int, *, closed: bool = False) -> Int[Tensor, "faces 3"]:
    """Faces of a grid counted row by row, its last column joined to the first where `closed`; outwards for a tube that runs down."""
    column = torch.arange(columns if closed else columns - 1)
    here = torch.arange(rows - 1)[:, None] * columns + column
    after = torch.arange(rows - 1)[:, None] * columns + (column + 1) % columns
    first = torch.stack([here, here + columns, after], dim=-1)
    second = torch.stack([after, here + columns, after + columns], dim=-1)
    return torch.cat([first.reshape(-1, 3), second.reshape(-1, 3)])


def _bell(verts: Tensor, joints: Tensor, along: Tensor, wide_m: float) -> Tensor:
    """Sleeves that widen towards their end, most downwards, where they hang."""
    if wide_m <= 0:
        return verts
    away = verts - joints[L_ELBOW]
    lower = (-away[:, 1] > 0).float()
    out = verts.clone()
    out[:, 1] = verts[:, 1] - wide_m * along**1.5 * (0.4 + 1.6 * lower)
    return out
