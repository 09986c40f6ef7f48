"""Who hears how the work goes: a terminal, a log, a window, or nobody."""

from collections.abc import Callable
from dataclasses import dataclass


def _say_nothing(line: str) -> None:
    del line


def _step_nowhere(stage: str, done: int, total: int) -> None:
    del stage, done, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Two functions that the work calls; both return at once."""

    say: Callable[[str], None] = _say_nothing
    """Hears a line for the user."""
    step: Callable[[str, int, int], None] = _step_nowhere
    """Hears a stage's name, how many of its steps are done, and how many there are."""


SILENT = Listener()
