"""How far `flow` steadies flickering pictures: python benchmarks/refine_flow.py [--frames N] [--width W] [PERSON ...].

Truth is a person painted by `atlas` at twice the size while walking before an orbiting camera, then averaged down: one
that ships, or a wide reference picture (front left, back right). Each kind of flicker is laid over it frame by frame,
as a single-frame image model makes it. On the foreground, before and after:

warp   warping error along the true flow (Lai et al., ECCV 2018), times 10,000; the truth's own stands in the first row
sharp  variance of the Laplacian over the truth's
psnr   likeness to the truth in dB
mm     control error: displacement at the joints
gauss  how far a plain temporal Gaussian brings the warping error down when it may cost as much sharpness as 3 % or
       what flow cost, whichever is more
"""

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from reimagine.body.model import joint_positions
from reimagine.conditions.normals import make_conditions
from reimagine.frames.backends.atlas import dress
from reimagine.frames.backends.atlas import make as make_atlas
from reimagine.people import find_person
from reimagine.records import Raster, Seen
from reimagine.refine.backends.flow import make
from reimagine.refine.resample import lanczos, nearest_inside
from reimagine.request import Clip, Photos, Refinement, View
from reimagine.scene import find_motion, make_scene
from reimagine.scores.control import control
from reimagine.scores.sharpness import sharpness
from reimagine.scores.steadiness import Carry, change, mesh_carry

