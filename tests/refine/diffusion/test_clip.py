from dataclasses import replace

import pytest
import torch

from reimagine.refine.diffusion.clip import MOST_DRIFT, VideoRefiner, drift_of
from reimagine.refine.diffusion.sample import Hold, Span
from reimagine.refine.diffusion.sizes import native_size


@pytest.fixture
def plan(make_plan):
    return make_plan(strength=0.3, window=4, overlap=2, surface=True)


@pytest.fixture
def steady(turning, halves, plan):
    def refine(colour, pictures, start=0):
        refiner = VideoRefiner(load=lambda: halves(colour=colour), plan=plan)
        frames = refiner.refine(pictures.__getitem__, turning.see, len(pictures), start)
        return torch.stack(list(frames)), refiner.notes

    return refine


@pytest.mark.parametrize("frames", [2, 8, 9])
def test_noise_on_the_surface_windows_and_any_number_of_frames(turning, steady, frames):
    pictures = turning.pictures[:frames]
    refined, _ = steady(0.0, pictures)
    assert refined.shape == pictures.shape
    assert torch.equal(refined[:, 3], pictures[:, 3])
    off = (pictures[:, 3:] == 0).expand(-1, 4, -1, -1)
    assert torch.equal(refined[off], pictures[off])
    assert not torch.equal(refined, pictures)


def test_taken_up_in_the_middle_it_is_the_same(turning, steady):
    whole, _ = steady(0.0, turning.pictures)
    for start in (1, 4, 8):
        found, _ = steady(0.0, turning.pictures, start)
        assert torch.equal(found, whole[start:])


def test_a_frame_that_drifts_too_far_is_held_and_the_log_says_so(turning, steady):
    refined, notes = steady(5.0, turning.pictures)
    change = (refined - turning.pictures)[4, :3]
    assert drift_of(change, turning.pictures[4, 3]) <= MOST_DRIFT + 1e-3
    assert len(notes) == len(turning.pictures)
    assert notes[4].startswith("frame 4: refining changed the person's colour by")


def test_sizes_shrink_to_what_the_model_knows_and_are_padded():
    size = native_size(1328, 800, 399_360, 16)
    assert size.height * size.width <= 399_360 * 1.01
    assert (size.full_height % 16, size.full_width % 16) == (0, 0)
    assert size.full_height - size.height < 16
    assert abs(size.height / size.width - 1328 / 800) < 0.01
    small = native_size(48, 64, 399_360, 16)
    assert (small.height, small.width) == (48, 64)


def test_detail_of_large_frames_stays(turning, halves, plan):
    """Refined at a quarter of the area, a full-size frame keeps what is finer than the model was shown."""
    plan = replace(
        plan, hold=Hold(low=1.0, high=1.0, outside=1.0), pixels=96 * 112 // 4, surface=False
    )
    refiner = VideoRefiner(load=lambda: halves(colour=0.3), plan=plan)
    pictures = turning.pictures
    refined = torch.stack(list(refiner.refine(pictures.__getitem__, turning.see, len(pictures))))
    assert torch.allclose(refined, pictures, atol=1e-3)


def test_second_60_has_the_colour_of_second_1(rand, halves, plan):
    """Windows follow one another without anything adding up: only the flicker's own mean differs."""
    frames, still, amount = 1464, 0.5 + 0.1 * rand(3, 8, 8), 0.02
    jumps = amount * rand(frames, 3, 1, 1, seed=2)
    opaque = torch.ones(1, 8, 8)

    def read(frame):
        return torch.cat([still + jumps[frame], opaque])

    plan = replace(
        plan,
        span=Span(window=21, overlap=4),
        hold=Hold(low=0.6, high=0.2, outside=1.0, easing=0.5, over_time=5),
    )
    refiner = VideoRefiner(load=lambda: halves(colour=0.1), plan=plan)
    colours = torch.stack([one[:3].mean((1, 2)) for one in refiner.refine(read, None, frames)])
    away = colours[1440:].mean(0) - colours[:24].mean(0)
    assert away.abs().max() < 3 * amount * (2 / 24) ** 0.5
    trend = colours.view(61, 24, 3).mean(1)
    assert (trend.std(0) < 1.5 * amount / 24**0.5).all()
    assert (colours - still.mean((1, 2))).abs().mean() > 0.01
