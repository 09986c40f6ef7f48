"""The turns of a person's joints that best explain how points of the surface moved in a picture.

Clothes other than asked for have their edges elsewhere, and such an edge looks like a limb that has moved. What tells
them apart is the skeleton: the belly cannot rise by a hand while hips and neck stay. So shifts are explained by small
turns of the joints and a move of the whole, which keep the bones' lengths, and shifts that no such pose explains are
outvoted. Where a limb tells nothing, it goes with the one it hangs on.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.body.model import PARENTS

USUAL_RAD = 0.06
"""How far a joint is usually off, about 3 degrees: what a turn costs, against shifts that are known to about a pixel."""
FREE = 1e-3
"""Share of that cost for turning and moving the person as a whole."""
USUAL_SPREAD = 1.5
"""Residuals up to this many times the median square are no sign of a mistake."""
ROUGH = 0.1
"""Nor are those up to this share of how far the pose moves a point: skin bends where bones do not."""
LEAST_SPREAD = 0.05
"""The least that is taken for the usual square, in squared pixels."""
ROUNDS = 12
SAME_M2 = 1e-6
"""Squared distances to bones that differ by less are equal."""
STILL_PX = 0.002
"""A round that moves no point further than this is the last."""


def explain(
    points: Float[Tensor, "points 3"],
    joints: Float[Tensor, "joints 3"],
    shift: Float[Tensor, "points 2"],
    information: Float[Tensor, "points 2 2"],
    K: Float[Tensor, "3 3"],
) -> Float[Tensor, "points 2"]:
    """The shifts (pixels) that the best pose gives the points; points and joints in metres, camera axes.

    Linear in the turns, as they are small: a point moves by the cross product of each turn above it with its arm, seen
    through the camera's derivative. Gauss's normal equations, a normal prior on the turns, Cauchy's robust weights.
    """
    sure = information.diagonal(dim1=1, dim2=2).sum(1) > 0
    if not bool(sure.any()):
        return torch.zeros_like(shift)
    A = _effects(points.double(), joints.double(), K.double())
    known = information.double()
    known = known / known.diagonal(dim1=1, dim2=2).sum(1)[sure].median()
    cost = torch.full((A.shape[2],), USUAL_RAD**-2, dtype=torch.float64)
    cost[:3] *= FREE
    cost[-3:] *= FREE
    trace = known.diagonal(dim1=1, dim2=2).sum(1) / 2
    robust = torch.ones(len(points), dtype=torch.float64)
    wanted, found = shift.double(), torch.zeros_like(shift, dtype=torch.float64)
    table, weighed, cost = A.flatten(0, 1), (known @ A).flatten(0, 1), torch.diag(cost)
    for _ in range(ROUNDS):
        now = (weighed * robust.repeat_interleave(2)[:, None]).T
        turns = torch.linalg.solve(now @ table + cost, now @ wanted.flatten())
        before, found = found, (table @ turns).view_as(wanted)
        left = wanted - found
        square = ((known @ left[..., None])[..., 0] * left).sum(1)
        usual = (USUAL_SPREAD * square[sure].median()).clamp_min(LEAST_SPREAD)
        robust = 1 / (1 + square / (usual + ROUGH**2 * trace * found.square().sum(1)))
        if float((found - before).abs().max()) < STILL_PX:
            break
    return found.float()


def _effects(
    points: Float[Tensor, "points 3"], joints: Float[Tensor, "joints 3"], K: Float[Tensor, "3 3"]
) -> Float[Tensor, "points 2 unknowns"]:
    """How pixels change with each joint's turn (three each, radians) and a move of the whole (metres)."""
    x, y, z = points.unbind(1)
    zero = torch.zeros_like(z)
    across = torch.stack([K[0, 0] / z, K[0, 1] / z, -(K[0, 0] * x + K[0, 1] * y) / z**2], dim=1)
    down = torch.stack([zero, K[1, 1] / z, -K[1, 1] * y / z**2], dim=1)
    seen = torch.stack([across, down], dim=1)
    arm = points[:, None] - joints
    # seen . (turn x arm) = turn . (arm x seen)
    turned = torch.linalg.cross(arm[:, None].expand(-1, 2, -1, -1), seen[:, :, None])
    moves = _above(len(joints))[bones(points, joints)]
    return torch.cat([(turned * moves[:, None, :, None]).flatten(2), seen], dim=2)


def _above(count: int) -> Float[Tensor, "joints joints"]:
    """1 where the joint (column) is the joint (row) or one that it hangs on."""
    table = torch.eye(count, dtype=torch.float64)
    for joint in range(1, count):
        table[joint] += table[PARENTS[joint]]
    return table


def bones(
    points: Float[Tensor, "points 3"], joints: Float[Tensor, "joints 3"]
) -> Int[Tensor, " points"]:
    """The joint with which each point turns: the upper one of the nearest bone, or the last one of a limb."""
    ends = [joint for joint in range(len(joints)) if joint not in PARENTS[: len(joints)]]
    lines = [(PARENTS[joint], joint) for joint in range(1, len(joints))] + [(e, e) for e in ends]
    start, end = (joints[list(line)] for line in zip(*lines, strict=True))
    # By products of matrices, about the joints' middle for precision: scores ask for every pixel's bone.
    middle, way = joints.mean(0), end - start
    start, places = start - middle, points - middle
    length = way.square().sum(1).clamp_min(1e-9)
    along = places @ way.T - (start * way).sum(1)
    share = (along / length).clamp(0, 1)
    distances = start.square().sum(1) - 2 * places @ start.T + share * (share * length - 2 * along)
    # Of equally near ones the last counts: beyond its end a limb turns with its last joint.
    nearest = (distances - SAME_M2 * torch.arange(len(lines))).argmin(1)
    return torch.tensor([upper for upper, _ in lines])[nearest]