Spoil = Callable[[Tensor, torch.Generator], None]
"""Alters a picture at twice the size in place."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A clip without flicker and what is known of it."""

    fine: Tensor
    """frames 4 height width, at twice the size."""
    seen: Seen
    joints: Tensor
    carries: list[Carry]
    pictures: Tensor
    solid: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one clip."""

    warp: float
    sharp: float
    psnr: float
    mm: float


def smooth(chance: torch.Generator, shape: torch.Size, scale: int, channels: int) -> Tensor:
    """Noise of unit variance at grid points `scale` pixels apart."""
    size = [max(2, side // scale + 2) for side in shape]
    noise = torch.randn(1, channels, *size, generator=chance)
    return interpolate(noise, size=shape, mode="bicubic", align_corners=True)[0]


def boil(*scales: int, amount: float) -> Spoil:
    """Texture that is another in each frame; scales in pixels of the final picture."""

    def spoil(picture: Tensor, chance: torch.Generator) -> None:
        for scale in scales:
            picture[:3] += amount * smooth(chance, picture.shape[1:], 2 * scale, 3)

    return spoil


def gain(amount: float, channels: int) -> Spoil:
    """Exposure (one channel) or colour (three) that jumps."""

    def spoil(picture: Tensor, chance: torch.Generator) -> None:
        picture[:3] *= torch.exp(amount * torch.randn(channels, 1, 1, generator=chance))

    return spoil


def carried_outwards(picture: Tensor) -> Tensor:
    """The person's colours, and around them those of the nearest pixel that is the person's alone."""
    nearest = nearest_inside(picture[3] > 0.99)
    return picture[:3].reshape(3, -1)[:, nearest].reshape(picture[:3].shape)


def jitter(picture: Tensor, chance: torch.Generator) -> None:
    """Edges that move by about a pixel of the final picture."""
    height, width = picture.shape[1:]
    moved = 1.6 * smooth(chance, picture.shape[1:], 40, 2) + torch.randn(2, 1, 1, generator=chance)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    at = torch.stack([x + moved[0], y + moved[1]], dim=-1).reshape(-1, 2)
    carried = carried_outwards(picture).permute(1, 2, 0)
    picture[:3] = lanczos(carried, at).T.reshape(3, height, width)


def detail(picture: Tensor, chance: torch.Generator) -> None:
    """Detail that comes and goes from place to place."""
    carried = carried_outwards(picture)
    blurred = avg_pool2d(carried[None], 9, 1, 4, count_include_pad=False)[0]
    more = 0.8 * smooth(chance, picture.shape[1:], 48, 1).clamp(-1.2, 1.2)
    picture[:3] = carried + more * (carried - blurred)


KINDS: dict[str, tuple[Spoil, ...]] = {
    "none": (),
    "texture 1-2 px": (boil(1, 2, amount=0.04),),
    "texture 4-8 px": (boil(4, 8, amount=0.04),),
    "texture 16-32 px": (boil(16, 32, amount=0.04),),
    "exposure": (gain(0.1, 1),),
    "colour": (gain(0.1, 3),),
    "edges": (jitter,),
    "detail": (detail,),
    "wrong frame": (),
    "all": (jitter, detail, boil(1, 2, 4, 8, 16, 32, amount=0.02), gain(0.08, 1), gain(0.06, 3)),
}


def flickering(truth: Truth, kind: str) -> Tensor:
    """The clip as an image model would paint it frame by frame, 8 bit."""
    chance = torch.Generator().manual_seed(1)
    fine = truth.fine.clone()
    for picture in fine:
        for spoil in KINDS[kind]:
            spoil(picture, chance)
    if kind in ("wrong frame", "all"):
        fine[len(fine) // 2, :3] = 1 - fine[len(fine) // 2, :3]
    return halved(fine)


def halved(fine: Tensor) -> Tensor:
    """At the final size, straight alpha, 8 bit."""
    alpha = avg_pool2d(fine[:, 3:], 2)
    colours = avg_pool2d(fine[:, :3].clamp(0, 1) * fine[:, 3:], 2) / alpha.clamp_min(1e-6)
    return (torch.cat([colours, alpha], dim=1).clamp(0, 1) * 255).round() / 255


def part(seen: Seen, start: int, stop: int) -> Seen:
    """Frames start..stop-1."""
    cut, raster = slice(start, stop), seen.raster
    return Seen(
        verts=seen.verts[cut],
        faces=seen.faces,
        camera=seen.camera[cut],
        raster=Raster(
            face=raster.face[cut], barycentrics=raster.barycentrics[cut], depth=raster.depth[cut]
        ),
    )


def make_truth(who: str, frames: int, width: int) -> Truth:
    """A person who walks while the camera goes round."""
    height = round(width * 1.625 / 2) * 2
    clip = Clip(
        motion="walk", frames=frames, size=f"{width}x{height}", view=View(turns=frames / 60)
    )
    person = find_person(Photos(reference=who) if "." in who else Photos(person=who))
    small = make_scene(clip, find_motion(clip), person.body, person.surface)
    big = replace(
        small.camera,
        K=small.camera.K * torch.tensor([2.0, 2, 1])[:, None],
        width=2 * width,
        height=2 * height,
    )
    conditions = make_conditions(person.body, small.pose, big, small.heading_rad)
    fine = make_atlas().paint(person, conditions, 0)
    seen = dress(person, small.pose, small.camera)
    pictures = halved(fine)
    return Truth(
        fine=fine,
        seen=seen,
        joints=joint_positions(person.body, small.pose),
        carries=[mesh_carry(part(seen, k, k + 2)) for k in range(frames - 1)],
        pictures=pictures,
        solid=(pictures[:, 3] > 0.99).numpy(),
    )


def on_white(pictures: Tensor) -> NDArray[np.float32]:
    """Laid over white: frames height width 3."""
    return (pictures[:, :3] * pictures[:, 3:] + 1 - pictures[:, 3:]).permute(0, 2, 3, 1).numpy()


def warp_and_sharp(pictures: Tensor, truth: Truth) -> tuple[float, float]:
    """Warping error times 10,000, and the mean variance of the Laplacian."""
    shown = on_white(pictures)
    errors = [change(shown[k], shown[k + 1], c).squared for k, c in enumerate(truth.carries)]
    sharp = [sharpness(one, solid) for one, solid in zip(shown, truth.solid, strict=True)]
    return 1e4 * float(np.mean(errors)), float(np.mean(sharp))


def figures(pictures: Tensor, truth: Truth) -> Figures:
    """All figures of a clip."""
    warp, sharp = warp_and_sharp(pictures, truth)
    shown, true = on_white(pictures), on_white(truth.pictures)
    error = np.square(shown - true)[truth.solid].mean()
    frames = range(1, len(shown), max(1, len(shown) // 3))
    joints = [
        control(shown[k], true[k], part(truth.seen, k, k + 1), truth.joints[k]).joints_mm
        for k in frames
    ]
    return Figures(
        warp=warp,
        sharp=sharp / warp_and_sharp(truth.pictures, truth)[1],
        psnr=-10 * math.log10(max(float(error), 1e-9)),
        mm=float(np.nanmean(np.stack(joints))),
    )


def gaussian(pictures: Tensor, sigma: float) -> Tensor:
    """Each pixel averaged over time where it is, whatever moves there."""
    if sigma < 1e-3:
        return pictures
    at = torch.arange(len(pictures), dtype=torch.float32)
    weights = torch.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2)
    weights = weights / weights.sum(1, keepdim=True)
    blurred = torch.einsum("ab,bchw->achw", weights, pictures[:, :3] * pictures[:, 3:])
    alpha = torch.einsum("ab,bchw->achw", weights, pictures[:, 3:])
    return torch.cat([blurred / alpha.clamp_min(1e-6), pictures[:, 3:]], dim=1)


def gaussian_down(pictures: Tensor, truth: Truth, allowed: float) -> float:
    """Share of the warping error that the widest Gaussian takes which keeps this share of the sharpness."""
    before, sharp = warp_and_sharp(pictures, truth)
    low, high = 0.0, 3.0
    for _ in range(7):
        middle = (low + high) / 2
        kept = warp_and_sharp(gaussian(pictures, middle), truth)[1] >= allowed * sharp
        low, high = (middle, high) if kept else (low, middle)
    return 1 - warp_and_sharp(gaussian(pictures, low), truth)[0] / before


def main() -> None:
    """Print a table for each person."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("people", nargs="*", default=["alex", "sam"])
    chosen = parser.parse_args()
    for who in chosen.people:
        truth = make_truth(who, chosen.frames, chosen.width)
        print(f"{who}, {chosen.frames} frames of {chosen.width} pixels' width")
        print(
            "| flicker | warp | down | gauss | sharp | psnr | mm | s/frame |\n|---|---|---|---|---|---|---|---|"
        )
        for kind in KINDS:
            row(truth, kind)


def row(truth: Truth, kind: str) -> None:
    """Print one line of the table."""
    pictures = flickering(truth, kind)
    started = time.monotonic()
    frames = len(pictures)
    refined = make("cpu", Refinement()).steady(
        pictures.__getitem__, lambda a, b: part(truth.seen, a, b), frames
    )
    refined = torch.stack(list(refined))
    each_s = (time.monotonic() - started) / frames
    a, b = figures(pictures, truth), figures(refined, truth)
    gauss = gaussian_down(pictures, truth, min(0.97, b.sharp / a.sharp))
    print(
        f"| {kind} | {a.warp:.2f} → {b.warp:.2f} | {1 - b.warp / a.warp:.0%} | {gauss:.0%} | "
        f"{a.sharp:.3f} → {b.sharp:.3f} | {a.psnr:.1f} → {b.psnr:.1f} | "
        f"{a.mm:.2f} → {b.mm:.2f} | {each_s:.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
