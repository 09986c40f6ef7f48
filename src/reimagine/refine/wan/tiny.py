"""A tiny random Wan in the folder that users have after downloading: for tests, benchmarks and dry runs.

The classes, the files and the layout are the real ones; only the sizes are not.
"""

from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.pipelines.wan.pipeline_wan import WanPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from torch import nn
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

_WORDS = 32
_CONTRAST = 20.0


def write_tiny_wan(folder: Path, seed: int = 0, kind: str = "2.1") -> None:
    """The whole layout of a Wan text-to-video model with tiny random weights, under 1 MB.

    Args:
        folder: Is made.
        seed: Of the weights.
        kind: "2.1"; "2.2-5b", whose latents are 16 times as coarse and whose tokens have a time each; or "2.2-a14b", two
            transformers, for much and for little noise.
    """
    chance = torch.Generator().manual_seed(seed)
    tokenizer = _tokenizer()
    text = UMT5EncoderModel(
        UMT5Config(
            vocab_size=len(tokenizer),
            d_model=_WORDS,
            d_kv=8,
            d_ff=64,
            num_layers=1,
            num_heads=4,
            relative_attention_num_buckets=8,
        )
    )
    coarse = kind == "2.2-5b"
    channels = 48 if coarse else 16
    transformers = [_transformer(channels) for _ in range(2 if kind == "2.2-a14b" else 1)]
    vae = cast("Any", AutoencoderKLWan)(
        base_dim=4,
        z_dim=channels,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        **(_coarse_vae() if coarse else {}),
    )
    for model in (text, *transformers, vae):
        _fill(model, chance)
    with torch.no_grad():
        # Pictures that a change of latents changes by more than rounding.
        vae.decoder.conv_out.weight.mul_(_CONTRAST)
    pipe = cast("Any", WanPipeline)(
        tokenizer=tokenizer,
        text_encoder=text,
        transformer=transformers[0],
        transformer_2=transformers[1] if len(transformers) > 1 else None,
        boundary_ratio=0.6 if len(transformers) > 1 else None,
        expand_timesteps=coarse,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )
    pipe.save_pretrained(folder)


def _transformer(channels: int) -> nn.Module:
    return cast("Any", WanTransformer3DModel)(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=channels,
        text_dim=_WORDS,
        freq_dim=64,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=64,
    )


def _coarse_vae() -> dict[str, Any]:
    """What is another in Wan 2.2 5B's."""
    return {
        "in_channels": 12,
        "out_channels": 12,
        "patch_size": 2,
        "is_residual": True,
        "scale_factor_spatial": 16,
        "latents_mean": [0.01 * k for k in range(48)],
        "latents_std": [0.5 + 0.01 * k for k in range(48)],
    }


def _fill(model: nn.Module, chance: torch.Generator) -> None:
    """Random weights everywhere: as made, some outputs are zero, which would prove nothing."""
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(0, 0.1, generator=chance)
    model.eval()


def _tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=60, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>"
    )
    tokenizer.train_from_iterator(["a video of a person in natural motion", "flicker"], trainer)
    end = tokenizer.token_to_id("</s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", end)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
