"""The default backend's figures: python -m benchmarks.scores_people [FRONT_BACK.png ...] [--out DIR].

Each person, given as a wide reference (front at the left, back at the right; else those that ship), does the built-in motions under the
default camera in small pictures; every clip is scored as `reimagine score` does. A row is a person, its numbers the
mean over the motions; the last has the 95 % interval over all clips.
"""

import argparse
import tempfile
from pathlib import Path

from reimagine.apps.score_clips import run_clip
from reimagine.people import shipped_people
from reimagine.pipeline import generate
from reimagine.request import Clip, Request
from reimagine.scores.measure import Scores, score_clip
from reimagine.scores.report import cell, pool, value_in
from reimagine.settings import Photos

MOTIONS = ("walk", "squat", "dance")
SHOWN = (
    "warping_error.frames",
    "warping_error.refined",
    "warping_error.change",
    "flicker.refined",
    "sharpness.frames",
    "sharpness.refined",
    "control.displacement_mm",
    "control.view_deg",
    "control.silhouette_iou",
    "control.boundary_mm",
    "likeness.front_psnr_db",
    "likeness.front_ssim",
    "likeness.back_psnr_db",
    "likeness.back_ssim",
)


def scored(reference: str, motion: str, folder: Path, frames: int, size: str) -> Scores:
    """One person doing one motion."""
    out = folder / f"{Path(reference).stem}-{motion}"
    shipped = reference in shipped_people()
    request = Request(
        photos=Photos(person=reference) if shipped else Photos(reference=reference),
        clip=Clip(motion=motion, frames=frames, size=size),
        video="png",
        out=str(out),
    )
    generate(request)
    return score_clip(run_clip(out))


def main() -> None:
    """Print the table of docs/metrics.md."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("references", nargs="*", default=shipped_people())
    options.add_argument("--frames", type=int, default=24)
    options.add_argument("--size", default="256x416")
    options.add_argument("--out", type=Path, help="keep the runs here")
    chosen = options.parse_args()
    people: dict[str, list[Scores]] = {}
    with tempfile.TemporaryDirectory() as passing:
        folder = chosen.out or Path(passing)
        for reference in chosen.references:
            name = Path(reference).stem.split("_")[0]
            people[name] = [
                scored(reference, motion, folder, chosen.frames, chosen.size) for motion in MOTIONS
            ]
            print(f"{name} is done", flush=True)
    print(f"| measure | {' | '.join(people)} | all {sum(map(len, people.values()))} clips |")
    print("|---|" + "---|" * (len(people) + 1))
    everybody = pool([one for clips in people.values() for one in clips], name="all")
    pooled = [pool(clips, name=name) for name, clips in people.items()]
    for measure in SHOWN:
        means = [value_in(one.figures[measure], one.figures[measure].mean) for one in pooled]
        print(f"| `{measure}` | {' | '.join(means)} | {cell(everybody.figures[measure])} |")


if __name__ == "__main__":
    main()
