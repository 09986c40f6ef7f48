from typing import Any, cast

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from transformers import Qwen3Config, Qwen3ForCausalLM

from reimagine.errors import InputError
from reimagine.frames.eight_bits import store, stored_bytes
from reimagine.frames.klein.plan import BYTES, TEXT_BYTES, VAE_BYTES, describe
from reimagine.settings import ImageModel


def held_by(model):
    return sum(stored_bytes(model).values())


@pytest.mark.parametrize("how", ["bf16", "int8"])
def test_planned_bytes_are_those_of_the_full_size_as_it_is_stored(how):
    with torch.device("meta"):
        transformer = cast("Any", Flux2Transformer2DModel)(
            in_channels=128, num_layers=5, num_single_layers=20, attention_head_dim=128,
            num_attention_heads=24, joint_attention_dim=7680, guidance_embeds=False,
        ).bfloat16()  # fmt: skip
    store(transformer, how, torch.bfloat16)
    assert held_by(transformer) == BYTES[how]


def test_planned_bytes_of_text_encoder_and_vae_are_those_of_the_full_size():
    with torch.device("meta"):
        text = Qwen3ForCausalLM(
            cast("Any", Qwen3Config)(
                vocab_size=151936, hidden_size=2560, intermediate_size=9728, num_hidden_layers=36,
                num_attention_heads=32, num_key_value_heads=8, head_dim=128, tie_word_embeddings=True,
            )
        ).bfloat16()  # fmt: skip
        vae = cast("Any", AutoencoderKLFlux2)().bfloat16()
    assert held_by(text) == pytest.approx(TEXT_BYTES, rel=1e-6)
    assert held_by(vae) == VAE_BYTES


def test_the_plan_says_what_the_weights_take():
    assert (
        "8.0 GB while the prompt is encoded, then 7.9 GB" in describe(ImageModel(), 64, 96, None)[0]
    )
    assert "then 4.2 GB" in describe(ImageModel(vram="12"), 64, 96, None)[0]
    with pytest.raises(InputError, match="guidance came with image flux-klein"):
        describe(ImageModel(guidance=2.0), 64, 96, None)
