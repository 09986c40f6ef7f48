import torch

from reimagine.refine.resample import carry_outwards, lanczos


def rand(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(5))


def test_pixel_centres_give_the_pixels():
    picture = rand(3, 30, 40)
    y, x = torch.meshgrid(torch.arange(30) + 0.5, torch.arange(40) + 0.5, indexing="ij")
    found = lanczos(picture, torch.stack([x, y], dim=-1).reshape(-1, 2))
    assert torch.allclose(found.T.reshape(3, 30, 40), picture, atol=1e-5)


def test_a_wave_between_pixels_keeps_its_height():
    x = torch.arange(200) + 0.5
    wave = (0.5 + 0.4 * torch.sin(x * 1.2)).expand(3, 20, 200).clone()
    at = torch.linspace(20, 180, 300)
    found = lanczos(wave, torch.stack([at, torch.full_like(at, 10.5)], dim=1))
    # OpenCV rounds positions to 1/32 of a pixel.
    assert (found[:, 0] - (0.5 + 0.4 * torch.sin(at * 1.2))).abs().max() < 0.02


def test_colours_inside_stay_and_the_nearest_is_carried_out():
    picture = torch.cat([rand(3, 9, 9), torch.ones(1, 9, 9)])
    inside = torch.zeros(9, 9, dtype=torch.bool)
    inside[3:6, 3:6] = True
    carried = carry_outwards(picture, inside)
    assert torch.equal(carried[:, inside], picture[:3, inside])
    assert torch.equal(carried[:, 0, 4], picture[:3, 3, 4])
    assert torch.equal(carried[:, 8, 8], picture[:3, 5, 5])


def test_with_nothing_inside_the_picture_stays():
    picture = rand(4, 5, 5)
    assert torch.equal(carry_outwards(picture, torch.zeros(5, 5, dtype=torch.bool)), picture[:3])
