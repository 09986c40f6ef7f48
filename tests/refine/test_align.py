import cv2
import numpy as np
import pytest

from reimagine.refine.align import FARTHEST, displacement

HEIGHT, WIDTH = 97, 130
WHERE = np.ones((HEIGHT, WIDTH), dtype=bool)


def noise(seed, sigma):
    """Of unit variance, with details of about twice `sigma`."""
    chance = np.random.default_rng(seed).standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    smooth = cv2.GaussianBlur(chance, (0, 0), sigma)
    return np.asarray(smooth / smooth.std(), np.float32)


def printed():
    """A print with details of a few pixels."""
    return np.asarray(0.5 + 0.15 * noise(1, 1.5), np.float32)


def displaced(picture, field):
    """What lies at x in the picture lies at about x + field in the result."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    at = x - field[..., 0], y - field[..., 1]
    return cv2.remap(picture, *at, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)


def bent():
    """A field that turns around within some 40 pixels, up to 1.2 pixels long."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.stack([np.sin(y / 12), 0.7 * np.cos(x / 13)], axis=-1)


@pytest.mark.parametrize("exposure", [0.9, 1.0])
def test_a_smooth_displacement_is_found(exposure):
    found = displacement(printed(), displaced(printed(), bent()) * np.float32(exposure), WHERE)
    assert found is not None
    inside = (slice(8, -8), slice(8, -8))
    error = np.square(found - bent())[inside].sum(axis=-1).mean() ** 0.5
    assert error < 0.2


def test_nothing_is_displaced_where_frames_are_alike():
    assert displacement(printed(), printed(), WHERE) is None


@pytest.mark.parametrize("sigma", [0.7, 2, 6, 15])
def test_textures_that_flicker_are_no_displacement(sigma):
    ours, theirs = (
        np.asarray(printed() + 0.04 * noise(seed, sigma), np.float32) for seed in (2, 3)
    )
    assert displacement(ours, theirs, WHERE) is None


def test_a_tenth_of_a_pixel_is_left_alone():
    small = np.full((HEIGHT, WIDTH, 2), 0.1, np.float32)
    assert displacement(printed(), displaced(printed(), small), WHERE) is None


@pytest.mark.parametrize("theirs", [1 - printed(), 0.5 + 0.15 * noise(4, 1.5)])
def test_a_frame_that_shows_something_else_is_not_followed(theirs):
    assert displacement(printed(), np.asarray(theirs, np.float32), WHERE) is None


def test_what_is_hidden_does_not_count():
    theirs = displaced(printed(), bent())
    theirs[:, 65:] = 0
    seen = WHERE.copy()
    seen[:, 65:] = False
    found = displacement(printed(), theirs, seen)
    assert found is not None
    assert np.square(found - bent())[8:-8, 8:57].sum(axis=-1).mean() < 0.2**2
    assert not found[:, 90:].any()


def test_no_displacement_is_longer_than_the_farthest():
    far = np.full((HEIGHT, WIDTH, 2), 2.0, np.float32)
    found = displacement(printed(), displaced(printed(), 2 * far), WHERE)
    assert found is None or np.linalg.norm(found, axis=-1).max() <= FARTHEST + 1e-4


def test_a_plain_surface_says_nothing():
    plain = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    assert displacement(plain, plain, WHERE) is None
