"""The built-in motions by name."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from reimagine.body.library.dance import dance
from reimagine.body.library.figure import Figure, solve
from reimagine.body.library.gait import run, walk
from reimagine.body.library.standing import apose, squat, turn, wave
from reimagine.errors import InputError
from reimagine.records import Motion


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """One built-in motion."""

    figure: Callable[[np.ndarray], Figure]
    """The figure at these repeats; whole numbers are the same moment."""
    seconds: float
    """How long a repeat lasts when nothing is fitted."""
    whole: bool = False
    """Whether any clip gets at least one whole repeat, however fast."""
    about: str
    """For help texts."""


BUILT_IN_MOTIONS = {
    "walk": BuiltIn(figure=walk, seconds=1.08, about="a relaxed walk ahead"),
    "run": BuiltIn(figure=run, seconds=0.72, about="a jog ahead"),
    "wave": BuiltIn(figure=wave, seconds=2.4, about="the right hand waves"),
    "turn": BuiltIn(figure=turn, seconds=6.0, whole=True, about="A-pose on a turntable"),
    "squat": BuiltIn(figure=squat, seconds=2.6, about="down and up, arms ahead"),
    "dance": BuiltIn(figure=dance, seconds=2.0, about="a step-touch on the spot"),
    "apose": BuiltIn(figure=apose, seconds=1.0, about="still, arms 45 degrees down"),
}


def built_in_motion(name: str, frames: int, fps: float) -> Motion:
    """A built-in motion of this length, for a person of the mean body's size (`scale_travel` fits others).

    Its tempo is fitted, by at most a quarter, so that whole repeats fill the clip: the frame after the last is
    the first again (where the person goes somewhere, but for the way gone). Clips too short for that get the
    start of the motion. Stands on y = 0, faces +Z, starts at the origin. Raises InputError.
    """
    if name not in BUILT_IN_MOTIONS:
        raise InputError(
            f"no built-in motion is called '{name}'; expected one of {', '.join(BUILT_IN_MOTIONS)}, or a motion "
            "file. Check the spelling or the path."
        )
    if frames < 1:
        raise InputError(f"`frames` is {frames}; expected at least 1.")
    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"`fps` is {fps}; expected more than 0, for example `fps` 24.")
    made = BUILT_IN_MOTIONS[name]
    natural = frames / fps / made.seconds
    repeats = round(natural)
    if made.whole:
        fitted = max(repeats, 1)
    else:
        fitted = repeats if repeats and abs(repeats / natural - 1) <= 0.25 else natural
    poses, transl = solve(made.figure(np.arange(frames) * (fitted / frames)))
    return Motion(
        poses=torch.from_numpy(poses).float(),
        transl=torch.from_numpy(transl).float(),
        fps=float(fps),
        betas=torch.zeros(10),
        name=name,
    )
