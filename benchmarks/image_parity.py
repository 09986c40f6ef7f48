"""Does `--image flux-kontext` paint what the official script paints? Against DiffSynth, whose pipeline that script runs.

Usage: python -m benchmarks.image_parity  (prints the tables of docs/backends.md; needs `make .venv/diffsynth`)

Tiny random FLUX, ControlNet and LoRA and the full-size VAE go into DiffSynth's own pipeline and into ours. Then every
semantic is broken on purpose, to show that the comparison would notice.
"""

import contextlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from benchmarks.parity_diffsynth import DIFFSYNTH, paint_theirs
from benchmarks.parity_world import (
    CASES,
    DOUBLES,
    HEIGHT,
    SEED,
    SINGLES,
    STEPS,
    WIDTH,
    Case,
    Painted,
    make_world,
)
from reimagine.frames.flux import painter, pictures, sampler, schedule
from reimagine.frames.flux.load import Models
from reimagine.frames.flux.lora import LowRank, fuse, read_lora
from reimagine.frames.flux.painter import KontextPainter
from reimagine.frames.flux.sampler import Text, kontext_velocity
from reimagine.frames.flux.tiny import tiny_transformer
from reimagine.settings import ImageModel


def paint_ours(case: Case) -> Painted:
    """By the code that `--image flux-kontext` runs."""
    latents = denoise_ours(case)
    return Painted(latents=latents, picture=pictures.decode(make_world().vae, latents)[0])


def denoise_ours(
    case: Case,
    change_lora: Callable[[tuple[LowRank, ...]], tuple[LowRank, ...]] = lambda lora: lora,
) -> Tensor:
    """The latents alone; `change_lora` is for breaking them."""
    world = make_world()
    transformer = tiny_transformer(torch.Generator(), doubles=DOUBLES, singles=SINGLES)
    transformer.load_state_dict(world.transformer.state_dict())
    fuse(transformer, change_lora(read_lora(world.lora, transformer)), case.lora_strength)
    settings = ImageModel(
        steps=STEPS,
        true_cfg=case.true_cfg,
        control_scale=case.control_scale,
        init="atlas" if case.start else "none",
    )
    made = KontextPainter(
        settings=settings,
        models=Models(transformer=transformer, controlnet=world.controlnet, vae=world.vae),
        texts=world.texts,
        velocity=sampler.kontext_velocity(transformer, world.controlnet),
    )
    noise = schedule.starting_noise(SEED, HEIGHT, WIDTH)
    start = world.start[None] if case.start else None
    return made.denoise(world.normal_map[None], world.reference, noise, start)


