import numpy as np

from reimagine.refine.edges import edge_strength
from reimagine.refine.grain import Shares, keep_own_detail

SHARES = Shares(own=0.2, squared=0.2)
WHERE = np.ones((96, 128), dtype=bool)


def half_detailed():
    """Plain at the left, fine texture at the right."""
    picture = np.full((96, 128, 3), 0.5, np.float32)
    noise = np.random.default_rng(3).standard_normal((96, 64, 1)).astype(np.float32)
    picture[:, 64:] += 0.1 * noise
    return picture


def softened(picture):
    """What averaging resampled frames makes of the finest detail: its highest frequencies are lower."""
    import cv2

    once = picture - cv2.GaussianBlur(picture, (3, 3), 0)
    twice = once - cv2.GaussianBlur(once, (3, 3), 0)
    return np.asarray(picture - 0.4 * twice, np.float32)


def energy(picture):
    return float(np.square(edge_strength(picture, WHERE)).mean())


def test_detail_that_averaging_softened_comes_back():
    truth = half_detailed()
    average = softened(truth)
    result = keep_own_detail(average, truth, WHERE, SHARES, edge_strength(truth, WHERE))
    assert np.abs(result - truth).mean() < 0.4 * np.abs(average - truth).mean()
    assert abs(energy(result) / energy(truth) - 1) < 0.03


def test_an_average_that_equals_the_frame_stays_as_it_is():
    truth = half_detailed()
    result = keep_own_detail(truth, truth, WHERE, SHARES, edge_strength(truth, WHERE))
    assert np.allclose(result, truth, atol=1e-4)


def test_noise_of_the_frame_does_not_come_back():
    truth = half_detailed()
    noise = np.random.default_rng(4).standard_normal((5, *truth.shape)).astype(np.float32)
    frames = truth + 0.05 * noise
    average = frames.mean(axis=0)
    result = keep_own_detail(average, frames[0], WHERE, SHARES, edge_strength(frames[0], WHERE))
    plain, detailed = (slice(None), slice(0, 60)), (slice(None), slice(68, None))
    # Neither more noise than in the average where nothing hides it, nor less of the person's own detail.
    assert np.abs((result - truth)[plain]).mean() < np.abs((average - truth)[plain]).mean()
    assert abs(energy(result) / energy(truth) - 1) < 0.1
    assert np.abs((result - truth)[detailed]).mean() < np.abs((frames[0] - truth)[detailed]).mean()
