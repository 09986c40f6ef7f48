"""Fitting people to photos: seconds, how well the dressed surface covers each silhouette, and how like the photo it is painted.

Usage: python -m benchmarks.person [WIDE.png ...]     (wide references; alex and sam always)
"""

import sys
import time
from importlib import resources

import torch

from reimagine.appearance.build import build_person
from reimagine.frames.backends.atlas import make
from reimagine.pictures import over
from reimagine.records import Person
from reimagine.render.conditions import make_conditions
from reimagine.render.view import view_surface
from reimagine.scores.fidelity import Fidelity, fidelity
from reimagine.settings import Photos


def overlaps(person: Person) -> dict[str, float]:
    """Intersection over union of the dressed surface and the photo's silhouette, by side."""
    found: dict[str, float] = {}
    for photo in person.photos:
        ours = view_surface(person, photo.pose, photo.camera).raster.face[0] >= 0
        theirs = photo.alpha > 0.5
        found[photo.side] = float((ours & theirs).sum() / (ours | theirs).sum())
    return found


def likeness(person: Person) -> dict[str, Fidelity]:
    """The person painted standing as in each photo, compared with the photo, both before white; by side."""
    found: dict[str, Fidelity] = {}
    for photo in person.photos:
        conditions = make_conditions(person.body, photo.pose, photo.camera, 0.0)
        painted = make().paint(person, conditions, 0)[0]
        true = torch.cat([photo.rgb, photo.alpha[None]])
        ours, theirs = (
            over(one, torch.ones(3, 1, 1)).permute(1, 2, 0).numpy() for one in (painted, true)
        )
        found[photo.side] = fidelity(ours, theirs, photo.alpha.numpy() > 0.5)
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
        like = likeness(person)
        sides = ", ".join(
            f"{side} IoU {share:.3f}, {like[side].psnr_db:.1f} dB, SSIM {like[side].ssim:.3f}"
            for side, share in overlaps(person).items()
        )
        print(f"{name}: {elapsed_s:.1f} s; {sides}", flush=True)


if __name__ == "__main__":
    main()
