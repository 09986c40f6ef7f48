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


def agreement(
    samples: Float[Tensor, "frames points 3"], trust: Float[Tensor, "frames points"]
) -> Float[Tensor, "frames points"]:
    """Tukey's biweights of trusted samples about their median, 0..1."""
    centre = masked_median(samples, trust > 0)
    away = (samples - centre).square().mean(dim=2).sqrt()
    spread = masked_median(away[..., None], trust > 0)[:, 0].median()
    sigma = (MAD_TO_SIGMA * spread).clamp(SMALLEST_SIGMA, LARGEST_SIGMA)
    return (1 - (away / (TUKEY * sigma)).square()).clamp_min(0).square()


def agreed(
    samples: Float[Tensor, "frames points 3"],
    trust: Float[Tensor, "frames points"],
    agreement: Float[Tensor, "frames points"],
    own: Float[Tensor, "points 3"],
) -> Float[Tensor, "points 3"]:
    """Mean of trusted samples as far as they agree; `own` in proportion where less than half of the trust does."""
    weight = trust * agreement
    total = weight.sum(dim=0)
    mean = (samples * weight[..., None]).sum(dim=0) / total[:, None].clamp_min(1e-6)
    sure = (2 * total / trust.sum(dim=0).clamp_min(1e-6)).clamp(0, 1)
    return torch.lerp(own, mean, sure[:, None])


def mean_of_alike(
    values: Float[Tensor, "frames points"],
    trust: Float[Tensor, "frames points"],
    agreement: Float[Tensor, "frames points"],
) -> Float[Tensor, " points"]:
    """Mean of trusted values, each frame counting by how far all of it agrees.

    Not each point by its own agreement: where detail comes and goes, that would choose the frames that are alike by
    chance.
    """
    alike = (trust * agreement).sum(dim=1) / trust.sum(dim=1).clamp_min(1e-6)
    weight = trust * alike[:, None].clamp_min(1e-3)
    return (values * weight).sum(dim=0) / weight.sum(dim=0).clamp_min(1e-6)


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
