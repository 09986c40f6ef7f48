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
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from reimagine.apps.wording import flag_of
from reimagine.errors import one_line, worded
from reimagine.progress import Progress

_EVERY_S = 10.0
"""Between plain lines of one stage."""


@contextmanager
def show_progress() -> Generator[Progress]:
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
    with Bars(*columns, console=console) as shown:
        bars: dict[str, TaskID] = {}

        def step(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = shown.add_task(escape(one_line(stage)), total=total)
            shown.update(bars[stage], completed=done, total=total)

        yield Progress(
            say=lambda line: console.print(
                one_line(worded(line, flag_of)), markup=False, highlight=False
            ),
            on_step=step,
        )


def _plain_lines() -> Progress:
    last: dict[str, float] = {}

    def say(line: str) -> None:
        print(one_line(worded(line, flag_of)), file=sys.stderr, flush=True)

    def step(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - last.get(stage, -_EVERY_S) < _EVERY_S:
            return
        last[stage] = now
        say(f"{stage}: {done} of {total}")

    return Progress(say=say, on_step=step)
