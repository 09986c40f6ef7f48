"""How far `flow` steadies flickering pictures of a made person: python benchmarks/refine_flow.py [--frames N].

Truth is alex, rendered while turning. Each kind of flicker is laid over it as a single-frame model would make it.
Warping error is the mean squared difference along the true flow (Lai et al., ECCV 2018) on the foreground; "gone"
is how much of what the flicker added went. Detail is the share of the truth's Laplacian found in the result.
"""

import argparse
import math
import time

import torch
from torch import Tensor

from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.flow import look, mesh_flow
from reimagine.records import CameraPath, Flow, Motion, Pose, Raster, Seen
from reimagine.refine.backends.flow import make
from reimagine.refine.resample import lanczos
from reimagine.synth.dress import make_dressed, stance
from reimagine.synth.people import render_truth, studio_camera

KINDS = {
    "texture": {"texture": 0.04},
    "exposure": {"exposure": 0.08},
    "both": {"texture": 0.04, "exposure": 0.08},
    "wrong frame": {"wrong": 1.0},
    "all": {"texture": 0.04, "exposure": 0.08, "wrong": 1.0},
}


def turning(frames: int) -> Pose:
    """Alex in the photo stance, turning by 3 degrees a frame."""
    body = make_dressed("alex").body
    still = stance(body)
    poses = torch.zeros(frames, 55, 3)
    poses[:, 0, 1] = torch.arange(frames) * math.radians(3)
    motion = Motion(poses=poses, transl=torch.zeros(frames, 3), fps=24.0, betas=torch.zeros(10))
    turn = pose_body(body, motion).transforms[:, :1, :, :3]
    transforms = still.transforms.expand(frames, -1, -1, -1)
    return Pose(transforms=turn @ transforms, rotations=still.rotations.expand(frames, -1, -1, -1))


def camera(frames: int, width: int) -> CameraPath:
    """The studio's camera with smaller pictures, the same for every frame."""
    one = studio_camera(0.0)
    scale = width / one.width
    K = one.K * torch.tensor([scale, scale, 1.0])[:, None]
    return CameraPath(
        K=K.expand(frames, 3, 3),
        R=one.R.expand(frames, 3, 3),
        t=one.t.expand(frames, 3),
        width=width,
        height=int(one.height * scale),
    )


def flicker(
    truth: Tensor, *, texture: float = 0.0, exposure: float = 0.0, wrong: float = 0.0
) -> Tensor:
    """The truth with noise at three scales, exposure jumps, and one mirrored frame."""
    chance = torch.Generator().manual_seed(1)
    pictures = truth.clone()
    for picture in pictures:
        for scale in (1, 4, 16):
            size = (picture.shape[1] // scale, picture.shape[2] // scale)
            noise = torch.randn(1, 3, *size, generator=chance)
            noise = torch.nn.functional.interpolate(noise, picture.shape[1:], mode="bilinear")
            picture[:3] += texture * noise[0]
        picture[:3] *= torch.exp(exposure * torch.randn(1, generator=chance))
    if wrong:
        pictures[len(pictures) // 2, :3] = 1 - pictures[len(pictures) // 2, :3]
    pictures[:, :3] = pictures[:, :3].clamp(0, 1) * (pictures[:, 3:] > 0)
    return pictures


def part(seen: Seen, start: int, stop: int) -> Seen:
    """Frames start..stop-1."""
    cut = slice(start, stop)
    raster = seen.raster
    return Seen(
        verts=seen.verts[cut],
        faces=seen.faces,
        camera=seen.camera[cut],
        raster=Raster(
            face=raster.face[cut], barycentrics=raster.barycentrics[cut], depth=raster.depth[cut]
        ),
    )


def warping_error(pictures: Tensor, flows: list[Flow], inner: Tensor) -> float:
    """Mean over pairs of neighbouring frames, well inside the person."""
    errors: list[Tensor] = []
    for k, flow in enumerate(flows):
        inside = flow.visible & inner[k]
        there = lanczos(pictures[k + 1, :3], flow.target[inside])
        errors.append((there - pictures[k, :3, inside].T).square().mean())
    return float(torch.stack(errors).mean())


def detail(pictures: Tensor, truth: Tensor, inner: Tensor) -> float:
    """Share of the truth's Laplacian that is in the pictures (regression)."""
    kernel = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])[None, None]
    found, true = (
        torch.nn.functional.conv2d(one[:, :3].flatten(0, 1)[:, None], kernel, padding=1)
        .view(len(one), 3, *one.shape[2:])
        .permute(0, 2, 3, 1)[inner]
        for one in (pictures, truth)
    )
    return float((found * true).sum() / true.square().sum())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--width", type=int, default=256)
    chosen = parser.parse_args()
    pose, view = turning(chosen.frames), camera(chosen.frames, chosen.width)
    truth = render_truth("alex", pose, view)
    skin = make_dressed("alex").skin
    seen = look(pose_skin(skin, pose), skin.faces, view)
    flows = [mesh_flow(seen, k, k + 1) for k in range(chosen.frames - 1)]
    inner = torch.nn.functional.avg_pool2d((truth[:, 3:] == 1).float(), 7, 1, 3)[:, 0] == 1
    floor = warping_error(truth, flows, inner)
    print(f"{chosen.frames} frames of {view.width}x{view.height}; truth's own error {floor:.2e}")
    print(
        f"{'flicker':<12} {'before':>9} {'after':>9} {'down':>6} {'gone':>6} {'detail':>7} {'s/frame':>8}"
    )
    for name, amounts in KINDS.items():
        pictures = flicker(truth, **amounts)
        started = time.monotonic()
        steady = make().steady(pictures.__getitem__, lambda a, b: part(seen, a, b), chosen.frames)
        refined = torch.stack(list(steady))
        each_s = (time.monotonic() - started) / chosen.frames
        before, after = (warping_error(one, flows, inner) for one in (pictures, refined))
        gone = (before - after) / (before - floor)
        print(
            f"{name:<12} {before:9.2e} {after:9.2e} {1 - after / before:6.1%} {gone:6.1%} "
            f"{detail(refined, truth, inner):7.1%} {each_s:8.2f}"
        )


if __name__ == "__main__":
    main()
