import numpy as np
import pytest
import torch

from reimagine.request import InputError
from reimagine.scores.perceptual import features, frechet, kid, load_network, prepare


def _kernel(x: float) -> float:
    """Keys' cubic with a = -1/2, as PIL has it."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def test_shrinking_is_the_antialiased_bicubic_computed_by_hand():
    line = torch.tensor([0, 10, 200, 30, 40, 255, 60, 70.0]) / 255
    picture = line.expand(3, 8, 8).contiguous()
    got = prepare(picture, 4)
    for k in range(4):
        centre = (k + 0.5) * 2
        weights = np.array([_kernel((i + 0.5 - centre) / 2) for i in range(8)])
        expected = (weights / weights.sum()) @ (line.numpy() * 255)
        assert got[0, 0, k].item() == pytest.approx(expected, abs=1e-3)


def test_prepared_pictures_agree_with_pillow():
    image = pytest.importorskip("PIL.Image")
    picture = torch.rand(3, 61, 47, generator=torch.Generator().manual_seed(0))
    plane = (picture[1] * 255).round().numpy()
    theirs = np.asarray(image.fromarray(plane).resize((29, 29), image.Resampling.BICUBIC))
    assert np.abs(prepare(picture, 29)[1].numpy() - theirs).max() < 1e-2


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
    with pytest.raises(InputError, match="KID got 20 pictures; expected at least 50"):
        kid(few, few)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_small_network_of_ones_own_gives_features(tmp_path):
    class Mean(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.mean(dim=(2, 3))

    torch.jit.script(Mean()).save(str(tmp_path / "mean.pt"))
    network = load_network(tmp_path / "mean.pt")
    pictures = [torch.full((3, 40, 30), k / 255) for k in range(20)]
    assert features(network, pictures, 16)[:, 0] == pytest.approx(list(range(20)), abs=1e-3)
    with pytest.raises(InputError, match="no pictures"):
        features(network, [], 16)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_absent_or_wrong_network_is_refused(tmp_path):
    with pytest.raises(InputError, match="Nothing is downloaded"):
        load_network(tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(InputError, match="is no TorchScript file"):
        load_network(tmp_path / "text.pt")
