import torch

from reimagine.synth.noise import clouds, noise


def points(count):
    return 20 * torch.rand(count, 3, generator=torch.Generator().manual_seed(1)) - 10


def test_stays_within_one_and_uses_most_of_it():
    values = noise(points(5000))
    assert values.abs().max() <= 1
    assert values.std() > 0.2
    assert values.mean().abs() < 0.05


def test_is_smooth():
    at = points(500)
    step = noise(at + torch.tensor([1e-3, 0, 0])) - noise(at)
    assert step.abs().max() < 0.01


def test_a_point_does_not_depend_on_the_points_beside_it():
    at = points(100)
    assert torch.equal(noise(at, seed=3)[40:60], noise(at[40:60], seed=3))


def test_seeds_differ():
    at = points(500)
    together = torch.stack([noise(at, seed=1), noise(at, seed=2)])
    assert torch.corrcoef(together)[0, 1].abs() < 0.2


def test_one_octave_of_clouds_is_noise():
    at = points(100)
    assert torch.equal(clouds(at, octaves=1, seed=5), noise(at, seed=5))
