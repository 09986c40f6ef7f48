"""Where somebody stands in a scene."""

import math

import torch
from einops import einsum

from reimagine.records import Pose


def placed(pose: Pose, *, x_m: float = 0.0, z_m: float = 0.0, turn_rad: float = 0.0) -> Pose:
    """The pose turned about the world's Y axis (towards the person's left), then moved along X and Z."""
    sine, cosine = math.sin(turn_rad), math.cos(turn_rad)
    turn = pose.transforms.new_tensor([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    pattern = "to via, frames joints via columns -> frames joints to columns"
    transforms = einsum(turn, pose.transforms, pattern)
    transforms[..., 3] += transforms.new_tensor([x_m, 0, z_m])
    swing = None if pose.swing is None else einsum(turn, pose.swing, pattern)
    # The root's own rotation bends no skin: correctives begin at the joint after it.
    return Pose(transforms=transforms, rotations=torch.clone(pose.rotations), swing=swing)
