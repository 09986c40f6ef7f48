"""From noised originals to refined latents, the look of the originals blended in at every step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import avg_pool2d

from reimagine.refine.diffusion.links import Links
from reimagine.refine.diffusion.schedule import Level
from reimagine.refine.diffusion.windows import in_windows

Latents = Float[Tensor, "channels latents rows columns"]
Denoise = Callable[[Latents, Level], Latents]
Follow = Callable[[Latents, Level, Links], Latents]
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
    guessed: float = 1.0
    """Share of `low` and `high` by which places are held that no photo shows."""


FREE = Hold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is known of each latent pixel; nothing where it is None."""

    person: Float[Tensor, "latents rows columns"] | None = None
    """Where the person is, 0..1."""
    seen: Float[Tensor, "latents rows columns"] | None = None
    """How far photos show the place, 0..1."""
    raised: Float[Tensor, "latents rows columns"] | None = None
    """How strongly the place is held besides, 0..1, to the last step."""
    links: Links | None = None
    """Along which features are carried."""


ANYWHERE = Places()


def cut_places(places: Places, part: slice) -> Places:
    """What is known of a few neighbouring latents."""
    return Places(
        person=None if places.person is None else places.person[part],
        seen=None if places.seen is None else places.seen[part],
        raised=None if places.raised is None else places.raised[part],
        links=None if places.links is None else places.links.cut(part),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Latents that come out as they came out before, for the others to fit in with."""

    where: Bool[Tensor, " latents"]
    latents: Latents


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Latents that the model sees at once."""

    window: int
    overlap: int


def noised(clean: Latents, noise: Latents, level: Level) -> Latents:
    """Latents at a level."""
    return level.signal * clean + level.noise * noise


def refine_latents(
    denoise: Denoise,
    originals: Latents,
    noise: Latents,
    levels: Sequence[Level],
    *,
    span: Span,
    hold: Hold = FREE,
    places: Places = ANYWHERE,
    settled: Settled | None = None,
    follow: Follow | None = None,
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
        places: What is known of latent pixels.
        settled: What is known to be the result already.
        follow: The clean estimate with features carried along links; where there are some it takes denoise's place.
    """
    if len(levels) < 2:
        return originals
    latents = _settled(noised(originals, noise, levels[0]), noise, levels[0], settled)
    targets = _over_time(originals, hold.over_time)
    for step, (level, after) in enumerate(pairwise(levels)):
        latents = _step(denoise, follow, latents, level, after, span, places.links)
        left = 1 - hold.easing * step / max(len(levels) - 2, 1)
        goals = [noised(one, noise, after) for one in (originals, targets)]
        latents = _held(latents, goals[0], goals[1], hold, left, places)
        latents = _settled(latents, noise, after, settled)
    return latents


def _step(
    denoise: Denoise,
    follow: Follow | None,
    latents: Latents,
    level: Level,
    after: Level,
    span: Span,
    links: Links | None,
) -> Latents:
    def estimate(part: Latents, where: slice) -> Latents:
        if follow is None or links is None:
            return denoise(part, level)
        return follow(part, level, links.cut(where))

    clean = in_windows(estimate, latents, span.window, span.overlap)
    ratio = after.noise / level.noise
    return ratio * latents + (after.signal - ratio * level.signal) * clean


def _held(
    latents: Latents,
    originals: Latents,
    targets: Latents,
    hold: Hold,
    left: float,
    places: Places,
) -> Latents:
    """Latents pulled to the originals, and in what is coarse to the targets, both noised to the same level."""
    low, high = hold.low * left, hold.high * left
    if low or high:
        away = originals - latents
        pull = low * _coarse(targets - latents) + high * (away - _coarse(away))
        if places.seen is not None and hold.guessed != 1:
            pull = pull * torch.lerp(torch.tensor(hold.guessed), torch.ones(()), places.seen)
        latents = latents + pull
    if places.raised is not None:
        latents = torch.lerp(latents, originals, places.raised.to(latents))
    if hold.outside and places.person is not None:
        share = hold.outside * (1 - places.person).to(latents)
        latents = torch.lerp(latents, originals, share)
    return latents


def _settled(latents: Latents, noise: Latents, level: Level, settled: Settled | None) -> Latents:
    if settled is None:
        return latents
    known = noised(settled.latents, noise, level)
    return torch.where(settled.where[:, None, None], known, latents)


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
