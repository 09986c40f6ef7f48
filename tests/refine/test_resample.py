import torch

from reimagine.refine.resample import lanczos


def rand(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(5))


def test_pixel_centres_give_the_pixels():
    picture = rand(30, 40, 3)
    y, x = torch.meshgrid(torch.arange(30) + 0.5, torch.arange(40) + 0.5, indexing="ij")
    found = lanczos(picture, torch.stack([x, y], dim=-1).reshape(-1, 2))
    assert torch.allclose(found.reshape(30, 40, 3), picture, atol=1e-5)


def test_a_wave_between_pixels_keeps_its_height():
    x = torch.arange(200) + 0.5
    wave = (0.5 + 0.4 * torch.sin(x * 1.2))[:, None].expand(20, 200, 3).clone()
    at = torch.linspace(20, 180, 300)
    found = lanczos(wave, torch.stack([at, torch.full_like(at, 10.5)], dim=1))
    # OpenCV rounds positions to 1/32 of a pixel.
    assert (found[:, 0] - (0.5 + 0.4 * torch.sin(at * 1.2))).abs().max() < 0.02
