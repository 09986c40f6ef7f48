"""Frames by diffusers' Flux2KleinPipeline, its text encoder dropped once the prompt is encoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl_flux2 import AutoencoderKLFlux2
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from transformers import AutoTokenizer, Qwen3ForCausalLM
from transformers.utils.logging import disable_progress_bar

from reimagine.frames.eight_bits import store
from reimagine.frames.klein.plan import stored
from reimagine.frames.klein.settings import klein_steps
from reimagine.frames.weights import explained_damage
from reimagine.pictures import to_bytes
from reimagine.settings import ImageModel

_TASK = (
    "The person of image 1, shown there from the front at the left and from behind at the right, in the pose and "
    "from the view of the surface normals in image 2: "
)


@dataclass(slots=True, kw_only=True)
class KleinPainter:
    """The loaded pipeline and the encoded prompts."""

    pipe: Any
    """Flux2KleinPipeline without its text encoder."""
    settings: ImageModel
    prompt: Tensor

    @property
    def channels(self) -> int:
        """Of the noise that pictures start from, whose pixels are 16 of the picture's wide."""
        return self.pipe.transformer.config.in_channels

    def paint(
        self,
        maps: Float[Tensor, "frames 3 height width"],
        reference: Float[Tensor, "3 reference_height reference_width"],
        seed: int,
        noise: Float[Tensor, "frames channels rows columns"] | None = None,
    ) -> Float[Tensor, "frames 3 height width"]:
        """Pictures, 0..1, on the CPU, one at a time; each from its own noise, or all from the seed's."""
        person = Image.fromarray(to_bytes(reference))
        height, width = maps.shape[2:]
        pictures: list[Tensor] = []
        for frame, one in enumerate(maps):
            made = self.pipe(
                image=[person, Image.fromarray(to_bytes(one))],
                prompt_embeds=self.prompt,
                height=height,
                width=width,
                num_inference_steps=klein_steps(self.settings),
                guidance_scale=1.0,
                generator=torch.Generator("cpu").manual_seed(seed),
                latents=None if noise is None else noise[frame : frame + 1],
                output_type="pt",
            )
            pictures.append(made.images[0].float().cpu())
        return torch.stack(pictures)


def load_painter(folder: Path, settings: ImageModel, device: str) -> KleinPainter:
    """The painter on the device: bfloat16 on a GPU, float32 on a CPU; for 12 GB, weights in 8 bits.

    Raises:
        InputError: where a file holds another model.
    """
    disable_progress_bar()
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    pipe = _load(folder, dtype)
    pipe.set_progress_bar_config(disable=True)
    # The encoder on the card alone, then the others without it: 8 GB at a time instead of 16.
    pipe.text_encoder.to(device)
    prompt = _encoded(pipe, _TASK + settings.prompt, device)
    # Nothing refers to it in a circle, so that this frees it.
    pipe.text_encoder = None
    if device == "cuda":
        torch.cuda.empty_cache()
    store(pipe.transformer, stored(settings), dtype)
    pipe.transformer.to(device)
    pipe.vae.to(device)
    if settings.compile:
        pipe.transformer.compile_repeated_blocks()
    return KleinPainter(pipe=pipe, settings=settings, prompt=prompt)


@torch.no_grad()
def _encoded(pipe: Any, prompt: str, device: str) -> Tensor:  # noqa: ANN401
    return pipe.encode_prompt(prompt=prompt, device=torch.device(device))[0]


def _load(folder: Path, dtype: torch.dtype) -> Any:  # noqa: ANN401
    """The pipeline from its parts, each complaint in one line."""
    parts: dict[str, Any] = {}
    safe = {"local_files_only": True, "use_safetensors": True}
    for name, kind, options in (
        ("transformer", Flux2Transformer2DModel, {"torch_dtype": dtype, **safe}),
        ("vae", AutoencoderKLFlux2, {"torch_dtype": dtype, **safe}),
        ("text_encoder", Qwen3ForCausalLM, {"dtype": dtype, **safe}),
        ("tokenizer", AutoTokenizer, {"local_files_only": True, "trust_remote_code": False}),
        ("scheduler", FlowMatchEulerDiscreteScheduler, {"local_files_only": True}),
    ):
        with explained_damage(folder / name, kind.__name__):
            parts[name] = cast("Any", kind).from_pretrained(str(folder / name), **options)
        if isinstance(parts[name], torch.nn.Module):
            parts[name].eval().requires_grad_(requires_grad=False)
    return cast("Any", Flux2KleinPipeline)(**parts, is_distilled=True)
