"""The reference's keys and values, computed a few times a person instead of in every step of every frame.

An approximation: exactly, the reference's tokens also look at the picture being painted. Here they look at the text
and at themselves alone, so that what they give depends on nothing but the noise level, and every frame can use it.
"""

from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.embeddings import apply_rotary_emb
from torch import Tensor

from reimagine.frames.flux.sampler import Steering, Text, Velocity, control_samples, model_inputs

Bank = list[tuple[Tensor, Tensor]]
"""Keys and values of the reference's tokens in each layer, as attention takes them: `1 tokens heads channels`."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """What the layers share: whether they write or read, and how many words stand before the reference."""

    writing: bool = False
    words: int = 0


class RememberingAttention:
    """FLUX's attention with the reference's keys and values written down, or read in place of its tokens."""

    # diffusers sets these on its own processors; set_attention_backend expects them.
    _attention_backend = None
    _parallel_config = None

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        # No layer's number: torch.compile would compile each layer anew, and give up after eight.
        self.kept: tuple[Tensor, Tensor] | None = None

    def __call__(
        self,
        attn: Any,  # noqa: ANN401
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Attention of the tokens given, over themselves and what was remembered."""
        query, key, value = (
            layer(hidden_states).unflatten(-1, (-1, attn.head_dim))
            for layer in (attn.to_q, attn.to_k, attn.to_v)
        )
        query, key = attn.norm_q(query), attn.norm_k(key)
        if encoder_hidden_states is not None:
            text_query, text_key, text_value = (
                layer(encoder_hidden_states).unflatten(-1, (-1, attn.head_dim))
                for layer in (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)
            )
            query = torch.cat([attn.norm_added_q(text_query), query], dim=1)
            key = torch.cat([attn.norm_added_k(text_key), key], dim=1)
            value = torch.cat([text_value, value], dim=1)
        query = _turned(query, image_rotary_emb)
        key, value = self._remembered(_turned(key, image_rotary_emb), value)
        seen = dispatch_attention_fn(
            query, key, value, attn_mask=attention_mask, backend=self._attention_backend
        )
        seen = seen.flatten(2, 3).to(query.dtype)
        if encoder_hidden_states is None:
            return seen
        words = encoder_hidden_states.shape[1]
        picture = attn.to_out[1](attn.to_out[0](seen[:, words:].contiguous()))
        return picture, attn.to_add_out(seen[:, :words].contiguous())

    def _remembered(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        memory = self.memory
        if memory.writing:
            words = memory.words
            self.kept = (key[:, words:].clone(), value[:, words:].clone())
            return key, value
        assert self.kept is not None
        known = [one.expand(key.shape[0], -1, -1, -1) for one in self.kept]
        return torch.cat([key, known[0]], dim=1), torch.cat([value, known[1]], dim=1)


def _kept(layer: RememberingAttention) -> tuple[Tensor, Tensor]:
    assert layer.kept is not None
    return layer.kept


def _turned(states: Tensor, rotary: Any) -> Tensor:  # noqa: ANN401
    """Queries or keys with their places' rotations."""
    return cast("Tensor", apply_rotary_emb(states, rotary, sequence_dim=1))


def reusing_velocity(transformer: Any, controlnet: Any, times: int, levels: Tensor) -> Velocity:  # noqa: ANN401
    """As `kontext_velocity`, with the reference's part computed at so many of the levels a person and prompt."""
    memory = Memory()
    blocks = [*transformer.transformer_blocks, *transformer.single_transformer_blocks]
    layers = [RememberingAttention(memory) for _ in blocks]
    for block, attention in zip(blocks, layers, strict=True):
        block.attn.processor = attention
    chosen = levels[:-1][torch.linspace(0, len(levels) - 1, times + 1)[:-1].long()]
    banks: dict[tuple[int, int], Bank] = {}
    owner: list[Tensor] = []

    def velocity(steering: Steering, text: Text, latents: Tensor, level: Tensor) -> Tensor:
        if not owner or owner[0] is not steering.reference.tokens:
            banks.clear()
            owner[:] = [steering.reference.tokens]
        at = int((chosen >= level).sum()) - 1
        key = (at, 0 if text is steering.text else 1)
        memory.words = text.words.shape[1]
        if key not in banks:
            memory.writing = True
            tokens = steering.reference.tokens
            transformer(
                hidden_states=tokens,
                img_ids=steering.reference.ids,
                **model_inputs(transformer, steering, text, tokens, chosen[at]),
            )
            banks[key], memory.writing = [_kept(layer) for layer in layers], False
        for layer, kept in zip(layers, banks[key], strict=True):
            layer.kept = kept
        doubles, singles = control_samples(controlnet, steering, text, latents, level)
        (change,) = transformer(
            hidden_states=latents,
            img_ids=steering.ids,
            controlnet_block_samples=doubles,
            controlnet_single_block_samples=singles,
            **model_inputs(transformer, steering, text, latents, level),
        )
        return change

    return velocity
