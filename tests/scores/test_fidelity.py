import cv2
import numpy as np
import pytest

from reimagine.errors import InputError
from reimagine.scores.fidelity import fidelity


@pytest.fixture
def truth():
    noise = np.random.default_rng(0).random((240, 200, 3), dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2.0), np.float32)


EVERYWHERE = np.ones((240, 200), bool)


def test_the_same_picture_is_as_near_as_can_be(truth):
    got = fidelity(truth, truth, EVERYWHERE)
    assert got.psnr_db == np.inf
    assert got.ssim == pytest.approx(1)
    assert got.ms_ssim == pytest.approx(1)


def test_a_tenth_off_everywhere_is_twenty_decibels(truth):
    assert fidelity(truth + np.float32(0.1), truth, EVERYWHERE).psnr_db == pytest.approx(20, 1e-4)


def test_ssim_agrees_with_scikit_image(truth):
    metrics = pytest.importorskip("skimage.metrics")
    other = np.clip(truth + np.random.default_rng(1).normal(0, 0.05, truth.shape), 0, 1)
    other = other.astype(np.float32)
    theirs = metrics.structural_similarity(
        other.astype(np.float64),
        truth.astype(np.float64),
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
    )
    assert fidelity(other, truth, EVERYWHERE).ssim == pytest.approx(theirs, abs=1e-6)


def test_only_the_surroundings_of_the_person_count(truth):
    person = np.zeros((240, 200), bool)
    person[20:120, 20:120] = True
    changed = truth.copy()
    changed[200:] = 0
    assert fidelity(changed, truth, person).psnr_db == np.inf
    assert np.isnan(fidelity(changed, truth, person).ms_ssim)


def test_pictures_of_two_sizes_are_refused(truth):
    with pytest.raises(InputError, match="are 200x100 and the true ones 200x240"):
        fidelity(truth[:100], truth, EVERYWHERE)


def test_an_empty_mask_is_refused(truth):
    with pytest.raises(InputError, match="shows nobody"):
        fidelity(truth, truth, ~EVERYWHERE)


def test_a_person_of_a_few_pixels_is_refused(truth):
    with pytest.raises(InputError, match="expected at least 11"):
        fidelity(truth[:6, :6], truth[:6, :6], EVERYWHERE[:6, :6])
