"""What `--keyframes N` costs in exactness, and how long carrying a frame takes.

Usage: python -m benchmarks.image_keyframes [--full]  (--full: 800x1328, else 256x416)

Alex walks round once in 48 frames, painted by the atlas, whose colours are the same from frame to frame: what differs
comes of carrying alone. A real image model's pictures differ from one another besides, and are blended between.
"""

import sys
import time

import torch

from reimagine.frames.backends.atlas import make
from reimagine.frames.between import between
from reimagine.people import find_person
from reimagine.pictures import over
from reimagine.render.conditions import make_conditions
from reimagine.render.flow import mesh_flow
from reimagine.render.view import view_surface
from reimagine.request import Clip
from reimagine.scene import find_motion, make_scene
from reimagine.settings import Photos

FRAMES = 48
SAMPLES = 12


def main() -> None:
    """Print the table."""
    clip = Clip(frames=FRAMES, size="800x1328" if "--full" in sys.argv else "256x416", device="cpu")
    person = find_person(Photos(person="alex"))
    scene = make_scene(clip, find_motion(clip), person.body, person.surface)

    def painted(frame: int) -> torch.Tensor:
        one = slice(frame, frame + 1)
        conditions = make_conditions(person.body, scene.pose[one], scene.camera[one], 0.0)
        return make().paint(person, conditions, 0)[0]

    print(f"{clip.size}, 24 frames a second, one turn in 2 s, the frame in the middle of two keys.")
    print(
        "| --keyframes | frames painted | PSNR on the person | of the nearest key | from the atlas | s a frame |"
    )
    print("|---|---|---|---|---|---|")
    for every in (2, 4, 8):
        gains, stills, missing, seconds = [], [], [], []
        for frame in range(every // 2, FRAMES - every, FRAMES // SAMPLES):
            three = [frame - every // 2, frame, frame + every // 2]
            before, true, after = (painted(one) for one in three)
            started = time.perf_counter()
            seen = view_surface(person, scene.pose[three], scene.camera[three])
            made = between(before, after, true, seen=seen, share=0.5)
            seconds.append(time.perf_counter() - started)
            gains.append(_psnr(made, true))
            stills.append(_psnr(before, true))
            hidden = ~(mesh_flow(seen, 1, 0).visible | mesh_flow(seen, 1, 2).visible)
            missing.append(float(hidden[seen.raster.face[1] >= 0].float().mean()))
        mean = [sum(one) / len(one) for one in (gains, stills, missing, seconds)]
        print(
            f"| {every} | 1 of {every} | {mean[0]:.1f} dB | {mean[1]:.1f} dB | {100 * mean[2]:.2f} % | {mean[3]:.2f} |",
            flush=True,
        )


def _psnr(made: torch.Tensor, true: torch.Tensor) -> float:
    white = torch.ones(3, 1, 1)
    off = (over(made, white) - over(true, white))[:, true[3] > 0]
    return float(-10 * torch.log10(off.pow(2).mean()))


if __name__ == "__main__":
    main()
