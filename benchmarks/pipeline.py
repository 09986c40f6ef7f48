"""What a user waits for: help, a first video, a second one, and memory over the clip's length.

Usage: python -m benchmarks.pipeline [--long] [--large]

--long adds the runs of 96 and 960 frames, --large those of 4K pictures (a quarter of an hour).
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(arguments: list[str], cache: Path) -> float:
    """How long the command takes, with its own cache of people."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "reimagine", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "REIMAGINE_CACHE": str(cache)},
    )
    return time.perf_counter() - started


def peak_mib(arguments: list[str], cache: Path) -> float:
    """Peak memory of the command, in a process of its own, so that no other child's peak counts."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=-3, stderr=-3)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, sys.executable, "-m", "reimagine", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "REIMAGINE_CACHE": str(cache)},
    )
    return float(ran.stdout)


def main() -> None:
    """Print a line for each figure."""
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name), Path(name) / "cache"
        help_s = min(seconds(["generate", "--help"], cache) for _ in range(5))
        print(f"reimagine generate --help: {help_s:.2f} s (best of 5)")
        first = ["generate", "--person", "alex", "--out", str(folder / "first")]
        print(f"48 frames of 512x832, person fitted: {seconds(first, cache):.1f} s")
        again = [*first[:-1], str(folder / "again"), "--motion", "wave"]
        print(f"the same person again: {seconds(again, cache) / 48:.2f} s per frame, all included")
        clips: list[tuple[int, str, str]] = []
        if "--long" in sys.argv:
            clips += [(96, "256x416", "flow"), (960, "256x416", "flow")]
        if "--large" in sys.argv:
            clips += [
                (4, "2160x3840", "none"),
                (12, "2160x3840", "flow"),
                (24, "2160x3840", "flow"),
            ]
        for frames, size, refiner in clips:
            out = str(folder / f"{frames}-{size}")
            clip = ["--frames", str(frames), "--size", size, "--refiner", refiner, "--out", out]
            started = time.perf_counter()
            peak = peak_mib(["generate", "--person", "alex", *clip], cache)
            each = (time.perf_counter() - started) / frames
            line = f"{frames} frames of {size}, refiner {refiner}"
            print(f"{line}: peak {peak:.0f} MiB, {each:.3f} s per frame")
    print(f"cores: {os.cpu_count()}")


if __name__ == "__main__":
    main()
