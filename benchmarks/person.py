"""Fitting people to photos: seconds, and how well the dressed surface covers each silhouette.

Usage: python -m benchmarks.person [WIDE.png ...]     (wide references; alex and sam always)
"""

import sys
import time
from importlib import resources

from reimagine.appearance.build import build_person
from reimagine.frames.backends.atlas import dress
from reimagine.records import Person
from reimagine.request import Photos


def overlaps(person: Person) -> dict[str, float]:
    """Intersection over union of the dressed surface and the photo's silhouette, by side."""
    found: dict[str, float] = {}
    for photo in person.photos:
        ours = dress(person, photo.pose, photo.camera).raster.face[0] >= 0
        theirs = photo.alpha > 0.5
        found[photo.side] = float((ours & theirs).sum() / (ours | theirs).sum())
    return found


def main() -> None:
    """Print a line for each person."""
    people = resources.files("reimagine") / "data" / "people"
    asked = {
        name: Photos(front=str(people / name / "front.png"), back=str(people / name / "back.png"))
        for name in ("alex", "sam")
    }
    asked |= {path: Photos(reference=path) for path in sys.argv[1:]}
    for name, photos in asked.items():
        started = time.perf_counter()
        person = build_person(photos)
        elapsed_s = time.perf_counter() - started
        sides = ", ".join(f"{side} {share:.3f}" for side, share in overlaps(person).items())
        print(f"{name}: {elapsed_s:.1f} s, IoU {sides}", flush=True)


if __name__ == "__main__":
    main()
