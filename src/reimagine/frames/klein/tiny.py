"""A tiny random FLUX.2 klein in the folder that users have after downloading: for tests and dry runs."""

import json
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from reimagine.frames.flux.tiny import fill
from reimagine.frames.klein.settings import KLEIN

_WORDS = 16
"""Channels of the tiny text encoder, of which the model reads three layers."""
_CHAT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def write_tiny_klein(folder: Path, seed: int = 0) -> None:
    """The whole layout, about 1 MB."""
    generator = torch.Generator().manual_seed(seed)
    place = folder / KLEIN
    transformer = cast("Any", Flux2Transformer2DModel)(
        in_channels=16, num_layers=1, num_single_layers=2, attention_head_dim=32,
        num_attention_heads=2, joint_attention_dim=3 * _WORDS, axes_dims_rope=(8, 8, 8, 8),
        guidance_embeds=False,
    )  # fmt: skip
    vae = cast("Any", AutoencoderKLFlux2)(
        block_out_channels=(16, 16, 16, 16), layers_per_block=1, latent_channels=4, norm_num_groups=8
    )  # fmt: skip
    text = cast("Any", Qwen3Config)(
        vocab_size=300, hidden_size=_WORDS, intermediate_size=32, num_hidden_layers=28,
        num_attention_heads=2, num_key_value_heads=1, head_dim=8, max_position_embeddings=1024,
    )  # fmt: skip
    fill(transformer, generator).save_pretrained(place / "transformer")
    fill(vae, generator, size=0.05).save_pretrained(place / "vae")
    fill(Qwen3ForCausalLM(text), generator).save_pretrained(place / "text_encoder")
    FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True).save_pretrained(place / "scheduler")
    _write_tokenizer(place / "tokenizer")
    (place / "model_index.json").write_text(json.dumps({"_class_name": "Flux2KleinPipeline"}))


def _write_tokenizer(folder: Path) -> None:
    """One number a byte."""
    alphabet = ["<pad>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {letter: number for number, letter in enumerate(alphabet)}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>")
    fast.chat_template = _CHAT
    fast.save_pretrained(folder)
