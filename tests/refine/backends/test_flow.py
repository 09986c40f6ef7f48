import weakref

import pytest
import torch

from reimagine.errors import InputError
from reimagine.refine.backend import Refiner
from reimagine.refine.backends.flow import REACH, make, three
from reimagine.refine.load import load_refiner
from reimagine.refine.resample import lanczos
from reimagine.resize import nearest_inside
from reimagine.settings import Refinement


def steady(turning, pictures, start=0):
    refined = make("cpu", Refinement()).refine(
        lambda k: pictures[k], turning.see, len(pictures), start
    )
    return torch.stack(list(refined))


def flickering(turning, *, texture=0.0, exposure=0.0):
    chance = torch.Generator().manual_seed(11)
    pictures = turning.pictures.clone()
    for picture in pictures:
        for scale in (1, 4, 16):
            size = (picture.shape[1] // scale, picture.shape[2] // scale)
            noise = torch.randn(1, 3, *size, generator=chance)
            noise = torch.nn.functional.interpolate(noise, picture.shape[1:], mode="bilinear")
            picture[:3] += texture * noise[0]
        picture[:3] *= torch.exp(exposure * torch.randn(1, generator=chance))
    pictures[:, :3] = pictures[:, :3].clamp(0, 1) * (pictures[:, 3:] > 0)
    return pictures


def jittering(turning):
    """Everything is painted aside by up to a pixel and a half, elsewhere another way."""
    chance = torch.Generator().manual_seed(12)
    pictures = turning.pictures.clone()
    height, width = pictures.shape[2:]
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    for picture in pictures:
        aside = 0.8 * torch.randn(1, 2, height // 24, width // 24, generator=chance)
        aside = torch.nn.functional.interpolate(aside, (height, width), mode="bicubic")[0]
        at = torch.stack([x + aside[0], y + aside[1]], dim=-1).reshape(-1, 2)
        inside = picture[3] > 0.99
        carried = picture[:3].reshape(3, -1).T[nearest_inside(inside)].reshape(height, width, 3)
        moved = lanczos(carried, at).T.reshape(3, height, width).clamp(0, 1)
        picture[:3] = torch.where(picture[3] > 0, moved, picture[:3])
    return pictures


def without_alignment(monkeypatch):
    monkeypatch.setattr("reimagine.refine.warp.displacement", lambda *_: None)


def likeness(turning, pictures):
    """Mean squared difference from the truth, well inside the ball."""
    inside = torch.stack([turning.inner(k) for k in range(len(pictures))])[:, None]
    error = (pictures - turning.pictures)[:, :3] * inside
    return float(error.square().sum() / inside.sum() / 3)


def test_edges_that_jitter_come_out_steadier_and_closer_than_averaged_as_they_lie(
    turning, monkeypatch
):
    pictures = jittering(turning)
    aligned = steady(turning, pictures)
    without_alignment(monkeypatch)
    plain = steady(turning, pictures)
    floor = turning.warping_error(turning.pictures)
    left, left_plain = (turning.warping_error(one) - floor for one in (aligned, plain))
    assert left < 0.6 * left_plain
    assert likeness(turning, aligned) < 0.85 * likeness(turning, plain)
    assert turning.detail(aligned) > turning.detail(plain)


@pytest.mark.parametrize("exposure", [0, 0.08])
def test_nothing_is_moved_where_nothing_jitters(turning, monkeypatch, exposure):
    pictures = flickering(turning, exposure=exposure)
    aligned = steady(turning, pictures)
    without_alignment(monkeypatch)
    assert torch.equal(aligned, steady(turning, pictures))


def test_textures_that_flicker_hardly_move_anything(turning, monkeypatch):
    pictures = flickering(turning, texture=0.04)
    aligned = steady(turning, pictures)
    without_alignment(monkeypatch)
    assert (aligned - steady(turning, pictures)).square().mean() < 1e-3**2


@pytest.mark.parametrize(
    "flicker", [{"texture": 0.04}, {"exposure": 0.08}, {"texture": 0.03, "exposure": 0.06}]
)
def test_flicker_goes_and_sharpness_stays(turning, flicker):
    pictures = flickering(turning, **flicker)
    refined = steady(turning, pictures)
    floor = turning.warping_error(turning.pictures)
    before, after = (turning.warping_error(one) for one in (pictures, refined))
    assert after < floor + 0.4 * (before - floor)
    assert abs(turning.detail(refined) / turning.detail(pictures) - 1) < 0.06


def test_a_wrong_frame_is_put_right(turning):
    pictures = turning.pictures.clone()
    pictures[4, :3] = 1 - pictures[4, :3]
    refined = steady(turning, pictures)
    inside = turning.inner(4)
    wrong = (pictures - turning.pictures)[4, :3, inside].abs().mean()
    left = (refined - turning.pictures)[4, :3, inside].abs().mean()
    assert left < 0.2 * wrong


def test_a_slow_change_of_exposure_stays(turning):
    gains = torch.exp(0.02 * torch.arange(len(turning.pictures)))
    pictures = turning.pictures.clone()
    pictures[:, :3] *= 0.7 * gains[:, None, None, None]
    refined = steady(turning, pictures)
    for frame in range(2, 7):
        inside = turning.inner(frame)
        ratio = refined[frame, :3, inside].mean() / pictures[frame, :3, inside].mean()
        assert abs(float(ratio) - 1) < 0.005


def test_background_and_alpha_are_not_touched(turning):
    pictures = flickering(turning, texture=0.05)
    refined = steady(turning, pictures)
    assert torch.equal(refined[:, 3], pictures[:, 3])
    beyond = turning.seen.raster.face < 0
    assert torch.equal(refined.permute(0, 2, 3, 1)[beyond], pictures.permute(0, 2, 3, 1)[beyond])


def test_the_rim_of_an_opaque_picture_keeps_its_mixed_colours(turning):
    pictures = flickering(turning, texture=0.05)
    rgb = pictures[:, :3] * pictures[:, 3:] + 1 - pictures[:, 3:]
    opaque = torch.cat([rgb, torch.ones_like(pictures[:, 3:])], dim=1)
    refined = steady(turning, opaque)
    rim = (pictures[:, 3] > 0) & (pictures[:, 3] < 1)
    assert torch.equal(refined.permute(0, 2, 3, 1)[rim], opaque.permute(0, 2, 3, 1)[rim])
    assert not torch.equal(refined, opaque)


def test_a_frame_is_the_same_wherever_the_run_was_taken_up(turning):
    pictures = flickering(turning, texture=0.04, exposure=0.05)
    whole = steady(turning, pictures)
    assert torch.equal(whole[5:], steady(turning, pictures, start=5))


def test_only_frames_within_reach_matter_and_each_is_read_once(turning):
    read = []

    def reading(k):
        read.append(k)
        return turning.pictures[k]

    refiner = make("cpu", Refinement())
    frames = refiner.refine(reading, turning.see, len(turning.pictures))
    next(frames)
    assert max(read) == refiner.reach
    list(frames)
    assert sorted(read) == list(range(len(turning.pictures)))


@pytest.mark.parametrize("frames", range(1, 30))
def test_three_frames_are_in_the_clip_and_the_asked_one_among_them(frames):
    for frame in range(frames):
        found = three(frame, 3, frames)
        assert frame in found
        assert found == sorted(found)
        assert all(0 <= one < frames for one in found)
        assert len(found) == 3 or frames < 9


def test_long_clips_hold_few_frames_and_read_each_once(turning):
    """Forth and back, so that the clip is long."""
    count, held = 40, []
    read: list[int] = []

    def place(frame):
        return frame % 16 if frame % 16 < 9 else 16 - frame % 16

    def reading(frame):
        read.append(frame)
        picture = turning.pictures[place(frame)].clone()
        held.append(weakref.ref(picture))
        return picture

    def see(start, stop):
        assert stop == start + 1
        return turning.see(place(start), place(start) + 1)

    most = 0
    for _ in make("cpu", Refinement()).refine(reading, see, count):
        most = max(most, sum(one() is not None for one in held))
    assert read == sorted(set(read))
    assert most <= 2 * REACH


def test_frames_that_do_not_flicker_stay_nearly_as_they_are(turning):
    refined = steady(turning, turning.pictures)
    inside = torch.stack([turning.inner(k) for k in range(len(refined))])[:, None]
    error = ((refined - turning.pictures)[:, :3] * inside).square().sum() / inside.sum() / 3
    assert error < 10 ** (-48 / 10)


def test_a_clip_of_one_frame_comes_back_as_it_is(turning):
    assert torch.equal(steady(turning, turning.pictures[:1]), turning.pictures[:1])


def test_a_frame_of_another_size_is_refused(turning):
    frames = make("cpu", Refinement()).refine(lambda k: turning.pictures[k][:, 1:], turning.see, 3)
    with pytest.raises(InputError, match=r"frame 0 is 96x111; expected 96x112 as its camera has"):
        next(frames)


def test_none_gives_the_pictures_back(turning):
    frames = load_refiner("none", "cpu", Refinement()).refine(
        lambda k: turning.pictures[k], turning.see, 4, 1
    )
    assert torch.equal(torch.stack(list(frames)), turning.pictures[1:4])


def test_both_are_refiners():
    assert all(
        isinstance(load_refiner(name, "cpu", Refinement()), Refiner) for name in ("none", "flow")
    )


def test_without_a_surface_optical_flow_takes_its_place(turning):
    pictures = flickering(turning, texture=0.04)
    refiner = make("cpu", Refinement())
    refined = torch.stack(list(refiner.refine(pictures.__getitem__, None, len(pictures))))
    floor = turning.warping_error(turning.pictures)
    before, after = (turning.warping_error(one) for one in (pictures, refined))
    assert after - floor < 0.5 * (before - floor)
    assert turning.detail(refined) > 0.85
