"""The reference trainer's levels and weights, and draws that depend on the step alone."""

import pytest
import torch

from reimagine.train.schedule import (
    LEVELS,
    chosen_triple,
    drawn_level,
    generator_for,
    learning_rate,
    training_levels,
    training_weights,
)


def test_levels_fall_from_pure_noise_and_are_those_of_sampling_in_a_thousand_steps():
    levels = training_levels()
    assert len(levels) == LEVELS
    assert float(levels[0]) == 1.0
    assert bool((levels.diff() < 0).all())
    # DiffSynth: even steps from 1 to 0.003 / 1.002, shifted by 3.
    even = 1 - (1 - 0.003 / 1.002) * 500 / 999
    assert float(levels[500]) == pytest.approx(3 * even / (1 + 2 * even), abs=1e-6)


def test_weights_are_one_on_average_and_most_for_half_noise():
    levels, weights = training_levels(), training_weights()
    assert float(weights.mean()) == pytest.approx(1, abs=1e-5)
    assert float(weights.min()) == 0
    assert float(levels[weights.argmax()]) == pytest.approx(0.5, abs=1e-3)
    # exp(-2 x^2) less its value at the farthest level, which is the first: x = 1/2.
    share = (torch.exp(torch.tensor(-2 * 0.25**2)) - torch.exp(torch.tensor(-0.5))) / (
        1 - torch.exp(torch.tensor(-0.5))
    )
    quarter = weights[(levels - 0.75).abs().argmin()]
    assert float(quarter / weights.max()) == pytest.approx(float(share), abs=2e-3)


def test_all_levels_are_drawn_in_float32():
    generator = torch.Generator().manual_seed(0)
    drawn = {int(drawn_level(generator, torch.float32)) for _ in range(3000)}
    assert len(drawn) > 0.9 * LEVELS


def test_in_bfloat16_only_levels_are_drawn_that_it_can_tell_apart():
    generator = torch.Generator().manual_seed(0)
    levels = training_levels()
    drawn = sorted({int(drawn_level(generator, torch.bfloat16)) for _ in range(2000)})
    told = [(levels[number] * 1000).to(torch.bfloat16).item() for number in drawn]
    assert len(set(told)) == len(told)
    assert len(drawn) < 0.7 * LEVELS


def test_draws_are_the_same_whatever_was_drawn_before():
    first = torch.rand(3, generator=generator_for(1, "noise", 4, 0))
    assert torch.equal(first, torch.rand(3, generator=generator_for(1, "noise", 4, 0)))
    for other in ((2, "noise", 4, 0), (1, "noise", 4, 1), (1, "order", 4, 0)):
        assert not torch.equal(first, torch.rand(3, generator=generator_for(*other)))


def test_every_round_shows_each_triple_once_in_another_order():
    rounds = [[chosen_triple(3, turn * 8 + place, 8) for place in range(8)] for turn in range(4)]
    assert all(sorted(one) == list(range(8)) for one in rounds)
    assert len({tuple(one) for one in rounds}) > 1


def test_the_first_five_steps_are_slower():
    assert [learning_rate(3.0, step) for step in (0, 4, 5, 1000)] == [1.0, 1.0, 3.0, 3.0]
