import pytest
import torch
import warp as wp

from reimagine.frames import colour_kernels as kernels
from reimagine.frames.pyramid import build_pyramids
from reimagine.render.rasterize import launch, runs, triples, vectors


def ramp(width, height):
    x = torch.arange(width) + 0.5
    return (x / 100).expand(3, height, width).clone()


def sample(rgb, xy, level, photos=None, photo=0):
    """Colours at photo positions, through a face whose corners lie at (0, 0), (1, 0) and (0, 1)."""
    device = torch.device("cpu")
    pyramids = build_pyramids(photos or [rgb])
    looks = torch.zeros(len(pyramids.first) - 1, 3, 3)
    looks[photo] = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    face = torch.zeros(1, len(xy), dtype=torch.int32)
    levels = torch.full((len(looks), 1), level)
    out = torch.zeros(4, 1, len(xy))
    inputs = [
        wp.from_torch(face),
        vectors(xy[None]),
        triples(torch.tensor([[0, 1, 2]]), device),
        vectors(torch.zeros(3, 3)),
        wp.from_torch(torch.ones(3)),
        vectors(looks),
        wp.from_torch(levels),
        vectors(pyramids.texels),
        wp.from_torch(pyramids.start),
        wp.from_torch(pyramids.size, dtype=wp.vec2i),
        wp.from_torch(pyramids.first),
        1,
        wp.from_torch(out),
    ]
    launch(kernels.colour, runs(out[:1])[1:], inputs, device)
    assert bool((out[3] == 1).all())
    return out[:3, 0].T


@pytest.mark.parametrize("level", [-3.0, 0.0, 0.5, 1.0, 1.7, 2.0])
def test_a_ramp_is_the_same_at_every_level(level):
    x = torch.linspace(10, 54, 30)
    found = sample(ramp(64, 48), torch.stack([x, torch.full_like(x, 20.0)], dim=1), level)
    assert torch.allclose(found[:, 0], x / 100, atol=1e-5)


def test_pixel_centres_give_the_pixels():
    rgb = torch.rand(3, 7, 9, generator=torch.Generator().manual_seed(1))
    y, x = torch.meshgrid(torch.arange(7) + 0.5, torch.arange(9) + 0.5, indexing="ij")
    found = sample(rgb, torch.stack([x, y], -1).reshape(-1, 2), 0.0)
    assert torch.allclose(found.T.reshape(3, 7, 9), rgb, atol=1e-5)


def test_each_photo_is_looked_up_in_its_own_levels():
    photos = [ramp(64, 48), torch.full((3, 5, 7), 0.25), ramp(33, 21).flip(2)]
    xy = torch.tensor([[8.0, 8.0], [9.5, 4.0]])
    for level in (0.0, 0.4, 1.0):
        alone = [sample(rgb, xy, level) for rgb in photos]
        among = [sample(None, xy, level, photos, index) for index in range(3)]
        assert torch.equal(torch.stack(alone), torch.stack(among))


def test_the_border_goes_on_outside():
    rgb = torch.rand(3, 5, 5, generator=torch.Generator().manual_seed(2))
    found = sample(rgb, torch.tensor([[-50.0, -50.0], [1e6, 1e6]]), 0.0)
    assert torch.equal(found, torch.stack([rgb[:, 0, 0], rgb[:, -1, -1]]))


def test_fine_stripes_turn_grey_when_seen_small():
    rgb = (torch.arange(64) % 2).float().expand(3, 64, 64).clone()
    x = torch.linspace(20, 44, 50)
    found = sample(rgb, torch.stack([x, x], dim=1), 1.0)
    assert torch.allclose(found, torch.full_like(found, 0.5), atol=1e-6)


def test_a_photo_of_one_pixel_is_its_colour_everywhere():
    rgb = torch.tensor([0.1, 0.2, 0.3])[:, None, None]
    found = sample(rgb, torch.tensor([[0.5, 0.5], [9.0, -4.0]]), 3.0)
    assert torch.allclose(found, torch.tensor([0.1, 0.2, 0.3]).expand(2, 3))
