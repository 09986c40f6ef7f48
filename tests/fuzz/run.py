"""`make fuzz`: broken files for every reader. A file is read or refused in one line; nothing else may happen.

python -m tests.fuzz.run --inputs 20000 --seconds 600 [--reader NAME] [--only NUMBER]
"""

import argparse
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import cast

import torch
from tests.fuzz.mutate import mutate
from tests.fuzz.readers import DIFFUSION_READERS, READERS, Reader

from reimagine.errors import InputError, one_line

MOST_S, MOST_BYTES = 5.0, 1 << 30
_ROOM_BYTES = 4 << 30
"""Address space that a worker may take besides what it starts with: many libraries reserve more than they use."""
_BATCH = 200
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one broken file."""

    number: int
    reader: str
    kind: str
    """read, refused, traceback, slow, large or crash."""
    text: str
    elapsed_s: float
    grown_bytes: int
    """Highest memory while it was read, above what there was before."""


def readers() -> dict[str, Reader]:
    """All that can be tried with the packages that are installed."""
    return READERS | (DIFFUSION_READERS if find_spec("diffusers") else {})


def write_seeds(place: Path, names: Sequence[str]) -> None:
    """A folder with whole files for each reader."""
    for number, name in enumerate(names):
        folder = place / str(number)
        folder.mkdir()
        readers()[name].write(folder)
        readers()[name].read(folder)


def broken(seeds: Path, names: Sequence[str], number: int, folder: Path) -> str:
    """Fills `folder` with the input of this number, always the same; gives the reader's name."""
    random = Random(f"{_SEED} {number}")
    index = number % len(names)
    shutil.copytree(seeds / str(index), folder)
    pattern = readers()[names[index]].breaks
    files = sorted(path for path in folder.rglob(pattern) if path.is_file() and path.name != "lock")
    file = random.choice(files)
    others = sorted(
        path for path in (seeds / str(random.randrange(len(names)))).rglob("*") if path.is_file()
    )
    file.write_bytes(mutate(file.read_bytes(), random.choice(others).read_bytes(), random))
    return names[index]


def try_one(seeds: Path, names: Sequence[str], number: int) -> Outcome:
    """What the reader makes of the input of this number."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "vae input" if number % 7 == 0 else Path(scratch) / "input"
        name = broken(seeds, names, number, folder)
        before, started = _reset_peak(), time.monotonic()
        kind, text = _read(readers()[name], folder)
        elapsed_s, grown_bytes = time.monotonic() - started, _peak() - before
    if kind in ("read", "refused") and elapsed_s > MOST_S:
        kind = "slow"
    elif kind in ("read", "refused") and grown_bytes > MOST_BYTES:
        kind = "large"
    return Outcome(
        number=number,
        reader=name,
        kind=kind,
        text=text,
        elapsed_s=elapsed_s,
        grown_bytes=grown_bytes,
    )


def _read(reader: Reader, folder: Path) -> tuple[str, str]:
    try:
        reader.read(folder)
    except InputError as error:
        return (
            ("refused", "")
            if "\n" not in str(error)
            else ("traceback", "an error of several lines")
        )
    except Exception as error:  # noqa: BLE001 - what is looked for
        where = traceback.extract_tb(error.__traceback__)
        ours = [one for one in where if "/reimagine/" in one.filename] or [where[-1]]
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        return "traceback", one_line(f"{place} {type(error).__name__}: {str(error)[:90]}")
    return "read", ""


def _reset_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    """Highest resident memory since it was reset (proc(5), VmHWM)."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in one)
    return int(line.split()[1]) * 1024


def _work(seeds: Path, names: Sequence[str], numbers: Sequence[int], told: Connection) -> None:
    torch.set_num_threads(1)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + _ROOM_BYTES, held + _ROOM_BYTES))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders' remarks on broken files
    for number in numbers:
        told.send(number)
        told.send(try_one(seeds, names, number))


def _batch(seeds: Path, names: Sequence[str], numbers: Sequence[int]) -> Iterator[Outcome]:
    """Outcomes of these inputs out of a process of their own; one that ends or hangs it is an outcome too."""
    left = list(numbers)
    while left:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        worker = multiprocessing.get_context("fork").Process(
            target=_work, args=(seeds, names, left, theirs), daemon=True
        )
        worker.start()
        theirs.close()
        number = left[0]
        try:
            while left:
                if not ours.poll(4 * MOST_S):
                    raise EOFError
                got = ours.recv()
                if isinstance(got, Outcome):
                    left.pop(0)
                    yield got
                else:
                    number = cast("int", got)
        except EOFError:
            hangs = worker.is_alive()
            worker.kill()
            worker.join()
            text = "no answer in time" if hangs else f"ended with exit code {worker.exitcode}"
            left.remove(number)
            yield Outcome(
                number=number,
                reader=names[number % len(names)],
                kind="slow" if hangs else "crash",
                text=text,
                elapsed_s=4 * MOST_S if hangs else 0.0,
                grown_bytes=0,
            )
        worker.join()


def run(seeds: Path, names: Sequence[str], inputs: int, seconds: float) -> list[Outcome]:
    """Outcomes of so many inputs, or of those that the time is enough for."""
    started, outcomes = time.monotonic(), list[Outcome]()
    for first in range(0, inputs, _BATCH):
        if time.monotonic() - started > seconds:
            break
        outcomes += _batch(seeds, names, range(first, min(first + _BATCH, inputs)))
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """Counts for each reader, its slowest and its largest; then every kind of fault once."""
    lines = [
        "| reader | inputs | read | refused | faults | slowest s | largest MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in [*dict.fromkeys(one.reader for one in outcomes), "all"]:
        some = [one for one in outcomes if name in (one.reader, "all")]
        kinds = Counter(one.kind for one in some)
        faults = len(some) - kinds["read"] - kinds["refused"]
        slowest, largest = max(one.elapsed_s for one in some), max(one.grown_bytes for one in some)
        lines.append(
            f"| {name} | {len(some)} | {kinds['read']} | {kinds['refused']} | {faults} | {slowest:.2f} | {largest >> 20} |"
        )
    faults = [one for one in outcomes if one.kind not in ("read", "refused")]
    kinds = Counter(f"{one.kind}: {one.reader}: {one.text[:60]}" for one in faults)
    for text, count in kinds.most_common():
        example = next(
            one for one in faults if f"{one.kind}: {one.reader}: {one.text[:60]}" == text
        )
        lines.append(f"{count} x {text} (--only {example.number}: {example.text})")
    return "\n".join(lines)


def main() -> int:
    """Run the fuzzer; 1 where anything but reading and refusing happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--reader", help="try this one alone")
    parser.add_argument(
        "--only", type=int, help="try the input of this number, without the gate around a process"
    )
    asked = parser.parse_args()
    names = [name for name in readers() if asked.reader in (None, name)]
    with tempfile.TemporaryDirectory() as place:
        write_seeds(Path(place), names)
        if asked.only is not None:
            name = broken(Path(place), names, asked.only, Path(place) / "input")
            print(name)
            print(readers()[name].read(Path(place) / "input"))
            return 0
        outcomes = run(Path(place), names, asked.inputs, asked.seconds)
    print(table(outcomes))
    return int(any(one.kind not in ("read", "refused") for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
