import cv2
import numpy as np

from reimagine.scores.sharpness import sharpness


def test_blur_lowers_sharpness():
    noise = np.random.default_rng(0).random((80, 80, 3), dtype=np.float32)
    everywhere = np.ones((80, 80), bool)
    blurred = np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.5), np.float32)
    assert sharpness(blurred, everywhere) < 0.1 * sharpness(noise, everywhere)


def test_the_silhouette_itself_is_not_detail():
    picture = np.ones((60, 60, 3), np.float32)
    inside = np.zeros((60, 60), bool)
    inside[20:40, 20:40] = True
    picture[inside] = 0.2
    assert sharpness(picture, inside) == 0


def test_contrast_counts_squared():
    noise = np.random.default_rng(0).random((50, 50, 3), dtype=np.float32)
    everywhere = np.ones((50, 50), bool)
    ratio = sharpness(noise, everywhere) / sharpness(noise * np.float32(0.5), everywhere)
    assert abs(ratio - 4) < 0.01


def test_an_empty_mask_has_none():
    assert np.isnan(sharpness(np.ones((9, 9, 3), np.float32), np.zeros((9, 9), bool)))
