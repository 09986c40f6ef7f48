import numpy as np

from reimagine.refine.edges import as_sharp, edge_noise, edge_strength, inner

WHERE = np.ones((96, 128), dtype=bool)
CHANCE = np.random.default_rng(5)


def half_detailed():
    """Plain at the left, fine texture at the right."""
    picture = np.full((96, 128, 3), 0.5, np.float32)
    picture[:, 64:] += 0.1 * CHANCE.standard_normal((96, 64, 1)).astype(np.float32)
    return picture


def noise(amount, frames):
    return amount * CHANCE.standard_normal((frames, 96, 128, 3)).astype(np.float32)


def energy(picture, part=np.s_[:, :]):
    return float(np.square(edge_strength(picture, WHERE))[part].mean())


def test_strength_is_proportional_to_contrast():
    picture = half_detailed()
    assert np.allclose(
        edge_strength(0.5 * picture, WHERE), 0.5 * edge_strength(picture, WHERE), atol=1e-4
    )


def test_with_nothing_inside_nothing_is_measured_or_changed():
    picture, nowhere = half_detailed(), ~WHERE
    assert not edge_strength(picture, nowhere).any()
    assert edge_noise(picture, picture, nowhere, kept=0.1, apart=0.8) == 0
    assert as_sharp(picture, nowhere, edge_strength(picture, WHERE), 0.0) is picture


def test_what_is_beyond_the_person_does_not_count():
    picture = half_detailed()
    where = WHERE.copy()
    where[:, :40] = False
    other = picture.copy()
    other[:, :30] = 0
    strengths = [edge_strength(one, inner(where)) for one in (picture, other)]
    assert np.array_equal(strengths[0][:, 48:], strengths[1][:, 48:])


def test_a_softened_picture_becomes_as_sharp_as_it_was():
    import cv2

    truth = half_detailed()
    soft = np.asarray(cv2.GaussianBlur(truth, (3, 3), 0.5), np.float32)
    result = as_sharp(soft, WHERE, edge_strength(truth, WHERE), 0.0)
    assert energy(soft) < 0.8 * energy(truth)
    # Edges that vary somewhat are expected, and counted on top.
    assert 1 <= energy(result) / energy(truth) < 1.03
    assert np.abs(result - truth).mean() < 0.7 * np.abs(soft - truth).mean()


def test_detail_too_strong_here_and_too_weak_there_is_evened_out():
    truth = half_detailed()
    grey = np.float32(0.5)
    uneven = truth.copy()
    uneven[:48, 64:] = grey + 1.5 * (truth[:48, 64:] - grey)
    uneven[48:, 64:] = grey + 0.6 * (truth[48:, 64:] - grey)
    result = as_sharp(uneven, WHERE, edge_strength(truth, WHERE), 0.0)
    for part in (np.s_[8:36, 76:], np.s_[60:88, 76:]):
        assert abs(energy(result, part) / energy(truth, part) - 1) < 0.1


def test_noise_that_lies_everywhere_is_told_from_detail():
    truth = half_detailed()
    frames = truth + noise(0.04, 9)
    average = frames.mean(axis=0)
    # A mean of nine keeps a ninth of the noise; a frame differs from it by the other eight.
    found = edge_noise(average, frames[0], WHERE, kept=1 / 9, apart=8 / 9)
    true = energy(frames[0] - truth)
    assert abs(found / true - 1) < 0.15


def test_detail_that_differs_is_no_noise():
    truth = half_detailed()
    other = np.asarray(np.float32(0.5) + 1.4 * (truth - 0.5), np.float32)
    assert edge_noise(truth, other, WHERE, kept=1 / 9, apart=8 / 9) < 0.01 * energy(truth)
