"""The models, from the files that the official download commands make."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from transformers import AutoTokenizer, CLIPTextModel, T5EncoderModel
from transformers.utils.logging import disable_progress_bar

from reimagine.errors import InputError
from reimagine.frames.flux.checkpoints import read_transformer, read_vae
from reimagine.frames.flux.files import FluxFiles
from reimagine.frames.flux.lora import fuse, read_lora
from reimagine.frames.flux.sampler import Text
from reimagine.frames.flux.text import encode_text
from reimagine.frames.weights import explained_damage


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What stays in memory while frames are painted."""

    transformer: Any
    """FluxTransformer2DModel, the LoRAs added."""
    controlnet: Any
    """FluxControlNetModel."""
    vae: Any
    """AutoencoderKL."""


def load_models(files: FluxFiles, dtype: torch.dtype) -> Models:
    """The models on the CPU, the LoRAs added into the transformer.

    Raises:
        InputError: where a file holds another model, or the LoRA does not fit.
    """
    options = {"torch_dtype": dtype, "local_files_only": True, "use_safetensors": True}
    if files.transformer.is_dir():
        transformer = _loaded(FluxTransformer2DModel, files.transformer, options)
    else:
        transformer = read_transformer(files.transformer, dtype)
    for lora in files.loras:
        fuse(transformer, read_lora(lora.path, transformer), lora.strength)
    single_vae = not files.vae.is_dir()
    vae = read_vae(files.vae, dtype) if single_vae else _loaded(AutoencoderKL, files.vae, options)
    controlnet = _loaded(FluxControlNetModel, files.controlnet, options)
    return Models(transformer=transformer, controlnet=controlnet, vae=vae)


def load_text(
    files: FluxFiles, prompts: tuple[str, ...], *, device: str, dtype: torch.dtype
) -> list[Text]:
    """The prompts, encoded; the text encoders are in memory only meanwhile.

    Raises:
        InputError: where an encoder cannot be read.
    """
    disable_progress_bar()
    options = {"dtype": dtype, "local_files_only": True, "use_safetensors": True}
    clip = _loaded(CLIPTextModel, files.kontext / "text_encoder", options).to(device)
    t5 = _loaded(T5EncoderModel, files.kontext / "text_encoder_2", options).to(device)
    tokenizers = {"local_files_only": True, "trust_remote_code": False}
    clip_tokenizer = _loaded(AutoTokenizer, files.kontext / "tokenizer", tokenizers)
    t5_tokenizer = _loaded(AutoTokenizer, files.kontext / "tokenizer_2", tokenizers)
    texts = [
        encode_text(
            prompt, clip=clip, clip_tokenizer=clip_tokenizer, t5=t5, t5_tokenizer=t5_tokenizer
        )
        for prompt in prompts
    ]
    # Nothing refers to them in a circle, so that this frees them.
    del clip, t5
    if device == "cuda":
        torch.cuda.empty_cache()
    return texts


def _loaded(kind: Any, folder: Path, options: dict[str, Any]) -> Any:  # noqa: ANN401
    """from_pretrained of a model or tokenizer, its complaints in one line."""
    is_model = kind is not AutoTokenizer
    with explained_damage(folder, kind.__name__), warnings.catch_warnings():
        # FluxControlNetModel uses what diffusers itself calls deprecated.
        warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")
        if not is_model:
            return kind.from_pretrained(str(folder), **options)
        model, info = kind.from_pretrained(str(folder), output_loading_info=True, **options)
    missing = sorted(info["missing_keys"])
    if missing:
        raise InputError(
            f"`weights` {folder} lacks {len(missing)} weights of {kind.__name__} ({missing[0]}); expected all. "
            "Download it again: reimagine backends."
        )
    return model.eval().requires_grad_(requires_grad=False)
