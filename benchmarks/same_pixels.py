"""Whether another checkout's pictures are this one's bit for bit, and what each takes of time and memory.

Usage: python -m benchmarks.same_pixels --old FOLDER [--wide WIDE.png ...] [--motions walk FILE ...] [--sizes 256x416 ...]
    [--frames 4] [--refiners flow none]

FOLDER is a checkout of an older commit (git worktree add FOLDER COMMIT). Each build generates alex, and the person of each wide
picture (left half front, right half back), in a process of its own; the two take turns at going first. Pictures are compared as
decoded. A build keeps the persons that it fitted for its own next comparison. Exits with 1 where a picture differs.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, gettempdir

import cv2
import numpy as np

HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What both builds generate."""

    who: str
    """A person who ships, or a wide picture's file."""
    motion: str
    size: str
    refiner: str
    frames: int

    def flags(self, out: Path) -> list[str]:
        """The command line of `reimagine` for it."""
        person = "--reference" if Path(self.who).is_file() else "--person"
        asked = {person: self.who, "--motion": self.motion, "--size": self.size, "--out": str(out)}
        asked |= {"--refiner": self.refiner, "--frames": str(self.frames), "--video": "png"}
        return ["generate", *(part for pair in asked.items() for part in pair)]

    def __str__(self) -> str:
        return " ".join([Path(self.who).stem, Path(self.motion).stem, self.size, self.refiner])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def generate(build: Path, case: Case, out: Path) -> Cost:
    """Pictures of the case by the build in that checkout, in a process of its own."""
    kept = hashlib.sha256(str(build.resolve()).encode()).hexdigest()[:12]
    cache = Path(gettempdir()) / "same_pixels" / kept
    environment = {**os.environ, "PYTHONPATH": str(build / "src"), "REIMAGINE_CACHE": str(cache)}
    command = [sys.executable, "-m", "reimagine", *case.flags(out)]
    with (out.parent / f"{out.name}.txt").open("w+") as told:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, cwd=out.parent, stdout=subprocess.DEVNULL, stderr=told
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            told.seek(0)
            raise SystemExit(f"{told.read()}\n{build} cannot generate {case}")
    return Cost(
        wall_s=time.monotonic() - started,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
    )


def differences(old: Path, new: Path) -> list[str]:
    """What differs between two runs' pictures, a line for each."""
    pictures = [
        # What a run keeps of its photos is no picture that it made.
        {p.relative_to(run) for p in run.rglob("*.png") if p.parent.name != "person"}
        for run in (old, new)
    ]
    lines = [f"{name} is in one run only" for name in sorted(pictures[0] ^ pictures[1])]
    for name in sorted(pictures[0] & pictures[1]):
        a, b = (cv2.imread(str(run / name), cv2.IMREAD_UNCHANGED) for run in (old, new))
        assert a is not None
        assert b is not None
        if a.shape != b.shape or a.dtype != b.dtype:
            lines.append(f"{name} is {a.shape} {a.dtype} in the old run, {b.shape} {b.dtype} now")
        elif not np.array_equal(a, b):
            apart = np.abs(a.astype(int) - b.astype(int))
            lines.append(f"{name}: {np.count_nonzero(apart)} values, by up to {apart.max()}")
    return lines


def make_persons(who: str, builds: dict[str, Path]) -> None:
    """Have each build fit the person, so that no case is charged for it."""
    small = Case(who=who, motion="apose", size="64x96", refiner="none", frames=1)
    with TemporaryDirectory() as folder:
        for name, build in builds.items():
            generate(build, small, Path(folder) / name)


def compare(case: Case, builds: dict[str, Path], *, first: str) -> tuple[dict[str, Cost], int]:
    """The case by both builds, the one named `first` before the other; their costs, and how many pictures differ."""
    with TemporaryDirectory() as folder:
        runs = {name: Path(folder) / name for name in builds}
        order = sorted(builds, key=lambda name: name != first)
        costs = {name: generate(builds[name], case, runs[name]) for name in order}
        lines = differences(runs["old"], runs["new"])
        count = len(list(runs["new"].rglob("*.png")))
    told = "the same" if not lines else f"{len(lines)} differ"
    old, new = costs["old"], costs["new"]
    took = f"{old.wall_s:.1f} | {new.wall_s:.1f} | {old.cpu_s:.1f} | {new.cpu_s:.1f}"
    print(f"| {case} | {count} | {told} | {took} | {old.peak_mb:.0f} | {new.peak_mb:.0f} |")
    for line in lines[:10]:
        print(f"    {line}")
    sys.stdout.flush()
    return costs, len(lines)


def main() -> int:
    """Compare all cases; the exit code says whether all are the same."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--old", type=Path, required=True)
    options.add_argument("--people", nargs="*", default=["alex"])
    options.add_argument("--wide", nargs="*", default=[])
    options.add_argument("--motions", nargs="*", default=["walk"])
    options.add_argument("--sizes", nargs="*", default=["256x416"])
    options.add_argument("--refiners", nargs="*", default=["flow", "none"])
    options.add_argument("--frames", type=int, default=4)
    asked = options.parse_args()
    builds = {"old": asked.old.resolve(), "new": HERE}
    files = [str(Path(one).resolve()) for one in asked.wide]
    motions = [str(Path(one).resolve()) if Path(one).is_file() else one for one in asked.motions]
    print(
        "| person, motion, size, refiner | pictures | | old s | new s | old CPU s | new CPU s | old MB | new MB |"
    )
    print("|---" * 9 + "|")
    everything = product([*asked.people, *files], motions, asked.sizes, asked.refiners)
    found: list[tuple[dict[str, Cost], int]] = []
    for number, (who, motion, size, refiner) in enumerate(everything):
        case = Case(who=who, motion=motion, size=size, refiner=refiner, frames=asked.frames)
        found.append(compare(case, builds, first=("old", "new")[number % 2]))
    for what in ("wall_s", "cpu_s", "peak_mb"):
        shares = [getattr(costs["new"], what) / getattr(costs["old"], what) for costs, _ in found]
        print(f"{what}: new over old, median of pairs {median(shares):.3f}")
    wrong = sum(count for _, count in found)
    print(f"{wrong} pictures differ.")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
