"""Long clips by overlapping windows whose estimates are blended at every step.

After MultiDiffusion (Bar-Tal et al., ICML 2023, eq. 5), over time: where windows overlap, the estimate is their
weighted mean, with weights that fall towards a window's ends.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Latents = Float[Tensor, "channels latents rows columns"]


def spans(length: int, window: int, overlap: int) -> list[slice]:
    """Windows of `window` latents, at least `overlap` shared by neighbours, that cover 0..length-1; one where it fits."""
    assert 0 <= overlap < window
    if window >= length:
        return [slice(0, length)]
    starts = [*range(0, length - window, window - overlap), length - window]
    return [slice(start, start + window) for start in starts]


def ramp(length: int, overlap: int, *, first: bool, last: bool) -> Float[Tensor, " latents"]:
    """Weights of a window: one in the middle, (i + 1/2) / overlap towards ends that have a neighbour."""
    weights = torch.ones(length)
    rising = (torch.arange(overlap) + 0.5) / max(overlap, 1)
    if overlap and not first:
        weights[:overlap] = torch.minimum(weights[:overlap], rising)
    if overlap and not last:
        weights[-overlap:] = torch.minimum(weights[-overlap:], rising.flip(0))
    return weights


def in_windows(
    estimate: Callable[[Latents, slice], Latents], latents: Latents, window: int, overlap: int
) -> Latents:
    """`estimate` of the whole, from its estimates of windows (a window and where it is); exactly its own where one window covers all."""
    length = latents.shape[1]
    parts = spans(length, window, overlap)
    if len(parts) == 1:
        return estimate(latents, parts[0])
    total, weight = torch.zeros_like(latents), torch.zeros(length)
    for part in parts:
        share = ramp(window, overlap, first=part.start == 0, last=part.stop == length)
        found = estimate(latents[:, part], part)
        total[:, part] += found * share[:, None, None].to(found)
        weight[part] += share
    return total / weight[:, None, None].to(total)
