import torch

from reimagine.refine.diffusion.links import EVERY, Links, anchor_of, linked_places
from reimagine.refine.diffusion.sizes import native_size


def test_each_latent_follows_the_nearest_anchor():
    anchors = [anchor_of(latent, 13) for latent in range(13)]
    assert anchors == [2] * 5 + [7] * 5 + [12] * 3
    assert all(anchors[a] == a for a in anchors)
    assert anchor_of(0, 2) == 1
    assert EVERY == 5


def test_a_frame_is_linked_to_itself_place_by_place(turning):
    size = native_size(112, 96, 10**6, 8)
    seen = turning.see(3, 4)
    places = linked_places(seen, seen, size, 8)
    rows, columns = places.shape
    known = places >= 0
    assert torch.equal(places[known], torch.arange(rows * columns).view(rows, columns)[known])
    middle = seen.raster.face[0][4::8, 4::8] >= 0
    assert torch.equal(known, middle)


def test_links_follow_the_turning_of_the_ball(turning):
    """Turned by 15 degrees, what is in the middle is 0.13 m and 11 pixels to the right: a token and a half."""
    size = native_size(112, 96, 10**6, 8)
    places = linked_places(turning.see(0, 1), turning.see(5, 6), size, 8)
    row, column = 7, 6
    assert places[row, column] // 12 == row
    assert 1 <= int(places[row, column] % 12) - column <= 2


def test_at_half_the_size_the_links_are_the_same(turning):
    whole, half = native_size(112, 96, 10**6, 16), native_size(112, 96, 112 * 96 // 4, 8)
    a, b = (
        linked_places(turning.see(0, 1), turning.see(4, 5), one, token)
        for one, token in ((whole, 16), (half, 8))
    )
    assert torch.equal(a, b)
    assert bool((a >= 0).any())


def test_beyond_a_window_nothing_is_followed():
    links = Links(anchor=torch.tensor([2, 2, 2, 2]), place=torch.zeros(4, 1, 2, dtype=torch.long))
    cut = links.cut(slice(1, 4))
    assert cut.anchor.tolist() == [1, 1, 1]
    assert cut.sources().tolist() == [2, 2, 2, 2, 2, 2]
    alone = links.cut(slice(3, 4))
    assert alone.sources().tolist() == [0, 1]
