import torch

from reimagine.refine.resample import lanczos, nearest_inside


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


def test_each_pixel_inside_is_its_own_nearest_and_others_have_the_nearest_inside():
    inside = torch.zeros(9, 9, dtype=torch.bool)
    inside[3:6, 3:6] = True
    nearest = nearest_inside(inside).reshape(9, 9)
    here = torch.arange(81).reshape(9, 9)
    assert torch.equal(nearest[inside], here[inside])
    assert nearest[0, 4] == here[3, 4]
    assert nearest[8, 8] == here[5, 5]


def test_with_nothing_inside_each_pixel_is_its_own_nearest():
    assert torch.equal(nearest_inside(torch.zeros(5, 5, dtype=torch.bool)), torch.arange(25))
