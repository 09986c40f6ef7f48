import pytest
import torch

from reimagine.refine.diffusion.guard import (
    LEAST_POINTS,
    MOST_COLOUR,
    MOST_STRUCTURE,
    Drift,
    drifts,
    say,
)

FRAMES, POINTS = 9, 400


@pytest.fixture
def flicker(rand):
    return list(0.04 * rand(FRAMES, POINTS, 3))


def test_flicker_that_was_taken_away_is_no_drift(flicker):
    assert not any(one.too_far for one in drifts(flicker))


def test_a_single_frame_that_was_put_right_is_no_drift(flicker):
    flicker[4] = flicker[4] + 0.5
    assert not any(one.too_far for one in drifts(flicker))


def test_a_colour_that_stays_away_is_drift_of_just_so_much(flicker):
    found = drifts([one + torch.tensor([0.2, 0, 0]) for one in flicker])
    assert all(one.too_far for one in found)
    assert all(abs(one.colour - 0.2) < 0.02 for one in found)
    assert all(one.structure < MOST_STRUCTURE for one in found)


def test_another_face_of_the_same_colour_is_drift_of_structure(flicker, rand):
    other = 0.2 * rand(POINTS, 3, seed=4)
    other -= other.median(dim=0).values
    found = drifts([one + other for one in flicker])
    assert all(one.structure > 2 * MOST_STRUCTURE for one in found)
    assert all(one.colour < MOST_COLOUR for one in found)


def test_drift_begins_where_it_begins(flicker):
    found = drifts([one + 0.3 * (frame >= 4) for frame, one in enumerate(flicker)])
    assert [one.too_far for one in found] == [False] * 4 + [True] * 5


def test_a_region_out_of_sight_says_nothing(flicker):
    hidden = [one + 0.5 for one in flicker]
    for one in hidden:
        one[LEAST_POINTS - 1 :] = torch.nan
    assert not any(one.too_far for one in drifts(hidden))


def test_neighbouring_frames_share_a_line():
    drift = Drift(colour=0.2, structure=0.01)
    lines = say("face", {3: drift, 4: Drift(colour=0.3, structure=0.02), 9: drift}, 1, 0)
    assert [line.split(":")[0] for line in lines] == ["frames 3 to 4", "frame 9"]
    assert "face drifted by up to 0.30 in colour and 0.02 in structure" in lines[0]
    assert "1 of 2 times" in lines[0]
    assert say("face", {}, 0, 0) == []
