"""Anny's bones moved, once per body, to where SMPL-X keeps the same joints in its zero pose.

Each group of bones gets one affine map, a "move": the smallest rotation that aligns it, a stretch along itself only,
and a shift. Hips stay Anny's own: they lie twice as far apart as SMPL-X's joints, inside the same outer shape.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.bones import REST_JOINTS, finger_bones
from reimagine.body.joints import ANKLES, HIPS, SHOULDERS, WRISTS, Joint

_FOOT_OUT_RAD = 0.105
"""How far the feet of SMPL-X's zero pose turn out: 6 degrees, measured on a posed mesh."""
_FINGER_DOWN_RAD = 0.06
"""How far its straight fingers point down."""
_SIDES = ("L", "R")
_LIMBS = (
    ("upperleg", "upperleg01", "lowerleg01", 1, 4),
    ("lowerleg", "lowerleg01", "foot", 4, 7),
    ("upperarm", "upperarm01", "lowerarm01", 16, 18),
    ("lowerarm", "lowerarm01", "wrist", 18, 20),
)
"""Prefix of the bones, where they start and end, and the left SMPL-X joints that these come to; right is one more."""
_IN_GROUP = {"toe": "foot", "wrist": "hand", "metacarpal": "hand", "shoulder01": "shoulder"}
_CHAINS = tuple(chain for side in _SIDES for chain in finger_bones(side))
_GROUPS = (
    "body",
    *(f"{limb[0]}.{side}" for limb in _LIMBS for side in _SIDES),
    *(f"{group}.{side}" for group in ("foot", "hand", "clavicle", "shoulder") for side in _SIDES),
    *(bone for chain in _CHAINS for bone in chain),
)
MOVES = len(_GROUPS)
"""How many groups move as one piece."""


def bone_move(bone: str) -> int:
    """Which of the `MOVES` moves a bone of Anny's takes part in."""
    if bone in _GROUPS:
        return _GROUPS.index(bone)
    part, _, side = bone.partition(".")
    for prefix in (*(limb[0] for limb in _LIMBS), *_IN_GROUP, "foot", "clavicle"):
        if part.startswith(prefix):
            return _GROUPS.index(f"{_IN_GROUP.get(prefix, prefix)}.{side}")
    return 0


def moves(
    heads: Float[Tensor, "bones 3"], tips: Float[Tensor, "10 3"], at: dict[str, int]
) -> tuple[Float[Tensor, "moves 3 4"], Float[Tensor, "55 3"]]:
    """The move of each group from Anny's rest into the SMPL-X zero pose, and the 55 joints there. Differentiable.

    Args:
        heads: Where Anny's bones start at rest, metres, our axes (Y up, facing +Z, +X left).
        tips: Finger tips at rest, left 1 to 5 (thumb first), then right.
        at: Number of each bone.
    """
    placed = _placement(heads, at)
    heads, tips = _apply(placed, heads), _apply(placed, tips)
    hands = _hands(heads, at)
    fingers, finger_joints = _flat_fingers(heads, tips, hands, at)
    shoulders = REST_JOINTS[SHOULDERS] - heads[[at["upperarm01.L"], at["upperarm01.R"]]]
    body = _shifts(torch.zeros(1, 3))
    limbs, feet = _limbs(heads, at), _feet(heads, at)
    parts = [body, limbs, feet, hands, _shifts(0.35 * shoulders), _shifts(0.8 * shoulders), fingers]
    face = heads[[at["jaw"], at["eye.L"], at["eye.R"]]]
    joints = torch.cat([REST_JOINTS, face, finger_joints])
    return _after(torch.cat(parts), placed), joints


def _placement(heads: Float[Tensor, "bones 3"], at: dict[str, int]) -> Float[Tensor, "3 4"]:
    """Scale and shift to SMPL-X's height from ankles to head joint, to its ankle height, and under its hips."""
    ankles = heads[[at["foot.L"], at["foot.R"]]].mean(0)
    hips = heads[[at["upperleg01.L"], at["upperleg01.R"]]].mean(0)
    wanted_ankles, wanted_hips = REST_JOINTS[ANKLES].mean(0), REST_JOINTS[HIPS].mean(0)
    scale = (REST_JOINTS[Joint.HEAD] - wanted_ankles)[1] / (heads[at["head"]] - ankles)[1]
    here = torch.stack([hips[0], ankles[1], hips[2]])
    there = torch.stack([wanted_hips[0], wanted_ankles[1], wanted_hips[2]])
    return torch.cat([scale * torch.eye(3), (there - scale * here)[:, None]], 1)


def _limbs(heads: Float[Tensor, "bones 3"], at: dict[str, int]) -> Float[Tensor, "limbs 3 4"]:
    """Each limb turned, and stretched along itself, onto the line between its two joints."""
    sides = [(limb, side, right) for limb in _LIMBS for right, side in enumerate(_SIDES)]
    start = heads[[at[f"{first}.{side}"] for (_, first, _, _, _), side, _ in sides]]
    end = heads[[at[f"{last}.{side}"] for (_, _, last, _, _), side, _ in sides]]
    new_start = REST_JOINTS[[joint + right for (_, _, _, joint, _), _, right in sides]]
    new_end = REST_JOINTS[[joint + right for (_, _, _, _, joint), _, right in sides]]
    is_thigh = torch.tensor([limb[0] == "upperleg" for limb, _, _ in sides])
    new_start = torch.where(is_thigh[:, None], start, new_start)

    own, wanted = end - start, new_end - new_start
    unit = own / own.norm(dim=1, keepdim=True)
    growth = (wanted.norm(dim=1) / own.norm(dim=1) - 1)[:, None, None]
    stretch = torch.eye(3) + growth * unit[:, :, None] * unit[:, None, :]
    return _about(_smallest_rotation(own, wanted) @ stretch, start, new_start)


