"""How near painted frames are to the truth, view by view, on people whose dressed shape is known.

Usage: python -m benchmarks.appearance [--motion walk] [--width 320] [--steps] [--sides] [--gender] [--detail] [--more]

Photos of alex, sam and (with --more) six who do not ship go the same way as a user's. Both the person made of them and the true one then take the same
pose before the same camera.

With --sides, each person is made of front and back, then with a photo from the right, then with both sides. With
--steps, each person is made once with all steps and once without each of them. With --gender, once more, told it. With --detail, those
who have what no photo from front or back shows are made once more, told it.
"""

import argparse
import math
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.looks import DETAILS, MORE
from reimagine.appearance.build import build_person
from reimagine.appearance.steps import ALL
from reimagine.body.library import built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.path import make_camera
from reimagine.frames.backends.atlas import Atlas
from reimagine.people import with_height
from reimagine.pictures import over, write_picture
from reimagine.records import Person
from reimagine.render.conditions import make_conditions
from reimagine.request import Request
from reimagine.scores.fidelity import fidelity
from reimagine.settings import Photos, View
from reimagine.synth.dress import make_dressed
from reimagine.synth.looks import LOOKS, Look
from reimagine.synth.people import make_person_photo, render_truth

AZIMUTHS = (0, 45, 90, 135, 180)
_TOLD = " told their gender"


def compare(
    person: Person, who: str | Look, motion: str, width: int
) -> list[tuple[float, float, float]]:
    """PSNR (dB), SSIM and silhouette IoU for each azimuth, in the middle of the motion's first half."""
    truth = make_dressed(who)
    person = with_height(person, truth.body.height_m)
    frames = built_in_motion(motion, 8, 8.0)
    ours, true = (pose_body(body, frames)[2:3] for body in (person.body, truth.body))
    found: list[tuple[float, float, float]] = []
    white = torch.ones(3, 1, 1)
    for azimuth in AZIMUTHS:
        view = View(azimuth_deg=azimuth)
        camera = make_camera(
            "static", view, pose_skin(truth.body.skin, true), width, width * 13 // 8
        )
        conditions = make_conditions(person.body, ours, camera, 0.0, Request.shade)
        painted = Atlas(device="cpu").paint(person, conditions, 0)[0]
        wanted = render_truth(who, true, camera)[0]
        a, b = (over(one, white).permute(1, 2, 0).numpy() for one in (painted, wanted))
        mine, theirs = ((one[3] > 0.5).numpy() for one in (painted, wanted))
        near = fidelity(a, b, theirs)
        overlap = float((mine & theirs).sum() / (mine | theirs).sum())
        found.append((near.psnr_db, near.ssim, overlap))
    return found


def photograph(who: str | Look, name: str, folder: Path, **yaws: float) -> tuple[str, ...]:
    """Files with a photo for each side: how far the camera goes round from the front, radians, towards their left."""
    made: list[str] = []
    for side, yaw in yaws.items():
        path = folder / f"{name}_{side}.png"
        write_picture(path, make_person_photo(who, yaw))
        made.append(str(path))
    return tuple(made)


def main() -> None:
    """Print one table per person."""
    with TemporaryDirectory() as folder:
        _print_tables(folder)


def _print_tables(folder: str) -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--motion", default="apose,walk")
    options.add_argument("--width", type=int, default=320)
    options.add_argument("--steps", action="store_true")
    options.add_argument("--sides", action="store_true")
    options.add_argument("--gender", action="store_true")
    options.add_argument("--detail", action="store_true")
    options.add_argument("--more", action="store_true")
    asked = options.parse_args()
    whom: dict[str, str | Look] = {"alex": "alex", "sam": "sam"}
    whom |= MORE if asked.more else {}
    print("| person, motion | " + " | ".join(f"{one} deg" for one in AZIMUTHS) + " | mean |")
    print("|---" * (len(AZIMUTHS) + 2) + "|")
    for name, who in whom.items():
        front, back = photograph(who, name, Path(folder), front=0.0, back=math.pi)
        plain = Photos(front=front, back=back)
        variants = {"": (plain, ALL)}
        if asked.steps:
            variants |= {
                f" without {step.name}": (plain, replace(ALL, **{step.name: False}))
                for step in fields(ALL)
            }
        if asked.sides:
            right, left = -math.pi / 2, math.pi / 2
            sides = photograph(who, name, Path(folder), right=right, left=left)
            variants |= {
                f" with {count} more": (replace(plain, photo=sides[:count]), ALL)
                for count in (1, 2)
            }
        if asked.gender:
            variants |= {_TOLD: (plain, ALL)}
        if asked.detail and name in DETAILS:
            variants |= {
                f" with {' and '.join(DETAILS[name])}": (replace(plain, detail=DETAILS[name]), ALL)
            }
        for variant, (given, steps) in variants.items():
            look = LOOKS[who] if isinstance(who, str) else who
            gender = look.phenotype[0] if variant == _TOLD else None
            person = build_person(given, gender=gender, steps=steps)
            for motion in asked.motion.split(","):
                rows = compare(person, who, motion, asked.width)
                psnr, ssim, iou = (float(x) for x in np.mean(rows, axis=0))
                rows.append((psnr, ssim, iou))
                cells = [f"{psnr:.2f} dB {ssim:.3f} IoU {iou:.3f}" for psnr, ssim, iou in rows]
                print(f"| {name}{variant}, {motion} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
