"""Pictures to latents and back, by FLUX's VAE."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate, pad

from reimagine.frames.flux.sampler import Reference, to_tokens, token_ids


@torch.no_grad()
def encode(
    vae: Any,  # noqa: ANN401
    pictures: Float[Tensor, "frames 3 height width"],
) -> Float[Tensor, "frames 16 rows columns"]:
    """Latents of pictures in 0..1: the mean of what the VAE gives, never a draw from it."""
    scaled = pictures.to(vae.device, vae.dtype) * 2 - 1
    # One by one: the same latents whatever the batch, and memory stays flat.
    means = [vae.encode(one[None]).latent_dist.mode() for one in scaled]
    return (torch.cat(means) - vae.config.shift_factor) * vae.config.scaling_factor


@torch.no_grad()
def decode(
    vae: Any,  # noqa: ANN401
    latents: Float[Tensor, "frames 16 rows columns"],
) -> Float[Tensor, "frames 3 height width"]:
    """Pictures in 0..1 from latents, float32 on the CPU; NaN stays NaN."""
    whole = latents / vae.config.scaling_factor + vae.config.shift_factor
    pictures = [vae.decode(one[None]).sample.float().cpu() for one in whole]
    return (torch.cat(pictures) * 0.5 + 0.5).clamp(0, 1)


def encode_reference(
    vae: Any,  # noqa: ANN401
    picture: Float[Tensor, "3 height width"],
    wanted_height: int | None,
) -> Reference:
    """The wide reference picture, encoded at its own size; its edge is repeated up to a multiple of 16 pixels.

    Args:
        vae: FLUX's.
        picture: 0..1.
        wanted_height: Pixels to scale it down to first, keeping its shape; None for its own height.
    """
    if wanted_height is not None and wanted_height < picture.shape[1]:
        wanted_width = max(16, round(picture.shape[2] * wanted_height / picture.shape[1]))
        size = (wanted_height, wanted_width)
        picture = interpolate(picture[None], size=size, mode="bicubic", antialias=True)[0]
        picture = picture.clamp(0, 1)
    down, right = (-side % 16 for side in picture.shape[1:])
    whole = pad(picture[None], (0, right, 0, down), mode="replicate")
    latents = encode(vae, whole)
    ids = token_ids(latents.shape[2], latents.shape[3], picture=1)
    return Reference(tokens=to_tokens(latents), ids=ids.to(latents.device))
