"""Posing: SMPL-X kinematics and linear blend skinning, all frames at once.

SMPL-X (Pavlakos et al., CVPR 2019): the global orientation turns about the pelvis, then `transl` is added, so a point
at rest comes to R (v - J0) + J0 + transl. EasyMocap turns about the world's origin instead: R v + Th.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import embedding_bag

from reimagine.body.joints import Joint
from reimagine.records import Body, Motion, Pose, Skin

JOINTS = tuple(joint.name.lower() for joint in Joint)
"""Names of the 55 SMPL-X joints, in order."""

_BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)


def _finger_parents(wrist: int, first: int) -> tuple[int, ...]:
    return tuple(wrist if k % 3 == 0 else first + k - 1 for k in range(15))


PARENTS: tuple[int, ...] = (
    *_BODY_PARENTS,
    *(Joint.HEAD,) * 3,
    *_finger_parents(Joint.LEFT_WRIST, Joint.LEFT_INDEX1),
    *_finger_parents(Joint.RIGHT_WRIST, Joint.RIGHT_INDEX1),
)
"""Parent of each joint; -1 for the pelvis. A parent always comes before its children."""


def rotation_matrices(axis_angle: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Rotation matrices of axis-angle vectors in radians (Rodrigues), differentiable at zero."""
    squared = axis_angle.square().sum(-1)[..., None, None]
    safe = squared.clamp_min(1e-12)
    angle = safe.sqrt()
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    K = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    small = squared < 1e-8
    sine = torch.where(small, 1 - squared / 6, torch.sin(angle) / angle)
    cosine = torch.where(small, 0.5 - squared / 24, (1 - torch.cos(angle)) / safe)
    return torch.eye(3, dtype=x.dtype, device=x.device) + sine * K + cosine * (K @ K)


def pose_body(body: Body, motion: Motion) -> Pose:
    """Where the joints of the body are in every frame of the motion, in the motion's world."""
    rotations = rotation_matrices(motion.poses)
    joints = body.joints
    turns: list[Tensor] = []
    places: list[Tensor] = []
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            turns.append(rotations[:, 0])
            start = joints[0].expand(len(rotations), 3)
            if motion.turns_about == "origin":
                start = rotations[:, 0] @ joints[0]
            places.append(start + motion.transl)
        else:
            offset = joints[joint] - joints[parent]
            turns.append(turns[parent] @ rotations[:, joint])
            places.append(turns[parent] @ offset + places[parent])
    turn, place = torch.stack(turns, 1), torch.stack(places, 1)
    shift = place - (turn @ joints[..., None])[..., 0]
    return Pose(transforms=torch.cat([turn, shift[..., None]], -1), rotations=rotations)


def pose_skin(skin: Skin, pose: Pose) -> Float[Tensor, "frames verts 3"]:
    """The surface's vertices in every frame, world, metres; a frame's result does not depend on the others."""
    # A frame at a time: small enough for the cache, and the same to the bit however frames are cut into pieces.
    transforms = pose.transforms.flatten(2)
    frames = zip(transforms, pose.rotations, strict=True)
    posed = [_blend(skin, move, _corrected(skin, rotations)) for move, rotations in frames]
    if pose.swing is not None and skin.loose_m is not None:
        swings = (_blend(skin, swing, skin.verts) for swing in pose.swing.flatten(2))
        posed = [
            verts + _held(swing, skin.loose_m) for verts, swing in zip(posed, swings, strict=True)
        ]
    return torch.stack(posed) if posed else skin.verts.new_zeros(0, len(skin.verts), 3)


def joint_positions(body: Body, pose: Pose) -> Float[Tensor, "frames 55 3"]:
    """Joints in the world, metres."""
    turn, shift = pose.transforms[..., :3], pose.transforms[..., 3]
    return (turn @ body.joints[..., None])[..., 0] + shift


def _corrected(skin: Skin, rotations: Float[Tensor, "55 3 3"]) -> Float[Tensor, "verts 3"]:
    """Zero-pose vertices with SMPL-X's pose correctives, a linear function of rotation minus identity."""
    if skin.correctives is None:
        return skin.verts
    feature = (rotations[1:] - torch.eye(3).to(rotations)).flatten()
    return skin.verts + (feature @ skin.correctives.flatten(1)).unflatten(0, (-1, 3))


def _held(
    swing: Float[Tensor, "verts 3"], loose_m: Float[Tensor, " verts"]
) -> Float[Tensor, "verts 3"]:
    """Swings that end softly at how far each vertex may go."""
    length = swing.square().sum(1).add(loose_m.square()).clamp_min(1e-12).sqrt()
    return swing * (loose_m / length)[:, None]


def _blend(
    skin: Skin, transforms: Float[Tensor, "55 12"], verts: Float[Tensor, "verts 3"]
) -> Float[Tensor, "verts 3"]:
    blended = embedding_bag(
        skin.weight_joints, transforms, per_sample_weights=skin.weights, mode="sum"
    ).unflatten(-1, (3, 4))
    return torch.einsum("vij,vj->vi", blended[..., :3], verts) + blended[..., 3]
