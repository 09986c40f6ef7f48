"""What a video model is to the method: three functions and two whole numbers."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from reimagine.refine.diffusion.links import Links
from reimagine.refine.diffusion.schedule import Level


@runtime_checkable
class VideoModel(Protocol):
    """A frozen video model. Latents lie on the CPU between calls; the model moves what it works on."""

    @property
    def stride(self) -> int:
        """Frames a latent stands for; the first latent stands for one, so clips have 1 + stride * k frames."""
        ...

    @property
    def multiple(self) -> int:
        """Picture sides must be multiples of this many pixels."""
        ...

    def encode(
        self, video: Float[Tensor, "3 frames height width"]
    ) -> Float[Tensor, "channels latents rows columns"]:
        """Clean latents of a video in 0..1, of about unit variance."""
        ...

    def denoise(
        self, noised: Float[Tensor, "channels latents rows columns"], level: Level
    ) -> Float[Tensor, "channels latents rows columns"]:
        """The clean estimate of latents that were noised to this level."""
        ...

    def decode(
        self, latents: Float[Tensor, "channels latents rows columns"]
    ) -> Float[Tensor, "3 frames height width"]:
        """The video of clean latents, 0..1."""
        ...


@runtime_checkable
class Propagates(Protocol):
    """A video model whose features can be carried from one frame to another."""

    def denoise_along(
        self, noised: Float[Tensor, "channels latents rows columns"], level: Level, links: Links
    ) -> Float[Tensor, "channels latents rows columns"]:
        """The clean estimate where linked places share features."""
        ...
