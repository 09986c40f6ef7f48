"""From noised originals to refined latents, the look of the originals blended in at every step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d

from reimagine.refine.diffusion.schedule import Level
from reimagine.refine.diffusion.windows import in_windows

Latents = Float[Tensor, "channels latents rows columns"]
COARSE = 5
"""Side in latent pixels of the square whose mean counts as low frequency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """How strongly latents are pulled to the noised originals after each step, 0 (free) to 1 (held)."""

    low: float = 0.0
    """What is coarse within a frame: colour and light."""
    high: float = 0.0
    """What is fine: face, texture, edges."""
    outside: float = 0.0
    """All of it, beyond the person."""
    easing: float = 0.0
    """How far `low` and `high` have let go by the last step: 0 not at all, 1 altogether."""
    over_time: int = 1
    """Latents over whose mean the original's coarse part is taken, so that its flicker is not what is held; odd."""


FREE = Hold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Latents that the model sees at once."""

    window: int
    overlap: int


def noised(clean: Latents, noise: Latents, level: Level) -> Latents:
    """Latents at a level."""
    return level.signal * clean + level.noise * noise


def refine_latents(
    denoise: Callable[[Latents, Level], Latents],
    originals: Latents,
    noise: Latents,
    levels: Sequence[Level],
    *,
    span: Span,
    hold: Hold = FREE,
    person: Float[Tensor, "latents rows columns"] | None = None,
) -> Latents:
    """The originals noised to the first level and brought down to the last; without levels, the originals.

    Each step follows the probability-flow ODE: DDIM with eta 0 (Song et al., ICLR 2021, eq. 12), which for a
    rectified flow is Euler's step along the velocity.

    Args:
        denoise: The clean estimate of latents at a level.
        originals: What the frames were.
        noise: Unit variance, of the same shape.
        levels: From the noisiest on.
        span: Latents that are denoised at once.
        hold: What is held.
        person: Where the person is, 0..1; everywhere where it is None.
    """
    if len(levels) < 2:
        return originals
    latents = noised(originals, noise, levels[0])
    targets = _over_time(originals, hold.over_time)
    for step, (level, after) in enumerate(pairwise(levels)):
        latents = _step(denoise, latents, level, after, span)
        left = 1 - hold.easing * step / max(len(levels) - 2, 1)
        latents = _held(latents, originals, targets, noise, after, hold, left, person)
    return latents


def _step(
    denoise: Callable[[Latents, Level], Latents],
    latents: Latents,
    level: Level,
    after: Level,
    span: Span,
) -> Latents:
    def estimate(part: Latents) -> Latents:
        return denoise(part, level)

    clean = in_windows(estimate, latents, span.window, span.overlap)
    ratio = after.noise / level.noise
    return ratio * latents + (after.signal - ratio * level.signal) * clean


def _held(
    latents: Latents,
    originals: Latents,
    targets: Latents,
    noise: Latents,
    level: Level,
    hold: Hold,
    left: float,
    person: Float[Tensor, "latents rows columns"] | None,
) -> Latents:
    """Latents pulled to the originals noised to the same level by the same noise."""
    low, high = hold.low * left, hold.high * left
    if low or high:
        away_low = _coarse(noised(targets, noise, level) - latents)
        away = noised(originals, noise, level) - latents
        latents = latents + low * away_low + high * (away - _coarse(away))
    if hold.outside and person is not None:
        share = hold.outside * (1 - person).to(latents)
        latents = torch.lerp(latents, noised(originals, noise, level), share)
    return latents


def _coarse(latents: Latents) -> Latents:
    return avg_pool2d(latents, COARSE, 1, COARSE // 2, count_include_pad=False)


def _over_time(latents: Latents, frames: int) -> Latents:
    """Mean over neighbouring latents, fewer at the ends."""
    reach, length = frames // 2, latents.shape[1]
    if reach == 0:
        return latents
    rows = [
        latents[:, max(k - reach, 0) : k + reach + 1].mean(dim=1, keepdim=True)
        for k in range(length)
    ]
    return torch.cat(rows, dim=1)
