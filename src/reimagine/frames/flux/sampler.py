"""The sampler: from noise to latents, steered by normal maps, a reference picture and text.

Our own loop over diffusers' models, to the semantics of the official `inference_img.py`: the ControlNet sees the
target's tokens alone, and what it says is added to them alone; the reference stands behind them in the sequence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A prompt, encoded."""

    words: Float[Tensor, "1 words channels"]
    pooled: Float[Tensor, "1 pooled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The wide reference picture, encoded."""

    tokens: Float[Tensor, "1 tokens 64"]
    ids: Float[Tensor, "tokens 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """All that steers the frames of one call, and how strongly."""

    text: Text
    negative: Text | None
    """None where there is no classifier-free guidance."""
    reference: Reference
    control: Float[Tensor, "frames tokens 64"]
    """The normal maps, encoded."""
    ids: Float[Tensor, "tokens 3"]
    control_scale: float
    guidance: float
    true_cfg: float


Velocity = Callable[[Steering, Text, Tensor, Tensor], Tensor]
"""steering, text, latents `frames tokens 64` and noise level to the velocity (noise minus clean) of the latents."""


def to_tokens(latents: Float[Tensor, "frames c rows columns"]) -> Float[Tensor, "frames tokens 64"]:
    """Latents cut into 2 x 2 patches, row by row."""
    return rearrange(
        latents, "frames c (row p) (column q) -> frames (row column) (c p q)", p=2, q=2
    )


def from_tokens(
    tokens: Float[Tensor, "frames tokens 64"], rows: int
) -> Float[Tensor, "frames c rows columns"]:
    """Latents of so many rows, put together from their patches."""
    return rearrange(
        tokens,
        "frames (row column) (c p q) -> frames c (row p) (column q)",
        row=rows // 2,
        p=2,
        q=2,
    )


def token_ids(rows: int, columns: int, *, picture: int) -> Float[Tensor, "tokens 3"]:
    """Where each token stands: 0 for the target or 1 for the reference, row, column."""
    row, column = torch.meshgrid(
        torch.arange(rows // 2.0), torch.arange(columns // 2.0), indexing="ij"
    )
    number = torch.full_like(row, float(picture))
    return torch.stack([number, row, column], dim=-1).reshape(-1, 3)


@torch.no_grad()
def sample(
    velocity: Velocity,
    steering: Steering,
    latents: Float[Tensor, "frames tokens 64"],
    levels: Float[Tensor, " steps_and_zero"],
) -> Float[Tensor, "frames tokens 64"]:
    """Clean latents from noisy ones, by Euler steps from level to level."""
    for level, following in pairwise(levels):
        change = velocity(steering, steering.text, latents, level)
        if steering.negative is not None:
            away = velocity(steering, steering.negative, latents, level)
            change = away + steering.true_cfg * (change - away)
        latents = latents + change * (following - level)
    return latents


def kontext_velocity(transformer: Any, controlnet: Any) -> Velocity:  # noqa: ANN401
    """The velocity that FluxTransformer2DModel gives with FluxControlNetModel's help; no ControlNet for None."""

    def velocity(steering: Steering, text: Text, latents: Tensor, level: Tensor) -> Tensor:
        doubles, singles = control_samples(controlnet, steering, text, latents, level)
        frames, tokens = latents.shape[:2]
        reference = steering.reference.tokens.expand(frames, -1, -1)
        beyond = reference.shape[1]
        (change,) = transformer(
            hidden_states=torch.cat([latents, reference], dim=1),
            img_ids=torch.cat([steering.ids, steering.reference.ids]),
            controlnet_block_samples=_lengthened(doubles, beyond),
            controlnet_single_block_samples=_lengthened(singles, beyond),
            **model_inputs(transformer, steering, text, latents, level),
        )
        return change[:, :tokens]

    return velocity


def control_samples(
    controlnet: Any,  # noqa: ANN401
    steering: Steering,
    text: Text,
    latents: Tensor,
    level: Tensor,
) -> tuple[list[Tensor] | None, list[Tensor] | None]:
    """What the ControlNet adds to the target's tokens after the transformer's double and single blocks."""
    if controlnet is None or steering.control_scale == 0:
        return None, None
    return controlnet(
        hidden_states=latents,
        controlnet_cond=steering.control,
        conditioning_scale=steering.control_scale,
        img_ids=steering.ids,
        **model_inputs(controlnet, steering, text, latents, level),
    )


def model_inputs(
    model: Any,  # noqa: ANN401
    steering: Steering,
    text: Text,
    latents: Tensor,
    level: Tensor,
) -> dict[str, Any]:
    """What the ControlNet and the transformer are told alike."""
    frames = latents.shape[0]
    # The official timestep is 1000 times the level, then rounded; the models multiply by 1000 again.
    timestep = (level * 1000).to(latents) / 1000
    return {
        "encoder_hidden_states": text.words.expand(frames, -1, -1),
        "pooled_projections": text.pooled.expand(frames, -1),
        "timestep": timestep.expand(frames),
        "guidance": _guidance(model, steering, latents),
        "txt_ids": torch.zeros(text.words.shape[1], 3, device=latents.device),
        "return_dict": False,
    }


def _guidance(model: Any, steering: Steering, latents: Tensor) -> Tensor | None:  # noqa: ANN401
    """The guidance strength, for models that were distilled with one."""
    if not model.config.guidance_embeds:
        return None
    return torch.full((latents.shape[0],), steering.guidance, device=latents.device)


def _lengthened(samples: list[Tensor] | None, tokens: int) -> list[Tensor] | None:
    """Zeros for the reference's tokens, which the ControlNet says nothing about."""
    return None if samples is None else [pad(one, (0, 0, 0, tokens)) for one in samples]
