"""The run folder: what was asked, a log, and files that appear whole or not at all."""

import errno
import json
import os
import shutil
import traceback
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, cast

from filelock import FileLock, Timeout

from reimagine.errors import InputError, Terminated, one_line, ran_out_of_memory, worded
from reimagine.foreign import reading
from reimagine.inside import check_links, inside
from reimagine.old_requests import converted
from reimagine.progress import Cancelled

UNFINISHED = ".unfinished"
_REQUEST = "request.json"
_LOG = "log.txt"
_NAMED = 4
"""How many differences between two requests are told."""
_ABSENT = "not given"
_STOPS: dict[type[BaseException], str] = {
    Cancelled: "its caller",
    KeyboardInterrupt: "Ctrl-C",
    Terminated: "SIGTERM",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A folder that this process alone writes into."""

    path: Path

    def has(self, name: str) -> bool:
        """Whether the file is there; then it is whole."""
        return (self.path / name).is_file()

    def write(self, name: str, data: bytes | str) -> None:
        """Write a file of the folder, whole or not at all.

        Raises:
            InputError: where the disk is full or the folder cannot be written.
        """
        with self.file(name) as unfinished:
            # Names of files that are no UTF-8 come with surrogates.
            whole = data.encode(errors="backslashreplace") if isinstance(data, str) else data
            unfinished.write_bytes(whole)

    @contextmanager
    def file(self, name: str) -> Generator[Path]:
        """A path to write to, which becomes the file `name` when the block ends without an error.

        Raises:
            InputError: where the disk is full, the folder cannot be written, or a part of the name is a symbolic link.
        """
        final, unfinished = inside(self.path, name), inside(self.path, name + UNFINISHED)
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            yield unfinished
            with unfinished.open("rb+") as written:
                os.fsync(written.fileno())
            unfinished.replace(final)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise cannot_write(final, error) from error
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def log(self, line: str) -> None:
        """Add a line to log.txt; what is not printable in it is escaped."""
        self._log([line])

    def log_fault(self, fault: BaseException) -> None:
        """Add a fault of ours to log.txt, with where it happened."""
        lines = "".join(traceback.format_exception(fault)).splitlines()
        # Set off from the log's own lines, which names in a message must not be able to imitate.
        self._log([lines[0], *(f"    {line}" for line in lines[1:])])

    def append(self, name: str, text: str) -> None:
        """Add text to the end of a file.

        Raises:
            InputError: where the disk is full, the file cannot be written, or a part of its name is a symbolic link.
        """
        path = inside(self.path, name)
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise cannot_write(path, error) from error

    def _log(self, lines: list[str]) -> None:
        text = "\n".join(one_line(worded(line)) for line in lines)
        self.append(_LOG, f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {text}\n")


def frame_name(folder: str, frame: int) -> str:
    """Name of a frame's file within the run folder: "frames/000012.png"."""
    return f"{folder}/{frame:06d}.png"


@contextmanager
def open_run(path: str | Path, request: Mapping[str, Any]) -> Generator[RunFolder]:
    """The run folder for this request (JSON-able data): made, or continued where the request is the same.

    Raises:
        InputError: for a folder that is not empty and no run, that holds another request or a symbolic link, that
            another process works in, or that cannot be written.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        # Before the lock: a folder that is no run gets no file of ours, nor does what a link in it points to.
        check_links(path)
        _check_ours(path)
        lock = FileLock(path / "lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise InputError(
            f"{path} is being worked in by another process; expected it free. Wait for it, or give another `out`."
        ) from None
    except OSError as error:
        raise cannot_write(path, error) from error
    with lock:
        run = RunFolder(path=path)
        _check(run, json.loads(json.dumps(request)))
        _sweep(path)
        with _logged(run):
            yield run


def read_request(path: str | Path) -> dict[str, Any]:
    """What was asked in a run folder.

    Raises:
        InputError: where it is no run folder, or holds a symbolic link.
    """
    check_links(Path(path))
    try:
        held = json.loads((Path(path) / _REQUEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        held = None
    if not isinstance(held, dict):
        raise InputError(
            f"{path} is no run folder (it has no readable request.json). Give the `out` of an earlier run."
        )
    return converted(cast("dict[str, Any]", held))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs between two requests, as "name was 1, now 2", by their fields."""
    before, after = _flat(old), _flat(new)
    names = sorted({*before, *after})
    return [
        f"{name} was {before.get(name, _ABSENT)}, now {after.get(name, _ABSENT)}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def cannot_write(path: Path, error: OSError) -> InputError:
    """One line for a disk that does not take what we give it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InputError(
            f"the disk is full: {path} could not be written. Make room and run the same command again; "
            "what was done stays."
        )
    reason = error.strerror or str(error)
    return InputError(
        f"{path} cannot be written ({reason}); expected a writable folder. Give another `out`."
    )


@contextmanager
def _logged(run: RunFolder) -> Generator[None]:
    """What stops the work is written to log.txt on its way out."""
    try:
        yield
    except InputError as error:
        # The disk may be the very thing that is full.
        with suppress(InputError):
            run.log(str(error))
        raise
    except Exception as fault:
        if ran_out_of_memory(fault):
            line = (
                "memory ran out; what was done stays. Close other programs and run the same command again, or ask for "
                "less in another `out`: a smaller `size`, fewer `frames`."
            )
            run.log(line)
            raise InputError(line) from fault
        run.log_fault(fault)
        raise
    except BaseException as stop:
        by = _STOPS.get(type(stop), type(stop).__name__)
        run.log(f"stopped by {by}; the same command goes on from here")
        raise


def _sweep(path: Path) -> None:
    """Without what a killed process left unfinished, files and folders."""
    for leftover in sorted(path.rglob(f"*{UNFINISHED}")):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Nothing, where files can be written into the folder, which is made where it is not there.

    Raises:
        InputError: otherwise.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise cannot_write(path, error) from error


def _others(path: Path) -> list[str]:
    """What a folder holds besides what every run has from the start."""
    return sorted(
        entry.name
        for entry in path.iterdir()
        if entry.name not in (_REQUEST, _LOG, "lock") and not entry.name.endswith(UNFINISHED)
    )


def _check_ours(path: Path) -> None:
    if not (path / _REQUEST).is_file() and (others := _others(path)):
        raise InputError(
            f"{path} holds other things ({', '.join(others[:3])}) and no run; expected a new folder or "
            "an earlier run. Give another `out`."
        )


def _check(run: RunFolder, request: dict[str, Any]) -> None:
    others = _others(run.path)
    if not run.has(_REQUEST):
        run.write(_REQUEST, json.dumps(request, indent=1) + "\n")
        return
    held = read_request(run.path)
    with reading(run.path / _REQUEST, "the request of a run"):
        changed = differences(held, request)
    if not changed:
        return
    if not others and run.has(_LOG):
        # A request that failed before anything came of it binds nobody.
        run.write(_REQUEST, json.dumps(request, indent=1) + "\n")
        return
    if held.get("command") != request.get("command"):
        what = f"a run of {held.get('command')}, not of {request.get('command')}"
    else:
        more = f"; and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        what = f"another request: {'; '.join(changed[:_NAMED])}{more}"
    raise InputError(f"{run.path} holds {what}. Give another `out`, or remove the folder.")


def _flat(request: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Leaves by their place in the request, marked as fields are in errors."""
    leaves: dict[str, Any] = {}
    for name, value in request.items():
        if isinstance(value, Mapping):
            leaves |= _flat(cast("Mapping[str, Any]", value), f"{place}{name}.")
        elif value is not None:
            leaves[f"`{place}{name}`"] = value
    return leaves
