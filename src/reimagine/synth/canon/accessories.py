"""Glasses, bags, scarves and belts, in the zero pose at a standing height of 1.7 m."""

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.synth.canon.garments import Garment, grid_faces, trunk_tube
from reimagine.synth.drape import wrap
from reimagine.synth.hair import Face
from reimagine.synth.noise import clouds
from reimagine.synth.pieces import Piece, even_normals, step, vertex_normals
from reimagine.synth.shapes import box, curve, joined, line, rigid, tube
from reimagine.synth.wardrobe import ARM_JOINTS, L_HIP, L_SHOULDER, NECK

HEAD, CHEST, SPINE, PELVIS = 15, 9, 3, 0


def glasses(face: Face) -> Piece:
    """Frames with clear lenses: two rims, a bridge, temples to the ears. For a face of usual size."""
    ring = torch.linspace(0, 2 * torch.pi, 41)[:-1]
    half = float(face.eyes[0, 0] - face.middle[0])
    ahead = float(face.middle[2]) + face.eye_radius_m + 0.012
    parts: list[tuple[Tensor, Tensor]] = []
    for side in (1, -1):
        round_x = ring.cos().abs().pow(0.8) * ring.cos().sign()
        round_y = ring.sin().abs().pow(0.8) * ring.sin().sign()
        x = side * (half + 0.001) + 0.0255 * round_x
        y = float(face.middle[1]) - 0.004 + 0.0205 * round_y
        rim = torch.stack([x, y, ahead - 3.0 * x**2], dim=1)
        parts.append(tube(rim, 0.0021 + 0 * x, closed=True))
        hinge = torch.tensor([side * (half + 0.027), float(face.middle[1]) + 0.006, 0.0])
        hinge[2] = ahead - 3.0 * float(hinge[0]) ** 2
        ear = torch.tensor([side * (face.ear_x + 0.004), float(face.middle[1]) + 0.006, 0.0])
        ear[2] = face.axis_z - 0.005
        bend = torch.stack([side * (face.ear_x - 0.001) + 0 * ear[0], ear[1], hinge[2] - 0.03])
        path = torch.cat([line(hinge, bend, 12), line(bend, ear, 24)[1:]])
        parts.append(tube(path, torch.full((len(path),), 0.0021)))
    arch = torch.linspace(-1, 1, 12)
    gap = half - 0.0245
    bridge = torch.stack([gap * arch, 0.004 * (1 - arch**2), 0 * arch], dim=1)
    bridge = bridge + torch.tensor([0.0, float(face.middle[1]) + 0.002, ahead + 0.001])
    parts.append(tube(bridge, torch.full((len(arch),), 0.0021)))
    return joined(*(rigid(one, HEAD, "glasses") for one in parts))


def bag(body: Piece, joints: Float[Tensor, "55 3"], side: int) -> Piece:
    """A shoulder bag at one hip, its strap over the other shoulder."""
    hips_y = float(joints[L_HIP, 1])
    trunk = body.verts[body.weights[:, list(ARM_JOINTS)].sum(dim=1) < 0.3]
    near = trunk[(trunk[:, 1] - hips_y).abs() < 0.03]
    wide = float(near[:, 0].abs().max())
    centre = torch.tensor([side * (wide + 0.065), hips_y - 0.02, 0.0])
    pouch = rigid(box(centre, torch.tensor([0.040, 0.095, 0.120])), PELVIS, "bag")
    shoulder = joints[L_SHOULDER if side < 0 else L_SHOULDER + 1]
    over = torch.stack([shoulder[0] * 0.72, shoulder[1] + 0.085, shoulder[2]])
    loops: list[Piece] = []
    for front in (1, -1):
        chest = torch.stack([torch.tensor(0.02 * side), shoulder[1] - 0.20, torch.tensor(0.0)])
        knots = torch.stack([over, chest, centre + torch.tensor([0.0, 0.085, 0.06 * front])])
        path = curve(knots, 80)
        path = _outside(path, trunk, front)
        strap = rigid(tube(path, torch.full((80,), 0.011), sides=10), CHEST, "bag")
        weights = torch.zeros_like(strap.weights)
        weights[:, CHEST] = step((strap.verts[:, 1] - hips_y - 0.05) / 0.35)
        weights[:, PELVIS] = 1 - weights[:, CHEST]
        loops.append(Piece(verts=strap.verts, faces=strap.faces, weights=weights, kind="bag"))
    return joined(pouch, *loops)


