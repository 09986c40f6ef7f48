import math

import numpy as np
import pytest

from reimagine.scores.figures import bootstrap, figure, wilson


def test_the_interval_holds_the_true_mean_nineteen_times_in_twenty():
    generator = np.random.default_rng(1)
    held = 0
    for trial in range(200):
        low, high = bootstrap(generator.normal(size=60), seed=trial)
        held += low <= 0 <= high
    assert 178 <= held <= 199


def test_blocks_widen_the_interval_of_neighbours_that_are_alike():
    generator = np.random.default_rng(2)
    slow = np.repeat(generator.normal(size=12), 10)
    single, blocks = (bootstrap(slow, seed=0, block=block) for block in (1, 10))
    assert blocks[1] - blocks[0] > 2 * (single[1] - single[0])


def test_equal_seeds_give_equal_intervals():
    values = np.arange(20.0)
    assert bootstrap(values, seed=4) == bootstrap(values, seed=4) != bootstrap(values, seed=5)


def test_nans_are_left_out_but_kept_in_the_values():
    one = figure([1.0, math.nan, 3.0], unit="mm", better="lower", seed=0)
    assert one.mean == 2.0
    assert math.isnan(one.values[1])


def test_the_percentile_lies_on_the_bad_side():
    values = [float(k) for k in range(101)]
    assert figure(values, unit="", better="lower", seed=0).p95 == 95
    assert figure(values, unit="", better="higher", seed=0).p95 == 5


def test_one_value_has_no_interval_and_none_has_no_mean():
    assert math.isnan(figure([1.0], unit="", better="lower", seed=0).low)
    assert math.isnan(figure([], unit="", better="lower", seed=0).mean)


def test_wilson_agrees_with_the_published_example():
    # 81 of 263: Newcombe, Statistics in Medicine 1998, table I.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 10)[0] == 0
    assert math.isnan(wilson(0, 0)[0])
