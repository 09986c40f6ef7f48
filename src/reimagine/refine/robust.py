"""Averages that a wrong sample does not move."""

import torch
from jaxtyping import Float
from torch import Tensor

TUKEY = 4.685
"""Where the biweight reaches zero, in standard deviations: 95 % efficient on Gaussian noise."""
MAD_TO_SIGMA = 1.4826
SMALLEST_SIGMA = 0.008
LARGEST_SIGMA = 0.06
"""Colour units. More than this is another thing, not flicker."""


def robust_average(
    samples: Float[Tensor, "frames points 3"],
    trust: Float[Tensor, "frames points"],
    own: Float[Tensor, "points 3"],
) -> Float[Tensor, "points 3"]:
    """Tukey's biweight mean of trusted samples about their median.

    Where less than half of the trust agrees with the median, `own` comes back in proportion.
    """
    centre = masked_median(samples, trust > 0)
    away = (samples - centre).square().mean(dim=2).sqrt()
    spread = masked_median(away[..., None], trust > 0)[:, 0].median()
    sigma = (MAD_TO_SIGMA * spread).clamp(SMALLEST_SIGMA, LARGEST_SIGMA)
    agreement = (1 - (away / (TUKEY * sigma)).square()).clamp_min(0).square()
    weight = trust * agreement
    total = weight.sum(dim=0)
    mean = (samples * weight[..., None]).sum(dim=0) / total[:, None].clamp_min(1e-6)
    sure = (2 * total / trust.sum(dim=0).clamp_min(1e-6)).clamp(0, 1)
    return torch.lerp(own, mean, sure[:, None])


def masked_median(
    samples: Float[Tensor, "frames points channels"], known: Tensor
) -> Float[Tensor, "points channels"]:
    """Median over the known frames, by channel; zero where none is known.

    Unknown samples become +inf and -inf by turns and so leave the middle where it is; where their
    number is odd, the median is that of the known and one more at +inf.
    """
    turn = (~known).cumsum(dim=0) % 2 == 1
    far = torch.where(turn, torch.inf, -torch.inf)[..., None]
    rows = list(torch.where(known[..., None], samples, far).unbind())
    # Odd-even transposition sort: a few whole-picture minima and maxima, much faster than sorting each pixel.
    for turn_index in range(len(rows)):
        for k in range(turn_index % 2, len(rows) - 1, 2):
            rows[k], rows[k + 1] = (
                torch.minimum(rows[k], rows[k + 1]),
                torch.maximum(rows[k], rows[k + 1]),
            )
    middle = rows[(len(rows) - 1) // 2]
    return torch.where(torch.isfinite(middle), middle, torch.zeros(()))


def trimmed_mean(values: Float[Tensor, "frames channels"]) -> Float[Tensor, " channels"]:
    """Mean without the smallest and the largest, where there are three or more."""
    ordered = values.sort(dim=0).values
    return (ordered[1:-1] if len(ordered) > 2 else ordered).mean(dim=0)
