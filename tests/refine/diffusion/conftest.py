"""A video model whose every answer can be written down: Gaussian sequences, independent from place to place."""

from dataclasses import dataclass

import pytest
import torch
from einops import rearrange

from reimagine.refine.diffusion.clip import Plan
from reimagine.refine.diffusion.sample import Hold, Span
from reimagine.refine.diffusion.schedule import flow_matching


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


@dataclass(frozen=True)
class Halves:
    """Latents are 4 x 4 pixels of every second frame; the estimate is `colour` everywhere, or what it is given."""

    colour: float | None = None
    stride: int = 2
    multiple: int = 8

    def encode(self, video):
        return rearrange(
            video[:, :: self.stride] - 0.5, "c t (h p) (w q) -> (c p q) t h w", p=4, q=4
        )

    def decode(self, latents):
        frames = rearrange(latents, "(c p q) t h w -> c t (h p) (w q)", p=4, q=4) + 0.5
        return frames.repeat_interleave(self.stride, dim=1)[:, self.stride - 1 :]

    def denoise(self, noised, level):
        del level
        return noised if self.colour is None else torch.full_like(noised, self.colour)


@pytest.fixture
def halves():
    return Halves


@pytest.fixture
def make_plan():
    def make(*, strength, window, overlap, surface):
        return Plan(
            levels=flow_matching(strength, 4, 3.0),
            span=Span(window=window, overlap=overlap),
            hold=Hold(outside=1.0),
            pixels=10**6,
            seed=1,
            surface=surface,
        )

    return make
