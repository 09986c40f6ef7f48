"""What can be done with a motion: another frame rate, a part of it, repeats, and its place in our world."""

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation
from torch import Tensor

from reimagine.body.joints import ANKLES, FACE, FEET, FINGERS, Joint
from reimagine.body.model import joint_positions, pose_body, pose_skin
from reimagine.body.turn import quaternions, rotvecs, slerp, smallest_turn, turn_world
from reimagine.errors import InputError, one_line
from reimagine.records import Body, Motion, Pose, Skin

BLEND_S = 0.3
"""How long a repeat takes to get from the clip's last pose into its first ones."""


def resample(motion: Motion, fps: float) -> Motion:
    """The same motion at another frame rate: rotations by slerp, places linearly; first frame kept.

    Raises InputError for a rate that is not positive.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"`fps` is {fps}; expected more than 0, for example `fps` 24.")
    count = len(motion.poses)
    if math.isclose(fps, motion.fps) or count == 1:
        return replace(motion, fps=float(fps))
    new = math.floor((count - 1) * fps / motion.fps + 1e-6) + 1
    at = np.arange(new) * (motion.fps / fps)
    low = np.minimum(np.floor(at + 1e-9).astype(int), count - 1)
    high = np.minimum(low + 1, count - 1)
    share = np.clip(at - low, 0.0, 1.0)
    turns = quaternions(motion.poses)
    mixed = slerp(turns[low], turns[high], np.broadcast_to(share[:, None], (new, 55)))
    weight = torch.from_numpy(share).float()[:, None]
    transl = motion.transl[low] * (1 - weight) + motion.transl[high] * weight
    return replace(motion, poses=rotvecs(mixed), transl=transl, fps=float(fps))


def cut(motion: Motion, start_s: float, frames: int) -> Motion:
    """`frames` frames from `start_s` seconds on.

    Raises InputError when the motion does not last that long.
    """
    if frames < 1:
        raise InputError(f"`frames` is {frames}; expected at least 1.")
    if not (math.isfinite(start_s) and start_s >= 0):
        raise InputError(f"`start_s` is {start_s}; expected 0 or more seconds.")
    count = len(motion.poses)
    first = round(start_s * motion.fps)
    left = max(count - first, 0)
    if not left:
        raise InputError(
            f"`start_s` is {start_s:g}; expected less than the {count / motion.fps:g} s of the motion '{motion.name}'."
        )
    if left < frames:
        raise InputError(
            f"the motion '{motion.name}' has {left} frames from {start_s:g} s on ({count} in all at "
            f"{motion.fps:g} fps); expected {frames}. Give `frames` {left} or fewer, or `loop`."
        )
    stop = first + frames
    return replace(motion, poses=motion.poses[first:stop], transl=motion.transl[first:stop])


def loop(motion: Motion, frames: int) -> Motion:
    """Exactly `frames` frames: the motion repeated as often as needed, each repeat going on where the last ended.

    A repeat is turned and moved over the ground so that it starts where the one before stopped (a walk walks
    on), and its first BLEND_S seconds lead over from the last pose, so nothing jumps. Where up is not known,
    repeats happen on the spot.
    """
    if frames < 1:
        raise InputError(f"`frames` is {frames}; expected at least 1.")
    count = len(motion.poses)
    poses, transl = motion.poses, motion.transl
    while len(poses) < frames:
        more_poses, more_transl = _next_repeat(motion, poses, transl)
        poses, transl = torch.cat([poses, more_poses]), torch.cat([transl, more_transl])
        assert len(poses) % count == 0
    return replace(motion, poses=poses[:frames], transl=transl[:frames])


def _next_repeat(
    motion: Motion, poses: Float[Tensor, "before 55 3"], transl: Float[Tensor, "before 3"]
) -> tuple[Float[Tensor, "frames 55 3"], Float[Tensor, "frames 3"]]:
    """One more repeat of `motion` that goes on from the last of the frames so far."""
    count = len(motion.poses)
    if count == 1:
        return motion.poses, motion.transl
    turns = quaternions(poses[-2:])
    # Where the motion was going: one step on from the last frame.
    expected = slerp(turns[0], turns[1], np.full(55, 2.0))
    start = transl[-1] + (transl[-1] - transl[-2])
    on_ground = torch.zeros(3)
    turn = 0.0
    if motion.up == "y":
        on_ground = torch.tensor([1.0, 0.0, 1.0])
        turn = _heading_of(expected[0]) - _heading_of(quaternions(motion.poses[0, 0]))
    new_poses, new_transl = turn_world(motion, Rotation.from_euler("y", turn).as_matrix())
    blend = min(max(round(BLEND_S * motion.fps), 1), count)
    ease = np.arange(blend) / blend
    fade = 1 - ease * ease * (3 - 2 * ease)
    after = quaternions(new_poses)
    after[:blend] = _eased(expected, after[:blend], fade)
    lack = start - new_transl[0]
    led = torch.zeros(count, 3)
    led[:blend] = torch.from_numpy(fade).float()[:, None] * lack * (1 - on_ground)
    return rotvecs(after), new_transl + lack * on_ground + led


def _eased(
    expected: Float[np.ndarray, "joints 4"],
    after: Float[np.ndarray, "frames joints 4"],
    fade: Float[np.ndarray, " frames"],
) -> Float[np.ndarray, "frames joints 4"]:
    """The first frames of a repeat, led over: what they lack to the pose expected fades away while they go on."""
    first = Rotation.from_quat(after[0])
    lack = (Rotation.from_quat(expected) * first.inv()).as_rotvec()
    led = [
        (Rotation.from_rotvec(lack * share) * Rotation.from_quat(frame)).as_quat()
        for share, frame in zip(fade, after, strict=True)
    ]
    return np.stack(led)


def _heading_of(quaternion: Float[np.ndarray, "4"]) -> float:
    """Angle about Y of where a rotation takes +Z."""
    ahead = Rotation.from_quat(quaternion).apply([0.0, 0.0, 1.0])
    return math.atan2(ahead[0], ahead[2])


def heading_rad(pose: Pose) -> float:
    """The body's heading about Y in the first frame: 0 faces +Z, a quarter turn to the person's left faces +X.

    The mean of pelvis and chest, which swing against each other in a walk. For a body that lies, where
    it would face if it stood up.
    """
    ahead = pose.transforms[0, [Joint.PELVIS, Joint.SPINE3], :, 2].mean(0)
    if float(ahead[[0, 2]].norm()) < 0.3:  # face up or face down: the crown then says the way
        crown = pose.transforms[0, Joint.PELVIS, :, 1]
        ahead = -crown if float(ahead[1]) > 0 else crown
    return math.atan2(float(ahead[0]), float(ahead[2]))


def stand_up(motion: Motion, body: Body) -> Motion:
    """The motion in a world with Y up.

    Unchanged where the source says its up; else the axis nearest to the mean direction from pelvis to head
    becomes Y.
    """
    if motion.up == "y":
        return motion
    places = joint_positions(body, pose_body(body, motion))
    spine = (places[:, Joint.HEAD] - places[:, Joint.PELVIS]).mean(0).numpy()
    axis = int(np.abs(spine).argmax())
    up = np.zeros(3)
    up[axis] = math.copysign(1.0, spine[axis])
    turn = smallest_turn(up, np.array([0.0, 1.0, 0.0]))
    poses, transl = turn_world(motion, turn.as_matrix(), _pelvis(body))
    return replace(motion, poses=poses, transl=transl, up="y")


def scale_travel(motion: Motion, body: Body) -> Motion:
    """The motion with steps as long as the body's legs make them, so that planted feet stay planted.

    A rotation lasts for any size of body, a stride does not: places are scaled by the body's leg
    length over the performer's (the mean body's, times 1 + 0.065 of the first shape number: a line through
    two measured people). The capture's own body, and a motion about the origin, come out unscaled.
    """
    if motion.turns_about != "pelvis":
        return motion
    beta = float(motion.betas[0]) if len(motion.betas) else 0.0
    performer = MEAN_LEG_M * min(max(1 + 0.065 * beta, 0.7), 1.3)
    return replace(motion, transl=motion.transl * (_leg_m(body) / performer))


MEAN_LEG_M = 0.8757
"""Pelvis down to the ankles' mean height on the mean SMPL-X body."""


