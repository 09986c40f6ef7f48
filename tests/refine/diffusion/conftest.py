"""A video model whose every answer can be written down: Gaussian sequences, independent from place to place."""

import pytest
import torch


class Gaussian:
    """Clean latents have mean `mean` and covariance `covariance` over time; the estimate is the posterior mean."""

    def __init__(self, covariance, mean=0.0):
        self.covariance, self.mean = covariance.double(), mean

    def __call__(self, noised, level):
        frames = noised.shape[1]
        C = self.covariance[:frames, :frames]
        gain = (
            level.signal
            * C
            @ torch.linalg.inv(level.signal**2 * C + level.noise**2 * torch.eye(frames).double())
        )
        away = noised.double() - level.signal * self.mean
        return (self.mean + torch.einsum("ab,cbhw->cahw", gain, away)).to(noised)

    def end_of_flow(self, noised, level):
        """Where the exact probability flow takes the latents: each eigenvector shrinks by its own share."""
        values, vectors = torch.linalg.eigh(self.covariance)
        share = (values / (level.signal**2 * values + level.noise**2)).sqrt()
        gain = vectors @ torch.diag(share) @ vectors.T
        away = noised.double() - level.signal * self.mean
        return (self.mean + torch.einsum("ab,cbhw->cahw", gain, away)).to(noised)


def smooth_in_time(frames, still=0.9):
    at = torch.arange(frames)
    return still ** (at[:, None] - at).abs().double()


@pytest.fixture
def gaussian():
    return Gaussian


@pytest.fixture
def smooth():
    return smooth_in_time


@pytest.fixture
def rand():
    def make(*shape, seed=0):
        return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))

    return make
