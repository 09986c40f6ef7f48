"""Seconds a frame of `--image flux-kontext`, lever by lever, and what each lever costs in exactness.

Usage: python -m benchmarks.image_stage [--full]

Without --full: tiny random models on the CPU, which shows that the levers run and how far each is from the exact picture;
its seconds mean nothing. With --full on a GPU: random weights of the full size, whose speed is that of the real ones, at
800 x 1328, against the floor: matrix products over the card's measured bfloat16 rate.
"""

import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from torch import Tensor

from benchmarks.parity_world import full_vae
from reimagine.frames.flux.files import find_files
from reimagine.frames.flux.levers import make_velocity, place
from reimagine.frames.flux.load import Models
from reimagine.frames.flux.painter import Painter, load_painter
from reimagine.frames.flux.plan import frame_cost, memory_plan
from reimagine.frames.flux.sampler import Text
from reimagine.frames.flux.schedule import starting_noise
from reimagine.frames.flux.tiny import write_tiny_weights
from reimagine.request import ImageModel

EXACT = ImageModel()
LEVERS = {
    "exact": EXACT,
    "compiled blocks": replace(EXACT, compile=True),
    "weights as int8": replace(EXACT, quantize="int8"),
    "weights as float8": replace(EXACT, quantize="fp8"),
    "blocks fetched one by one": replace(EXACT, vram="16"),
    "TaylorSeer": replace(EXACT, cache="taylorseer"),
    "reference at half its height": replace(EXACT, reference_height=664),
    "reference reused from 1 level": replace(EXACT, reference_reuse=1),
    "reference reused from 4 levels": replace(EXACT, reference_reuse=4),
    "reused from 4, compiled": replace(EXACT, reference_reuse=4, compile=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of the pictures."""

    width: int
    height: int
    device: str


def main() -> None:
    """Print the table."""
    full = "--full" in sys.argv
    if full and not torch.cuda.is_available():
        sys.exit("--full needs a CUDA device; torch finds none here.")
    size = (
        Size(width=800, height=1328, device="cuda")
        if full
        else Size(width=48, height=80, device="cpu")
    )
    floor_s = 0.0
    if full:
        rate = _card_rate()
        floor_s = frame_cost(size.width, size.height, EXACT).flop_a_frame / rate
        print(
            f"{torch.cuda.get_device_name()}: {rate / 1e12:.0f} TFLOP/s measured, floor {floor_s:.1f} s"
        )
    else:
        torch.set_num_threads(1)
        print("Tiny random models on a CPU: the seconds mean nothing.")
    print("| lever | s a frame | of exact | of the floor | peak GB | differs by (mean of 0..1) |")
    print("|---|---|---|---|---|---|")
    exact, exact_s = None, 0.0
    for name, settings in LEVERS.items():
        picture, elapsed_s, peak = _measure(_painter(settings, size), settings, size)
        exact, exact_s = (picture, elapsed_s) if exact is None else (exact, exact_s)
        gap = float((picture - exact).abs().mean())
        of_floor = f"{elapsed_s / floor_s:.2f}" if full else "-"
        print(
            f"| {name} | {elapsed_s:.2f} | {elapsed_s / exact_s:.2f} | {of_floor} | {peak:.1f} | {gap:.4f} |",
            flush=True,
        )


def _measure(painter: Painter, settings: ImageModel, size: Size) -> tuple[Tensor, float, float]:
    """The second frame's picture, seconds and peak: the first one compiles and encodes the reference."""
    generator = torch.Generator().manual_seed(0)
    wide = (3, size.height, 2 * size.width)
    reference = torch.rand(wide, generator=generator)
    maps = torch.rand(2, 3, size.height, size.width, generator=generator)
    noise = starting_noise(43, size.height, size.width)
    if settings.reference_height is not None and size.height < 664:
        painter.settings = replace(settings, reference_height=size.height // 2)
    painter.paint(maps[:1], reference, noise)
    if size.device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    picture = painter.paint(maps[1:], reference, noise)
    elapsed_s = time.perf_counter() - started
    peak = torch.cuda.max_memory_allocated() / 1e9 if size.device == "cuda" else 0.0
    return picture, elapsed_s, peak


def _painter(settings: ImageModel, size: Size) -> Painter:
    if size.device == "cuda":
        return _full_painter(settings)
    settings = replace(settings, weights=str(_tiny_weights()), lora="none")
    return load_painter(find_files(settings), settings, "cpu")


@cache
def _tiny_weights() -> Path:
    """Written once: the tokenizers, which are learned, are not the same every time."""
    folder = Path(tempfile.mkdtemp(prefix="tiny"))
    write_tiny_weights(folder)
    return folder


def _full_painter(settings: ImageModel) -> Painter:
    """Full-size random weights; text embeddings are random too, as their encoders take no part in a frame's time."""
    torch.cuda.empty_cache()
    dtype = torch.bfloat16
    sizes = {"guidance_embeds": True}
    control: dict[str, Any] = {**sizes, "num_layers": 5, "num_single_layers": 0}
    with torch.device("cuda"):
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            transformer = cast("Any", FluxTransformer2DModel)(**sizes)
            controlnet = cast("Any", FluxControlNetModel)(**control)
            vae = full_vae()
        finally:
            torch.set_default_dtype(before)
    models = Models(transformer=transformer.eval(), controlnet=controlnet.eval(), vae=vae.eval())
    for model in (transformer, controlnet, vae):
        model.requires_grad_(requires_grad=False)
    plan = memory_plan(settings.vram, None, settings.quantize)
    place(models, plan, "cuda", dtype)
    generator = torch.Generator("cuda").manual_seed(0)
    text = Text(
        words=torch.randn(1, 512, 4096, generator=generator, device="cuda", dtype=dtype),
        pooled=torch.randn(1, 768, generator=generator, device="cuda", dtype=dtype),
    )
    velocity = make_velocity(models, settings)
    return Painter(settings=settings, models=models, texts=[text], velocity=velocity)


def _card_rate(side: int = 8192, times: int = 20) -> float:
    """FLOP per second of large bfloat16 matrix products."""
    one, other = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for count in (3, times):
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(count):
            one @ other
        torch.cuda.synchronize()
        elapsed_s = time.perf_counter() - started
    return 2 * side**3 * times / elapsed_s


if __name__ == "__main__":
    main()