def differences(ours: Painted, theirs: Painted) -> tuple[float, float]:
    """Largest difference of the latents, and of the picture."""
    return (
        float((ours.latents - theirs.latents).abs().max()),
        float((ours.picture - theirs.picture).abs().max()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A semantic of the official script, and how to get it wrong."""

    official: str
    wrong: str
    patched: Callable[[], AbstractContextManager[Any]]
    case: Case = CASES[0]
    change_lora: Callable[[tuple[LowRank, ...]], tuple[LowRank, ...]] = lambda lora: lora


def latents_when_broken(broken: Break) -> Tensor:
    """What our side paints then."""
    with broken.patched():
        return denoise_ours(broken.case, broken.change_lora)


def _sampled(vae: Any, images: Tensor) -> Tensor:  # noqa: ANN401
    drawn = vae.encode(images * 2 - 1).latent_dist.sample(torch.Generator().manual_seed(1))
    return (drawn - vae.config.shift_factor) * vae.config.scaling_factor


def _unshifted(vae: Any, images: Tensor) -> Tensor:  # noqa: ANN401
    return vae.encode(images * 2 - 1).latent_dist.mode() * vae.config.scaling_factor


def _drawn_in_bfloat16(seed: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = (1, 16, height // 8, width // 8)
    return torch.randn(shape, generator=generator, dtype=torch.bfloat16).float()


def _guidance_of(kind: str, strength: float) -> Callable[..., Tensor]:
    """Tells one of the two models another guidance strength."""

    def guidance(model: Any, steering: sampler.Steering, latents: Tensor) -> Tensor:  # noqa: ANN401
        own = strength if kind in type(model).__name__ else steering.guidance
        return torch.full((latents.shape[0],), own)

    return guidance


def _repeated(samples: list[Tensor] | None, tokens: int) -> list[Tensor] | None:
    if samples is None:
        return None
    return [
        torch.cat([one, one.mean(1, keepdim=True).expand(-1, tokens, -1)], 1) for one in samples
    ]


def _reference_first(transformer: Any, controlnet: Any) -> sampler.Velocity:  # noqa: ANN401
    """Gives target and reference each other's places in the rotary positions."""
    right = kontext_velocity(transformer, controlnet)

    def velocity(steering: sampler.Steering, text: Text, latents: Tensor, level: Tensor) -> Tensor:
        other = replace(steering.reference, ids=steering.reference.ids * torch.tensor([0.0, 1, 1]))
        ids = steering.ids + torch.tensor([1.0, 0, 0])
        return right(replace(steering, reference=other, ids=ids), text, latents, level)

    return velocity


def _negative_without_control(transformer: Any, controlnet: Any) -> sampler.Velocity:  # noqa: ANN401
    right = kontext_velocity(transformer, controlnet)
    alone = kontext_velocity(transformer, None)

    def velocity(steering: sampler.Steering, text: Text, latents: Tensor, level: Tensor) -> Tensor:
        chosen = alone if text is steering.negative else right
        return chosen(steering, text, latents, level)

    return velocity


def _other_patches(latents: Tensor) -> Tensor:
    return sampler.rearrange(latents, "f c (r p) (k q) -> f (r k) (p q c)", p=2, q=2)


def _nothing() -> AbstractContextManager[Any]:
    return contextlib.nullcontext()


def _scaled_lora(lora: tuple[LowRank, ...]) -> tuple[LowRank, ...]:
    return tuple(replace(part, scale=part.scale / part.down.shape[0]) for part in lora)


def _rows_mixed_up(lora: tuple[LowRank, ...]) -> tuple[LowRank, ...]:
    swap = {"to_q": "to_k", "to_k": "to_q"}
    return tuple(
        replace(part, layer=part.layer.replace(end, swap[end]))
        if (end := part.layer.rsplit(".", 1)[-1]) in swap
        else part
        for part in lora
    )


def _replaced(where: Any, name: str, new: Any) -> Callable[[], AbstractContextManager[Any]]:  # noqa: ANN401
    return lambda: patch.object(where, name, new)


BREAKS = (
    Break(
        official="noise levels shifted by a fixed 3",
        wrong="no shift",
        patched=_replaced(schedule, "SHIFT", 1.0),
    ),
    Break(
        official="noise levels end at 0.003/1.002 before shifting",
        wrong="at 1/steps, as in diffusers",
        patched=_replaced(schedule, "_LAST", 1 / STEPS),
    ),
    Break(
        official="noise drawn in float32",
        wrong="in bfloat16",
        patched=_replaced(schedule, "starting_noise", _drawn_in_bfloat16),
    ),
    Break(
        official="embedded guidance 3.5",
        wrong="1",
        patched=_replaced(sampler, "_guidance", _guidance_of("Transformer", 1.0)),
    ),
    Break(
        official="the ControlNet's guidance 3.5",
        wrong="1",
        patched=_replaced(sampler, "_guidance", _guidance_of("ControlNet", 1.0)),
    ),
    Break(
        official="the ControlNet acts on the target's tokens alone",
        wrong="on the reference's too",
        patched=_replaced(sampler, "_lengthened", _repeated),
    ),
    Break(
        official="the VAE's mean",
        wrong="a draw",
        patched=_replaced(painter, "encode", _sampled),
    ),
    Break(
        official="latents less the VAE's shift",
        wrong="not shifted",
        patched=_replaced(painter, "encode", _unshifted),
    ),
    Break(
        official="2 x 2 patches as (channel, row, column)",
        wrong="(row, column, channel)",
        patched=_replaced(painter, "to_tokens", _other_patches),
    ),
    Break(
        official="the reference at its own size",
        wrong="at half its size",
        patched=lambda: patch.object(
            painter,
            "encode_reference",
            lambda vae, picture, _: pictures.encode_reference(vae, picture, HEIGHT // 2),
        ),
    ),
    Break(
        official="target at index 0, reference at 1 of the rotary positions",
        wrong="the other way round",
        patched=_replaced(sampler, "kontext_velocity", _reference_first),
    ),
    Break(
        official="both passes of classifier-free guidance see the control",
        wrong="the negative pass sees none",
        patched=_replaced(sampler, "kontext_velocity", _negative_without_control),
        case=CASES[4],
    ),
    Break(
        official="LoRA added as it is",
        wrong="divided by its rank",
        patched=_nothing,
        change_lora=_scaled_lora,
    ),
    Break(
        official="rows of a fused LoRA layer are query, key, value",
        wrong="key, query, value",
        patched=_nothing,
        change_lora=_rows_mixed_up,
    ),
    Break(
        official="starting from a picture: all steps from a lower level on",
        wrong="from pure noise's level",
        patched=lambda: patch.object(
            painter, "noise_levels", lambda steps, _: schedule.noise_levels(steps)
        ),
        case=CASES[5],
    ),
)


def main() -> None:
    """Print both tables."""
    if not DIFFSYNTH.is_dir():
        sys.exit(f"{DIFFSYNTH} is not there; run make .venv/diffsynth first")
    print("| case | latents | picture |\n|---|---|---|")
    for case in CASES:
        latents, picture = differences(paint_ours(case), paint_theirs(case))
        print(f"| {case} | {latents:.1e} | {picture:.1e} |", flush=True)
    print("\n| official | broken on purpose | latents differ by |\n|---|---|---|")
    for broken in BREAKS:
        gap = float((latents_when_broken(broken) - paint_theirs(broken.case).latents).abs().max())
        print(f"| {broken.official} | {broken.wrong} | {gap:.1e} |", flush=True)


if __name__ == "__main__":
    main()
