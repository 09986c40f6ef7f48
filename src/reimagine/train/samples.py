"""Sample sheets: what the model paints so far."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate, pad

from reimagine.frames.flux.pictures import decode
from reimagine.frames.flux.sampler import Velocity, from_tokens, sample, to_tokens
from reimagine.frames.flux.schedule import noise_levels, starting_noise
from reimagine.settings import ImageModel
from reimagine.train.encoded import Example
from reimagine.train.loss import Told, example_steering
from reimagine.train.triples import Pictures

_SEED = 43
_HEIGHT, _GAP = 448, 8
"""Pixels of a row, at most, and between pictures."""


@torch.no_grad()
def paint_example(
    velocity: Velocity,
    vae: Any,  # noqa: ANN401
    example: Example,
    *,
    control_scale: float,
    steps: int,
) -> Float[Tensor, "3 height width"]:
    """What the model paints for a triple, 0..1, as `generate --image flux-kontext` would with default settings."""
    rows, columns = example.target.shape[2:]
    noise = starting_noise(_SEED, rows * 8, columns * 8).to(example.target)
    told = Told(control_scale=control_scale, guidance=ImageModel().guidance)
    steering = example_steering(example, told)
    latents = sample(velocity, steering, to_tokens(noise), noise_levels(steps))
    return decode(vae, from_tokens(latents, rows))[0]


def sample_sheet(
    pictures: list[Pictures], painted: list[Float[Tensor, "3 _ _"]]
) -> Float[Tensor, "3 height width"]:
    """One row a triple: wide reference, normal map, target, and what the model paints. On white."""
    rows = [
        _row([one.reference, one.normals, one.target, made])
        for one, made in zip(pictures, painted, strict=True)
    ]
    width = max(row.shape[2] for row in rows)
    return torch.cat([pad(row, (0, width - row.shape[2], 0, 0), value=1.0) for row in rows], dim=1)


def _row(pictures: list[Tensor]) -> Tensor:
    height = min(_HEIGHT, pictures[-1].shape[1])
    scaled: list[Tensor] = []
    for picture in pictures:
        width = max(1, round(picture.shape[2] * height / picture.shape[1]))
        made = interpolate(picture[None], size=(height, width), mode="bicubic", antialias=True)
        scaled.append(pad(made[0].clamp(0, 1), (0, _GAP, 0, _GAP), value=1.0))
    return torch.cat(scaled, dim=2)
