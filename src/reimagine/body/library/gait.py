"""Walk and run: feet roll over the floor from heel to toes, the rest of the body answers.

The feet are planned first (one curve a foot and stride, planted exactly while they bear weight); the legs are
solved from them. Timing and amplitudes are the usual ones of gait textbooks (stance about 62 % of a walking
stride, toe-off at 62 %, pelvis 2 cm up and down twice a stride, arms against the legs).
"""

from dataclasses import replace

import numpy as np
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
)
from reimagine.body.library.paces import RUN, WALK, Gait, Keys
from reimagine.body.library.standing import Phase, arms


def run(phase: Phase) -> Figure:
    """A jog ahead, about 2.7 m/s, both feet off the floor between steps."""
    return go(RUN, phase)


def walk(phase: Phase) -> Figure:
    """A relaxed walk ahead, about 1.2 m/s; starts as the left heel lands."""
    return go(WALK, phase)


def go(gait: Gait, phase: Phase) -> Figure:
    """The figure of a gait at these strides: as tall as the legs allow at every moment of the stride."""
    figure = _low(gait, phase)
    stride = _low(gait, np.linspace(0.0, 1.0, 241))
    height = np.min(highest_pelvis_m(stride, gait.straightest) - stride.pelvis[:, 1])
    return replace(figure, pelvis=figure.pelvis + np.array([0.0, height, 0.0]))


def _low(gait: Gait, phase: Phase) -> Figure:
    """The figure, but for the pelvis' mean height."""
    return Figure(
        pelvis=_pelvis(gait, phase),
        pelvis_turn=_pelvis_turn(gait, phase),
        feet=_feet(gait, phase),
        upper=_upper(gait, phase),
        curl=(gait.curl, gait.curl),
    )


def _feet(gait: Gait, phase: Phase) -> Feet:
    ankles, pitch, toes, yaw = [], [], [], []
    for side, sign in ((0, 1.0), (1, -1.0)):
        own = phase - 0.5 * side
        stride = np.floor(own)
        share = own - stride
        place = _ankle(gait, side, share)
        place[:, 2] += (stride + 0.5 * side + gait.lands_ahead) * gait.stride_m
        place[:, 0] += sign * gait.half_width_m
        ankles.append(place)
        pitch.append(_curve(gait.pitch)(share))
        toes.append(_curve(gait.toes)(share))
        yaw.append(np.full(len(phase), sign * 0.04))
    return Feet(
        ankles=np.stack(ankles), pitch=np.stack(pitch), toes=np.stack(toes), yaw=np.stack(yaw)
    )


def _ankle(gait: Gait, side: int, share: Phase) -> Track:
    """Where the ankle is, from where it lies while the sole is flat; z ahead."""
    ground = _rolling(gait, side, np.minimum(share, gait.off))
    air = share > gait.off
    step = 1e-4
    start, before = _rolling(gait, side, np.array([gait.off, gait.off - step]))
    end, after = _rolling(gait, side, np.array([0.0, step]))
    stride = np.array([0.0, 0.0, gait.stride_m])
    end, after = end + stride, after + stride
    off, on = (start - before) / step, (after - end) / step
    rise = _through(gait.off, gait.lift, (start[1], end[1]), ((1, off[1]), (2, 0.0)))
    part_way = tuple((t, start[2] + r * (end[2] - start[2])) for t, r in gait.reach)
    along = _through(gait.off, part_way, (start[2], end[2]), ((1, off[2]), (1, on[2])))
    aside = _through(gait.off, (), (start[0], end[0]), ((1, off[0]), (1, on[0])))
    flying = np.stack([aside(share), rise(share), along(share)], axis=-1)
    return np.where(air[:, None], flying, ground)


def _through(
    off: float,
    keys: Keys,
    ends: tuple[float, float],
    slopes: tuple[tuple[int, float], tuple[int, float]],
) -> CubicSpline:
    """A smooth way from toe-off to landing; `slopes`: (1, first) or (2, second derivative) at both ends."""
    times = [off, *[t for t, _ in keys], 1.0]
    values = [ends[0], *[v for _, v in keys], ends[1]]
    return CubicSpline(times, values, bc_type=slopes)  # pyright: ignore[reportArgumentType]


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