def _leg_m(body: Body) -> float:
    return float(body.joints[Joint.PELVIS, 1] - body.joints[ANKLES, 1].mean())


def face_front(motion: Motion, body: Body) -> Motion:
    """The motion turned about Y so that the first frame faces +Z.

    It is also moved so that its pelvis starts over the origin (x = z = 0). Heights stay.
    """
    first = replace(motion, poses=motion.poses[:1], transl=motion.transl[:1])
    turn = Rotation.from_euler("y", -heading_rad(pose_body(body, first))).as_matrix()
    poses, transl = turn_world(motion, turn, _pelvis(body))
    turned = replace(motion, poses=poses, transl=transl)
    first = replace(turned, poses=poses[:1], transl=transl[:1])
    start = joint_positions(body, pose_body(body, first))[0, Joint.PELVIS].clone()
    start[1] = 0.0
    return replace(turned, transl=transl - start)


def put_on_floor(motion: Motion, body: Body) -> Motion:
    """The motion lifted or lowered as a whole, so that the body's lowest point over the clip is at y = 0.

    One offset for the whole clip: jumps stay jumps.
    """
    soles = _sparse(body.skin)
    lowest = math.inf
    for start in range(0, len(motion.poses), 512):
        part = slice(start, start + 512)
        some = replace(motion, poses=motion.poses[part], transl=motion.transl[part])
        verts = pose_skin(soles, pose_body(body, some))
        lowest = min(lowest, float(verts[..., 1].min()))
    offset = torch.tensor([0.0, lowest, 0.0])
    return replace(motion, transl=motion.transl - offset)


