"""What every refiner looks like to the rest of the program."""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from reimagine.records import Person, SurfaceView

Read = Callable[[int], Float[Tensor, "4 height width"]]
"""Picture of a frame: RGBA, 0..1, straight alpha."""
See = Callable[[int, int], SurfaceView]
"""The dressed surface in frames start..stop-1."""


@runtime_checkable
class Refiner(Protocol):
    """Takes the flicker out of pictures that were painted one by one."""

    def refine(
        self, read: Read, see: See | None, frames: int, start: int = 0
    ) -> Iterator[Float[Tensor, "4 height width"]]:
        """Frames start..frames-1 in order; a frame comes out the same whatever `start` is.

        `see` is None where no surface is known, as for somebody else's video. A list of lines `notes`, where the refiner has one, goes to the log when the last frame is done.
        """
        ...


@runtime_checkable
class KnowsPerson(Protocol):
    """A refiner that wants to know who is in the frames."""

    def know_person(self, person: Person) -> None:
        """Called before `refine` where `see` shows this person."""
        ...
