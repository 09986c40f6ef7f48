"""The same frame by DiffSynth's own pipeline, which the official `inference_img.py` calls."""

import contextlib
import importlib
import io
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from benchmarks.parity_world import (
    DOUBLES,
    SEED,
    SINGLES,
    STEPS,
    Case,
    Painted,
    make_world,
    remembered,
)
from reimagine.frames.flux.sampler import Text

DIFFSYNTH = Path(sys.prefix) / "diffsynth"
"""Where `make .venv/diffsynth` puts it: apart, since it would pull torchvision in."""
_UNUSED = (
    *("modelscope", "diffsynth.prompters", "diffsynth.models.step1x_connector"),
    *("diffsynth.models.flux_ipadapter", "diffsynth.models.flux_value_control"),
    *("diffsynth.models.flux_infiniteyou", "diffsynth.models.flux_lora_encoder"),
    *("diffsynth.models.nexus_gen", "diffsynth.models.nexus_gen_projector"),
)
"""Modules that DiffSynth's FLUX pipeline imports and does not use here."""


@cache
def paint_theirs(case: Case) -> Painted:
    """By DiffSynth's FluxImagePipeline, called as `inference_img.py` calls it."""
    world = make_world()
    theirs = diffsynth()
    pipe = theirs.FluxImagePipeline(device="cpu", torch_dtype=torch.float32)
    pipe.dit = their_dit(world.transformer)
    pipe.controlnet = theirs.MultiControlNet([their_controlnet(world.controlnet)])
    pipe.vae_encoder, pipe.vae_decoder = _their_vae()
    pipe.units[2] = texts_unit(theirs, world.texts)
    with contextlib.redirect_stdout(io.StringIO()):
        pipe.load_lora(pipe.dit, str(world.lora), alpha=case.lora_strength)
    caught: list[Tensor] = []
    decoder = pipe.vae_decoder.forward

    def catch(latents: Tensor, **options: Any) -> Tensor:  # noqa: ANN401
        caught.append(latents)
        return decoder(latents, **options)

    pipe.vae_decoder.forward = catch
    picture = call_theirs(
        pipe,
        case,
        normal_map=world.normal_map,
        reference=world.reference,
        start=world.start if case.start else None,
    )
    return Painted(latents=caught[0], picture=picture)


def call_theirs(
    pipe: Any,  # noqa: ANN401
    case: Case,
    *,
    normal_map: Tensor,
    reference: Tensor,
    start: Tensor | None = None,
    steps: int = STEPS,
) -> Tensor:
    """A picture, 0..1, by their pipeline, called as `inference_img.py` calls it."""
    pipe.vae_output_to_image = lambda output: (output[0] * 0.5 + 0.5).clamp(0, 1)
    height, width = normal_map.shape[1:]
    return pipe(
        prompt="yes",
        negative_prompt="no",
        cfg_scale=case.true_cfg,
        input_image=None if start is None else _image(start),
        denoising_strength=1.0 if start is None else 0.6,
        kontext_images=[_image(reference)],
        controlnet_inputs=[
            diffsynth().ControlNetInput(image=_image(normal_map), scale=case.control_scale)
        ],
        num_inference_steps=steps,
        height=height,
        width=width,
        seed=SEED,
        progress_bar_cmd=iter,
    )


def _image(picture: Tensor) -> Image.Image:
    pixels = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return Image.fromarray(np.ascontiguousarray(pixels))


class _Blank(ModuleType):
    """A module in which every name is some class."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@cache
def diffsynth() -> Any:  # noqa: ANN401
    """DiffSynth's FLUX pipeline, without what importing the whole package would need."""
    root = DIFFSYNTH / "diffsynth"
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is not there; make .venv/diffsynth puts it there")
    for name in ("diffsynth", "diffsynth.models", "diffsynth.pipelines"):
        module = _Blank(name)
        module.__path__ = [str(root / Path(*name.split(".")[1:]))]
        sys.modules[name] = module
    for name in _UNUSED:
        sys.modules[name] = _Blank(name)
    sys.path.insert(0, str(DIFFSYNTH))
    try:
        parts = {n: _module(f"diffsynth.models.{n}") for n in ("flux_dit", "flux_controlnet")}
        parts |= {n: _module(f"diffsynth.models.{n}") for n in ("flux_vae", "utils")}
        models = cast("Any", sys.modules["diffsynth.models"])
        models.load_state_dict = parts["utils"].load_state_dict
        return _module("diffsynth.pipelines.flux_image_new")
    finally:
        sys.path.remove(str(DIFFSYNTH))