def into_our_world(motion: Motion, body: Body) -> Motion:
    """The motion as our own cameras want it: upright, strides of this body, facing +Z, on the floor."""
    for place in (stand_up, scale_travel, face_front, put_on_floor):
        motion = place(motion, body)
    return motion


def _pelvis(body: Body) -> tuple[float, float, float]:
    x, y, z = body.joints[Joint.PELVIS].tolist()
    return x, y, z


def _sparse(skin: Skin) -> Skin:
    """A tenth of the vertices, and all of the feet's soles."""
    strongest = skin.weight_joints.gather(1, skin.weights.argmax(1, keepdim=True))[:, 0]
    foot = torch.isin(strongest, torch.tensor([*ANKLES, *FEET]))
    keep = foot.clone()
    keep[::10] = True
    return replace(
        skin,
        verts=skin.verts[keep],
        faces=skin.faces[:0],
        weight_joints=skin.weight_joints[keep],
        weights=skin.weights[keep],
        correctives=None if skin.correctives is None else skin.correctives[:, keep],
    )


def describe(motion: Motion) -> str:
    """What was understood of a motion, a line for each thing, for `reimagine motion inspect`."""
    count = len(motion.poses)
    seconds = count / motion.fps
    path = motion.transl.diff(dim=0).norm(dim=1).sum() if count > 1 else torch.tensor(0.0)
    apart = (motion.transl[-1] - motion.transl[0]).norm()
    hands = bool((motion.poses[:, FINGERS].abs().amax() > 1e-6).item())
    moving = count > 1 and bool((motion.poses[:, FINGERS].std(dim=0).amax() > 1e-3).item())
    face = bool((motion.poses[:, FACE].abs().amax() > 1e-6).item())
    betas = " ".join(f"{b:.2f}" for b in motion.betas.tolist())
    fingers = ("moving" if moving else "one hand shape") if hands else "none (flat hands)"
    lines = [
        ("name", motion.name),
        ("format", motion.source),
        ("frames", f"{count} at {motion.fps:g} per second = {seconds:.2f} s"),
        (
            "up",
            "Y" if motion.up == "y" else "not known to the file (found from the body when needed)",
        ),
        ("turns", f"about the {motion.turns_about}"),
        ("travel", f"{float(path):.2f} m along the way, {float(apart):.2f} m from start to end"),
        ("fingers", fingers),
        ("jaw, eyes", "yes" if face else "none"),
        ("shape", betas if motion.betas.abs().sum() > 0 else "none (mean body)"),
    ]
    lines += [("note", note) for note in motion.notes]
    lines += [("bone", bone) for bone in motion.bones]
    return "\n".join(f"{label:<10} {one_line(text)}" for label, text in lines)
