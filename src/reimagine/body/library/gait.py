"""Walk and run: feet roll over the floor from heel to toes, the rest of the body answers.

Feet that bear weight are planned first, planted exactly, and legs are solved from them; legs in the air swing by
the angles of hip and knee. Timing and amplitudes are the usual ones of gait textbooks (stance about 60 % of a
walking stride, a standing knee bent 5 to 18 degrees, pelvis 2.4 cm up and down twice a stride, arms against the legs).
"""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline, PchipInterpolator

from reimagine.body.library.figure import (
    ANKLE_M,
    BALL_M,
    HEEL,
    TOES,
    Feet,
    Figure,
    Track,
    euler,
    foot_turn,
    highest_pelvis_m,
    hip_place,
    knee_bend,
    leg_length_m,
)
from reimagine.body.library.paces import RUN, WALK, Gait, Keys
from reimagine.body.library.standing import Phase, arms


def run(phase: Phase) -> Figure:
    """A jog ahead, about 2.7 m/s, both feet off the floor between steps."""
    return go(RUN, phase)


def walk(phase: Phase) -> Figure:
    """A relaxed walk ahead, about 1.1 m/s; starts as the left heel lands."""
    return go(WALK, phase)


def go(gait: Gait, phase: Phase) -> Figure:
    """The figure of a gait at these strides: as tall as the standing leg allows at every moment of the stride."""
    pelvis, turn = _pelvis(gait, phase), _pelvis_turn(gait, phase)
    return Figure(
        pelvis=pelvis,
        pelvis_turn=turn,
        feet=_feet(gait, phase, pelvis, turn),
        upper=_upper(gait, phase),
        curl=(gait.curl, gait.curl),
    )


def _feet(gait: Gait, phase: Phase, pelvis: Track, turn: Track) -> Feet:
    ankles, pitch, toes, yaw = [], [], [], []
    for side, sign in ((0, 1.0), (1, -1.0)):
        share = (phase - 0.5 * side) % 1.0
        air = (share > gait.off)[:, None]
        swung = _swung(gait, side, np.maximum(share, gait.off), hip_place(side, pelvis, turn))
        ankles.append(np.where(air, swung, _standing(gait, side, phase)))
        pitch.append(_curve(gait.pitch)(share))
        toes.append(_curve(gait.toes)(share))
        yaw.append(np.full(len(phase), sign * 0.04))
    return Feet(
        ankles=np.stack(ankles), pitch=np.stack(pitch), toes=np.stack(toes), yaw=np.stack(yaw)
    )


def _standing(gait: Gait, side: int, phase: Phase) -> Track:
    """Where the ankle is while the foot bears weight."""
    own = phase - 0.5 * side
    stride = np.floor(own)
    place = _rolling(gait, side, np.minimum(own - stride, gait.off))
    place[:, 2] += (stride + 0.5 * side + gait.lands_ahead) * gait.stride_m
    place[:, 0] += (1 - 2 * side) * gait.half_width_m
    return place


def _swung(gait: Gait, side: int, share: Phase, hip: Track) -> Track:
    """Where the ankle is in the air: the leg swings about the hip, from as it left the floor to as it lands.

    Knee and inclination follow the gait's keys, for these are what is seen; a path of the ankle would have to be
    right to the millimetre where the leg is nearly straight.
    """
    step = 1e-4
    off, on = gait.off, 1.0
    (start, before), (end, after) = (
        _posture(gait, side, at + np.array([0.0, by])) for at, by in ((off, -step), (0.0, step))
    )
    slopes = (start - before) / step, (after - end) / step
    ways = [
        CubicSpline(
            [off, *[t for t, _ in keys], on],
            [start[i], *[value for _, value in keys], end[i]],
            bc_type=((1, slopes[0][i]), (1, slopes[1][i])),  # pyright: ignore[reportArgumentType]
        )(share)
        for i, keys in enumerate((gait.knee, gait.leg, ()))
    ]
    knee, leg, aside = ways
    length = np.sqrt(leg_length_m(side, knee) ** 2 - (aside - hip[:, 0]) ** 2)
    return np.stack(
        [aside, hip[:, 1] - length * np.cos(leg), hip[:, 2] + length * np.sin(leg)], axis=-1
    )


