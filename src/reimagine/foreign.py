"""The gate for files that others made: whatever goes wrong while one is read ends in one line that names it."""

import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from reimagine.errors import InputError, ran_out_of_memory

P = ParamSpec("P")
T = TypeVar("T")
Named = TypeVar("Named", str, Path, str | Path)

MOST_TEXT_BYTES = 200 << 20
"""Of a text or JSON file; parsed, it takes many times its size."""


@contextmanager
def reading(path: str | Path, what: str, *, most_bytes: int | None = None) -> Generator[None]:
    """A block in which nothing but the content of `path` is read and judged.

    Args:
        path: A file or folder.
        what: What it is to hold, for the error's text: "a motion".
        most_bytes: A larger file is refused unread.

    Raises:
        InputError: for whatever the block raises, which stays chained as the cause. What says that we are at fault
            (assertions, unknown names) and what the command line words itself (missing rights) passes as it is.
    """
    try:
        if most_bytes is not None:
            _check_size(Path(path), what, most_bytes)
        yield
    except (InputError, AssertionError, NameError, ImportError):
        raise
    except Exception as error:
        if isinstance(error, PermissionError) and os.path.exists(str(error.filename)):  # noqa: PTH110 - may be any text
            raise
        if ran_out_of_memory(error):
            raise InputError(
                f"{path} needs more memory than there is; expected {what}. Give a smaller one."
            ) from error
        reason = " ".join(f"{type(error).__name__} {error}".split())[:120]
        raise InputError(
            f"{path} cannot be read ({reason}); expected {what}. Copy or export it again."
        ) from error


def reads(
    what: str, *, most_bytes: int | None = None
) -> Callable[[Callable[Concatenate[Named, P], T]], Callable[Concatenate[Named, P], T]]:
    """A function whose first argument is a path, run behind `reading`."""

    def behind_gate(
        read: Callable[Concatenate[Named, P], T],
    ) -> Callable[Concatenate[Named, P], T]:
        @wraps(read)
        def gated(path: Named, *args: P.args, **kwargs: P.kwargs) -> T:
            with reading(path, what, most_bytes=most_bytes):
                return read(path, *args, **kwargs)

        return gated

    return behind_gate


def _check_size(path: Path, what: str, most_bytes: int) -> None:
    if path.is_file() and path.stat().st_size > most_bytes:
        raise InputError(
            f"{path} is over {most_bytes >> 20} MB; expected {what} of less. Cut it into parts."
        )


def in_order(name: str) -> tuple[list[int], str]:
    """What names of frames are sorted by: the numbers in them, first to last, then the letters."""
    return [int(digits[:18]) for digits in re.findall(r"\d+", name)], name
