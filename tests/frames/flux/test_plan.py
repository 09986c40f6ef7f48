from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

from reimagine.frames.eight_bits import store, stored_bytes
from reimagine.frames.flux.plan import (
    STORED,
    TEXT_BYTES,
    VAE_BYTES,
    Stored,
    describe,
    frame_cost,
    memory_plan,
    peak_gb,
    weights_bytes,
)
from reimagine.frames.flux.tiny import tiny_controlnet, tiny_transformer
from reimagine.settings import ImageModel

# FluxControlNetModel uses what diffusers itself calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*FluxPosEmbed:FutureWarning")


def test_tokens_are_those_of_the_official_size():
    cost = frame_cost(800, 1328, ImageModel())
    assert (cost.target_tokens, cost.reference_tokens, cost.tokens) == (4150, 8300, 12962)


def test_flop_is_what_the_matrix_products_of_one_block_add_up_to():
    """A single block by hand: 12 d^2 weights a token, and scores and sums over all pairs."""
    cost = frame_cost(800, 1328, ImageModel(control_scale=0.0))
    tokens, wide = 12962, 3072
    block = 2 * 12 * wide**2 * tokens + 2 * (2 * tokens**2 * wide)
    assert cost.flop_a_step == pytest.approx(57 * block)
    assert cost.flop_a_step / 1e12 == pytest.approx(285, abs=1)
    assert cost.flop_a_frame == 20 * cost.flop_a_step


def test_guidance_doubles_the_cost_and_a_smaller_reference_lowers_it():
    plain = frame_cost(800, 1328, ImageModel())
    assert frame_cost(800, 1328, ImageModel(true_cfg=2.0)).flop_a_step == 2 * plain.flop_a_step
    half = frame_cost(800, 1328, ImageModel(reference_height=664))
    assert half.reference_tokens == pytest.approx(plain.reference_tokens / 4, rel=0.02)
    reused = frame_cost(800, 1328, ImageModel(reference_reuse=2))
    assert reused.flop_a_step < 0.4 * plain.flop_a_step


@pytest.mark.parametrize(
    ("card_gb", "name"), [(141.0, "48"), (48.0, "48"), (24.0, "24"), (16.0, "16"), (12.0, "12")]
)
def test_the_plan_fits_the_card(card_gb, name):
    plan = memory_plan("auto", card_gb)
    assert plan.name == name
    assert peak_gb(plan, 800, 1328, ImageModel()) < card_gb


@pytest.mark.parametrize("how", ["bf16", "int8", "fp8"])
def test_planned_bytes_are_those_of_the_full_size_as_it_is_stored(how):
    with torch.device("meta"):
        transformer = FluxTransformer2DModel(guidance_embeds=True).bfloat16()
        controlnet = FluxControlNetModel(
            num_layers=5, num_single_layers=0, guidance_embeds=True
        ).bfloat16()
    for model in (transformer, controlnet):
        store(model, how, torch.bfloat16)
    blocks = [
        held_by(block)
        for block in (*transformer.transformer_blocks, *transformer.single_transformer_blocks)
    ]
    assert STORED[how] == Stored(
        transformer=held_by(transformer),
        block=max(blocks),
        around=held_by(transformer) - sum(blocks),
        controlnet=held_by(controlnet),
    )


def test_fp8_takes_more_than_a_byte_a_weight():
    """diffusers leaves 27 % of FLUX.1 in 16 bits: all that has "norm" in its name."""
    assert STORED["fp8"].transformer / 1e9 == pytest.approx(15.15, abs=0.005)
    assert STORED["fp8"].controlnet / 1e9 == pytest.approx(2.36, abs=0.005)
    plan = replace(memory_plan("full", None), stored="fp8")
    assert weights_bytes(plan) / 1e9 == pytest.approx(15.15 + 2.36 + 0.17, abs=0.01)


def test_planned_bytes_of_text_encoders_and_vae_are_those_of_the_full_size():
    with torch.device("meta"):
        t5 = T5EncoderModel(
            cast("Any", T5Config)(
                vocab_size=32128, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64,
                feed_forward_proj="gated-gelu", tie_word_embeddings=False,
            )
        )  # fmt: skip
        clip = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
                num_attention_heads=12,
            )
        )  # fmt: skip
        vae = cast("Any", AutoencoderKL)(
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=16,
            use_quant_conv=False, use_post_quant_conv=False,
        )  # fmt: skip
    assert held_by(t5.bfloat16()) + held_by(clip.bfloat16()) == TEXT_BYTES
    assert held_by(vae.bfloat16()) == VAE_BYTES


@pytest.mark.parametrize("how", ["bf16", "int8", "fp8"])
def test_a_model_that_is_stored_holds_what_was_counted_without_numbers(how):
    """Module by module."""
    generator = torch.Generator().manual_seed(0)
    for model in (tiny_transformer(generator), tiny_controlnet(generator, singles=1)):
        with torch.device("meta"):
            counted = type(model).from_config(model.config).bfloat16()
        model.bfloat16()
        for one in (model, counted):
            store(one, how, torch.bfloat16)
        held = {
            name: sum(
                len(tensor.untyped_storage())
                for tensor in (*module.parameters(recurse=False), *module.buffers(recurse=False))
            )
            for name, module in model.named_modules()
        }
        assert stored_bytes(counted) == {name: size for name, size in held.items() if size}


def held_by(model):
    return sum(stored_bytes(model).values())


def test_without_a_card_nothing_is_saved():
    assert memory_plan("auto", None).name == "full"
    assert memory_plan("12", None).offload


def test_quantize_overrules_the_plan():
    for vram, quantize, stored in (
        ("16", "auto", "int8"),
        ("16", "fp8", "fp8"),
        ("16", "none", "bf16"),
        ("full", "int8", "int8"),
        ("48", "auto", "bf16"),
    ):
        assert memory_plan(vram, None, quantize).stored == stored
    peaks = [
        peak_gb(memory_plan("full", None, q), 800, 1328, ImageModel()) for q in ("none", "int8")
    ]
    assert peaks[1] < 0.6 * peaks[0]


def test_smaller_plans_take_less():
    peaks = [
        peak_gb(memory_plan(name, None), 800, 1328, ImageModel())
        for name in ("full", "24", "16", "12")
    ]
    assert peaks == sorted(peaks, reverse=True)
    assert len(set(peaks)) == len(peaks)


def test_cost_and_memory_are_said_in_words():
    lines = " ".join(describe(ImageModel(vram="16"), 800, 1328, None))
    for said in (
        "12962 tokens",
        "292 TFLOP a step",
        "`vram` 16",
        "block by block",
        "estimated peak",
    ):
        assert said in lines
