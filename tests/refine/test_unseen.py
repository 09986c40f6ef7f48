import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from reimagine.refine.unseen import steadied_unseen

FRAMES, HEIGHT, WIDTH = 9, 96, 128


def smooth(chance: torch.Generator, scale: int, channels: int = 3) -> Tensor:
    grid = torch.randn(1, channels, HEIGHT // scale + 2, WIDTH // scale + 2, generator=chance)
    return interpolate(grid, (HEIGHT, WIDTH), mode="bicubic", align_corners=True)[0]


def at(picture: Tensor, x: Tensor, y: Tensor) -> Tensor:
    places = torch.stack(
        [2 * x / (picture.shape[2] - 1) - 1, 2 * y / (picture.shape[1] - 1) - 1], -1
    )
    return grid_sample(
        picture[None], places[None], mode="bicubic", align_corners=True, padding_mode="border"
    )[0]


def clip(bent: float = 0.0) -> Tensor:
    """A texture that moves behind another one that stands still, seen without flicker; or bent by some pixels."""
    chance = torch.Generator().manual_seed(3)
    back = interpolate(torch.rand(1, 3, 40, 60, generator=chance), (160, 240), mode="bicubic")[0]
    front = interpolate(torch.rand(1, 3, 10, 8, generator=chance), (40, 32), mode="bicubic")[0]
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.0, torch.arange(WIDTH) + 0.0, indexing="ij")
    frames: list[Tensor] = []
    for k in range(FRAMES):
        jump = bent * smooth(chance, 24, 2)
        picture = at(back, x + 20 + 1.7 * k + jump[0], y + 20 + 5 * math.sin(k / 4) + jump[1])
        picture[:, 30:70, 40:72] = front
        frames.append(torch.cat([picture.clamp(0, 1), torch.ones(1, HEIGHT, WIDTH)]))
    return (torch.stack(frames) * 255).round() / 255


def steadied(pictures: Tensor, start: int = 0) -> Tensor:
    return torch.stack(list(steadied_unseen(pictures.__getitem__, len(pictures), start)))


def decibels(a: Tensor, b: Tensor) -> float:
    """Of the worst frame."""
    errors = (a - b)[:, :3].square().mean(dim=(1, 2, 3))
    return float(-10 * torch.log10(errors.max().clamp_min(1e-12)))


def error(a: Tensor, inner: slice = slice(2, -2)) -> float:
    """Mean squared, of frames that have neighbours on both sides."""
    return float((a - clip())[inner, :3].square().mean())


def test_frames_without_flicker_come_back_as_they_were():
    assert decibels(steadied(clip()), clip()) > 45


def test_colours_that_drift_are_steadied():
    chance, pictures = torch.Generator().manual_seed(1), clip()
    for picture in pictures:
        picture[:3] += 0.05 * smooth(chance, 60)
    assert error(steadied(pictures)) < 0.4 * error(pictures)


def test_shapes_that_jump_are_steadied():
    bent = clip(bent=0.7)
    assert error(steadied(bent)) < 0.7 * error(bent)


def test_noise_is_steadied():
    pictures = clip()
    pictures[:, :3] += 0.05 * torch.randn(
        pictures[:, :3].shape, generator=torch.Generator().manual_seed(1)
    )
    assert error(steadied(pictures)) < 0.5 * error(pictures)


def test_a_frame_that_is_another_one_is_made_anew_and_its_neighbours_stay():
    pictures = clip()
    pictures[4] = pictures[4].flip(2)
    refined = steadied(pictures)
    others = [0, 1, 2, 3, 5, 6, 7, 8]
    assert decibels(refined[[4]], clip()[[4]]) > decibels(pictures[[4]], clip()[[4]]) + 8
    assert decibels(refined[others], clip()[others]) > 40


def test_a_frame_does_not_depend_on_where_one_begins():
    pictures = clip(bent=0.7)
    assert torch.equal(steadied(pictures)[4:], steadied(pictures, start=4))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_clips_are_steadied_too(frames: int):
    assert decibels(steadied(clip()[:frames]), clip()[:frames]) > 45


def test_alpha_stays_and_what_it_hides_plays_no_part():
    pictures = clip()
    pictures[:, 3, :, :20] = 0
    pictures[:, :3, :, :20] = torch.rand(
        FRAMES, 3, HEIGHT, 20, generator=torch.Generator().manual_seed(1)
    )
    refined = steadied(pictures)
    assert torch.equal(refined[:, 3], pictures[:, 3])
    assert decibels(refined[..., 20:], pictures[..., 20:]) > 45
