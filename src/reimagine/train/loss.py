"""The flow-matching loss of one triple."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import mse_loss

from reimagine.frames.flux.sampler import Steering, Velocity, to_tokens, token_ids
from reimagine.frames.flux.schedule import noised
from reimagine.train.encoded import Example
from reimagine.train.schedule import training_levels, training_weights

_FIXED_LEVELS = (100, 400, 700, 950)
"""Numbers of the levels at which `fixed_loss` looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How strongly the model is told to listen."""

    control_scale: float
    guidance: float


def example_steering(example: Example, told: Told) -> Steering:
    """What steers the model towards a triple's target."""
    rows, columns = example.target.shape[2:]
    return Steering(
        text=example.text,
        negative=None,
        reference=example.reference,
        control=to_tokens(example.control),
        ids=token_ids(rows, columns, picture=0).to(example.target.device),
        control_scale=told.control_scale,
        guidance=told.guidance,
        true_cfg=1.0,
    )


def flow_loss(
    velocity: Velocity,
    example: Example,
    told: Told,
    *,
    level: int,
    noise: Float[Tensor, "1 16 rows columns"],
) -> Float[Tensor, ""]:
    """Mean square error of the velocity (noise minus clean latents) at a level's number, times the level's weight.

    Flow matching as in `FluxImagePipeline.training_loss` of github.com/Taited/ReImagine, for one picture.
    """
    clean = example.target.float()
    noise = noise.to(clean)
    share = training_levels()[level].to(clean)
    noisy = noised(clean, noise, share).to(example.target)
    steering = example_steering(example, told)
    found = velocity(steering, example.text, to_tokens(noisy), share)
    weight = float(training_weights()[level])
    return mse_loss(found.float(), to_tokens(noise - clean)) * weight


@torch.no_grad()
def fixed_loss(velocity: Velocity, examples: list[Example], told: Told) -> float:
    """Mean loss over these triples at four levels and one noise, always the same: what falls while the model learns.

    The loss of a step says little, as it hangs on the level that was drawn far more than on what was learned.
    """
    losses: list[float] = []
    for example in examples:
        generator = torch.Generator("cpu").manual_seed(0)
        noise = torch.randn(example.target.shape, generator=generator)
        losses += [
            float(flow_loss(velocity, example, told, level=level, noise=noise))
            for level in _FIXED_LEVELS
        ]
    return sum(losses) / len(losses)
