"""How long scoring takes, and how much memory: python -m benchmarks.scores_speed [--person DIR|NAME] [--memory].

Clips are made first (walk, orbit, the atlas, no refiner); then each is scored in a program of its own. CPU seconds are
those of all threads together, in a run that has both cores and one that has to do with one thread.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reimagine.pipeline import generate
from reimagine.request import Clip, Request
from reimagine.settings import Photos

SPEED = (24, "512x832")
MEMORY = ((24, "256x416"), (96, "256x416"))


def make(person: str, frames: int, size: str, folder: Path) -> Path:
    """A run folder with such a clip."""
    out = folder / f"{frames}-{size}"
    generate(
        Request(
            photos=Photos(person=person),
            clip=Clip(frames=frames, size=size),
            refiner="none",
            video="png",
            out=str(out),
        )
    )
    return out


def measure(run: Path) -> None:
    """Score one run and print what it cost, as JSON."""
    from reimagine.apps.score_clips import run_clip
    from reimagine.scores.measure import score_clip

    clip = run_clip(run)
    assert clip.see is not None
    clip.see(0, 1)  # Warp loads its kernels
    start, cpu = time.monotonic(), time.process_time()
    score_clip(clip)
    cost = {
        "wall_s": (time.monotonic() - start) / clip.frames,
        "cpu_s": (time.process_time() - cpu) / clip.frames,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(cost))


def in_own_program(run: Path, threads: int) -> dict[str, float]:
    """What scoring this run costs in a fresh program."""
    code = (
        f"import cv2, torch; cv2.setNumThreads({threads}); torch.set_num_threads({threads});"
        "import sys; from pathlib import Path; from benchmarks.scores_speed import measure;"
        "measure(Path(sys.argv[1]))"
    )
    printed = subprocess.check_output([sys.executable, "-c", code, str(run)], text=True)
    return json.loads(printed.splitlines()[-1])


def main() -> None:
    """Print the figures of docs/metrics.md."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--person", default="alex")
    options.add_argument("--memory", action="store_true", help="memory alone")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = Path(passing)
        print("| clip | threads | seconds a frame | CPU seconds a frame | peak MiB |")
        print("|---|---|---|---|---|")
        clips = MEMORY if chosen.memory else (SPEED, *MEMORY)
        for frames, size in clips:
            run = make(chosen.person, frames, size, folder)
            for threads in (1, 2) if (frames, size) == SPEED else (2,):
                cost = in_own_program(run, threads)
                print(
                    f"| {frames} of {size} | {threads} | {cost['wall_s']:.2f} | {cost['cpu_s']:.2f} | "
                    f"{cost['peak_mib']:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