def _module(name: str) -> Any:  # noqa: ANN401
    return importlib.import_module(name)


def their_dit(transformer: Any) -> nn.Module:  # noqa: ANN401
    """Their FluxDiT, whose constructor knows only the full size, put together from their own blocks."""
    module = _module("diffsynth.models.flux_dit")
    dit = module.FluxDiT.__new__(module.FluxDiT)
    nn.Module.__init__(dit)
    _embedders(dit, module)
    dit.blocks = nn.ModuleList(module.FluxJointTransformerBlock(64, 2) for _ in range(DOUBLES))
    dit.single_blocks = nn.ModuleList(
        module.FluxSingleTransformerBlock(64, 2) for _ in range(SINGLES)
    )
    dit.final_norm_out = module.AdaLayerNormContinuous(64)
    dit.final_proj_out = nn.Linear(64, 64)
    dit.input_dim = 64
    converter = module.FluxDiTStateDictConverter()
    dit.load_state_dict(converter.from_diffusers(transformer.state_dict()))
    return dit.eval()


def their_controlnet(controlnet: Any) -> nn.Module:  # noqa: ANN401
    """Their FluxControlNet, in the same way; it aligns to 19 and 38 blocks, here to as many as there are."""
    module = _module("diffsynth.models.flux_controlnet")
    made = module.FluxControlNet.__new__(module.FluxControlNet)
    nn.Module.__init__(made)
    _embedders(made, module)
    made.mode_dict, made.controlnet_mode_embedder = {}, None
    made.blocks = nn.ModuleList(module.FluxJointTransformerBlock(64, 2) for _ in range(2))
    made.single_blocks = nn.ModuleList([module.FluxSingleTransformerBlock(64, 2)])
    made.controlnet_blocks = nn.ModuleList(nn.Linear(64, 64) for _ in range(2))
    made.controlnet_single_blocks = nn.ModuleList([nn.Linear(64, 64)])
    made.controlnet_x_embedder = nn.Linear(64, 64)
    align = made.align_res_stack_to_original_blocks
    counts = {19: DOUBLES, 38: SINGLES}
    made.align_res_stack_to_original_blocks = lambda stack, count, states: align(
        stack, counts[count], states
    )
    state, _ = module.FluxControlNetStateDictConverter().from_diffusers(controlnet.state_dict())
    made.load_state_dict(state)
    return made.eval()


def _embedders(model: Any, module: Any) -> None:  # noqa: ANN401
    model.pos_embedder = module.RoPEEmbedding(64, 10000, [4, 14, 14])
    model.time_embedder = module.TimestepEmbeddings(256, 64)
    model.guidance_embedder = module.TimestepEmbeddings(256, 64)
    model.pooled_text_embedder = nn.Sequential(nn.Linear(32, 64), nn.SiLU(), nn.Linear(64, 64))
    model.context_embedder = nn.Linear(32, 64)
    model.x_embedder = nn.Linear(64, 64)


@cache
def _their_vae() -> tuple[nn.Module, nn.Module]:
    module = _module("diffsynth.models.flux_vae")
    encoder, decoder = module.FluxVAEEncoder(), module.FluxVAEDecoder()
    state = make_world().vae.state_dict()
    for half in (encoder, decoder):
        half.load_state_dict(half.state_dict_converter().from_diffusers(state))
    encoder.forward = remembered(encoder.forward)
    return encoder.eval(), decoder.eval()


def texts_unit(theirs: Any, texts: list[Text]) -> Any:  # noqa: ANN401
    """Puts both sides' texts in the place of DiffSynth's text encoders."""
    unit = theirs.PipelineUnit(
        seperate_cfg=True,
        input_params_posi={"prompt": "prompt"},
        input_params_nega={"prompt": "negative_prompt"},
    )

    def process(pipe: Any, prompt: str) -> dict[str, Tensor]:  # noqa: ANN401
        del pipe
        text = texts[0 if prompt == "yes" else 1]
        ids = torch.zeros(1, text.words.shape[1], 3, device=text.words.device)
        return {"prompt_emb": text.words, "pooled_prompt_emb": text.pooled, "text_ids": ids}

    unit.process = process
    return unit
