"""Noise levels from the first to none. A latent noised to a level is signal * clean + noise * gaussian."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much of the clean latent and how much noise there is."""

    signal: float
    noise: float
    time: float
    """What the model is told: 1000 * noise for flow matching, the training step for noise prediction."""


CLEAN = Level(signal=1.0, noise=0.0, time=0.0)


def flow_matching(strength: float, steps: int, shift: float) -> tuple[Level, ...]:
    """Levels of a rectified flow, signal = 1 - noise, from noise = `strength` down to none in `steps` steps.

    They are evenly spaced before the shift noise = shift * u / (1 + (shift - 1) * u) (Esser et al., ICML 2024, eq. 23).
    Strength 0 is no step at all.

    Raises:
        InputError: for a strength out of 0..1 or no steps.
    """
    _check(strength, steps)
    if strength == 0:
        return ()
    first = strength / (shift - (shift - 1) * strength)
    levels: list[Level] = []
    for step in range(steps):
        u = first * (1 - step / steps)
        noise = strength if step == 0 else shift * u / (1 + (shift - 1) * u)
        levels.append(Level(signal=1 - noise, noise=noise, time=1000 * noise))
    return (*levels, CLEAN)


def noise_prediction(
    strength: float, steps: int, kept: Float[Tensor, " times"]
) -> tuple[Level, ...]:
    """Levels of a variance-preserving model, signal^2 + noise^2 = 1, from about noise = `strength` down to none.

    Args:
        strength: Standard deviation of the noise at the start, 0..1.
        steps: How many steps.
        kept: Cumulative product of alpha at each training step (Ho et al., NeurIPS 2020, eq. 4), falling.

    Raises:
        InputError: for a strength out of 0..1 or no steps.
    """
    _check(strength, steps)
    if strength == 0:
        return ()
    noises = (1 - kept.double()).sqrt()
    first = int((noises - strength).abs().argmin())
    times = torch.linspace(first, 0, steps + 1)[:-1].round().long().tolist()
    levels = [
        Level(signal=float(kept[time]) ** 0.5, noise=float(noises[time]), time=float(time))
        for time in dict.fromkeys(times)
    ]
    return (*levels, CLEAN)


def _check(strength: float, steps: int) -> None:
    if not 0 <= strength <= 1:
        raise InputError(
            f"`refinement.strength` is {strength:g}; expected 0 (nothing changes) to 1 (all noise). Give 0.3."
        )
    if steps < 1:
        raise InputError(
            f"`refinement.steps` is {steps}; expected at least 1. Give `refinement.steps` 10."
        )
