"""Seconds a frame: the official way, diffusers' own pipelines, and `--image flux-kontext` lever by lever, in one run.

Usage: python -m benchmarks.image_stage [--full]

Without --full: tiny random transformers and the full-size VAE on one thread of a CPU, in seconds of its time. That shows that all of it runs and how
far each is from the exact picture; ratios of times say little, as what is tiny here is most of the work there. With --full on
a GPU: random weights of the full size, whose speed is that of the real ones, at 800 x 1328, against the floor: matrix products
over the card's measured bfloat16 rate. The official way needs `make .venv/diffsynth`, else it is left out.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.image_models import Size, Stage, make_painter, make_stage
from benchmarks.image_rivals import Paint, official, stock_controlnet, stock_kontext
from benchmarks.parity_diffsynth import DIFFSYNTH
from benchmarks.parity_world import SEED
from reimagine.frames.flux.plan import frame_cost
from reimagine.frames.flux.schedule import starting_noise
from reimagine.settings import ImageModel

EXACT = ImageModel(steps=20)
LEVERS = {
    "exact": EXACT,
    "batches of 2": replace(EXACT, batch=2),
    "compiled blocks": replace(EXACT, compile=True),
    "weights as int8": replace(EXACT, quantize="int8"),
    "weights as float8": replace(EXACT, quantize="fp8"),
    "int8, blocks fetched one by one": replace(EXACT, vram="16"),
    "TaylorSeer": replace(EXACT, cache="taylorseer"),
    "reference at half its height": replace(EXACT, reference_height=664),
    "reference reused from 1 level": replace(EXACT, reference_reuse=1),
    "reference reused from 4 levels": replace(EXACT, reference_reuse=4),
    "8 steps, as with a few-step LoRA": replace(EXACT, steps=8),
    "reused from 4, compiled": replace(EXACT, reference_reuse=4, compile=True),
    "reused from 4, compiled, 8 steps": replace(EXACT, reference_reuse=4, compile=True, steps=8),
}
BATCH = 2
"""Frames that are timed together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What a way of painting took."""

    name: str
    seconds: float
    """A frame."""
    peak_gb: float = 0.0
    picture: Tensor | None = None
    """Of the first frame; None where it is not the picture that is asked for."""


def main() -> None:
    """Print the table."""
    full = "--full" in sys.argv
    if full and not torch.cuda.is_available():
        sys.exit("--full needs a CUDA device; torch finds none here.")
    torch.set_num_threads(1)
    stage = make_stage(Size.chosen(full=full))
    floor_s = _floor_s(stage)
    print(
        "| way | s a frame | of ours, exact | of the official, kept | of the floor | peak GB | differs by |"
    )
    print("|---|---|---|---|---|---|---|")
    rivals = [*_rivals(stage)]
    exact = _timed("ours: exact", lambda: _ours(stage, EXACT), stage)
    kept = next((one.seconds for one in rivals if "kept" in one.name), None)
    for one in rivals:
        _print(one, exact, kept, floor_s)
    _print(exact, exact, kept, floor_s)
    for name, settings in LEVERS.items():
        if settings != EXACT:
            made = _timed(f"ours: {name}", lambda chosen=settings: _ours(stage, chosen), stage)
            _print(made, exact, kept, floor_s)


def _rivals(stage: Stage) -> list[Timed]:
    found: list[Timed] = []
    if DIFFSYNTH.is_dir():
        started = _clock(stage, children=True)
        once = [sys.executable, "-m", "benchmarks.image_rivals", "--once"]
        subprocess.run([*once, *(["--full"] if stage.size.full else [])], check=True)
        elapsed_s = _clock(stage, children=True) - started
        found.append(Timed(name="official: a process a picture", seconds=elapsed_s))
        found.append(_timed("official: models kept", lambda: _each(official(stage)), stage))
    for name, way in (
        ("diffusers: Kontext, no control", stock_kontext),
        ("diffusers: ControlNet, no reference", stock_controlnet),
    ):
        made = _timed(name, lambda chosen=way: _each(chosen(stage)), stage)
        found.append(replace(made, picture=None))
    return found


PaintAll = Callable[[list[Tensor]], list[Tensor]]


def _each(paint: Paint) -> PaintAll:
    return lambda maps: [paint(one) for one in maps]


def _ours(stage: Stage, settings: ImageModel) -> PaintAll:
    size = stage.size
    painter = make_painter(stage, settings)
    if settings.reference_height is not None and not size.full:
        painter.settings = replace(settings, reference_height=size.height // 2)
    noise = starting_noise(SEED, size.height, size.width)

    def paint(maps: list[Tensor]) -> list[Tensor]:
        noises = noise.expand(len(maps), -1, -1, -1)
        return list(painter.paint(torch.stack(maps), stage.reference, noises))

    return paint


def _timed(name: str, make: Callable[[], PaintAll], stage: Stage) -> Timed:
    """The first frames compile and encode the reference; the next ones are timed."""
    paint = make()
    maps = [stage.map(frame) for frame in range(2 * BATCH)]
    first = paint(maps[:BATCH])[0]
    if stage.size.full:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = _clock(stage)
    paint(maps[BATCH:])
    elapsed_s = (_clock(stage) - started) / BATCH
    peak = torch.cuda.max_memory_allocated() / 1e9 if stage.size.full else 0.0
    return Timed(name=name, seconds=elapsed_s, peak_gb=peak, picture=first)


def _clock(stage: Stage, *, children: bool = False) -> float:
    """Seconds; of the processor on a CPU, which other work there does not change."""
    if stage.size.full:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _print(made: Timed, exact: Timed, kept: float | None, floor_s: float | None) -> None:
    gap = "another picture"
    if made.picture is not None and exact.picture is not None:
        gap = f"{float((made.picture - exact.picture).abs().mean()):.1e}"
    if "process" in made.name:
        gap = "as below"
    of_kept = "-" if kept is None else f"{made.seconds / kept:.2f}"
    of_floor = "-" if floor_s is None else f"{made.seconds / floor_s:.2f}"
    peak = f"{made.peak_gb:.1f}" if floor_s is not None else "-"
    print(
        f"| {made.name} | {made.seconds:.2f} | {made.seconds / exact.seconds:.2f} | {of_kept} | {of_floor} | "
        f"{peak} | {gap} |",
        flush=True,
    )


def _floor_s(stage: Stage) -> float | None:
    """Seconds that the matrix products of an exact frame take at the card's rate; None without a card."""
    if not stage.size.full:
        return None
    rate = _card_rate()
    floor_s = frame_cost(stage.size.width, stage.size.height, EXACT).flop_a_frame / rate
    name = torch.cuda.get_device_name()
    print(f"{name}: {rate / 1e12:.0f} TFLOP/s measured, floor {floor_s:.1f} s a frame")
    return floor_s


def _card_rate(side: int = 8192, times: int = 20) -> float:
    """FLOP per second of large bfloat16 matrix products."""
    one, other = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    elapsed_s = 1.0
    for count in (3, times):
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(count):
            torch.mm(one, other)
        torch.cuda.synchronize()
        elapsed_s = time.perf_counter() - started
    return 2 * side**3 * times / elapsed_s


if __name__ == "__main__":
    main()
