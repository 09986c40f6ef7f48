"""The method behind `--refiner wan`, part by part and by length: python -m benchmarks.refine_video [--lengths].

Parts: pictures of alex whose texture boils (`refine_flow`, 4-8 px) refined by an analytic model, a Gaussian prior
that believes each pixel to change slowly where it is. It knows nothing of people or motion, so what it smears shows
what each part of the method holds back. Columns as in `refine_flow`; `--plot FILE.svg` draws them too.

Lengths: clips of 24, 240 and 2,400 frames, each in a process of its own with one thread (Linux): `wan` by a tiny random Wan on
32x32, `flow` on alex at 48x78. Colour: the mean at second 1 and at the last full second. `--keep FILE` holds finished rows.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor

from benchmarks.refine_flow import Figures, figures, flickering, make_truth, part
from reimagine.people import find_person
from reimagine.records import SurfaceView
from reimagine.refine.backend import Read, See
from reimagine.refine.backends.flow import make as make_flow
from reimagine.refine.backends.wan import make
from reimagine.refine.diffusion.clip import Plan, VideoRefiner
from reimagine.refine.diffusion.places import marks_of
from reimagine.refine.diffusion.sample import Hold, Span
from reimagine.refine.diffusion.schedule import Level, flow_matching
from reimagine.settings import Photos, Refinement

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
    guard=False,
)
HELD = Hold(low=0.6, high=0.2, outside=1.0, easing=0.5, over_time=5)
PARTS: dict[str, Plan] = {
    "model alone": FREE,
    "+ outside held": replace(FREE, hold=Hold(outside=1.0)),
    "+ coarse held to itself": replace(FREE, hold=replace(HELD, high=0.0, over_time=1)),
    "+ coarse held to its mean": replace(FREE, hold=replace(HELD, high=0.0)),
    "+ fine held": replace(FREE, hold=HELD),
    "+ noise on the surface": replace(FREE, hold=HELD, surface=True),
    "+ guessed places held half": replace(FREE, hold=replace(HELD, guessed=0.5), surface=True),
    "+ face and hands guarded": replace(
        FREE, hold=replace(HELD, guessed=0.5), surface=True, guard=True
    ),
    "+ windows of 5, 2 shared": replace(
        FREE,
        hold=replace(HELD, guessed=0.5),
        surface=True,
        guard=True,
        span=Span(window=5, overlap=2),
    ),
}


def parts(plot: Path | None) -> None:
    """Print the table and draw it."""
    truth = make_truth("alex", 9, 192)
    pictures = flickering(truth, "texture 4-8 px")
    print("| part | warp | sharp | psnr | mm |\n|---|---|---|---|---|")
    rows = {"flickering": pictures}
    for name, plan in PARTS.items():
        refiner = VideoRefiner(
            load=Slow, plan=plan, marks=marks_of(find_person(Photos(person="alex")))
        )
        frames = refiner.refine(
            pictures.__getitem__, lambda a, b: part(truth.seen, a, b), len(pictures)
        )
        rows[name] = torch.stack(list(frames))
    found = {name: figures(clip, truth) for name, clip in rows.items()}
    for name, f in found.items():
        print(f"| {name} | {f.warp:.2f} | {f.sharp:.3f} | {f.psnr:.1f} | {f.mm:.2f} |")
    if plot is not None:
        plot.write_text(drawn(found), encoding="utf-8")


COLUMNS = {
    "warp": "warping error x 10,000 (less is better)",
    "sharp": "sharpness over the truth's (1 is best)",
    "psnr": "likeness in dB (more is better)",
    "mm": "control error in mm (less is better)",
}


def drawn(found: dict[str, Figures]) -> str:
    """A panel of bars for each column as SVG."""
    width, label, line = 860, 190, 22
    panel = 34 + line * len(found)
    height = panel * len(COLUMNS) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, (column, title) in enumerate(COLUMNS.items()):
        top = number * panel + 22
        lines.append(f'<text x="{label}" y="{top}" font-weight="bold">{escape(title)}</text>')
        values = {name: float(getattr(f, column)) for name, f in found.items()}
        most = max(values.values())
        for at, (name, value) in enumerate(values.items()):
            y = top + 8 + at * line
            bar = (width - label - 60) * value / most
            fill = "#999999" if at == 0 else "#3a6ea5"
            lines += [
                f'<text x="{label - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>',
                f'<rect x="{label}" y="{y}" width="{bar:.1f}" height="{line - 5}" fill="{fill}"/>',
                f'<text x="{label + bar + 5:.1f}" y="{y + 13}">{value:.3g}</text>',
            ]
    return "\n".join([*lines, "</svg>", ""])


def lengths(keep: Path | None) -> None:
    """Print a line for each refiner and length; those that are kept already are not run."""
    print(
        "| refiner | frames | peak MiB | ms a frame | colour, second 1 | last |\n|---|---|---|---|---|---|"
    )
    rows: dict[str, str] = {}
    if keep is not None and keep.exists():
        rows = json.loads(keep.read_text(encoding="utf-8"))
    for refiner in ("flow", "wan"):
        for frames in (24, 240, 2400):
            name = f"{refiner} {frames}"
            if name not in rows:
                command = [sys.executable, "-m", "benchmarks.refine_video"]
                command += ["--frames", str(frames), "--refiner", refiner]
                ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                rows[name] = ran.stdout.strip().splitlines()[-1]
                if keep is not None:
                    keep.write_text(json.dumps(rows), encoding="utf-8")
            print(rows[name], flush=True)


def one_length(refiner: str, frames: int) -> None:
    """Refine so many frames and print what it took."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        read, see = small_person() if refiner == "flow" else small_noise()
        steady = make_flow("cpu", Refinement()) if refiner == "flow" else tiny(Path(folder))
        started = time.monotonic()
        colours: list[float] = []
        peak = 0
        for one in steady.refine(read, see, frames):
            colours.append(float(one[:3].sum() / one[3].sum() / 3))
            peak = max(peak, int(Path("/proc/self/statm").read_text().split()[1]))
        each_ms = 1000 * (time.monotonic() - started) / frames
    peak_mib = peak * resource.getpagesize() / 2**20
    first, last = (sum(part) / len(part) for part in (colours[:24], colours[-24:]))
    print(f"| {refiner} | {frames} | {peak_mib:.0f} | {each_ms:.0f} | {first:.4f} | {last:.4f} |")


