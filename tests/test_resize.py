import pytest
import torch
from torch import Tensor

from reimagine.pictures import over
from reimagine.resize import carried_outwards, nearest_inside, resize_to_cover, resized

SKIN = torch.tensor([0.9, 0.6, 0.3])[:, None, None]


def noise(channels: int, height: int = 80, width: int = 70) -> Tensor:
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(0))


def disc(hidden: float) -> Tensor:
    """A plain disc with a soft edge; `hidden` is the colour where nothing shows."""
    y, x = torch.meshgrid(torch.arange(80), torch.arange(70), indexing="ij")
    alpha = (30.5 - ((x - 35.0) ** 2 + (y - 40.0) ** 2).sqrt()).clamp(0, 1)[None]
    return torch.cat([torch.where(alpha > 0, SKIN, hidden), alpha])


@pytest.mark.parametrize(("width", "height"), [(70, 80), (30, 80), (200, 90), (7, 9)])
def test_resizing_covers_exactly_and_keeps_plain_colours_plain(width: int, height: int):
    plain = torch.tensor([0.1, 0.5, 0.9])[:, None, None].expand(3, 80, 70)
    resized = resize_to_cover(plain, width, height)
    assert resized.shape == (3, height, width)
    assert torch.allclose(resized, plain[:, :1, :1].expand_as(resized), atol=1e-5)


def test_resizing_to_the_same_size_changes_nothing():
    assert torch.allclose(resize_to_cover(noise(3), 70, 80), noise(3), atol=1e-6)


@pytest.mark.parametrize("hidden", [0.0, 1.0])
@pytest.mark.parametrize(("width", "height"), [(70, 80), (35, 40), (23, 31), (140, 160), (101, 90)])
def test_a_plain_colour_stays_plain_wherever_it_shows(width: int, height: int, hidden: float):
    for small in (
        resized(disc(hidden), width, height),
        resize_to_cover(disc(hidden), width, height),
    ):
        shows = small[3] > 0
        assert torch.allclose(small[:3, shows], SKIN[:, 0].expand(3, int(shows.sum())), atol=1e-3)


def test_alpha_is_resized_as_any_other_channel():
    both = resized(noise(4), 31, 44)
    assert torch.allclose(both[3:], resized(noise(4)[3:], 31, 44), atol=1e-6)


def test_what_is_hidden_keeps_the_colours_it_has():
    assert float(resized(disc(1.0), 35, 40)[:3, 0, 0].min()) == 1


def test_carrying_outwards_changes_nothing_that_shows():
    before, after = disc(0.0), carried_outwards(disc(0.0))
    for ground in (0.0, 1.0):
        ground = torch.full((3, 1, 1), ground)
        assert torch.equal(over(before, ground), over(after, ground))
    assert torch.allclose(after[:3], SKIN.expand(3, 80, 70), atol=1e-3)


def test_where_all_or_nothing_shows_there_is_nothing_to_carry():
    for alpha in (0.0, 1.0):
        picture = torch.cat([noise(3), torch.full((1, 80, 70), alpha)])
        assert torch.equal(carried_outwards(picture), picture)


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
