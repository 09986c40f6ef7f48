import pytest
import torch

from reimagine.errors import InputError
from reimagine.refine.diffusion.schedule import CLEAN, flow_matching, noise_prediction

KEPT = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000).double(), 0)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_levels_fall_from_the_strength_to_none(shift):
    levels = flow_matching(0.4, 6, shift)
    noises = [level.noise for level in levels]
    assert noises[0] == 0.4
    assert levels[-1] == CLEAN
    assert len(levels) == 7
    assert noises == sorted(noises, reverse=True)
    assert all(level.signal + level.noise == pytest.approx(1) for level in levels)


def test_full_strength_gives_the_usual_shifted_schedule():
    u = torch.linspace(1, 0, 6)
    expected = 3 * u / (1 + 2 * u)
    found = torch.tensor([level.noise for level in flow_matching(1.0, 5, 3.0)])
    assert torch.allclose(found, expected, atol=1e-6)


def test_noise_prediction_keeps_unit_variance():
    levels = noise_prediction(0.5, 8, KEPT)
    assert levels[0].noise == pytest.approx(0.5, abs=0.01)
    assert levels[-1] == CLEAN
    assert all(level.signal**2 + level.noise**2 == pytest.approx(1) for level in levels)


def test_strength_zero_takes_no_step():
    assert flow_matching(0.0, 5, 3.0) == ()
    assert noise_prediction(0.0, 5, KEPT) == ()


@pytest.mark.parametrize("strength", [-0.1, 1.2, float("nan")])
def test_a_strength_out_of_range_is_refused(strength):
    with pytest.raises(InputError, match=r"refinement.strength is .*; expected 0"):
        flow_matching(strength, 5, 3.0)


def test_no_steps_are_refused():
    with pytest.raises(InputError, match=r"refinement\.steps is 0; expected at least 1"):
        flow_matching(0.5, 0, 3.0)
