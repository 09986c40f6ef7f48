"""Motions on planted feet: A-pose, turntable, wave and squat."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from reimagine.body.library.figure import ANKLE_M, Figure, Track, euler, planted, reach_m

HIP_UNDER_PELVIS_M = 0.0985
"""How far the hip joints lie below the pelvis joint on the mean body."""
Phase = Float[np.ndarray, " frames"]
"""Where in the motion each frame is: every whole number is a whole repeat."""


def arms(
    *,
    lowered: tuple[Phase | float, Phase | float],
    forward: tuple[Phase | float, Phase | float] = (0.0, 0.0),
    elbows: tuple[Phase | float, Phase | float] = (0.2, 0.2),
) -> dict[str, Track]:
    """Local rotations of shoulders and elbows, left and right.

    `lowered`: radians down from the T-pose; `forward`: swing of the whole arm to the front; `elbows`: flexion.
    """
    turns: dict[str, Track] = {}
    for side, (name, sign) in enumerate((("l", 1.0), ("r", -1.0))):
        down, ahead, flex = (np.asarray(two[side]) for two in (lowered, forward, elbows))
        turns[f"{name}_shoulder"] = euler("xz", -ahead, -sign * down)
        turns[f"{name}_elbow"] = euler("zy", -sign * 0.24, -sign * flex)
    return turns


def stand(frames: int) -> Figure:
    """Somebody at ease: feet under the hips, weight on both, arms hanging."""
    still = np.zeros(frames)
    pelvis = np.zeros((frames, 3))
    pelvis[:, 1] = ANKLE_M + HIP_UNDER_PELVIS_M + 0.992 * reach_m(0)
    pelvis[:, 2] = 0.03
    upper = {
        "spine1": euler("x", still + 0.06),
        "spine2": euler("x", still - 0.08),
        "spine3": euler("x", still + 0.06),
        "neck": euler("x", still + 0.02),
        "head": euler("x", still - 0.04),
        **arms(lowered=(still + 1.2, still + 1.2), forward=(still + 0.06, still + 0.06)),
    }
    return Figure(
        pelvis=pelvis,
        pelvis_turn=np.zeros((frames, 3)),
        feet=planted(frames, half_width_m=0.085, yaw=0.06),
        upper=upper,
    )


def apose(phase: Phase) -> Figure:
    """Still: arms about 45 degrees down and straight, feet apart."""
    frames = len(phase)
    figure = stand(frames)
    still = np.zeros(frames)
    straight = arms(lowered=(still + 0.68, still + 0.68), elbows=(still + 0.08, still + 0.08))
    feet = planted(frames, half_width_m=0.13, yaw=0.1)
    return replace(figure, feet=feet, upper={**figure.upper, **straight})


def turn(phase: Phase) -> Figure:
    """The A-pose on a turntable, to the person's left: a still camera sees front, right, back, left."""
    figure = apose(phase)
    yaw = 2 * np.pi * phase
    about = euler("y", yaw)
    cos, sin = np.cos(yaw), np.sin(yaw)
    feet = figure.feet
    return replace(
        figure,
        pelvis=_turned(figure.pelvis, cos, sin),
        pelvis_turn=about,
        feet=replace(
            feet,
            ankles=np.stack([_turned(foot, cos, sin) for foot in feet.ankles]),
            yaw=feet.yaw + yaw,
        ),
    )


def _turned(places: Track, cos: Phase, sin: Phase) -> Track:
    x, y, z = places.T
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], axis=-1)
