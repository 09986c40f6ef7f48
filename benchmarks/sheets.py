"""Contact sheets to look at: people in five motions, from six sides.

Usage: python -m benchmarks.sheets [alex sam WIDE.png FOLDER ...] [--width 320] [--out runs/sheets]

One picture for each person. A person is the name of one that ships, a wide reference, or a folder with
front.png and back.png. Prints the median time to paint a frame.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

from reimagine.appearance.build import build_person
from reimagine.body.library import built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.path import make_camera
from reimagine.frames.backends.atlas import Atlas
from reimagine.people import find_person
from reimagine.pictures import over, write_picture
from reimagine.records import Person
from reimagine.render.conditions import make_conditions
from reimagine.request import Request
from reimagine.settings import Photos, View

MOMENTS = {"apose": 0.0, "walk": 0.125, "squat": 0.5, "wave": 0.5, "dance": 0.25}
"""What people do, and when they are looked at: a share of the motion."""
AZIMUTHS = (0, 45, 90, 135, 180, 270)
_FRAMES = 16
_GREY = 0.95


def photos_of(name: str) -> Photos:
    """Of a person that ships, a wide reference, or a folder with front.png and back.png."""
    if name.endswith(".png"):
        return Photos(reference=name)
    if Path(name).is_dir():
        return Photos(front=f"{name}/front.png", back=f"{name}/back.png")
    return Photos(person=name)


def sheet(person: Person, width: int) -> tuple[torch.Tensor, float]:
    """The sheet (3 height width, 0..1), and the median time to paint one of its pictures, seconds."""
    behind = torch.full((3, 1, 1), _GREY)
    atlas, rows, took_s = Atlas(device="cpu"), [], []
    for motion, moment in MOMENTS.items():
        at = round(moment * _FRAMES)
        pose = pose_body(person.body, built_in_motion(motion, _FRAMES, 8.0))[at : at + 1]
        verts = pose_skin(person.body.skin, pose)
        row: list[torch.Tensor] = []
        for azimuth in AZIMUTHS:
            view = View(azimuth_deg=azimuth)
            camera = make_camera("static", view, verts, width, width * 13 // 8)
            conditions = make_conditions(person.body, pose, camera, 0.0, Request.shade)
            started = time.perf_counter()
            painted = atlas.paint(person, conditions, 0)[0]
            took_s.append(time.perf_counter() - started)
            row.append(over(painted, behind))
        rows.append(torch.cat(row, 2))
    return torch.cat(rows, 1), statistics.median(took_s)


def main() -> None:
    """Write a sheet for each person."""
    parser = argparse.ArgumentParser(usage=(__doc__ or "").split("Usage: ")[1].split("\n")[0])
    parser.add_argument("people", nargs="*", default=["alex", "sam"])
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--out", type=Path, default=Path("runs/sheets"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in asked.people:
        photos = photos_of(name)
        person = find_person(photos) if photos.person else build_person(photos)
        picture, took_s = sheet(person, asked.width)
        path = asked.out / f"{Path(name).stem}.png"
        write_picture(path, picture)
        print(f"{path}: {1000 * took_s:.0f} ms a frame", flush=True)


if __name__ == "__main__":
    main()
