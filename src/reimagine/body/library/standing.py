"""Motions on planted feet: A-pose, turntable, wave and squat."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from reimagine.body.library.figure import (
    Figure,
    Track,
    euler,
    highest_pelvis_m,
    planted,
)

Phase = Float[np.ndarray, " frames"]
"""Where in the motion each frame is: every whole number is a whole repeat."""


def arms(
    *,
    lowered: tuple[Phase | float, Phase | float],
    forward: tuple[Phase | float, Phase | float] = (0.0, 0.0),
    elbows: tuple[Phase | float, Phase | float] = (0.2, 0.2),
    palms_back: float = 0.5,
) -> dict[str, Track]:
    """Local rotations of shoulders, elbows and wrists, left and right.

    `lowered`: radians down from the T-pose; `forward`: swing of the whole arm to the front; `elbows`: flexion;
    `palms_back`: how far the palms turn from the thighs to the back, half in the forearm, half in the wrist.
    """
    turns: dict[str, Track] = {}
    for side, (name, sign) in enumerate((("l", 1.0), ("r", -1.0))):
        down, ahead, flex = (np.asarray(two[side]) for two in (lowered, forward, elbows))
        turns[f"{name}_shoulder"] = euler("xz", -ahead, -sign * down)
        turns[f"{name}_elbow"] = euler("zyx", -sign * 0.24, -sign * flex, palms_back / 2)
        turns[f"{name}_wrist"] = euler("x", np.full_like(np.atleast_1d(down), palms_back / 2))
    return turns


def stand(frames: int, *, half_width_m: float = 0.085, yaw: float = 0.06) -> Figure:
    """Somebody at ease: weight on both feet, arms hanging."""
    still = np.zeros(frames)
    pelvis = np.zeros((frames, 3))
    pelvis[:, 2] = 0.035
    upper = {
        "spine1": euler("x", still + 0.06),
        "spine2": euler("x", still - 0.08),
        "spine3": euler("x", still + 0.06),
        "neck": euler("x", still + 0.02),
        "head": euler("x", still - 0.04),
        **arms(lowered=(still + 1.2, still + 1.2), forward=(still + 0.06, still + 0.06)),
    }
    return grounded(
        Figure(
            pelvis=pelvis,
            pelvis_turn=np.zeros((frames, 3)),
            feet=planted(frames, half_width_m=half_width_m, yaw=yaw),
            upper=upper,
        )
    )


def grounded(figure: Figure) -> Figure:
    """The figure with its pelvis as high as nearly straight legs carry it at the clip's lowest moment.

    Heights that the figure has already are kept as differences from that.
    """
    allowed = [
        highest_pelvis_m(side, ankles, figure.pelvis, figure.pelvis_turn, 0.996)
        for side, ankles in enumerate(figure.feet.ankles)
    ]
    height = np.min(allowed - figure.pelvis[:, 1])
    return replace(figure, pelvis=figure.pelvis + np.array([0.0, height, 0.0]))


def apose(phase: Phase) -> Figure:
    """Still: arms about 45 degrees down and straight, feet apart."""
    frames = len(phase)
    figure = stand(frames, half_width_m=0.13, yaw=0.1)
    still = np.zeros(frames)
    straight = arms(
        lowered=(still + 0.68, still + 0.68), elbows=(still + 0.08, still + 0.08), palms_back=0.1
    )
    return replace(figure, upper={**figure.upper, **straight})


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


def squat(phase: Phase) -> Figure:
    """Down with the hips back and the arms ahead, and up again; the heels stay on the floor."""
    frames = len(phase)
    depth = _there_and_back(phase)
    figure = stand(frames, half_width_m=0.17, yaw=0.3)
    pelvis = figure.pelvis + np.stack([0 * depth, -0.40 * depth, -0.17 * depth], axis=-1)
    lean = 0.62 * depth
    straight = 1.2 + 0.08 * depth
    return replace(
        figure,
        pelvis=pelvis,
        pelvis_turn=euler("x", lean),
        upper={
            **figure.upper,
            "spine1": euler("x", 0.06 + 0.06 * depth),
            "spine2": euler("x", -0.08 + 0.08 * depth),
            "spine3": euler("x", 0.06 - 0.1 * depth),
            "neck": euler("x", 0.02 - 0.25 * depth),
            "head": euler("x", -0.04 - 0.25 * depth),
            **arms(
                lowered=(straight, straight),
                forward=(0.06 + 2.1 * depth, 0.06 + 2.1 * depth),
                elbows=(0.2 - 0.1 * depth, 0.2 - 0.1 * depth),
            ),
        },
    )


def _there_and_back(phase: Phase) -> Phase:
    """0 at whole repeats, 1 half-way, resting a little at both."""
    wave = (1 - np.cos(2 * np.pi * phase)) / 2
    return wave * wave * (3 - 2 * wave)


def wave(phase: Phase) -> Figure:
    """The right hand waves beside the head while the weight shifts from foot to foot."""
    frames = len(phase)
    slow, quick = 2 * np.pi * phase, 2 * np.pi * 4 * phase
    figure = stand(frames, half_width_m=0.10, yaw=0.12)
    shift = np.sin(slow)
    pelvis = np.stack([0.025 * shift + 0.01, -0.004 * np.cos(2 * slow), 0.035 + 0 * slow], axis=-1)
    hanging = arms(lowered=(1.2 + 0 * slow, 0 * slow), forward=(0.05 + 0.03 * shift, 0 * slow))
    raised = {
        "r_collar": euler("z", -0.22 + 0 * slow),
        "r_shoulder": euler("zyx", 0.22 + 0.05 * np.sin(quick), 0.35 + 0 * slow, -1.35 + 0 * slow),
        "r_elbow": euler("y", 1.62 + 0.34 * np.sin(quick)),
        "r_wrist": euler("y", 0.05 + 0.24 * np.sin(quick - 0.8)),
    }
    return grounded(
        replace(
            figure,
            pelvis=pelvis,
            pelvis_turn=euler("z", 0.03 * shift),
            upper={
                **figure.upper,
                "spine1": euler("xz", 0.06 + 0 * slow, -0.02 * shift),
                "spine2": euler("xz", -0.08 + 0 * slow, 0.03 - 0.02 * shift),
                "spine3": euler("xz", 0.06 + 0.01 * np.cos(slow), 0.03 + 0 * slow),
                "neck": euler("z", -0.03 + 0.02 * shift),
                "head": euler("xyz", -0.04 + 0 * slow, 0.04 * shift, -0.06 + 0.03 * shift),
                **hanging,
                **raised,
            },
            curl=(1.0, 0.3),
        )
    )


def _turned(places: Track, cos: Phase, sin: Phase) -> Track:
    x, y, z = places.T
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], axis=-1)
