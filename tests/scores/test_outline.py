import numpy as np
import pytest

from reimagine.scores.outline import compare


def _square(low: int, high: int) -> np.ndarray:
    mask = np.zeros((60, 60), bool)
    mask[low:high, low:high] = True
    return mask


def test_equal_silhouettes_are_one_and_nothing_apart():
    got = compare(_square(10, 40), _square(10, 40))
    assert (got.iou, got.distance_px, got.signed_px) == (1.0, 0.0, 0.0)


def test_a_square_grown_by_two_pixels_is_two_pixels_outside():
    got = compare(_square(8, 42), _square(10, 40))
    assert got.iou == pytest.approx(30**2 / 34**2)
    assert got.signed_px == pytest.approx(2, abs=0.15)
    assert got.distance_px == pytest.approx(2, abs=0.15)


def test_a_shrunken_square_is_inside():
    assert compare(_square(12, 38), _square(10, 40)).signed_px == pytest.approx(-2, abs=0.15)


def test_which_silhouette_comes_first_matters_only_for_the_sign():
    a, b = compare(_square(8, 30), _square(10, 40)), compare(_square(10, 40), _square(8, 30))
    assert a.iou == b.iou
    assert a.distance_px == pytest.approx(b.distance_px)


def test_an_empty_silhouette_has_no_overlap_and_two_have_no_measure():
    nothing = np.zeros((60, 60), bool)
    assert compare(nothing, _square(10, 40)).iou == 0
    assert np.isnan(compare(nothing, nothing).iou)