def _posture(gait: Gait, side: int, share: Phase) -> Float[np.ndarray, "frames 3"]:
    """Of a leg that bears weight: its knee's bend, its inclination (ahead positive), where its ankle is sideways."""
    phase = share + 0.5 * side
    ankle = _standing(gait, side, phase)
    apart = ankle - hip_place(side, _pelvis(gait, phase), _pelvis_turn(gait, phase))
    knee = knee_bend(side, np.linalg.norm(apart, axis=-1))
    return np.stack([knee, np.arctan2(apart[:, 2], -apart[:, 1]), ankle[:, 0]], axis=-1)


def _rolling(gait: Gait, side: int, share: Phase) -> Track:
    """The ankle while the foot bears weight: turning about the heel, still, then turning about the toes' joint."""
    pitch = _curve(gait.pitch)(share)
    yaw = np.full_like(pitch, 0.04 * (1 - 2 * side))
    flat, turned = foot_turn(yaw, np.zeros_like(pitch)), foot_turn(yaw, pitch)
    pivot = np.where((share < gait.flat[1])[:, None], HEEL, TOES[side])
    place = np.array([0.0, ANKLE_M, 0.0]) + flat.apply(pivot) - turned.apply(pivot)
    return place + BALL_M * np.maximum(-pitch, 0.0)[:, None]


def _curve(keys: Keys) -> PchipInterpolator:
    """Smooth, through the keys, without overshoot: what is level between two keys stays level."""
    return PchipInterpolator([t for t, _ in keys], [v for _, v in keys])


def _pelvis(gait: Gait, phase: Phase) -> Track:
    """The pelvis' way; its mean height is the most that `gait.straightest` allows a leg that bears weight."""
    share = np.linspace(0.0, gait.off, 121)
    height = [
        highest_pelvis_m(
            side,
            _standing(gait, side, share + 0.5 * side),
            _level(gait, share + 0.5 * side),
            _pelvis_turn(gait, share + 0.5 * side),
            gait.straightest,
        )
        - _level(gait, share + 0.5 * side)[:, 1]
        for side in (0, 1)
    ]
    return _level(gait, phase) + np.array([0.0, np.min(height), 0.0])


def _level(gait: Gait, phase: Phase) -> Track:
    """The pelvis' way, but for its mean height."""
    wave = 2 * np.pi * phase
    return np.stack(
        [
            gait.sway_m * np.cos(wave - 2 * np.pi * 0.3),
            gait.bob_m * np.cos(2 * wave - 4 * np.pi * gait.highest),
            gait.stride_m * phase,
        ],
        axis=-1,
    )


def _pelvis_turn(gait: Gait, phase: Phase) -> Track:
    wave = 2 * np.pi * phase
    return euler(
        "yxz", -gait.yaw * np.cos(wave), gait.lean, gait.roll * np.cos(wave - 2 * np.pi * 0.2)
    )


def _upper(gait: Gait, phase: Phase) -> dict[str, Track]:
    """Spine, head and arms: the chest turns against the pelvis, the head stays level and looks ahead."""
    wave = 2 * np.pi * phase
    twist = 1.9 * gait.yaw * np.cos(wave)
    tilt = -0.9 * gait.roll * np.cos(wave - 2 * np.pi * 0.2)
    back = -0.02
    swing = -gait.arm_swing * np.cos(wave - 0.15)
    elbow, more = gait.elbow
    bent = -more * np.cos(wave - 0.5)
    return {
        "spine1": euler("yxz", twist / 3, back + 0.05, tilt / 3),
        "spine2": euler("yxz", twist / 3, back - 0.05, tilt / 3),
        "spine3": euler("yxz", twist / 3, back + 0.05, tilt / 3),
        "neck": euler("y", -0.45 * gait.yaw * np.cos(wave)),
        "head": euler("yx", -0.45 * gait.yaw * np.cos(wave), -gait.lean + 0.01),
        **arms(
            lowered=(1.2 + 0 * wave, 1.2 + 0 * wave),
            forward=(gait.arm_mean + swing, gait.arm_mean - swing),
            elbows=(elbow + bent, elbow - bent),
        ),
    }
