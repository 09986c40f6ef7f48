"""Guessed hairlines thin out."""

import numpy as np

from reimagine.appearance.hairline import tapered, thinned_out

HAIR, SKIN = np.array([[0.1, 0.05, 0.0], [0.8, 0.6, 0.5]], np.float32)


def head() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A strip of skin, z < 0, and of hair, z > 0, 6 cm long, with a vertex each millimetre."""
    x, z = np.meshgrid(np.arange(10) / 1000, (np.arange(60) - 29.5) / 1000)
    verts = np.stack([x, 0 * x, z], -1).reshape(-1, 3).astype(np.float32)
    hairy = verts[:, 2] > 0
    return verts, hairy, np.where(hairy[:, None], HAIR, SKIN).astype(np.float32)


def test_hair_goes_over_into_skin_at_the_line_and_nowhere_else():
    verts, hairy, colour = head()
    mixed = thinned_out(verts, hairy, colour)
    share = (SKIN[0] - mixed[:, 0]) / (SKIN[0] - HAIR[0])
    away = np.abs(verts[:, 2])
    assert np.abs(share - hairy)[away > 0.02].max() < 1e-3
    on_line = np.abs(share - hairy)[away < 0.001]
    assert on_line.min() > 0.1
    assert on_line.max() <= 0.5
    # Hair by hair: neighbours differ.
    assert on_line.std() > 0.05
    assert np.array_equal(mixed, thinned_out(verts, hairy, colour))


def test_a_bald_head_and_one_of_hair_alone_stay_as_they_are():
    verts, hairy, colour = head()
    for none in (np.zeros_like(hairy), np.ones_like(hairy)):
        assert np.array_equal(thinned_out(verts, none, colour), colour)


def test_hair_grows_thicker_from_where_it_ends():
    verts, hairy, _ = head()
    verts *= 4
    thick = tapered(verts, ~hairy)
    up = verts[:, 2]
    assert thick[up < 0.005].max() < 0.2
    assert thick[up > 0.075].min() > 0.99
    assert (np.diff(thick[np.argsort(up, kind="stable")]) > -1e-9).all()
    assert (tapered(verts, np.zeros(len(verts), bool)) == 1).all()
