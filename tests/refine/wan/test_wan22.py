"""Wan 2.2, whose VAE and transformers are others: tiny random weights through the real loading code."""

from typing import Any

import pytest
import torch

pytest.importorskip("diffusers")

from reimagine.refine.backends.wan import make
from reimagine.refine.diffusion.sample import Span, refine_latents
from reimagine.refine.diffusion.schedule import CLEAN, Level
from reimagine.refine.wan.model import Text, load_wan
from reimagine.refine.wan.tiny import write_tiny_wan
from reimagine.settings import Refinement

HEIGHT, WIDTH = 64, 96
SHAPES = {"2.2-5b": (48, 3, 4, 6), "2.2-a14b": (16, 3, 8, 12)}
"""Latents of 9 frames."""


@pytest.fixture(scope="module", params=list(SHAPES))
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def folder(kind, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / kind
    write_tiny_wan(folder, kind=kind)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    text = Text(prompt="a person", negative="flicker", guidance=3.0)
    return load_wan(folder, text, device="cpu", memory="full")


def clip(frames):
    chance = torch.Generator().manual_seed(0)
    return torch.rand(frames, 4, HEIGHT, WIDTH, generator=chance)


def test_latents_have_the_shape_that_they_have_in_this_model(model, kind):
    assert model.multiple == (32 if kind == "2.2-5b" else 16)
    assert model.stride == 4
    video = clip(9)[:, :3].movedim(1, 0)
    latents = model.encode(video)
    assert latents.shape == SHAPES[kind]
    assert model.decode(latents).shape == video.shape


def test_from_pure_noise_it_is_diffusers_pipeline(model, kind, folder):
    from diffusers.pipelines.wan.pipeline_wan import WanPipeline
    from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
        FlowMatchEulerDiscreteScheduler,
    )

    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    theirs: Any = WanPipeline.from_pretrained(folder, scheduler=scheduler)
    theirs.set_progress_bar_config(disable=True)
    noise = torch.randn(SHAPES[kind], generator=torch.Generator().manual_seed(5))
    expected = theirs(
        prompt="a person",
        negative_prompt="flicker",
        height=HEIGHT,
        width=WIDTH,
        num_frames=9,
        num_inference_steps=4,
        guidance_scale=3.0,
        latents=noise[None],
        output_type="latent",
    ).frames[0]
    noises = torch.as_tensor(scheduler.sigmas)[:-1].tolist()
    levels = [Level(signal=1 - one, noise=one, time=1000 * one) for one in noises]
    found = refine_latents(
        model.denoise,
        torch.zeros(SHAPES[kind]),
        noise,
        (*levels, CLEAN),
        span=Span(window=99, overlap=0),
    )
    assert (found - expected).abs().max() < 1e-5
    assert (found - noise).abs().max() > 0.1


def test_clips_come_back_as_long_as_they_were_with_equal_bits(folder):
    video = clip(6)
    settings = Refinement(weights=str(folder), steps=2, noise="plain")
    once, again = (
        torch.stack(list(make("cpu", settings).refine(video.__getitem__, None, 6)))
        for _ in range(2)
    )
    assert once.shape == video.shape
    assert torch.equal(once, again)
    assert not torch.equal(once, video)


def test_the_two_experts_are_for_much_and_for_little_noise(model, kind):
    if kind != "2.2-a14b":
        assert model.pipe.transformer_2 is None
        return
    much, little = (Level(signal=1 - n, noise=n, time=1000 * n) for n in (0.6, 0.59))
    assert model._expert(much) is model.pipe.transformer
    assert model._expert(little) is model.pipe.transformer_2
