"""A figure to set in motion: pelvis, planted feet and upper body, solved into SMPL-X rotations.

Legs are solved from where the ankles shall be, so that planted feet stand exactly; everything above the
pelvis is given as local rotations. Axes of the zero pose: +X the person's left, +Y up, +Z ahead.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.joints import ANKLES, FEET, FINGERS, HIPS, KNEES
from reimagine.body.readers.hands import relaxed_hands

Track = Float[np.ndarray, "frames 3"]
"""One vector a frame: a place in metres or an axis-angle rotation."""

PELVIS = np.array([0.0031, -0.3514, 0.0120])
LEGS = (
    np.array([[0.0613, -0.4442, -0.0140], [0.1160, -0.8229, -0.0234], [0.0726, -1.2260, -0.0552]]),
    np.array(
        [[-0.0601, -0.4553, -0.0092], [-0.1044, -0.8177, -0.0260], [-0.0889, -1.2284, -0.0462]]
    ),
)
"""Hip, knee and ankle of the left and right leg on the mean SMPL-X body in its zero pose, metres."""
ANKLE_M = 0.0754
"""Height of the ankle over the floor when the sole lies flat."""
HEEL = np.array([0.0, -ANKLE_M, -0.033])
"""Where a foot lands and rolls, from the ankle, in the axes of a foot that points ahead."""
TOES = (np.array([0.0472, -0.0580, 0.1182]), np.array([-0.0388, -0.0584, 0.1190]))
"""The toes' joint from the ankle, left and right, in the same axes: what the heel rises about."""
BALL_M = np.array([0.0, 0.0095, 0.0105])
"""How far the toes' joint rises and goes ahead per radian that the foot rolls over its ball.

Measured on the default body: skin under the ball then slips back, and the toes ahead, by well under a centimetre.
"""

