"""Other ways to paint the same frames, on the models that our own are timed on (image_stage.py).

Usage: python -m benchmarks.image_rivals --once [--full]  (one picture by DiffSynth, for timing a whole process)
"""

import contextlib
import sys
from collections.abc import Callable
from typing import Any, cast

import torch
from diffusers.pipelines.flux.pipeline_flux_controlnet import FluxControlNetPipeline
from diffusers.pipelines.flux.pipeline_flux_kontext import FluxKontextPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from torch import Tensor

from benchmarks.image_models import Size, Stage, make_stage
from benchmarks.parity_diffsynth import (
    call_theirs,
    diffsynth,
    texts_unit,
    their_controlnet,
    their_dit,
)
from benchmarks.parity_world import SEED, Case
from reimagine.frames.flux.sampler import to_tokens
from reimagine.frames.flux.schedule import starting_noise

Paint = Callable[[Tensor], Tensor]
"""Normal map `3 height width` to picture, both 0..1."""
STEPS = 20


def official(stage: Stage) -> Paint:
    """DiffSynth's pipeline as `inference_img.py` calls it, its models kept loaded."""
    theirs, size, models = diffsynth(), stage.size, stage.models
    pipe = theirs.FluxImagePipeline(device=size.device, torch_dtype=size.dtype)
    encoder, decoder = _module("flux_vae").FluxVAEEncoder(), _module("flux_vae").FluxVAEDecoder()
    state = models.vae.state_dict()
    for half in (encoder, decoder):
        half.load_state_dict(half.state_dict_converter().from_diffusers(state))
    if size.full:
        with torch.device(size.device), default_dtype(size.dtype):
            dit, control = (
                _module("flux_dit").FluxDiT(),
                _module("flux_controlnet").FluxControlNet(num_single_blocks=0),
            )
    else:
        dit, control = their_dit(models.transformer), their_controlnet(models.controlnet)
    pipe.dit, pipe.controlnet = dit.eval(), theirs.MultiControlNet([control.eval()])
    pipe.vae_encoder, pipe.vae_decoder = encoder.eval(), decoder.eval()
    pipe.units[2] = texts_unit(theirs, [stage.text, stage.text])
    pipe.to(size.device, size.dtype)

    def paint(normal_map: Tensor) -> Tensor:
        made = call_theirs(
            pipe, Case(), normal_map=normal_map, reference=stage.reference, steps=STEPS
        )
        return made.float().cpu()

    return paint


def stock_kontext(stage: Stage) -> Paint:
    """By diffusers' FluxKontextPipeline: the reference, and nothing to say what pose."""
    pipe = _stock(FluxKontextPipeline, stage)

    def paint(normal_map: Tensor) -> Tensor:
        del normal_map
        return _called(
            pipe, stage, image=stage.reference[None], max_area=stage.size.area, _auto_resize=False
        )

    return paint


def stock_controlnet(stage: Stage) -> Paint:
    """By diffusers' FluxControlNetPipeline: the pose, and nothing to say what person."""
    pipe = _stock(FluxControlNetPipeline, stage, controlnet=stage.models.controlnet)

    def paint(normal_map: Tensor) -> Tensor:
        return _called(pipe, stage, control_image=normal_map[None] * 2 - 1)

    return paint


def _stock(kind: Any, stage: Stage, **parts: Any) -> Any:  # noqa: ANN401
    names = ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")
    pipe = kind(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=False),
        vae=stage.models.vae,
        transformer=stage.models.transformer,
        **dict.fromkeys(names),
        **parts,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _called(pipe: Any, stage: Stage, **given: Any) -> Tensor:  # noqa: ANN401
    size = stage.size
    noise = starting_noise(SEED, size.height, size.width).to(size.device, size.dtype)
    made = pipe(
        prompt_embeds=stage.text.words,
        pooled_prompt_embeds=stage.text.pooled,
        latents=to_tokens(noise),
        height=size.height,
        width=size.width,
        num_inference_steps=STEPS,
        guidance_scale=3.5,
        output_type="pt",
        **given,
    )
    return cast("Tensor", made.images[0]).float().cpu()


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Any:  # noqa: ANN401
    """New weights have this type within the context."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _module(name: str) -> Any:  # noqa: ANN401
    diffsynth()
    return sys.modules[f"diffsynth.models.{name}"]


if __name__ == "__main__" and "--once" in sys.argv:
    torch.set_num_threads(1)
    once = make_stage(Size.chosen(full="--full" in sys.argv))
    official(once)(once.map(0))
