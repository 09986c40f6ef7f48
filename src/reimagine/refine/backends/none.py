"""Leaves the pictures as they were painted."""

from collections.abc import Iterator
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from reimagine.refine.backend import Read, See
from reimagine.settings import Refinement


@dataclass(frozen=True, slots=True)
class Untouched:
    """The refiner for looking at single frames."""

    def refine(
        self, read: Read, see: See | None, frames: int, start: int = 0
    ) -> Iterator[Float[Tensor, "4 height width"]]:
        """The pictures as they are."""
        del see
        return (read(frame) for frame in range(start, frames))


def make(device: str, settings: Refinement) -> Untouched:
    """The refiner; it runs nowhere in particular."""
    del device, settings
    return Untouched()
