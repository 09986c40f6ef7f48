"""Whether commands that are killed at random moments, and then run again, end with the very bytes of ones left alone.

Usage: python -m benchmarks.kills [--kills 100] [--seed 0] [--only generate refine score person train]

Each command works in a folder of its own, is killed (SIGKILL) up to three times in a row, wherever it is by then, and is then
left to its end. Pictures, figures, persons, checkpoints and videos are compared, byte by byte; only the log, which tells of
the kills, may differ. Tiny pictures, tiny random weights. Exits with 1 where a byte differs.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import torch
from torch.nn.functional import interpolate

from reimagine.frames.flux.tiny import write_tiny_weights
from reimagine.pictures import write_picture

IN_A_ROW = 3
MAY_DIFFER = ("log.txt", "lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A command that can be continued."""

    flags: tuple[str, ...]
    """With `made` as the folder that it writes into."""
    copied: Path | None = None
    """What is in that folder beforehand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """What a command does where nobody kills it."""

    files: Mapping[str, bytes]
    begins_s: float
    """When it first writes."""
    ends_s: float


@dataclass(slots=True, kw_only=True)
class Tally:
    """Of one command."""

    kills: int = 0
    continued: int = 0
    wrong: list[str]


def start(task: Task, folder: Path) -> "subprocess.Popen[bytes]":
    """The command, working in `folder`, in a group of processes of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if task.copied is not None and not (folder / "made").exists():
        shutil.copytree(task.copied, folder / "made")
    with (folder / "told.txt").open("ab") as told:
        return subprocess.Popen(
            [sys.executable, "-m", "reimagine", *task.flags],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=told,
            stderr=told,
            start_new_session=True,
        )


def finish(task: Task, folder: Path) -> None:
    """The command, run to its end."""
    if start(task, folder).wait() != 0:
        raise SystemExit(f"{task.flags} failed:\n{(folder / 'told.txt').read_text()}")


def alone(task: Task, folder: Path) -> Alone:
    """The command left alone."""
    started, begins_s = time.monotonic(), None
    process = start(task, folder)
    before = held(folder / "made")
    while process.poll() is None:
        if begins_s is None and held(folder / "made").keys() != before.keys():
            begins_s = time.monotonic() - started
        time.sleep(0.02)
    ends_s = time.monotonic() - started
    finish(task, folder)
    return Alone(files=held(folder / "made"), begins_s=begins_s or 0.0, ends_s=ends_s)


def held(folder: Path) -> dict[str, bytes]:
    """The content of every file in a folder that may not differ."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in MAY_DIFFER:
            try:
                found[str(path.relative_to(folder))] = path.read_bytes()
            except FileNotFoundError:  # replaced in this very moment
                continue
    return found


def kill_once(task: Task, folder: Path, after_s: float) -> bool:
    """Whether the command was still at work when it was to be killed."""
    process = start(task, folder)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def try_row(
    task: Task, usual: Alone, folder: Path, random: Random, tally: Tally, most: int
) -> None:
    """Kill the command up to so many times, continue it, and compare."""
    killed: list[float] = []
    for _ in range(most):
        # Half of the time it imports libraries and writes nothing: fewer kills there.
        after_s = random.uniform(0.9 * usual.begins_s, usual.ends_s)
        if not kill_once(task, folder, after_s):
            break
        killed.append(after_s)
    finish(task, folder)
    tally.kills += len(killed)
    tally.continued += 1
    now = held(folder / "made")
    differing = [
        name for name in sorted(now.keys() | usual.files) if now.get(name) != usual.files.get(name)
    ]
    if differing:
        moments = ", ".join(f"{one:.2f}" for one in killed)
        tally.wrong.append(f"killed after {moments} s: {', '.join(differing)}")
        print(tally.wrong[-1], file=sys.stderr)


def make_tasks(given: Path) -> dict[str, Task]:
    """The commands, and what they need."""
    photos = Path(str(resources.files("reimagine"))) / "data" / "people" / "alex"
    person = Task(
        flags=("person", "--front", str(photos / "front.png"), "--back", str(photos / "back.png"),
               "--out", "made"),
    )  # fmt: skip
    # Fitted here, remembered afterwards: what is killed later is how persons are stored.
    finish(person, given / "person")
    stored = given / "person" / "made"
    generate = Task(
        flags=("generate", "--person", str(stored), "--frames", "6", "--size", "64x96",
               "--motion", "walk", "--out", "made"),
    )  # fmt: skip
    finish(generate, given / "run")
    run = given / "run" / "made"
    write_tiny_weights(given / "weights", doubles=1, singles=1, control=1)
    write_triples(given / "data")
    return {
        "generate": generate,
        "refine": Task(
            flags=("refine", "--run", str(run), "--refiner", "flow", "--out", "made"),
        ),
        "score": Task(flags=("score", "--run", "made"), copied=run),
        "person": person,
        "train": Task(
            flags=("train", "lora", "--data", str(given / "data"), "--base", str(given / "weights"),
                   "--out", "made", "--device", "cpu", "--rank", "2", "--steps", "6", "--save-every",
                   "2", "--sample-every", "3", "--sample-steps", "2", "--samples", "1",
                   "--train-controlnet"),
        ),
    }  # fmt: skip


def write_triples(folder: Path) -> None:
    """A data set of two triples of one person, without any sense."""
    generator = torch.Generator().manual_seed(1)

    def smooth(width: int) -> torch.Tensor:
        coarse = torch.rand(1, 3, 4, 4, generator=generator)
        return interpolate(coarse, size=(48, width), mode="bicubic")[0].clamp(0, 1)

    for kind in ("normals", "targets"):
        (folder / kind).mkdir(parents=True)
        for number in range(2):
            write_picture(folder / kind / f"{number}.png", smooth(32))
    write_picture(folder / "reference.png", smooth(96))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+")
    asked = parser.parse_args()
    with TemporaryDirectory() as place:
        tasks = make_tasks(Path(place) / "given")
        names = [name for name in tasks if asked.only is None or name in asked.only]
        usual = {name: alone(tasks[name], Path(place) / f"{name}-alone") for name in names}
        tallies = take_turns(tasks, usual, Path(place), asked.kills, asked.seed, names)
    print(
        "| command | files | s alone | kills | continued | differing |\n|---|---|---|---|---|---|"
    )
    for name, tally in tallies.items():
        print(
            f"| {name} | {len(usual[name].files)} | {usual[name].ends_s:.1f} | {tally.kills} | {tally.continued} | "
            f"{len(tally.wrong)} |"
        )
    wrong = [f"{name} {line}" for name, tally in tallies.items() for line in tally.wrong]
    print("\n".join(wrong) or "every byte is the same")
    return 1 if wrong else 0


def take_turns(
    tasks: Mapping[str, Task],
    usual: Mapping[str, Alone],
    place: Path,
    kills: int,
    seed: int,
    names: list[str],
) -> dict[str, Tally]:
    """Rows of kills for one command after the other until there have been so many in all."""
    random, tallies = Random(seed), {name: Tally(wrong=[]) for name in names}
    turn, done = 0, 0
    while done < kills:
        name = names[turn % len(names)]
        folder = place / f"{name}-{turn}"
        try_row(
            tasks[name], usual[name], folder, random, tallies[name], min(IN_A_ROW, kills - done)
        )
        shutil.rmtree(folder)
        turn, done = turn + 1, sum(tally.kills for tally in tallies.values())
        print(f"{done} of {kills} kills, {sum(len(one.wrong) for one in tallies.values())} wrong", file=sys.stderr)  # fmt: skip
    return tallies


if __name__ == "__main__":
    raise SystemExit(main())