def tiny(folder: Path) -> VideoRefiner:
    """A refiner by a tiny random Wan."""
    from reimagine.refine.wan.tiny import write_tiny_wan

    write_tiny_wan(folder)
    return make("cpu", Refinement(weights=str(folder), steps=2, noise="plain"))


def small_noise() -> tuple[Read, See | None]:
    """A still picture that flickers."""
    still = torch.rand(4, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.25
    still[3] = 1

    def read(frame: int) -> Tensor:
        flicker = torch.randn(3, 1, 1, generator=torch.Generator().manual_seed(frame))
        picture = still.clone()
        picture[:3] += 0.03 * flicker
        return picture

    return read, None


def small_person() -> tuple[Read, See | None]:
    """Alex, walking 24 frames forth and back."""
    truth = make_truth("alex", 24, 48)

    def place(frame: int) -> int:
        return frame % 46 if frame % 46 < 24 else 46 - frame % 46

    def see(start: int, stop: int) -> SurfaceView:
        assert stop == start + 1
        return part(truth.seen, place(start), place(start) + 1)

    return lambda frame: truth.pictures[place(frame)], see


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--frames", type=int)
    parser.add_argument("--refiner", choices=("flow", "wan"), default="wan")
    chosen = parser.parse_args()
    if chosen.frames:
        one_length(chosen.refiner, chosen.frames)
    elif chosen.lengths:
        lengths(chosen.keep)
    else:
        parts(chosen.plot)


if __name__ == "__main__":
    main()
