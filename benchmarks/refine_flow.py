"""How far `flow` steadies flickering pictures: python -m benchmarks.refine_flow [--frames N] [--width W] [--seeds N] [--unseen] [PERSON ...].

Truth is a person painted by `atlas` at twice the size while walking before an orbiting camera, then averaged down: one
that ships, or a wide reference picture (front left, back right). Each kind of flicker is laid over it frame by frame,
as a single-frame image model makes it. On the foreground, before and after, means over the seeds:

warp   warping error along the true flow (Lai et al., ECCV 2018), times 10,000; the truth's own stands in the first row
sharp  variance of the Laplacian over the truth's
even   the same where every frame is given the truth's mean brightness first, after only; ± standard deviation by seed
psnr   likeness to the truth in dB
mm     control error: displacement at the joints
gauss  how far a plain temporal Gaussian brings the warping error down when it may cost as much sharpness as 3 % or
       what flow cost, whichever is more

--unseen compares what is taken out with the surface known and without, as of somebody else's frames: on white, opaque.
"""

import argparse
import math
import time
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.flicker import KINDS, UNSEEN, halved
from reimagine.body.model import joint_positions
from reimagine.frames.backends.atlas import make as make_atlas
from reimagine.people import find_person
from reimagine.records import Raster, SurfaceView
from reimagine.refine.backends.flow import make
from reimagine.render.conditions import make_conditions
from reimagine.render.view import view_surface
from reimagine.request import Clip
from reimagine.scene import find_motion, make_scene
from reimagine.scores.control import control
from reimagine.scores.sharpness import sharpness
from reimagine.scores.steadiness import Carry, change, mesh_carry
from reimagine.settings import Photos, Refinement, View


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A clip without flicker and what is known of it."""

    fine: Tensor
    """frames 4 height width, at twice the size."""
    seen: SurfaceView
    joints: Tensor
    carries: list[Carry]
    pictures: Tensor
    solid: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one clip."""

    warp: float
    sharp: float
    even: float
    psnr: float
    mm: float


