from itertools import pairwise

import pytest
import torch

from reimagine.refine.diffusion.windows import in_windows, ramp, spans


@pytest.mark.parametrize(("length", "window", "overlap"), [(21, 5, 2), (9, 4, 1), (22, 21, 5)])
def test_windows_cover_everything_and_overlap(length, window, overlap):
    parts = spans(length, window, overlap)
    covered = {k for part in parts for k in range(part.start, part.stop)}
    assert covered == set(range(length))
    assert all(part.stop - part.start == window for part in parts)
    assert all(a.stop - b.start >= overlap for a, b in pairwise(parts))


def sine(part, _):
    return torch.sin(part)


def test_a_window_that_covers_all_is_no_window(rand):
    latents = rand(2, 6, 3, 3)
    assert torch.equal(in_windows(sine, latents, 6, 2), torch.sin(latents))


def test_what_does_not_look_along_time_is_the_same_in_windows(rand):
    latents = rand(2, 23, 3, 3)
    assert torch.allclose(in_windows(sine, latents, 7, 3), torch.sin(latents), atol=1e-6)


def test_weights_of_neighbours_add_up_to_one():
    left, right = ramp(8, 4, first=True, last=False), ramp(8, 4, first=False, last=True)
    assert torch.allclose(left[-4:] + right[:4], torch.ones(4))


def test_where_windows_disagree_the_change_is_gradual():
    calls = iter([0.0, 1.0])
    found = in_windows(
        lambda part, _: torch.full_like(part, next(calls)), torch.zeros(1, 12, 1, 1), 8, 4
    )
    assert torch.allclose(
        found.flatten()[3:9], torch.tensor([0, 0.125, 0.375, 0.625, 0.875, 1]), atol=1e-6
    )
