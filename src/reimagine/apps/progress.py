"""How the work goes, on a terminal as one bar per stage with the time left, elsewhere as plain lines."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from reimagine.errors import one_line
from reimagine.listener import Listener

_EVERY_S = 10.0
"""Between plain lines of one stage."""


@contextmanager
def show_progress() -> Generator[Listener]:
    """A listener that writes to standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_lines()
        return
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def step(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(escape(one_line(stage)), total=total)
            progress.update(bars[stage], completed=done, total=total)

        yield Listener(
            say=lambda line: console.print(one_line(line), markup=False, highlight=False), step=step
        )


def _plain_lines() -> Listener:
    last: dict[str, float] = {}

    def say(line: str) -> None:
        print(one_line(line), file=sys.stderr, flush=True)

    def step(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - last.get(stage, -_EVERY_S) < _EVERY_S:
            return
        last[stage] = now
        say(f"{stage}: {done} of {total}")

    return Listener(say=say, step=step)
