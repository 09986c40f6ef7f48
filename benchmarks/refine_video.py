"""The method behind `--refiner wan`, part by part and by length: python -m benchmarks.refine_video [--lengths].

Parts: pictures of alex whose texture boils (`refine_flow`, 4-8 px) refined by an analytic model, a Gaussian prior
that believes each pixel to change slowly where it is. It knows nothing of people or motion, so what it smears shows
what each part of the method holds back. Columns as in `refine_flow`.

Lengths: clips of 24, 240 and 2,400 frames of 64x48 through a tiny random Wan, each in a process of its own.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor

from benchmarks.refine_flow import figures, flickering, make_truth, part
from reimagine.refine.backends.wan import make
from reimagine.refine.diffusion.clip import Plan, VideoRefiner
from reimagine.refine.diffusion.sample import Hold, Span
from reimagine.refine.diffusion.schedule import Level, flow_matching
from reimagine.request import Refinement

STILL = 0.97
"""Correlation of neighbouring frames that the analytic model believes in."""


@dataclass(frozen=True)
class Slow:
    """Pixels are sequences with the correlation STILL ** |a - b|; latents are 4 x 4 pixels, one a frame."""

    stride: int = 1
    multiple: int = 4

    def encode(self, video: Tensor) -> Tensor:
        """About unit variance."""
        return rearrange((video - 0.5) * 4, "c t (h p) (w q) -> (c p q) t h w", p=4, q=4)

    def decode(self, latents: Tensor) -> Tensor:
        """The inverse."""
        return rearrange(latents, "(c p q) t h w -> c t (h p) (w q)", p=4, q=4) / 4 + 0.5

    def denoise(self, noised: Tensor, level: Level) -> Tensor:
        """Posterior mean in closed form."""
        frames = noised.shape[1]
        at = torch.arange(frames)
        C = STILL ** (at[:, None] - at).abs().double()
        both = level.signal**2 * C + level.noise**2 * torch.eye(frames).double()
        gain = level.signal * C @ torch.linalg.inv(both)
        return torch.einsum("ab,cbhw->cahw", gain.float(), noised)


FREE = Plan(
    levels=flow_matching(0.3, 8, 3.0),
    span=Span(window=99, overlap=0),
    hold=Hold(),
    pixels=10**9,
    seed=0,
    surface=False,
)
HELD = Hold(low=0.6, high=0.2, outside=1.0, easing=0.5, over_time=5)
PARTS: dict[str, Plan] = {
    "model alone": FREE,
    "+ outside held": replace(FREE, hold=Hold(outside=1.0)),
    "+ coarse held to itself": replace(FREE, hold=replace(HELD, high=0.0, over_time=1)),
    "+ coarse held to its mean": replace(FREE, hold=replace(HELD, high=0.0)),
    "+ fine held": replace(FREE, hold=HELD),
    "+ noise on the surface": replace(FREE, hold=HELD, surface=True),
    "+ windows of 5, 2 shared": replace(
        FREE, hold=HELD, surface=True, span=Span(window=5, overlap=2)
    ),
}


def parts() -> None:
    """Print the table."""
    truth = make_truth("alex", 9, 192)
    pictures = flickering(truth, "texture 4-8 px")
    print("| part | warp | sharp | psnr | mm |\n|---|---|---|---|---|")
    rows = {"flickering": pictures}
    for name, plan in PARTS.items():
        refiner = VideoRefiner(load=Slow, plan=plan)
        frames = refiner.steady(
            pictures.__getitem__, lambda a, b: part(truth.seen, a, b), len(pictures)
        )
        rows[name] = torch.stack(list(frames))
    for name, clip in rows.items():
        f = figures(clip, truth)
        print(f"| {name} | {f.warp:.2f} | {f.sharp:.3f} | {f.psnr:.1f} | {f.mm:.2f} |", flush=True)


def lengths() -> None:
    """Print a line for each length."""
    for frames in (24, 240, 2400):
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.refine_video", "--frames", str(frames)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        print(ran.stdout.strip(), flush=True)


def one_length(frames: int) -> None:
    """Refine so many frames and say what it took."""
    import resource

    from reimagine.refine.wan.tiny import write_tiny_wan

    with tempfile.TemporaryDirectory() as folder:
        write_tiny_wan(Path(folder))
        settings = Refinement(refine_weights=folder, refine_steps=2, refine_noise="plain")
        refiner = make("cpu", settings)
        chance = torch.Generator().manual_seed(0)
        picture = torch.rand(4, 48, 64, generator=chance)
        started = time.monotonic()
        count = sum(1 for _ in refiner.steady(lambda _: picture, None, frames))
        each_ms = 1000 * (time.monotonic() - started) / count
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} frames: peak {peak_mib:.0f} MiB, {each_ms:.0f} ms a frame")


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", action="store_true")
    parser.add_argument("--frames", type=int)
    chosen = parser.parse_args()
    if chosen.frames:
        one_length(chosen.frames)
    elif chosen.lengths:
        lengths()
    else:
        parts()


if __name__ == "__main__":
    main()