def scarf(body: Piece, joints: Float[Tensor, "55 3"], tail_m: float) -> Piece:
    """A roll of cloth around the neck, one end hanging in front."""
    neck = joints[NECK] + torch.tensor([0.0, 0.012, 0.012])
    turn = torch.linspace(0, 2 * torch.pi, 73)[:-1]
    loops: list[Piece] = []
    for k, (wide, up) in enumerate(((0.088, 0.0), (0.084, 0.024))):
        path = torch.stack(
            [wide * turn.sin(), up - 0.016 * turn.cos(), 1.12 * wide * turn.cos()], dim=1
        )
        lumps = 0.026 * (1 + 0.15 * torch.sin(5 * turn + k))
        loops.append(rigid(tube(neck + path, lumps, sides=14, closed=True), NECK, "upper"))
    front = body.verts[(body.verts[:, 0].abs() < 0.09) & (body.verts[:, 2] > joints[CHEST, 2])]
    rows = torch.linspace(0, tail_m, 40)
    z = torch.stack([front[(front[:, 1] - (neck[1] - d)).abs() < 0.03][:, 2].amax() for d in rows])
    z = torch.maximum(z, z.flip(0).cummax(0).values.flip(0)) + 0.045
    path = torch.stack([0.035 + 0.02 * rows, neck[1] - rows, z], dim=1)
    flat = rigid(tube(path, 0.030 + 0.012 * rows / tail_m, sides=16), CHEST, "upper")
    squeezed = flat.verts.clone()
    centre = z.repeat_interleave(17)
    squeezed[:, 2] = centre + 0.35 * (squeezed[:, 2] - centre)
    piece = joined(
        *loops, Piece(verts=squeezed, faces=flat.faces, weights=flat.weights, kind="upper")
    )
    folds = clouds(piece.verts * torch.tensor([60.0, 16.0, 60.0]), octaves=2, seed=44)[:, None]
    return Piece(
        verts=piece.verts + 0.005 * folds * vertex_normals(piece.verts, piece.faces),
        faces=piece.faces,
        weights=piece.weights,
        kind="upper",
    )


def belt(garment: Garment, body: Piece, joints: Float[Tensor, "55 3"], lift: float) -> Piece:
    """A band about the waist."""
    tube_ = trunk_tube(garment, body, joints, lift + 0.006)
    y = float(joints[L_HIP, 1]) + 0.13
    columns = 97
    turn = torch.linspace(0, 2 * torch.pi, columns)
    heights = torch.tensor([0.024, 0.020, -0.020, -0.024])[:, None]
    flat = torch.stack(
        [turn.sin().expand(4, -1), (y + heights).expand(4, columns), turn.cos().expand(4, -1)],
        dim=-1,
    )
    verts = wrap(tube_, flat.reshape(-1, 3) * torch.tensor([0.1, 1.0, 0.1]))
    faces = grid_faces(4, columns)
    weights = torch.zeros(len(verts), 55)
    weights[:, SPINE] = 0.5
    weights[:, PELVIS] = 0.5
    piece = Piece(verts=verts, faces=faces, weights=weights, kind="belt")
    out = even_normals(piece, verts)
    bulge = torch.tensor([0.0, 0.006, 0.006, 0.0]).repeat_interleave(columns)[:, None]
    return Piece(verts=verts + bulge * out, faces=faces, weights=weights, kind="belt")


def _outside(path: Tensor, trunk: Tensor, front: int) -> Tensor:
    """The path laid onto the trunk's front (1) or back (-1)."""
    out = path.clone()
    for k in range(len(path)):
        near = trunk[
            ((trunk[:, 0] - path[k, 0]).abs() < 0.03) & ((trunk[:, 1] - path[k, 1]).abs() < 0.03)
        ]
        if len(near):
            out[k, 2] = front * (front * near[:, 2]).amax() + 0.022 * front
    for _ in range(8):
        out[1:-1, 2] = (out[:-2, 2] + 2 * out[1:-1, 2] + out[2:, 2]) / 4
    return out
