"""Noise levels and starting noise, as DiffSynth's FlowMatchScheduler has them."""

import torch
from jaxtyping import Float
from torch import Tensor

SHIFT = 3.0
_LAST = 0.003 / 1.002
"""Noise level of the last step before shifting."""


def noise_levels(steps: int, strength: float = 1.0) -> Float[Tensor, " steps_and_zero"]:
    """Noise levels from the first (1 at full strength) down to 0, float32 on the CPU.

    Even steps, shifted towards noise by a fixed 3: s -> 3 s / (1 + 2 s) (Stable Diffusion 3, arXiv 2403.03206,
    eq. 23). With less strength all steps are taken from a lower level on.
    """
    start = _LAST + (1.0 - _LAST) * strength
    even = torch.linspace(start, _LAST, steps)
    shifted = SHIFT * even / (1 + (SHIFT - 1) * even)
    return torch.cat([shifted, torch.zeros(1)])


def starting_noise(seed: int, height: int, width: int) -> Float[Tensor, "1 16 rows columns"]:
    """Unit noise for the latents of a picture of height x width pixels.

    Drawn in float32 on the CPU, so that every machine draws the same.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn((1, 16, height // 8, width // 8), generator=generator)


def noised(
    clean: Float[Tensor, "frames 16 rows columns"],
    noise: Float[Tensor, "#frames 16 rows columns"],
    level: Float[Tensor, ""],
) -> Float[Tensor, "frames 16 rows columns"]:
    """Latents at a noise level: (1 - level) clean + level noise."""
    return (1 - level) * clean + level * noise
