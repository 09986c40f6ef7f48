"""A hat is told from the hair beneath it."""

from dataclasses import replace

import numpy as np

from reimagine.appearance.hat import with_hats
from reimagine.appearance.outline import HAIR, HAT, SKIN
from reimagine.appearance.plane import Plane
from reimagine.appearance.seeing import Seeing

BROWN, NAVY, RED = (0.36, 0.24, 0.14), (0.10, 0.14, 0.27), (0.8, 0.1, 0.1)
BRIM = 40


def head(plane: Plane, chin: int = 70) -> Seeing:
    """Hair from row 10 to 60, skin below it."""
    labels = np.zeros((80, 60), np.int64)
    labels[10:60, 10:50], labels[60:chin, 20:40] = HAIR, SKIN
    return Seeing(
        plane=plane,
        labels=labels,
        bare=np.where(labels > 0, 0, -1),
        guide=np.where(labels > 0, 0, -1),
        joints=np.full((55, 2), 65.0),
        outlines={},
    )


def photo(*, hat: bool, brim: int = BRIM) -> np.ndarray:
    """Brown hair that is lighter here and there; with a navy hat and a red badge on it down to the brim."""
    picture = np.tile(np.array(BROWN, np.float32), (80, 60, 1))
    picture *= 1 + 0.15 * np.sin(np.arange(60) / 2)[:, None].astype(np.float32)
    if hat:
        picture[:brim] = NAVY
        picture[20:24, 28:32] = RED
    return picture + np.random.default_rng(0).normal(0, 0.01, picture.shape).astype(np.float32)


def test_what_has_another_colour_above_the_hair_is_a_hat(plane: Plane):
    (seen,) = with_hats([head(plane)], [photo(hat=True)])
    assert seen.hat is not None
    assert seen.hat[12:BRIM, 12:48].all()  # the badge too
    assert not seen.hat[BRIM + 1 :].any()
    assert not seen.hat[seen.labels != HAIR].any()
    assert (seen.hatted[seen.hat] == HAT).all()
    assert (seen.hatted == seen.labels)[~seen.hat].all()


def test_hair_of_one_colour_is_no_hat(plane: Plane):
    (seen,) = with_hats([head(plane)], [photo(hat=False)])
    assert seen.hat is None
    assert seen.hatted is seen.labels


def test_a_photo_that_shows_the_hat_alone_learns_of_it_from_the_other(plane: Plane):
    front, back = with_hats([head(plane)] * 2, [photo(hat=True, brim=60), photo(hat=True)])
    assert front.hat is not None
    assert back.hat is not None
    assert front.hat[10:60, 10:50].all()


def test_a_photo_without_the_hat_keeps_its_hair(plane: Plane):
    front, back = with_hats([head(plane)] * 2, [photo(hat=False), photo(hat=True)])
    assert back.hat is not None
    assert front.hat is None or not front.hat.any()


def test_a_tail_comes_out_from_under_the_hat(plane: Plane):
    tail = np.zeros((80, 60), bool)
    tail[20:75, 28:32] = True
    (seen,) = with_hats([replace(head(plane), tail=tail)], [photo(hat=True)])
    assert seen.tail is not None
    assert not seen.tail[: BRIM - 1].any()
    assert seen.tail[BRIM + 1 : 75, 28:32].all()
