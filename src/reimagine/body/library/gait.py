"""Walk and run: feet roll over the floor from heel to toes, the rest of the body answers.

The feet are planned first (one curve a foot and stride, planted exactly while they bear weight); the legs are
solved from them. Timing and amplitudes are the usual ones of gait textbooks (stance about 62 % of a walking
stride, toe-off at 62 %, pelvis 2 cm up and down twice a stride, arms against the legs).
"""

from dataclasses import dataclass, replace

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
from reimagine.body.library.standing import Phase, arms

Keys = tuple[tuple[float, float], ...]
"""(share of the stride since this foot landed, value)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gait:
    """How somebody goes; shares are of a stride (two steps), angles radians, lengths metres."""

    stride_m: float
    flat: tuple[float, float]
    """From when to when the whole sole is on the floor."""
    off: float
    """When the toes leave the floor."""
    lands_ahead: float
    """How far ahead of the pelvis a foot lands, as a share of the stride."""
    pitch: Keys
    toes: Keys
    lift: Keys
    """Height of the ankle in the air."""
    reach: Keys
    """Share of the way to the next foothold, in the air."""
    half_width_m: float
    bob_m: float
    highest: float
    sway_m: float
    yaw: float
    roll: float
    lean: float
    arm_swing: float
    arm_mean: float
    elbow: tuple[float, float]
    straightest: float
    """Longest leg as a share of its reach."""


WALK = Gait(
    stride_m=1.26,
    flat=(0.10, 0.38),
    off=0.62,
    lands_ahead=0.245,
    pitch=(
        *((0.0, 0.30), (0.05, 0.12), (0.10, 0.0), (0.38, 0.0), (0.50, -0.30), (0.62, -0.95)),
        *((0.69, -1.02), (0.80, -0.35), (0.88, 0.08), (0.95, 0.30), (1.0, 0.30)),
    ),
    toes=(
        (0.0, 0.15),
        (0.08, 0.0),
        (0.38, 0.0),
        (0.50, 0.30),
        (0.62, 0.80),
        (0.72, 0.15),
        (1.0, 0.15),
    ),
    lift=((0.71, 0.228), (0.84, 0.148), (0.94, 0.120)),
    reach=((0.945, 0.985),),
    half_width_m=0.055,
    bob_m=0.02,
    highest=0.31,
    sway_m=0.022,
    yaw=0.08,
    roll=0.045,
    lean=0.03,
    arm_swing=0.36,
    arm_mean=0.04,
    elbow=(0.26, 0.14),
    straightest=0.996,
)


RUN = Gait(
    stride_m=1.95,
    flat=(0.06, 0.16),
    off=0.35,
    lands_ahead=0.13,
    pitch=(
        *((0.0, 0.12), (0.06, 0.0), (0.16, 0.0), (0.26, -0.35), (0.35, -0.95)),
        *((0.45, -1.45), (0.58, -1.35), (0.75, -0.45), (0.9, 0.1), (1.0, 0.12)),
    ),
    toes=(
        (0.0, 0.1),
        (0.06, 0.0),
        (0.16, 0.0),
        (0.26, 0.28),
        (0.35, 0.76),
        (0.42, 0.6),
        (0.55, 0.1),
        (1.0, 0.1),
    ),
    lift=((0.52, 0.42), (0.62, 0.43), (0.80, 0.25), (0.93, 0.130)),
    reach=((0.94, 0.975),),
    half_width_m=0.04,
    bob_m=0.035,
    highest=0.425,
    sway_m=0.012,
    yaw=0.12,
    roll=0.05,
    lean=0.13,
    arm_swing=0.55,
    arm_mean=-0.15,
    elbow=(1.45, 0.2),
    straightest=0.985,
)


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
    on = np.array([0.0, 0.0, gait.stride_m])
    end, after = end + on, after + on
    ends = ((1, (start - before) / step), (1, (after - end) / step))
    times = [gait.off, *[t for t, _ in gait.lift], 1.0]
    heights = [start[1], *[h for _, h in gait.lift], end[1]]
    rise = CubicSpline(times, heights, bc_type=((1, ends[0][1][1]), (2, 0.0)))
    way_times = [gait.off, *[t for t, _ in gait.reach], 1.0]
    way = [start[2], *[start[2] + r * (end[2] - start[2]) for _, r in gait.reach], end[2]]
    along = CubicSpline(way_times, way, bc_type=((1, ends[0][1][2]), (1, ends[1][1][2])))
    aside = CubicSpline(
        [gait.off, 1.0], [start[0], end[0]], bc_type=((1, ends[0][1][0]), (1, ends[1][1][0]))
    )
    flying = np.stack([aside(share), rise(share), along(share)], axis=-1)
    return np.where(air[:, None], flying, ground)


def _rolling(gait: Gait, side: int, share: Phase) -> Track:
    """The ankle while the foot bears weight: turning about the heel, still, then turning about the toes' joint."""
    pitch = _curve(gait.pitch)(share)
    yaw = np.full_like(pitch, 0.04 * (1 - 2 * side))
    flat, turned = foot_turn(yaw, np.zeros_like(pitch)), foot_turn(yaw, pitch)
    pivot = np.where((share < gait.flat[1])[:, None], HEEL, TOES[side])
    place = np.array([0.0, ANKLE_M, 0.0]) + flat.apply(pivot) - turned.apply(pivot)
    place[:, 1] += BALL_M * np.maximum(-pitch, 0.0)
    return place


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
