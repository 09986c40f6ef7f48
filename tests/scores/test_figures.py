import math

import numpy as np
import pytest

from reimagine.scores.figures import figure, mean_interval, series_interval, wilson

TRIALS = 400


def _series(frames: int, alike: float, generator: np.random.Generator) -> np.ndarray:
    """Values of mean 0 whose neighbours correlate so, from the first on."""
    values = np.zeros(frames)
    values[0] = generator.normal()
    for k in range(1, frames):
        values[k] = alike * values[k - 1] + (1 - alike**2) ** 0.5 * generator.normal()
    return values


@pytest.mark.parametrize("frames", [48, 240])
@pytest.mark.parametrize("alike", [0.0, 0.4, 0.7])
def test_the_interval_of_a_clip_holds_the_true_mean_nineteen_times_in_twenty(frames, alike):
    generator = np.random.default_rng(1)
    all_made = [series_interval(_series(frames, alike, generator)) for _ in range(TRIALS)]
    made = [one for one in all_made if not one.missing]
    assert len(made) > 0.9 * TRIALS
    # 95 % less two standard errors of so many trials.
    assert sum(one.low <= 0 <= one.high for one in made) >= 0.928 * len(made)


def test_frames_that_hardly_differ_from_their_neighbours_get_no_interval_rather_than_a_wrong_one():
    generator = np.random.default_rng(2)
    made = [series_interval(_series(48, 0.95, generator)) for _ in range(TRIALS)]
    wrong = sum(not one.missing and not one.low <= 0 <= one.high for one in made)
    assert wrong < 0.12 * TRIALS
    missing = [one.missing for one in made if one.missing]
    assert len(missing) > 0.6 * TRIALS
    assert "neighbouring frames are so alike that 48 of them are worth" in missing[0]


@pytest.mark.parametrize("clips", [3, 5, 9])
def test_the_interval_over_clips_holds_the_true_mean_nineteen_times_in_twenty(clips):
    generator = np.random.default_rng(3)
    made = [mean_interval(generator.normal(size=clips)) for _ in range(2000)]
    held = sum(one.low <= 0 <= one.high for one in made)
    assert 0.935 * 2000 <= held <= 0.965 * 2000


def test_a_long_series_has_a_narrower_interval():
    generator = np.random.default_rng(4)
    short, long = (series_interval(_series(n, 0.5, generator)) for n in (60, 10_000))
    assert long.high - long.low < (short.high - short.low) / 3


def test_values_that_never_change_have_an_interval_of_one_point():
    one = series_interval(np.full(48, 0.3))
    assert one.low == one.high == pytest.approx(0.3)


def test_too_few_values_have_no_interval_and_say_so():
    assert "at least 40 frames that can be measured, and there are 39" in (
        series_interval(np.arange(39.0)).missing
    )
    assert "at least 3 of them, and there are 2" in mean_interval(np.arange(2.0)).missing


def test_nans_are_left_out_but_kept_in_the_values():
    one = figure([1.0, math.nan, 3.0], unit="mm", better="lower", over_time=True)
    assert one.mean == 2.0
    assert math.isnan(one.values[1])


def test_the_percentile_lies_on_the_bad_side():
    values = [float(k) for k in range(101)]
    assert figure(values, unit="", better="lower", over_time=True).p95 == 95
    assert figure(values, unit="", better="higher", over_time=True).p95 == 5


def test_one_value_has_no_interval_and_none_has_no_mean():
    assert math.isnan(figure([1.0], unit="", better="lower", over_time=False).interval.low)
    assert math.isnan(figure([], unit="", better="lower", over_time=True).mean)


def test_wilson_agrees_with_the_published_example():
    # 81 of 263: Newcombe, Statistics in Medicine 1998, table I.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 10)[0] == 0
    assert math.isnan(wilson(0, 0)[0])