def flickering(truth: Truth, kind: str, seed: int = 1) -> Tensor:
    """The clip as an image model would paint it frame by frame, 8 bit."""
    chance = torch.Generator().manual_seed(seed)
    fine = truth.fine.clone()
    for picture in fine:
        for spoil in (KINDS | UNSEEN)[kind]:
            spoil(picture, chance)
    if kind in ("wrong frame", "all"):
        fine[len(fine) // 2, :3] = 1 - fine[len(fine) // 2, :3]
    if kind == "wrong":
        fine[8::17] = truth.fine[
            [(k + len(fine) // 2) % len(fine) for k in range(8, len(fine), 17)]
        ]
    return halved(fine)


def part(seen: SurfaceView, start: int, stop: int) -> SurfaceView:
    """Frames start..stop-1."""
    cut, raster = slice(start, stop), seen.raster
    return SurfaceView(
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
    seen = view_surface(person, small.pose, small.camera)
    pictures = halved(fine)
    return Truth(
        fine=fine,
        seen=seen,
        joints=joint_positions(person.body, small.pose),
        carries=[
            mesh_carry(part(seen, k, k + 1), part(seen, k + 1, k + 2)) for k in range(frames - 1)
        ],
        pictures=pictures,
        solid=(pictures[:, 3] > 0.99).numpy(),
    )


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A clip before and after."""

    before: Figures
    after: Figures
    gauss: float
    each_s: float


NAMES = [field.name for field in fields(Figures)]


def on_white(pictures: Tensor) -> NDArray[np.float32]:
    """Laid over white: frames height width 3."""
    return (pictures[:, :3] * pictures[:, 3:] + 1 - pictures[:, 3:]).permute(0, 2, 3, 1).numpy()


def warp_and_sharp(pictures: Tensor, truth: Truth) -> tuple[float, float]:
    """Warping error times 10,000, and the mean variance of the Laplacian."""
    shown = on_white(pictures)
    errors = [change(shown[k], shown[k + 1], c).squared for k, c in enumerate(truth.carries)]
    return 1e4 * float(np.mean(errors)), mean_sharpness(shown, truth)


def mean_sharpness(shown: NDArray[np.float32], truth: Truth) -> float:
    """Variance of the Laplacian, mean over frames."""
    return float(np.mean([sharpness(a, b) for a, b in zip(shown, truth.solid, strict=True)]))


def as_bright(
    shown: NDArray[np.float32], true: NDArray[np.float32], truth: Truth
) -> NDArray[np.float32]:
    """Pictures each multiplied so that their person's mean luma is the truth's."""
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    means = [
        [float((one[solid] @ luma).mean()) for one, solid in zip(clip, truth.solid, strict=True)]
        for clip in (shown, true)
    ]
    factors = np.asarray(np.divide(means[1], means[0]), np.float32)
    return shown * factors[:, None, None, None]


def figures(pictures: Tensor, truth: Truth) -> Figures:
    """All figures of a clip."""
    warp, sharp = warp_and_sharp(pictures, truth)
    shown, true = on_white(pictures), on_white(truth.pictures)
    true_sharp = mean_sharpness(true, truth)
    error = np.square(shown - true)[truth.solid].mean()
    frames = range(1, len(shown), max(1, len(shown) // 3))
    joints = [
        control(shown[k], true[k], part(truth.seen, k, k + 1), truth.joints[k]).joints_mm
        for k in frames
    ]
    return Figures(
        warp=warp,
        sharp=sharp / true_sharp,
        even=mean_sharpness(as_bright(shown, true, truth), truth) / true_sharp,
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
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--unseen", action="store_true")
    parser.add_argument("people", nargs="*", default=["alex", "sam"])
    chosen = parser.parse_args()
    for who in chosen.people:
        truth = make_truth(who, chosen.frames, chosen.width)
        print(f"{who}, {chosen.frames} frames of {chosen.width} pixels' width")
        if chosen.unseen:
            compare(truth)
            continue
        print("| flicker | warp | down | gauss | sharp | even | psnr | mm | s/frame |")
        print("|---|---|---|---|---|---|---|---|---|")
        for kind in KINDS:
            row(kind, [measured(truth, kind, seed + 1) for seed in range(chosen.seeds)])


def compare(truth: Truth) -> None:
    """Print what `flow` takes out with the surface known and without, and the worst frame's likeness to the truth."""
    print("| flicker | warp | mesh | optical | optical's share | sharp | worst frame dB |")
    print("|---|---|---|---|---|---|---|")
    true = opaque(truth.pictures)
    sharp = warp_and_sharp(true, truth)[1]
    for kind in ["none", *UNSEEN]:
        pictures = true if kind == "none" else opaque(flickering(truth, kind))
        before = warp_and_sharp(pictures, truth)[0]
        both: list[Tensor] = []
        for see in (partial(part, truth.seen), None):
            refined = make("cpu", Refinement()).refine(pictures.__getitem__, see, len(pictures))
            both.append((torch.stack(list(refined)) * 255).round() / 255)
        mesh, (optical, left) = warp_and_sharp(both[0], truth)[0], warp_and_sharp(both[1], truth)
        errors = (both[1] - true)[:, :3].square().mean(dim=(1, 2, 3))
        worst = -10 * math.log10(max(float(errors.max()), 1e-9))
        share = "" if kind == "none" else f"{(before - optical) / (before - mesh):.0%}"
        print(
            f"| {kind} | {before:.2f} | {mesh:.2f} | {optical:.2f} | {share} | {left / sharp:.3f} | {worst:.1f} |",
            flush=True,
        )


def opaque(pictures: Tensor) -> Tensor:
    """Laid over white, with an alpha that hides nothing."""
    alpha = pictures[:, 3:]
    return torch.cat([pictures[:, :3] * alpha + 1 - alpha, torch.ones_like(alpha)], dim=1)


def measured(truth: Truth, kind: str, seed: int) -> Measured:
    """One kind of flicker taken out."""
    pictures = flickering(truth, kind, seed)
    started = time.monotonic()
    frames = len(pictures)
    refined = make("cpu", Refinement()).refine(
        pictures.__getitem__, lambda a, b: part(truth.seen, a, b), frames
    )
    refined = torch.stack(list(refined))
    each_s = (time.monotonic() - started) / frames
    a, b = figures(pictures, truth), figures(refined, truth)
    gauss = gaussian_down(pictures, truth, min(0.97, b.sharp / a.sharp))
    return Measured(before=a, after=b, gauss=gauss, each_s=each_s)


def row(kind: str, runs: list[Measured]) -> None:
    """Print one line of the table."""
    a, b = (
        Figures(**{name: float(np.mean([getattr(one, name) for one in clips])) for name in NAMES})
        for clips in ([run.before for run in runs], [run.after for run in runs])
    )
    gauss, each_s = (
        float(np.mean([getattr(run, key) for run in runs])) for key in ("gauss", "each_s")
    )
    spread = f" ± {np.std([run.after.even for run in runs]):.3f}" if len(runs) > 1 else ""
    print(
        f"| {kind} | {a.warp:.2f} → {b.warp:.2f} | {1 - b.warp / a.warp:.0%} | {gauss:.0%} | "
        f"{a.sharp:.3f} → {b.sharp:.3f} | {b.even:.3f}{spread} | {a.psnr:.1f} → {b.psnr:.1f} | "
        f"{a.mm:.2f} → {b.mm:.2f} | {each_s:.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
