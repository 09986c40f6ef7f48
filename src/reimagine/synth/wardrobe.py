"""Clothes cut from a body's own surface, in the SMPL-X zero pose (arms out sideways)."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.synth.drape import STEP_M, hang, wrap
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

L_HIP, L_KNEE, L_ANKLE, NECK, L_SHOULDER, L_ELBOW, L_WRIST = 1, 4, 7, 12, 16, 18, 20
HEAD_JOINTS = (15, 22, 23, 24)
ARM_JOINTS = (13, 14, 16, 17, 18, 19, 20, 21, *range(25, 55))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How clothes are cut, metres unless said otherwise."""

    sleeve: float
    """Where the sleeve ends, as a share of the way from shoulder to elbow (0) to wrist (2 at the wrist)."""
    hem_below_hips: float
    """How far the shirt reaches below the hip joints."""
    shirt_slack: float
    trouser_slack: float
    trouser_taper: float
    """By how much a trouser leg may narrow per metre downwards."""
    shirt_taper: float
    collar_m: float
    """Radius of the hole for the neck."""


def shirt(body: Piece, joints: Float[Tensor, "55 3"], cut: Cut) -> Piece:
    """A shirt with sleeves."""
    hips_y = float(joints[L_HIP, 1])
    sleeve_x, shoulder_x = sleeve_end(joints, cut), float(joints[L_SHOULDER, 0])
    # Cut above the crotch, where the body is one tube, then let down: no leotard.
    low_y = hips_y + 0.06
    hem_y = hips_y - cut.hem_below_hips
    piece = clip(replace(body, kind="shirt"), sleeve_x - body.verts[:, 0].abs())
    piece = clip(piece, piece.verts[:, 1] - low_y)
    piece = clip(piece, beyond_collar(piece.verts, joints, cut.collar_m))
    label = components(piece)  # the head, which the collar's cylinder leaves whole, goes
    piece = keep(piece, (label == label[piece.verts[:, 1].argmin()])[piece.faces].all(dim=1))
    arm = piece.weights[:, list(ARM_JOINTS)].sum(dim=1)

    soft = smooth(piece, 12)
    out = even_normals(piece, soft)
    along = ((piece.verts[:, 0].abs() - shoulder_x) / (sleeve_x - shoulder_x)).clamp(0, 1)
    offset = 0.008 + (cut.shirt_slack - 0.004) * along
    verts = torch.lerp(piece.verts, soft, 0.6) + offset[:, None] * out

    top_y = float(joints[L_SHOULDER, 1]) - 0.05
    let_down = (top_y - verts[:, 1]).clamp_min(0)
    lowered = verts.clone()
    lowered[:, 1] = verts[:, 1] - let_down * (low_y - hem_y) / (top_y - low_y)
    axis = _torso_axis(body, top_y, hem_y)
    on_torso = body.weights[:, list(ARM_JOINTS)].sum(dim=1) < 0.3
    tube = hang(
        body.verts[on_torso], axis, top_m=top_y, slack_m=cut.shirt_slack, taper=cut.shirt_taper
    )
    share = (step((top_y - 0.03 - lowered[:, 1]) / 0.12) * (1 - step(arm / 0.5)))[:, None]
    verts = torch.lerp(lowered, wrap(tube, lowered), share)
    verts = smooth(replace(piece, verts=verts), 6)
    return turn_in(_wrinkled(replace(piece, verts=verts), 0.006, seed=3), 0.008)


def trousers(body: Piece, joints: Float[Tensor, "55 3"], cut: Cut) -> Piece:
    """Long trousers, from above the hips to the ankles."""
    hips_y, ankle_y = float(joints[L_HIP, 1]), float(joints[L_ANKLE, 1])
    piece = clip(replace(body, kind="trousers"), body.verts[:, 1] - (ankle_y - 0.03))
    piece = clip(piece, hips_y + 0.16 - piece.verts[:, 1])
    soft = smooth(piece, 20)
    verts = torch.lerp(piece.verts, soft, 0.7) + 0.009 * even_normals(piece, soft)
    # Legs are tubes of their own once they have parted.
    top_y = hips_y - 0.12
    left = piece.verts[:, 0] > 0
    for side, mine in ((1, left), (-1, ~left)):
        axis = leg_axis(joints, side, top_y, ankle_y - 0.05)
        leg = body.verts[(body.verts[:, 0] * side > 0) & (body.verts[:, 1] > ankle_y - 0.02)]
        tube = hang(leg, axis, top_m=top_y, slack_m=cut.trouser_slack, taper=cut.trouser_taper)
        wrapped = wrap(tube, verts)
        # The two legs never cross the middle.
        wrapped[:, 0] = torch.maximum(wrapped[:, 0] * side, torch.tensor(0.004)) * side
        share = (step((top_y - verts[:, 1]) / 0.10) * mine)[:, None]
        verts = torch.lerp(verts, wrapped, share)
    verts = smooth(replace(piece, verts=verts), 8)
    return turn_in(_wrinkled(replace(piece, verts=verts), 0.005, seed=7), 0.006)


