"""Tiny random models in the folders that users have after downloading: for tests, benchmarks and dry runs.

The classes, the files and the layout are the real ones; only the sizes are not.
"""

import json
import warnings
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from torch import nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

from reimagine.frames.flux.files import CONTROLNET, KONTEXT
from reimagine.settings import ImageModel

_WORDS = 32
"""Channels of the tiny text encoders."""


def write_tiny_weights(
    folder: Path, seed: int = 0, *, doubles: int = 3, singles: int = 2, control: int = 2
) -> None:
    """The whole official layout with tiny random models of so many blocks, about 5 MB."""
    generator = torch.Generator().manual_seed(seed)
    kontext = folder / KONTEXT
    for name, model in (
        (f"{KONTEXT}/transformer", tiny_transformer(generator, doubles=doubles, singles=singles)),
        (f"{KONTEXT}/vae", tiny_vae(generator)),
        (f"{KONTEXT}/text_encoder", _clip(generator)),
        (f"{KONTEXT}/text_encoder_2", _t5(generator)),
        (CONTROLNET, tiny_controlnet(generator, doubles=control)),
    ):
        model.save_pretrained(folder / name)
    _clip_tokenizer(kontext / "tokenizer")
    _t5_tokenizer(kontext / "tokenizer_2")
    (kontext / "model_index.json").write_text(json.dumps({"_class_name": "FluxKontextPipeline"}))


def tiny_transformer(generator: torch.Generator, *, doubles: int = 3, singles: int = 2) -> Any:  # noqa: ANN401
    """FluxTransformer2DModel of 64 channels."""
    return fill(
        FluxTransformer2DModel(num_layers=doubles, num_single_layers=singles, **_sizes()), generator
    )


def tiny_controlnet(generator: torch.Generator, *, doubles: int = 2, singles: int = 0) -> Any:  # noqa: ANN401
    """FluxControlNetModel of 64 channels."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")
        model = FluxControlNetModel(num_layers=doubles, num_single_layers=singles, **_sizes())
    return fill(model, generator)


def tiny_vae(generator: torch.Generator) -> Any:  # noqa: ANN401
    """AutoencoderKL with FLUX's latents and 32 channels."""
    return fill(
        cast("Any", AutoencoderKL)(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(32, 32, 32, 32),
            latent_channels=16,
            scaling_factor=0.3611,
            shift_factor=0.1159,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        generator,
        size=0.05,
    )


def fill(model: nn.Module, generator: torch.Generator, size: float = 0.1) -> Any:  # noqa: ANN401
    """The model with random weights throughout: fresh ControlNets answer nothing but zeros."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.normal_(0, size, generator=generator)
            if "norm" in name and name.endswith("weight") and weight.ndim == 1:
                weight += 1
    return model.eval()


def _sizes() -> dict[str, Any]:
    return {
        "attention_head_dim": 32,
        "num_attention_heads": 2,
        "joint_attention_dim": _WORDS,
        "pooled_projection_dim": _WORDS,
        "guidance_embeds": True,
        "axes_dims_rope": (4, 14, 14),
    }


def _clip(generator: torch.Generator) -> Any:  # noqa: ANN401
    config = CLIPTextConfig(
        vocab_size=600,
        hidden_size=_WORDS,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=_WORDS,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return fill(CLIPTextModel(config), generator)


def _t5(generator: torch.Generator) -> Any:  # noqa: ANN401
    config = cast("Any", T5Config)(
        vocab_size=200, d_model=_WORDS, d_kv=16, d_ff=64, num_layers=2, num_heads=2,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False,
    )  # fmt: skip
    return fill(T5EncoderModel(config), generator)


def _corpus() -> list[str]:
    return [ImageModel().prompt, ImageModel().negative_prompt]


def _clip_tokenizer(folder: Path) -> None:
    """Pairs of bytes learned from the default prompts."""
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|startoftext|>", "<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learner.train_from_iterator(_corpus(), trainer)
    folder.mkdir(parents=True)
    vocabulary, merges = (Path(file) for file in learner.model.save(str(folder)))
    lines = [line for line in merges.read_text().splitlines() if not line.startswith("#")]
    made = cast("Any", CLIPTokenizer)(
        vocab=json.loads(vocabulary.read_text()),
        merges=[tuple(line.split(" ")) for line in lines],
        model_max_length=77,
    )
    made.save_pretrained(folder)


def _t5_tokenizer(folder: Path) -> None:
    """Pieces of words learned from the default prompts."""
    learner = Tokenizer(models.Unigram())
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    learner.train_from_iterator(
        _corpus(),
        trainers.UnigramTrainer(
            vocab_size=150,
            special_tokens=["<pad>", "</s>", "<unk>"],
            unk_token="<unk>",
            show_progress=False,
        ),
    )
    learner.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=learner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
