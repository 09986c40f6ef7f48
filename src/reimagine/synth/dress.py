"""A dressed person put together: which pieces, where the face is, and one skin of all."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.body.anny import anny_body
from reimagine.body.model import pose_body
from reimagine.errors import InputError
from reimagine.records import PARTS, Body, Motion, Pose, Skin
from reimagine.synth.hair import Face, bun, fall, hair, hairline
from reimagine.synth.looks import LOOKS, Look, Measure
from reimagine.synth.pieces import KINDS, Piece, clip, components, keep, subdivide
from reimagine.synth.shoes import shoe
from reimagine.synth.wardrobe import HEAD_JOINTS, bare, shirt, sleeve_end, trousers

HEAD = 15
INFLUENCES = 6
PART_OF_KIND = ("skin", "face", "hair", "upper", "lower", "shoes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressed:
    """A made person: the truth that photos of them are taken from."""

    look: Look
    body: Body
    measure: Measure
    skin: Skin
    kind: Int[Tensor, " verts"]
    """Index into `kinds(look)`."""


@cache
def make_dressed(who: str | Look, subdivisions: int = 2) -> Dressed:
    """One of the made people, "alex" or "sam", or one of another look, always the same; each subdivision makes four faces of one.

    Raises:
        InputError: for another name.
    """
    if isinstance(who, str) and who not in LOOKS:
        raise InputError(f"made person {who!r} is unknown; expected one of {', '.join(LOOKS)}.")
    look = LOOKS[who] if isinstance(who, str) else who
    body = anny_body(torch.tensor(look.phenotype), height_m=look.height_m)
    pieces, measure = _pieces(look, body, subdivisions)
    counts = torch.tensor([0] + [len(one.verts) for one in pieces[:-1]]).cumsum(0)
    weights, joints = torch.cat([one.weights for one in pieces]).topk(INFLUENCES, dim=1)
    skin = Skin(
        verts=torch.cat([one.verts for one in pieces]),
        faces=torch.cat(
            [one.faces + start for one, start in zip(pieces, counts, strict=True)]
        ).int(),
        weight_joints=joints.int(),
        weights=weights / weights.sum(dim=1, keepdim=True),
    )
    words = kinds(look)
    kind = torch.cat([torch.full((len(one.verts),), words.index(one.kind)) for one in pieces])
    return Dressed(
        look=look,
        body=body,
        measure=measure,
        skin=skin,
        kind=kind,
    )


def kinds(look: Look) -> tuple[str, ...]:
    """Which kinds of surface a person of this look has: `pieces.KINDS`, then what is new in what is worn."""
    return (*KINDS, *(one.kind for one in look.worn if one.kind not in KINDS))


def parts(dressed: Dressed) -> Int[Tensor, " verts"]:
    """Index into `records.PARTS` of each vertex."""
    new = (one.part for one in dressed.look.worn if one.kind not in KINDS)
    table = torch.tensor([PARTS.index(part) for part in (*PART_OF_KIND, *new)])
    return table[dressed.kind]


def stance(body: Body) -> Pose:
    """How a person stands to be photographed: arms a little away, feet apart, soles at y = 0."""
    poses = torch.zeros(1, 55, 3)
    for side, first in ((1, 0), (-1, 1)):
        poses[0, 1 + first, 2] = -0.03 * side
        poses[0, 7 + first, 2] = 0.03 * side
        poses[0, 13 + first, 2] = -0.10 * side
        poses[0, 16 + first, 2] = -1.12 * side
        poses[0, 18 + first, 1] = -0.22 * side
        poses[0, 20 + first, 1] = -0.1 * side
        start = 25 if side > 0 else 40
        poses[0, start : start + 12, 2] = -0.13 * side
    floor = body.skin.verts[:, 1].min() - 0.006
    motion = Motion(
        poses=poses,
        transl=torch.stack([torch.zeros(()), -floor, torch.zeros(())])[None],
        fps=24.0,
        betas=torch.zeros(10),
    )
    return pose_body(body, motion)


def _pieces(look: Look, body: Body, subdivisions: int) -> tuple[list[Piece], Measure]:
    """Skin, eyes, hair and clothes."""
    coarse = Piece(verts=body.skin.verts, faces=body.skin.faces.long(), weights=_dense(body.skin))
    is_eye = eyeballs(coarse)
    face = find_face(coarse, is_eye, body)
    eye_faces = is_eye[coarse.faces].all(dim=1)
    eyes, whole = keep(replace(coarse, kind="eye"), eye_faces), keep(coarse, ~eye_faces)
    for _ in range(subdivisions):
        eyes, whole = subdivide(eyes), subdivide(whole)
    joints, cut = body.joints, look.cut
    trunk_z = whole.verts[whole.weights[:, 9] > 0.5][:, 2]
    measure = Measure(
        joints=joints,
        face=face,
        floor_y=float(body.skin.verts[:, 1].min()) - 0.006,
        torso_z=float((trunk_z.min() + trunk_z.max()) / 2),
    )
    skin = bare(whole, joints, cut, sleeve_end(joints, cut))
    skull = keep(
        whole, (whole.weights[:, list(HEAD_JOINTS)].sum(dim=1) > 0.6)[whole.faces].all(dim=1)
    )
    cap = hair(outer_head(skull), face, look.haircut)
    pieces = [skin, eyes, cap, shirt(whole, joints, cut), trousers(whole, joints, cut)]
    pieces += [shoe(whole, joints, side) for side in (1, -1)]
    if look.haircut.length_m:
        pieces.append(fall(whole, face, look.haircut))
    if look.haircut.bun:
        behind = skull.verts[hairline(skull.verts, face, look.haircut) > 0]
        crown = behind[behind[:, 2].argmin()]
        follow = torch.zeros(1, 55)
        follow[0, HEAD] = 1
        pieces.append(bun(follow, crown + torch.tensor([0.0, 0.0, -0.024])))
    pieces += [one.make(whole, measure, look) for one in look.worn]
    return pieces, measure


def _dense(skin: Skin) -> Float[Tensor, "verts 55"]:
    weights = torch.zeros(len(skin.verts), 55)
    return weights.scatter_add_(1, skin.weight_joints.long(), skin.weights)


def eyeballs(body: Piece) -> Tensor:
    """Which vertices (bool) are the two eyeballs: round loose pieces in the front of the head."""
    label = components(body)
    found = torch.zeros(len(label), dtype=torch.bool)
    for one in label.unique():
        mine = label == one
        verts = body.verts[mine]
        size = verts.amax(dim=0) - verts.amin(dim=0)
        if 0.015 < float(size.max()) < 0.05 and float(size.min()) > 0.6 * float(size.max()):
            found |= mine
    return found


def find_face(body: Piece, is_eye: Tensor, shape: Body) -> Face:
    """Eyes from the eyeballs, lips from the profile below the nose."""
    balls = body.verts[is_eye]
    sides = (balls[balls[:, 0] > 0], balls[balls[:, 0] < 0])
    eyes = torch.stack([(one.amin(dim=0) + one.amax(dim=0)) / 2 for one in sides])
    radius = float((sides[0].amax(dim=0) - sides[0].amin(dim=0)).max() / 2)
    middle = eyes.mean(dim=0)
    head = body.verts[(body.weights[:, list(HEAD_JOINTS)].sum(dim=1) > 0.6) & ~is_eye]
    skull = head[head[:, 1] > middle[1] + 0.02]
    return Face(
        eyes=eyes,
        eye_radius_m=radius,
        mouth=_mouth(body.verts[~is_eye], middle, float(shape.height_m)),
        axis_z=float((skull[:, 2].min() + skull[:, 2].max()) / 2),
        ear_x=float(skull[:, 0].abs().max()),
    )


def _mouth(verts: Tensor, middle: Tensor, height_m: float) -> Float[Tensor, "3"]:
    """Where the lips meet: the notch of the face's middle line about 3 cm below the tip of the nose."""
    scale = height_m / 1.7
    near = verts[(verts[:, 0] - middle[0]).abs() < 0.005 * scale]
    below = middle[1] - near[:, 1]
    nose = below[near[:, 2].where((below > 0.02) & (below < 0.055), -torch.inf).argmax()]
    rows = nose + torch.linspace(0.026, 0.034, 17) * scale
    depth = torch.stack([near[(below - row).abs() < 0.0012 * scale][:, 2].amax() for row in rows])
    return torch.stack([middle[0], middle[1] - rows[depth.argmin()], depth.min()])


def outer_head(head: Piece) -> Piece:
    """The head without what is inside it (mouth, tongue, teeth): the piece with the crown."""
    label = components(head)
    top = label[head.verts[:, 1].argmax()]
    clipped = keep(head, (label == top)[head.faces].all(dim=1))
    return clip(clipped, clipped.verts[:, 1] - clipped.verts[:, 1].max() + 0.30)