INDEX = {
    "spine1": 3,
    "spine2": 6,
    "spine3": 9,
    "neck": 12,
    "head": 15,
    "l_collar": 13,
    "r_collar": 14,
    "l_shoulder": 16,
    "r_shoulder": 17,
    "l_elbow": 18,
    "r_elbow": 19,
    "l_wrist": 20,
    "r_wrist": 21,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feet:
    """Where both feet are; index 0 is the left foot."""

    ankles: Float[np.ndarray, "2 frames 3"]
    """World places of the ankles, metres."""
    pitch: Float[np.ndarray, "2 frames"]
    """Radians, toes up positive."""
    yaw: Float[np.ndarray, "2 frames"]
    """Radians about Y, to the person's left positive; knees point the same way."""
    toes: Float[np.ndarray, "2 frames"]
    """Radians that the toes are bent up against the foot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Everything that a built-in motion decides."""

    pelvis: Track
    """World place of the pelvis, metres; the floor is y = 0."""
    pelvis_turn: Track
    """Global orientation, axis-angle."""
    feet: Feet
    upper: dict[str, Track] = field(default_factory=dict)
    """Local rotations of the joints named in INDEX; those left out do not bend."""
    curl: tuple[float, float] = (1.0, 1.0)
    """How far the fingers of the left and right hand are bent: 0 flat, 1 relaxed, 3 nearly a fist."""


def euler(order: str, *angles: Float[np.ndarray, " frames"] | float) -> Track:
    """Axis-angle of rotations about the axes named, the first letter applied last (R = R_a R_b R_c)."""
    each = np.stack(np.broadcast_arrays(*[np.atleast_1d(a) for a in angles]), axis=-1)
    return Rotation.from_euler(order.upper(), each).as_rotvec()


def planted(
    frames: int, *, half_width_m: float, yaw: float, ahead_m: tuple[float, float] = (0.0, 0.0)
) -> Feet:
    """Both feet flat on the floor, each turned outwards by `yaw`."""
    ankles = np.zeros((2, frames, 3))
    ankles[0] = [half_width_m, ANKLE_M, ahead_m[0]]
    ankles[1] = [-half_width_m, ANKLE_M, ahead_m[1]]
    turns = np.stack([np.full(frames, yaw), np.full(frames, -yaw)])
    return Feet(ankles=ankles, pitch=np.zeros((2, frames)), yaw=turns, toes=np.zeros((2, frames)))


def solve(figure: Figure) -> tuple[Float[np.ndarray, "frames 55 3"], Float[np.ndarray, "frames 3"]]:
    """SMPL-X poses and translations of the figure."""
    frames = len(figure.pelvis)
    poses = np.zeros((frames, 55, 3))
    poses[:, 0] = figure.pelvis_turn
    for name, turns in figure.upper.items():
        poses[:, INDEX[name]] = turns
    poses[:, FINGERS] = relaxed_hands(frames) * np.repeat(figure.curl, 15)[:, None]
    pelvis = Rotation.from_rotvec(figure.pelvis_turn)
    for side in (0, 1):
        hip, knee, ankle = _leg(figure, side, pelvis)
        poses[:, HIPS[side]], poses[:, KNEES[side]], poses[:, ANKLES[side]] = hip, knee, ankle
        poses[:, FEET[side], 0] = -figure.feet.toes[side]
    return poses, figure.pelvis - PELVIS


def hip_place(side: int, pelvis: Track, pelvis_turn: Track) -> Track:
    """Where the left (0) or right (1) hip is when the pelvis is there and turned so, metres."""
    return pelvis + Rotation.from_rotvec(pelvis_turn).apply(LEGS[side][0] - PELVIS)


def leg_length_m(side: int, knee: Float[np.ndarray, " frames"]) -> Float[np.ndarray, " frames"]:
    """Hip to ankle of a leg whose knee is bent by so many radians; 0 is straight."""
    mean, swing = _span(side)
    return np.sqrt(mean + swing * np.cos(knee))


def knee_bend(side: int, length_m: Float[np.ndarray, " frames"]) -> Float[np.ndarray, " frames"]:
    """Radians that the knee is bent when hip and ankle are so far apart; beyond its reach a leg is straight."""
    mean, swing = _span(side)
    return np.arccos(np.clip((length_m**2 - mean) / swing, -1.0, 1.0))


def highest_pelvis_m(
    side: int, ankles: Track, pelvis: Track, pelvis_turn: Track, straightest: float
) -> Float[np.ndarray, " frames"]:
    """How high the pelvis may be in each frame, so that this leg is no longer than `straightest` of its reach.

    Only the sideways and ahead places of the pelvis are read.
    """
    hip = hip_place(side, pelvis, pelvis_turn)
    apart = ankles - hip
    longest = straightest * leg_length_m(side, np.zeros(1))
    drop = np.sqrt(np.maximum(longest**2 - apart[:, 0] ** 2 - apart[:, 2] ** 2, 0.0))
    return ankles[:, 1] + drop - (hip - pelvis)[:, 1]


def _span(side: int) -> Float[np.ndarray, "2"]:
    """The squared distance hip to ankle is first + second cos(bend from the straight leg)."""
    hip, knee, ankle = LEGS[side]
    thigh, shin = knee - hip, ankle - knee
    mean = thigh @ thigh + shin @ shin + 2 * thigh[0] * shin[0]
    swing = 2 * np.hypot(thigh[1:] @ shin[1:], thigh[1] * shin[2] - thigh[2] * shin[1])
    return np.array([mean, swing])


def _leg(figure: Figure, side: int, pelvis: Rotation) -> tuple[Track, Track, Track]:
    """Local rotations of hip, knee and ankle that bring the ankle where it shall be.

    The knee is a hinge about the zero pose's X; it bends just as far as the distance asks for (law of
    cosines), and the hip turns so that the knee points where the foot does. Beyond its reach a leg is straight.
    """
    hip0, knee0, ankle0 = LEGS[side]
    thigh, shin = knee0 - hip0, ankle0 - knee0
    to_ankle = figure.feet.ankles[side] - hip_place(side, figure.pelvis, figure.pelvis_turn)
    straight = np.arctan2(thigh[2] * shin[1] - thigh[1] * shin[2], thigh[1:] @ shin[1:])
    # thigh . Rx(b) shin = c + B cos b + C sin b with C = thigh_z shin_y - thigh_y shin_z
    bend = straight + knee_bend(side, np.linalg.norm(to_ankle, axis=-1))
    knee = np.stack([bend, np.zeros_like(bend), np.zeros_like(bend)], axis=-1)
    knee_turn = Rotation.from_rotvec(knee)
    leg_axis = thigh + knee_turn.apply(shin)
    yaw = figure.feet.yaw[side]
    ahead = np.stack([np.sin(yaw), np.zeros_like(yaw), np.cos(yaw)], axis=-1)
    here = _frames(leg_axis, np.broadcast_to([0.0, 0.0, 1.0], leg_axis.shape))
    there = _frames(to_ankle, ahead)
    hip_world = Rotation.from_matrix(there @ here.transpose(0, 2, 1))
    foot = foot_turn(yaw, figure.feet.pitch[side])
    return (
        (pelvis.inv() * hip_world).as_rotvec(),
        knee,
        ((hip_world * knee_turn).inv() * foot).as_rotvec(),
    )


def foot_turn(yaw: Float[np.ndarray, " frames"], pitch: Float[np.ndarray, " frames"]) -> Rotation:
    """World rotation of a foot: toes up by `pitch`, then turned by `yaw`."""
    return Rotation.from_euler("YX", np.stack([yaw, -pitch], axis=-1))


def _frames(down: Track, ahead: Track) -> Float[np.ndarray, "frames 3 3"]:
    """Rotations whose first column is `down`, the second as near to `ahead` as can be."""
    first = down / np.linalg.norm(down, axis=-1, keepdims=True)
    second = ahead - (ahead * first).sum(-1, keepdims=True) * first
    second = second / np.linalg.norm(second, axis=-1, keepdims=True)
    return np.stack([first, second, np.cross(first, second)], axis=-1)
