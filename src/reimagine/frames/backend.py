"""What every image model looks like to the rest of the program."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from reimagine.records import Conditions, Person


@runtime_checkable
class ImageBackend(Protocol):
    """Paints a person in given poses, seen by given cameras."""

    @property
    def multiple(self) -> int:
        """Picture widths and heights must be multiples of this many pixels."""
        ...

    def paint(
        self, person: Person, conditions: Conditions, seed: int
    ) -> Float[Tensor, "frames 4 height width"]:
        """RGBA pictures, 0..1, straight alpha, on the CPU.

        Equal arguments give equal pixels, and a frame does not depend on the frames beside it.
        """
        ...


@runtime_checkable
class PaintsMany(Protocol):
    """An image backend that paints several frames together in less time than one after the other."""

    @property
    def batch(self) -> int:
        """How many it wants to be given together; 1 or more."""
        ...


@runtime_checkable
class Describes(Protocol):
    """An image backend that can say what it costs."""

    def describe(self, width: int, height: int) -> list[str]:
        """Lines for the user on what pictures of this size cost, before anything is loaded."""
        ...

    def measured(self) -> list[str]:
        """Lines for the user on what painting took."""
        ...
