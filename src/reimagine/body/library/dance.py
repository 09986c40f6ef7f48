"""A step-touch: four beats, out to the left and close, out to the right and close."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from reimagine.body.library.figure import ANKLE_M, Feet, Figure, Track, euler
from reimagine.body.library.standing import Phase, arms, grounded

OUT_M, CLOSE_M = 0.21, -0.04
"""Where the left ankle is sideways after its step out, and after it has closed up to the right foot."""
STEP = 0.15
"""How long a foot is in the air, as a share of the four beats."""


def dance(phase: Phase) -> Figure:
    """Step-touch on the spot with swinging hips and arms, two beats a second."""
    bar = 2 * np.pi * phase
    beat = 4 * bar
    left, right = _foot(phase), _foot(phase - 0.5)
    right[:, 0] *= -1
    side = np.cos(bar - 2 * np.pi * 0.30)
    pelvis = np.stack([0.115 * side, -0.012 - 0.014 * np.cos(beat), 0.045 + 0 * bar], axis=-1)
    still = np.zeros(len(phase))
    feet = Feet(
        ankles=np.stack([left, right]),
        pitch=np.stack([_point(phase), _point(phase - 0.5)]),
        yaw=np.stack([still + 0.18, still - 0.18]),
        toes=np.stack([still, still]),
    )
    hips, chest = 0.22 * np.sin(bar), 0.12 * np.sin(2 * bar)
    return grounded(
        Figure(
            pelvis=pelvis,
            pelvis_turn=euler("yxz", hips, 0.03 + 0.03 * np.cos(beat), 0.08 * side),
            feet=feet,
            upper=_upper(bar, beat, side, hips, chest),
            curl=(2.0, 2.0),
        )
    )


def _upper(bar: Phase, beat: Phase, side: Phase, hips: Phase, chest: Phase) -> dict[str, Track]:
    swing = np.sin(2 * bar - 0.4)
    twist = (-1.3 * hips + chest) / 3
    tilt = -0.13 * side / 3
    bounce = 0.04 * np.cos(beat - 0.6)
    up = 0.25 * np.cos(beat - 0.5)
    return {
        "spine1": euler("yxz", twist, 0.03 + bounce, tilt),
        "spine2": euler("yxz", twist, -0.06 + 0 * bar, tilt),
        "spine3": euler("yxz", twist, 0.02 - bounce, tilt),
        "neck": euler("yxz", -0.4 * chest, -bounce, 0.05 * side),
        "head": euler("yxz", -0.4 * chest, 0.05 * np.cos(beat - 1.0), 0.06 * side),
        **arms(
            lowered=(1.05 - 0.16 * side, 1.05 + 0.16 * side),
            forward=(0.25 + 0.5 * swing, 0.25 - 0.5 * swing),
            elbows=(1.35 + up + 0.2 * swing, 1.35 + up - 0.2 * swing),
        ),
    }


def _foot(phase: Phase) -> Track:
    """The left ankle: out on the first beat, closing on the fourth."""
    share = phase - np.floor(phase)
    out = _ease(share / STEP)
    close = _ease((share - 0.75) / STEP)
    air = np.where(share < 0.5, share / STEP, (share - 0.75) / STEP)
    lift = np.sin(np.pi * np.clip(air, 0.0, 1.0)) ** 2
    x = CLOSE_M + (OUT_M - CLOSE_M) * (out - close)
    return np.stack([x, ANKLE_M + 0.085 * lift, 0.02 * (1 - out + close)], axis=-1)


def _point(phase: Phase) -> Phase:
    """The foot's pitch: toes down while it is in the air."""
    share = phase - np.floor(phase)
    keys = [0.0, 0.02, 0.07, 0.12, 0.75, 0.77, 0.82, 0.87, 1.0]
    return PchipInterpolator(keys, [0.0, 0.0, -0.25, 0.0, 0.0, 0.0, -0.25, 0.0, 0.0])(share)


def _ease(share: Phase) -> Phase:
    """From 0 to 1, starting and ending without velocity or acceleration."""
    s = np.clip(share, 0.0, 1.0)
    return s**3 * (10 - 15 * s + 6 * s**2)
