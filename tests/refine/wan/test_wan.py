from dataclasses import replace
from typing import Any

import pytest
import torch

from reimagine.appearance.store import load_person
from reimagine.errors import InputError
from reimagine.refine.backend import KnowsPerson, Refiner
from reimagine.refine.backends.wan import make
from reimagine.refine.diffusion.model import VideoModel
from reimagine.refine.diffusion.sample import Span, refine_latents
from reimagine.refine.diffusion.schedule import CLEAN, Level
from reimagine.settings import Refinement

pytest.importorskip("diffusers")

HEIGHT, WIDTH = 32, 48
PROMPT = "a video of a person"


def settings(folder, **others):
    small = Refinement(
        weights=str(folder),
        steps=2,
        pixels=HEIGHT * WIDTH,
        strength=0.5,
    )
    return replace(small, **others)


def pictures(frames, height=HEIGHT, width=WIDTH, seed=0):
    chance = torch.Generator().manual_seed(seed)
    rgb = torch.rand(frames, 3, height // 8, width // 8, generator=chance)
    rgb = torch.nn.functional.interpolate(rgb, (height, width), mode="bilinear")
    alpha = torch.zeros(frames, 1, height, width)
    alpha[:, :, 8:-8, 16:-16] = 1
    return torch.cat([rgb, alpha], dim=1)


def refined(folder, video, start=0, **others):
    refiner = make("cpu", settings(folder, noise="plain", **others))
    frames = refiner.refine(video.__getitem__, None, len(video), start)
    return torch.stack(list(frames))


def test_it_is_a_video_model_and_a_refiner(wan, tiny_wan):
    assert isinstance(wan, VideoModel)
    assert isinstance(make("cpu", settings(tiny_wan)), Refiner)
    assert (wan.stride, wan.multiple) == (4, 16)


def test_it_learns_where_face_and_hands_of_the_person_are(tiny_wan, plain_person):
    refiner = make("cpu", settings(tiny_wan))
    assert isinstance(refiner, KnowsPerson)
    refiner.know_person(load_person(plain_person))
    assert refiner.marks is not None
    assert all(bool(region.any()) for region in refiner.marks.regions.values())


def test_without_our_additions_it_is_diffusers_pipeline(wan, tiny_wan):
    from diffusers.pipelines.wan.pipeline_wan_video2video import WanVideoToVideoPipeline
    from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
        FlowMatchEulerDiscreteScheduler,
    )

    video = pictures(9)[:, :3]
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    theirs: Any = WanVideoToVideoPipeline.from_pretrained(tiny_wan, scheduler=scheduler)
    theirs.set_progress_bar_config(disable=True)
    expected = theirs(
        video=[video],
        prompt=PROMPT,
        negative_prompt="flicker",
        height=HEIGHT,
        width=WIDTH,
        num_inference_steps=5,
        strength=0.8,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(5),
        output_type="latent",
    ).frames[0]
    scheduler.set_timesteps(5)
    noises = torch.as_tensor(scheduler.sigmas)[1:-1].tolist()
    levels = [Level(signal=1 - one, noise=one, time=1000 * one) for one in noises]
    noise = torch.randn(expected.shape, generator=torch.Generator().manual_seed(5))
    originals = wan.encode(video.movedim(1, 0))
    found = refine_latents(
        wan.denoise, originals, noise, (*levels, CLEAN), span=Span(window=99, overlap=0)
    )
    assert (found - expected).abs().max() < 1e-5
    assert (found - originals).abs().max() > 0.1


@pytest.mark.parametrize("frames", [2, 8, 9, 10])
def test_as_many_frames_come_out_as_went_in(tiny_wan, frames):
    video = pictures(frames)
    found = refined(tiny_wan, video)
    assert found.shape == video.shape
    assert bool(torch.isfinite(found).all())
    assert not torch.equal(found, video)


def test_sizes_that_are_no_multiples_come_back_as_they_were(tiny_wan):
    video = pictures(5, 34, 50)
    assert refined(tiny_wan, video, pixels=1200).shape == video.shape


def test_equal_seeds_give_equal_bits_and_a_resumed_run_too(tiny_wan):
    video = pictures(11)
    small = {"window": 9, "overlap": 4}
    whole = refined(tiny_wan, video, **small)
    assert torch.equal(whole, refined(tiny_wan, video, **small))
    assert torch.equal(whole[6:], refined(tiny_wan, video, start=6, **small))
    assert not torch.equal(whole, refined(tiny_wan, video, seed=7, **small))


def test_background_and_alpha_are_not_touched(tiny_wan):
    video = pictures(6)
    found = refined(tiny_wan, video)
    off = (video[:, 3:] == 0).expand(-1, 4, -1, -1)
    assert torch.equal(found[off], video[off])
    assert torch.equal(found[:, 3], video[:, 3])


def test_strength_zero_gives_the_frames_back_and_loads_nothing(tiny_wan):
    video = pictures(6)
    assert torch.equal(refined(tiny_wan, video, strength=0.0), video)


def test_a_single_frame_is_refused(tiny_wan):
    with pytest.raises(InputError, match="the clip has 1 frame; expected at least 2"):
        refined(tiny_wan, pictures(1))


def test_frames_of_two_sizes_are_refused(tiny_wan):
    video = [*pictures(3), pictures(1, 32, 64)[0]]
    frames = make("cpu", settings(tiny_wan, noise="plain")).refine(
        video.__getitem__, None, len(video)
    )
    with pytest.raises(InputError, match="frame 3 is 64x32 and frame 0 is 48x32"):
        next(frames)


def test_too_little_memory_is_one_line(tiny_wan):
    refiner = make("cpu", settings(tiny_wan))

    def load():
        raise torch.cuda.OutOfMemoryError

    refiner.load = load
    with pytest.raises(InputError, match=r"memory does not suffice .* refinement.window"):
        next(refiner.refine(pictures(3).__getitem__, None, 3))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"strength": 1.5}, "refinement.strength is 1.5"),
        ({"steps": 0}, "refinement.steps is 0"),
        ({"hold_low": 2.0}, "refinement.hold_low is 2"),
        ({"hold_guessed": 2.0}, "refinement.hold_guessed is 2"),
        ({"propagate": -1.0}, "refinement.propagate is -1"),
        ({"noise": "pink"}, "refinement.noise is 'pink'"),
        ({"memory": "12"}, "refinement.memory is '12'"),
        ({"window": 16, "overlap": 40}, "refinement.overlap is 40"),
        ({"pixels": 9}, "refinement.pixels is 9"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tiny_wan, wrong, message):
    with pytest.raises(InputError, match=message):
        make("cpu", settings(tiny_wan, **wrong))


def test_missing_weights_come_with_the_command_that_gets_them(tmp_path):
    with pytest.raises(InputError, match=r"no readable model_index.json; .* hf download Wan-AI"):
        make("cpu", settings(tmp_path))


def test_another_model_and_missing_parts_are_refused(tmp_path, tiny_wan):
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(InputError, match="holds a FluxPipeline; expected a WanPipeline"):
        make("cpu", settings(tmp_path))
    (tmp_path / "model_index.json").write_text((tiny_wan / "model_index.json").read_text())
    with pytest.raises(InputError, match="lacks text_encoder"):
        make("cpu", settings(tmp_path))


@pytest.mark.parametrize("frames", [5, 24, 25, 81])
def test_a_window_as_long_as_the_clip_covers_it(tiny_wan, frames):
    refiner = make("cpu", Refinement(window=frames, overlap=0, weights=str(tiny_wan)))
    assert 1 + 4 * (refiner.plan.span.window - 1) >= frames
