import numpy as np
import pytest

from reimagine.scores.outline import before, compare


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


SIDE = 60


def _disc(middle: tuple[int, int], colour: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """A grey disc over a sloping background with its edge smoothed, the background, and where the disc is."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    behind = np.repeat((0.5 + 0.4 * columns / SIDE)[..., None], 3, axis=2).astype(np.float32)
    inside = np.clip(15.5 - np.hypot(rows - middle[0], columns - middle[1]), 0, 1)[..., None]
    return (behind * (1 - inside) + colour * inside).astype(np.float32), behind


@pytest.mark.parametrize("middle", [(30, 30), (30, 36), (24, 22)])
def test_the_silhouette_before_a_known_background_is_where_the_picture_has_it(middle):
    painted, behind = _disc((30, 30))
    picture, _ = _disc(middle)
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    known, true = (np.hypot(rows - y, columns - x) < 15 for y, x in ((30, 30), middle))
    found = before(picture, behind, painted, known)
    assert found is not None
    assert compare(found, true).iou > 0.98


def test_a_person_of_the_backgrounds_colour_has_no_silhouette_before_it():
    painted, behind = _disc((30, 30))
    known = np.abs(painted - behind).max(2) > 0.1
    assert before(behind, behind, behind, known) is None
