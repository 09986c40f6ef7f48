"""The models, the person and the normal maps that image_stage.py times painting on."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from torch import Tensor

from benchmarks.parity_world import full_vae, make_world
from reimagine.frames.flux.levers import make_velocity, place
from reimagine.frames.flux.load import Models
from reimagine.frames.flux.painter import KontextPainter
from reimagine.frames.flux.plan import memory_plan
from reimagine.frames.flux.sampler import Text
from reimagine.settings import ImageModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of the pictures and models."""

    width: int
    height: int
    full: bool

    @staticmethod
    def chosen(*, full: bool) -> "Size":
        """The official size on a GPU, or tiny on a CPU."""
        return Size(width=800 if full else 32, height=1328 if full else 48, full=full)

    @property
    def area(self) -> int:
        """In pixels."""
        return self.width * self.height

    @property
    def device(self) -> str:
        """Where to paint."""
        return "cuda" if self.full else "cpu"

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return torch.bfloat16 if self.full else torch.float32


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All that painting a frame needs; the models are as they were made, on the device."""

    size: Size
    models: Models
    text: Text
    reference: Tensor

    def map(self, frame: int) -> Tensor:
        """Another normal map for every frame, in whole 255ths, as 8-bit pictures are."""
        generator = torch.Generator().manual_seed(frame)
        shape = (3, self.size.height, self.size.width)
        return torch.randint(0, 256, shape, generator=generator) / 255


def make_stage(size: Size) -> Stage:
    """Random weights, the same every time; text embeddings too, as encoders take no part in a frame's time."""
    generator = torch.Generator().manual_seed(0)
    reference = torch.randint(0, 256, (3, size.height, 2 * size.width), generator=generator) / 255
    if size.full:
        words, pooled = (torch.randn(1, *one, generator=generator) for one in ((512, 4096), (768,)))
        text = Text(words=words.to("cuda", size.dtype), pooled=pooled.to("cuda", size.dtype))
        return Stage(size=size, models=_full_models(size), text=text, reference=reference)
    world = make_world()
    # The parity tests remember what was encoded; here encoding is part of what is timed.
    vae = world.vae
    vae.__dict__.pop("encode", None)
    models = Models(transformer=world.transformer, controlnet=world.controlnet, vae=vae)
    return Stage(size=size, models=models, text=world.texts[0], reference=reference)


def make_painter(stage: Stage, settings: ImageModel) -> KontextPainter:
    """Ours with these settings, on models of its own."""
    models = _full_models(stage.size) if stage.size.full else deepcopy(stage.models)
    plan = memory_plan(
        "full" if settings.vram == "auto" else settings.vram, None, settings.quantize
    )
    place(models, plan, stage.size.device, stage.size.dtype)
    velocity = make_velocity(models, settings)
    return KontextPainter(settings=settings, models=models, texts=[stage.text], velocity=velocity)


def _full_models(size: Size) -> Models:
    torch.cuda.empty_cache()
    common: dict[str, Any] = {"guidance_embeds": True}
    before = torch.get_default_dtype()
    torch.set_default_dtype(size.dtype)
    try:
        with torch.device(size.device):
            transformer = cast("Any", FluxTransformer2DModel)(**common)
            controlnet = cast("Any", FluxControlNetModel)(
                **common, num_layers=5, num_single_layers=0
            )
            vae = full_vae()
    finally:
        torch.set_default_dtype(before)
    for model in (transformer, controlnet, vae):
        model.eval().requires_grad_(requires_grad=False)
    return Models(transformer=transformer, controlnet=controlnet, vae=vae)