def _feet(heads: Float[Tensor, "bones 3"], at: dict[str, int]) -> Float[Tensor, "2 3 4"]:
    """Turned about the vertical only, so that the soles stay flat."""
    ankles = heads[[at["foot.L"], at["foot.R"]]]
    heading = (heads[[at["toe2-1.L"], at["toe2-1.R"]]] - ankles) * torch.tensor([1.0, 0.0, 1.0])
    x, z = math.sin(_FOOT_OUT_RAD), math.cos(_FOOT_OUT_RAD)
    wanted = torch.tensor([[x, 0.0, z], [-x, 0.0, z]])
    return _about(_smallest_rotation(heading, wanted), ankles, REST_JOINTS[ANKLES])


def _hands(heads: Float[Tensor, "bones 3"], at: dict[str, int]) -> Float[Tensor, "2 3 4"]:
    """Middle fingers pointing away from the body."""
    wrists = heads[[at["wrist.L"], at["wrist.R"]]]
    own = heads[[at["finger3-1.L"], at["finger3-1.R"]]] - wrists
    wanted = torch.tensor([[1.0, -0.05, 0.0], [-1.0, -0.05, 0.0]])
    return _about(_smallest_rotation(own, wanted), wrists, REST_JOINTS[WRISTS])


def _flat_fingers(
    heads: Float[Tensor, "bones 3"],
    tips: Float[Tensor, "10 3"],
    hands: Float[Tensor, "2 3 4"],
    at: dict[str, int],
) -> tuple[Float[Tensor, "30 3 4"], Float[Tensor, "30 3"]]:
    """Anny's curled fingers straightened, each in its own heading; thumbs stay as they are. Also their joints."""
    hand = hands.repeat_interleave(5, 0)[:, None]
    start = heads[torch.tensor([[at[bone] for bone in chain] for chain in _CHAINS])]
    number = [int(chain[0][6]) - 1 + 5 * chain[0].endswith("R") for chain in _CHAINS]
    end = torch.cat([start[:, 1:], tips[number][:, None]], 1)
    along = (hand[..., :3] @ (end - start)[..., None])[..., 0]
    heading = along * torch.tensor([1.0, 0.0, 1.0])
    heading = heading / heading.norm(dim=-1, keepdim=True)
    down = torch.tensor([0.0, -math.sin(_FINGER_DOWN_RAD), 0.0])
    is_thumb = torch.tensor([chain[0].startswith("finger1") for chain in _CHAINS])[:, None, None]
    wanted = torch.where(is_thumb, along, heading * math.cos(_FINGER_DOWN_RAD) + down)

    turn = _smallest_rotation(along, wanted) @ hand[..., :3]
    bones = (turn @ (end - start)[..., None])[..., 0]
    first = _apply(hands.repeat_interleave(5, 0), start[:, 0])[:, None]
    joints = torch.cat([first, first + bones[:, :2].cumsum(1)], 1)
    return _about(turn, start, joints).flatten(0, 1), joints.flatten(0, 1)


def _smallest_rotation(
    a: Float[Tensor, "*#batch 3"], b: Float[Tensor, "*#batch 3"]
) -> Float[Tensor, "*batch 3 3"]:
    """From direction a onto direction b: I + K + K K / (1 + a.b) with K the cross product by a x b; not for a = -b."""
    a, b = (v / v.norm(dim=-1, keepdim=True) for v in torch.broadcast_tensors(a, b))
    x, y, z = torch.linalg.cross(a, b).unbind(-1)
    zero = torch.zeros_like(x)
    K = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    return torch.eye(3) + K + K @ K / (1 + (a * b).sum(-1))[..., None, None]


def _about(
    turn: Float[Tensor, "*batch 3 3"], point: Float[Tensor, "*batch 3"], new: Tensor
) -> Float[Tensor, "*batch 3 4"]:
    """The map that turns and brings `point` to `new`."""
    return torch.cat([turn, new[..., None] - turn @ point[..., None]], -1)


def _shifts(by: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 4"]:
    return torch.cat([torch.eye(3).expand(*by.shape, 3), by[..., None]], -1)


def _apply(move: Float[Tensor, "*#batch 3 4"], point: Float[Tensor, "*#batch 3"]) -> Tensor:
    return (move[..., :3] @ point[..., None])[..., 0] + move[..., 3]


def _after(move: Float[Tensor, "moves 3 4"], first: Float[Tensor, "3 4"]) -> Tensor:
    """The map that does `first`, then `move`."""
    turn = move[..., :3]
    return torch.cat([turn @ first[:, :3], turn @ first[:, 3:] + move[..., 3:]], -1)
