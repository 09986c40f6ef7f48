"""Speed and memory levers, applied to loaded models."""

from typing import Any

import torch
from diffusers.hooks.taylorseer_cache import TaylorSeerCacheConfig

from reimagine.errors import InputError
from reimagine.frames.eight_bits import store
from reimagine.frames.flux.load import Models
from reimagine.frames.flux.plan import MemoryPlan
from reimagine.frames.flux.reuse import reusing_velocity
from reimagine.frames.flux.sampler import Steering, Text, Velocity, kontext_velocity
from reimagine.frames.flux.schedule import noise_levels
from reimagine.frames.flux.settings import flux_steps
from reimagine.settings import ImageModel

TILE = 512
"""Pixels of a tile's sides where the VAE goes by tiles."""


def place(models: Models, plan: MemoryPlan, device: str, dtype: torch.dtype) -> None:
    """Bring the models to the device as planned."""
    for model in (models.transformer, models.controlnet):
        store(model, plan.stored, dtype)
    if plan.offload:
        models.transformer.enable_group_offload(
            onload_device=torch.device(device),
            offload_device=torch.device("cpu"),
            offload_type="block_level",
            num_blocks_per_group=1,
            use_stream=device == "cuda",
        )
    else:
        models.transformer.to(device)
    models.controlnet.to(device)
    models.vae.to(device)
    if plan.tile_vae:
        models.vae.enable_tiling()
        # diffusers goes by the size in the VAE's config, which single files do not have.
        models.vae.tile_sample_min_size, models.vae.tile_latent_min_size = TILE, TILE // 8


def make_velocity(models: Models, settings: ImageModel) -> Velocity:
    """The velocity with the levers that were asked for.

    Raises:
        InputError: where an attention backend is unknown or not installed.
    """
    transformer, controlnet = models.transformer, models.controlnet
    if settings.reference_reuse:
        strength = 1.0 if settings.init == "none" else settings.strength
        levels = noise_levels(flux_steps(settings), strength)
        velocity = reusing_velocity(transformer, controlnet, settings.reference_reuse, levels)
    else:
        velocity = kontext_velocity(transformer, controlnet)
    if settings.attention != "auto":
        _set_attention(models, settings.attention)
    if settings.compile:
        _compile(models)
    if settings.cache == "taylorseer":
        return _with_taylorseer(transformer, velocity, models.vae.dtype)
    return velocity


def _set_attention(models: Models, name: str) -> None:
    try:
        for model in (models.transformer, models.controlnet):
            model.set_attention_backend(name)
    except (ValueError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"`attention` is {name!r}, which diffusers cannot use here ({reason}). Leave it out, or give native."
        ) from None


def _compile(models: Models) -> None:
    """Block by block: a minute instead of many, as equal blocks are compiled once."""
    for model in (models.transformer, models.controlnet):
        for block in (*model.transformer_blocks, *model.single_transformer_blocks):
            block.compile()


def _with_taylorseer(
    transformer: Any,  # noqa: ANN401
    velocity: Velocity,
    dtype: torch.dtype,
) -> Velocity:
    """Attention's answers computed in one step of three after the third, and extrapolated in between."""
    config = TaylorSeerCacheConfig(
        cache_interval=3, disable_cache_before_step=3, taylor_factors_dtype=dtype
    )
    transformer.enable_cache(config)
    last: list[float] = []

    def cached(
        steering: Steering, text: Text, latents: torch.Tensor, level: torch.Tensor
    ) -> torch.Tensor:
        # Levels fall from step to step: where they rise, another frame begins.
        if not last or float(level) > last[0]:
            transformer._reset_stateful_cache()
        last[:] = [float(level)]
        with transformer.cache_context("wanted" if text is steering.text else "unwanted"):
            return velocity(steering, text, latents, level)

    return cached
