import numpy as np
import pytest
import torch
from torch import nn

from reimagine.errors import InputError
from reimagine.scores.networks import load_network
from reimagine.scores.perceptual import features, features_of_clips, frechet, kid


def test_frechet_of_gaussians_is_the_formula():
    generator = np.random.default_rng(0)
    a = generator.normal(size=(500, 3))
    a = (a - a.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(a, rowvar=False)).T)
    b = a * np.array([1.0, 2.0, 3.0]) + np.array([4.0, 0, 0])
    assert frechet(a, b) == pytest.approx(16 + 1 + 4)
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)


def test_kid_of_one_distribution_is_about_zero_and_of_two_is_not():
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 300, 8))
    assert abs(kid(a, b)) < 0.05
    assert kid(a, b + 1) > 0.5


def test_too_few_pictures_are_refused_with_the_number_needed():
    few = np.zeros((20, 64))
    with pytest.raises(InputError, match="FID got 20 pictures; expected at least 65"):
        frechet(few, few)
    with pytest.raises(InputError, match="FVD got 20 clips of 16 frames; expected at least 65"):
        frechet(few, few, name="FVD")
    with pytest.raises(InputError, match="KID got 20 pictures; expected at least 50"):
        kid(few, few)


@pytest.fixture
def mean(tmp_path):
    class Mean(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.flatten(2).mean(dim=2)

    torch.jit.script(Mean()).save(str(tmp_path / "mean.pt"))
    return load_network(tmp_path / "mean.pt", "--fid-weights")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_small_network_of_ones_own_gives_features(mean):
    pictures = [torch.full((3, 40, 30), k / 255) for k in range(20)]
    assert features(mean, pictures, 16)[:, 0] == pytest.approx(list(range(20)), abs=1e-3)
    with pytest.raises(InputError, match="no pictures"):
        features(mean, [], 16)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_clips_are_sixteen_frames_that_follow_one_another(mean):
    rows = features_of_clips(mean, lambda k: torch.full((3, 8, 8), k / 255), 40)
    assert [row[0, 0] for row in rows] == pytest.approx([7.5, 23.5], abs=1e-3)
    assert features_of_clips(mean, lambda _: torch.zeros(3, 8, 8), 15) == []