def bare(body: Piece, joints: Float[Tensor, "55 3"], cut: Cut, sleeve_x: float) -> Piece:
    """What clothes leave bare: head and neck, arms beyond the sleeves; a little goes on under the cloth."""
    arms = body.verts[:, 0].abs() - (sleeve_x - 0.05)
    neck = 0.035 - beyond_collar(body.verts, joints, cut.collar_m)
    head = 0.1 * (body.weights[:, list(HEAD_JOINTS)].sum(dim=1) - 0.4)
    high = body.verts[:, 1] - (float(joints[L_SHOULDER, 1]) - 0.25)
    return clip(body, torch.minimum(torch.maximum(arms, torch.maximum(neck, head)), high))


def sleeve_end(joints: Float[Tensor, "55 3"], cut: Cut) -> float:
    """Where the sleeves end, |x|."""
    ends = [float(joints[k, 0]) for k in (L_SHOULDER, L_ELBOW, L_WRIST)]
    first = min(int(cut.sleeve), 1)
    return ends[first] + (cut.sleeve - first) * (ends[first + 1] - ends[first])


def beyond_collar(verts: Tensor, joints: Tensor, radius_m: float) -> Tensor:
    """Metres outside the hole for the neck: an upright cylinder that ends on a plane, lower in front."""
    y, z = (verts - joints[NECK])[:, 1:].unbind(dim=1)
    # The body is the same left and right; the joint is not.
    around = (verts[:, 0].square() + ((z - 0.018) / 1.15).square()).sqrt() - radius_m
    below = 0.005 - 0.55 * z - y
    # The larger of both, rounded where they meet.
    return (around + below + ((around - below).square() + 0.035**2).sqrt()) / 2 - 0.005


def _torso_axis(body: Piece, top_y: float, bottom_y: float) -> Float[Tensor, "rows 2"]:
    """X and z of the torso's middle, by height."""
    rows = int((top_y - bottom_y) / STEP_M) + 3
    heights = top_y - STEP_M * torch.arange(rows)
    trunk = body.verts[body.weights[:, list(ARM_JOINTS)].sum(dim=1) < 0.3]
    middle: list[Tensor] = []
    for y in heights:
        near = trunk[(trunk[:, 1] - y).abs() < 0.02][:, 2]
        middle.append((near.min() + near.max()) / 2)
    z = torch.stack(middle)
    return torch.stack([torch.zeros(rows), z], dim=1)


def leg_axis(joints: Tensor, side: int, top_y: float, bottom_y: float) -> Float[Tensor, "rows 2"]:
    """X and z of a leg's bones, by height."""
    hip, knee, ankle = (joints[k if side > 0 else k + 1] for k in (L_HIP, L_KNEE, L_ANKLE))
    rows = int((top_y - bottom_y) / STEP_M) + 3
    y = top_y - STEP_M * torch.arange(rows)
    thigh = ((hip[1] - y) / (hip[1] - knee[1])).clamp(0, 1)[:, None]
    shin = ((knee[1] - y) / (knee[1] - ankle[1])).clamp(0, 1)[:, None]
    return torch.lerp(torch.lerp(hip, knee, thigh), ankle, shin)[:, [0, 2]]


def _wrinkled(piece: Piece, depth_m: float, *, seed: int) -> Piece:
    """Soft folds, mostly across the limb, stronger where cloth bunches up at the lower ends."""
    stretched = piece.verts * torch.tensor([9.0, 22.0, 9.0])
    warped = stretched + 0.8 * clouds(piece.verts * 6, seed=seed)[:, None]
    height = clouds(warped, octaves=2, seed=seed + 1) * depth_m * 0.5
    normals = even_normals(piece, piece.verts)
    return replace(piece, verts=piece.verts + height[:, None] * normals)
