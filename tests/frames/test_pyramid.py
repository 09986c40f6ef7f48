import pytest
import torch

from reimagine.frames.pyramid import build_pyramid, sample


def ramp(width, height):
    x = torch.arange(width) + 0.5
    return (x / 100).expand(3, height, width).clone()


@pytest.mark.parametrize("level", [-3.0, 0.0, 0.5, 1.0, 1.7, 2.0])
def test_a_ramp_is_the_same_at_every_level(level):
    pyramid = build_pyramid(ramp(64, 48))
    x = torch.linspace(10, 54, 30)
    xy = torch.stack([x, torch.full_like(x, 20.0)], dim=1)
    found = sample(pyramid, xy, torch.full_like(x, level))
    assert torch.allclose(found[:, 0], x / 100, atol=1e-5)


def test_pixel_centres_give_the_pixels():
    rgb = torch.rand(3, 7, 9, generator=torch.Generator().manual_seed(1))
    y, x = torch.meshgrid(torch.arange(7) + 0.5, torch.arange(9) + 0.5, indexing="ij")
    found = sample(build_pyramid(rgb), torch.stack([x, y], -1).reshape(-1, 2), torch.zeros(63))
    assert torch.allclose(found.T.reshape(3, 7, 9), rgb, atol=1e-6)


def test_the_border_goes_on_outside():
    rgb = torch.rand(3, 5, 5, generator=torch.Generator().manual_seed(2))
    xy = torch.tensor([[-50.0, -50.0], [1e6, 1e6]])
    found = sample(build_pyramid(rgb), xy, torch.zeros(2))
    assert torch.equal(found, torch.stack([rgb[:, 0, 0], rgb[:, -1, -1]]))


def test_fine_stripes_turn_grey_when_seen_small():
    rgb = (torch.arange(64) % 2).float().expand(3, 64, 64).clone()
    x = torch.linspace(20, 44, 50)
    found = sample(build_pyramid(rgb), torch.stack([x, x], dim=1), torch.full_like(x, 1.0))
    assert torch.allclose(found, torch.full_like(found, 0.5), atol=1e-6)


def test_a_photo_of_one_pixel_is_its_colour_everywhere():
    pyramid = build_pyramid(torch.tensor([0.1, 0.2, 0.3])[:, None, None])
    found = sample(pyramid, torch.tensor([[0.5, 0.5], [9.0, -4.0]]), torch.tensor([0.0, 3.0]))
    assert torch.allclose(found, torch.tensor([0.1, 0.2, 0.3]).expand(2, 3))
