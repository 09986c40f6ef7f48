"""How made people stand: as for photos, or in a frame of a motion."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.library import BUILT_IN_MOTIONS, built_in_motion
from reimagine.body.model import pose_body
from reimagine.body.motion import resample
from reimagine.records import Motion, Pose
from reimagine.synth.canon.human import Human

STANCES = (
    "A-pose",
    "arms down",
    "hands before the thighs",
    "hands on the hips",
    "feet together",
    "weight on one leg",
    "turned",
    "arm raised",
)
"""How people stand for photos."""
FPS = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """One still or two successive frames."""

    name: str
    poses: Float[Tensor, "frames 55 3"]
    """SMPL-X joint rotations, axis-angle, radians; the global orientation first."""


def photo_stance(name: str, rng: np.random.Generator) -> Stance:
    """One of `STANCES`, a little different every time."""
    poses = torch.zeros(1, 55, 3)
    one = poses[0]
    arm, elbow, forward, leg = {
        "A-pose": (-0.95, 0.12, 0.0, 0.05),
        "arms down": (-1.33, 0.10, 0.02, 0.03),
        "hands before the thighs": (-1.24, 0.55, 0.38, 0.02),
        "hands on the hips": (-0.85, 1.75, -0.25, 0.06),
        "feet together": (-1.18, 0.20, 0.05, -0.03),
        "weight on one leg": (-1.22, 0.30, 0.08, 0.05),
        "turned": (-1.15, 0.25, 0.05, 0.04),
        "arm raised": (-1.20, 0.15, 0.0, 0.04),
    }[name]
    for side, first in ((1, 0), (-1, 1)):
        one[1 + first, 2] = leg * side
        one[7 + first, 2] = -leg * side
        one[13 + first, 2] = -0.08 * side
        one[16 + first] = torch.tensor([0.0, -forward * side, arm * side])
        one[18 + first, 1] = -elbow * side
        if name == "hands on the hips":
            one[18 + first] = torch.tensor([0.9, -1.30 * side, -0.55 * side])
            one[16 + first] = torch.tensor([-0.35, 0.25 * side, -0.80 * side])
        one[20 + first, 1] = -0.1 * side
        start = 25 if side > 0 else 40
        one[start : start + 12, 2] = -0.16 * side
    if name == "weight on one leg":
        side = 1 if rng.random() < 0.5 else -1
        low = 1 if side > 0 else 2
        one[0, 2] = 0.05 * side
        one[low, :] += torch.tensor([-0.30, 0.12 * side, 0.06 * side])
        one[low + 3, 0] = 0.50
        one[low + 6, 0] = -0.20
        one[3, 2] = -0.07 * side
    if name == "turned":
        one[0, 1] = float(rng.uniform(0.25, 0.6)) * (1 if rng.random() < 0.5 else -1)
        one[12, 1] = -0.4 * float(one[0, 1])
    if name == "arm raised":
        raised = 16 if rng.random() < 0.5 else 17
        side = 1 if raised == 16 else -1
        one[raised] = torch.tensor([0.0, -0.5 * side, 0.35 * side])
        one[raised + 2, 1] = -0.9 * side
    small = torch.from_numpy(rng.normal(0, 0.035, (55, 3)).astype(np.float32))
    small[25:] *= 0.5
    small[0] *= torch.tensor([0.3, 2.0, 0.3])
    small[[1, 2, 4, 5, 7, 8, 10, 11]] *= 0.4
    return Stance(name=name, poses=poses + small)


def motion_stance(rng: np.random.Generator, motions: dict[str, Motion]) -> Stance:
    """Two successive frames of a built-in motion or one of these."""
    names = [name for name in BUILT_IN_MOTIONS if name != "apose"] + sorted(motions)
    name = names[int(rng.integers(len(names)))]
    if name in motions:
        motion = resample(motions[name], FPS)
        first = int(rng.integers(max(1, len(motion.poses) - 1)))
        poses = motion.poses[[first, min(first + 1, len(motion.poses) - 1)]].clone()
        poses[:, 0] = 0  # stood up, whatever world the file has
        return Stance(name=name, poses=poses)
    first = int(rng.integers(48))
    motion = built_in_motion(name, first + 2, FPS)
    return Stance(name=name, poses=motion.poses[first : first + 2])


def pose_human(human: Human, stance: Stance) -> Pose:
    """The stance taken by a person, on heels where they wear some, lowest point at y = 0, hips over the origin."""
    poses = stance.poses.clone()
    if human.ankle_pitch_rad:
        poses[:, [7, 8], 0] += human.ankle_pitch_rad
        poses[:, [10, 11], 0] -= human.ankle_pitch_rad
    motion = Motion(
        poses=poses,
        transl=torch.zeros(len(poses), 3),
        fps=FPS,
        betas=torch.zeros(10),
        name=stance.name,
    )
    return pose_body(human.body, motion)
