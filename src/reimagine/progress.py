"""Callbacks for messages and progress; they may also stop the work."""

from collections.abc import Callable
from dataclasses import dataclass


class Cancelled(BaseException):
    """The work was stopped by who follows it; what is done stays, and the same call goes on from there."""


def _say_nothing(line: str) -> None:
    del line


def _step_nowhere(stage: str, done: int, total: int) -> None:
    del stage, done, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Two functions that the work calls; both return at once."""

    say: Callable[[str], None] = _say_nothing
    """Takes a line for the user."""
    on_step: Callable[[str, int, int], bool | None] = _step_nowhere
    """Takes a stage's name, how many of its steps are done, and how many there are; False stops the work."""

    def step(self, stage: str, done: int, total: int) -> None:
        """Tell of a step.

        Raises:
            Cancelled: where the work is to stop.
        """
        if self.on_step(stage, done, total) is False:
            raise Cancelled(f"stopped in {stage}, {done} of {total} done")


SILENT = Progress()
"""Nobody is told."""
