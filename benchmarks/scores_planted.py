"""What the scores read of errors that were planted: python -m benchmarks.scores_planted [--limbs N].

The made people walk and dance in 256x416, in their own shirt, a plain and a checked one. First single pictures: one
joint of an arm or leg turned about a random axis until the joint at its end has gone so far across the line of sight; the
whole body moved; all joints turned at random; the camera turned about the person. "Uncertain" are joints that the scores
say were not found again. Then a clip of a few frames as it comes out of a refiner over grey: moved, blurred, flickering.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor

from benchmarks.flicker import KINDS
from benchmarks.scores_floor import moved, turned
from reimagine.body.library.built_in import built_in_motion
from reimagine.body.model import joint_positions, pose_body, pose_skin, rotation_matrices
from reimagine.cameras.path import make_camera
from reimagine.cameras.project import project, to_camera
from reimagine.pictures import over
from reimagine.records import CameraPath, Motion, SurfaceView
from reimagine.render.view import view_mesh
from reimagine.scores.clip import Clip, on_white
from reimagine.scores.control import Control, control
from reimagine.scores.measure import score_clip
from reimagine.settings import View
from reimagine.synth.dress import make_dressed
from reimagine.synth.looks import LOOKS, Look
from reimagine.synth.people import render_truth

SIZE = 256, 416
ALEX, SAM = LOOKS["alex"], LOOKS["sam"]
PLAIN = (0.50, 0.25, 0.25)
WHO = (
    ALEX,
    replace(ALEX, cloth=(PLAIN, PLAIN, PLAIN)),
    replace(ALEX, shirt="plaid", cloth=SAM.cloth),
    SAM,
    replace(SAM, shirt="print", cloth=(PLAIN, PLAIN, PLAIN)),
)
PLACES = (("walk", 5, 0.0), ("walk", 12, 60.0), ("dance", 10, 0.0), ("walk", 5, 180.0))
"""Motion, frame and azimuth in degrees."""
TURNED = ((16, 20), (17, 21), (18, 20), (19, 21), (1, 7), (2, 8), (4, 7), (5, 8))
"""Shoulders, elbows, hips and knees, and the end by which they are measured."""
FAR_MM = (30, 50, 70, 100, 130)
GREY = torch.full((3, 1, 1), 0.5)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One frame of somebody as asked for."""

    who: Look
    motion: Motion
    camera: CameraPath
    seen: SurfaceView
    joints: Tensor
    asked: Tensor
    """RGBA."""


@cache
def scene(who: int, place: int) -> Scene:
    """One of the people at one of the places."""
    person, (name, frame, side) = make_dressed(WHO[who]), PLACES[place]
    motion = built_in_motion(name, 48, 24.0)
    one = slice(frame, frame + 1)
    motion = replace(motion, poses=motion.poses[one], transl=motion.transl[one])
    pose = pose_body(person.body, motion)
    verts = pose_skin(person.skin, pose)
    camera = make_camera("static", View(azimuth_deg=side), verts, *SIZE)
    return Scene(
        who=WHO[who],
        motion=motion,
        camera=camera,
        seen=view_mesh(verts, person.skin.faces, camera),
        joints=joint_positions(person.body, pose)[0],
        asked=render_truth(WHO[who], pose, camera)[0],
    )


def across_mm(at: Scene, motion: Motion) -> Tensor:
    """How far each body joint went across the line of sight."""
    after = joint_positions(make_dressed(at.who).body, pose_body(make_dressed(at.who).body, motion))
    before, now = (project(at.camera, one)[0, :22] for one in (at.joints[None], after))
    depth = to_camera(at.camera, at.joints[None])[0, :22, 2]
    return (now - before).norm(dim=1) * depth / at.camera.K[0, 0, 0] * 1000


def with_turn(at: Scene, joint: int, end: int, far_mm: float, axis: Tensor) -> Motion | None:
    """The joint turned until its end has gone so far; None where no turn of up to 90 degrees does it."""

    def by(angle: float) -> Motion:
        whole = rotation_matrices(axis * angle) @ rotation_matrices(at.motion.poses[0, joint])
        poses = at.motion.poses.clone()
        poses[0, joint] = torch.from_numpy(cv2.Rodrigues(whole.double().numpy())[0][:, 0])
        return replace(at.motion, poses=poses)

    low, high = 0.0, math.pi / 2
    if across_mm(at, by(high))[end] < far_mm:
        return None
    for _ in range(16):
        middle = (low + high) / 2
        below = across_mm(at, by(middle))[end] < far_mm
        low, high = (middle, high) if below else (low, middle)
    return by(low)


def read(at: Scene, motion: Motion, camera: CameraPath | None = None) -> Control:
    """What the scores say of a picture with another pose or camera."""
    pose = pose_body(make_dressed(at.who).body, motion)
    picture = render_truth(at.who, pose, camera or at.camera)[0]
    shown = (picture[3] > 0.5).numpy()
    return control(on_white(picture), on_white(at.asked), at.seen, at.joints, shown)


def limbs(count: int) -> None:
    """Print how many errors of one limb are read how well."""
    chance, rows = np.random.default_rng(0), {far: [0, 0, 0, 0] for far in FAR_MM}
    for number in range(count):
        at = scene(number % len(WHO), number // len(WHO) % len(PLACES))
        joint, end = TURNED[chance.integers(len(TURNED))]
        far = FAR_MM[chance.integers(len(FAR_MM))]
        axis = torch.nn.functional.normalize(torch.from_numpy(chance.normal(size=3)).float(), dim=0)
        motion = with_turn(at, joint, end, far, axis)
        if motion is None:
            continue
        got, true = read(at, motion), across_mm(at, motion).numpy()
        in_sight = np.isfinite(got.joints_mm) | got.lost
        worst = int(np.where(in_sight, true, 0).argmax())
        if true[worst] < 0.8 * far:
            continue
        said, truth = got.joints_mm[worst], true[worst]
        row = 1 if got.lost[worst] else 0 if abs(said - truth) <= 0.25 * truth else 2
        rows[far][3 if row == 2 and said < 0.35 * truth else row] += 1
    print(
        "| end of a limb off by, mm | within 25 % | uncertain | further off | read as nearly right |"
    )
    print("|---|---|---|---|---|")
    for far, counts in rows.items():
        print(f"| {far} | {' | '.join(map(str, counts))} |", flush=True)


def whole() -> None:
    """Print what is read of the whole body and the camera."""
    print("\n| planted | joints: true, mm | read, mm | found | camera and pose together, deg |")
    print("|---|---|---|---|---|")
    at = scene(0, 0)
    body = make_dressed(at.who).body
    aside = [
        (f"body {mm} mm aside", replace(at.motion, transl=at.motion.transl + mm / 1000 * UP), None)
        for mm in (10, 40)
    ]
    posed = [
        (f"all joints at random, {mm} mm", moved(at.motion, body, mm, seed=1), None)
        for mm in (6, 20)
    ]
    axis = torch.tensor([0.25, 1.0, 0.1])
    views = [
        (f"camera {deg} deg", at.motion, turned(at.camera, at.joints[:22].mean(0), deg, axis))
        for deg in (1, 5)
    ]
    for name, motion, camera in [("nothing", at.motion, None), *aside, *posed, *views]:
        got = read(at, motion, camera)
        known = np.isfinite(got.joints_mm)
        true = "-" if camera else f"{across_mm(at, motion).numpy()[known].mean():.1f}"
        share = known.sum() / max(known.sum() + got.lost.sum(), 1)
        row = f"| {name} | {true} | {got.joints_mm[known].mean():.1f} | {share:.0%} |"
        print(f"{row} {got.view_deg:.2f} |", flush=True)


UP = torch.tensor([0.6, 0.8, 0.0])


def refined(frames: int) -> None:
    """Print what is read of a clip whose refined pictures were spoilt."""
    person = make_dressed(ALEX)
    motion = built_in_motion("walk", 48, 24.0)
    motion = replace(motion, poses=motion.poses[:frames], transl=motion.transl[:frames])
    pose = pose_body(person.body, motion)
    verts = pose_skin(person.skin, pose)
    camera = make_camera("static", View(), verts, *SIZE)
    true = render_truth(ALEX, pose, camera)
    joints = joint_positions(person.body, pose)

    def spoilt(change: Callable[[Tensor], Tensor]) -> Clip:
        return Clip(
            name="planted",
            frames=frames,
            fps=24.0,
            painted=true.__getitem__,
            refined=lambda frame: over(change(true[frame]), GREY),
            behind=GREY,
            see=lambda a, b: view_mesh(verts[a:b], person.skin.faces, camera[a:b]),
            anchor=lambda frame: true[frame],
            joints=joints.__getitem__,
        )

    def blurred(picture: Tensor) -> Tensor:
        soft = cv2.GaussianBlur(picture[:3].permute(1, 2, 0).numpy(), (0, 0), 1.0)
        return torch.cat([torch.from_numpy(soft).permute(2, 0, 1), picture[3:]])

    def flickering(kind: str) -> Callable[[Tensor], Tensor]:
        chance = torch.Generator().manual_seed(1)

        def change(picture: Tensor) -> Tensor:
            picture = picture.clone()
            for spoil in KINDS[kind]:
                spoil(picture, chance)
            return picture.clamp(0, 1)

        return change

    print(
        "\n| in refined/ | true IoU | read IoU | warping error, 1e-4 | its change | sharpness | marked |"
    )
    print("|---|---|---|---|---|---|---|")
    mask, asked = (
        true[:, 3] > 0.5,
        [view_mesh(verts[k : k + 1], person.skin.faces, camera[k : k + 1]) for k in range(frames)],
    )
    for px in (0, 3, 10, 30):
        both = [(torch.roll(mask[k], px, 1), asked[k].raster.face[0] >= 0) for k in range(frames)]
        iou = np.mean([float((a & b).sum() / (a | b).sum()) for a, b in both])
        row(f"moved by {px} px", f"{iou:.3f}", spoilt(lambda one, px=px: torch.roll(one, px, 2)))
    row("blur of 1 px", "-", spoilt(blurred))
    for kind in ("texture 1-2 px", "exposure", "colour", "edges", "detail"):
        row(f"flicker: {kind}", "-", spoilt(flickering(kind)))


def row(name: str, true: str, clip: Clip) -> None:
    """Print a line of the third table."""
    got = score_clip(clip).figures
    warp, change = got["warping_error.refined"].mean, got["warping_error.change"]
    iou, sharp = got["control.silhouette_iou"].mean, got["sharpness.change"].mean
    marked = "blurred" if change.warning else ""
    line = f"| {name} | {true} | {iou:.3f} | {1e4 * warp:.2f} | {change.mean:+.0%} | {sharp:+.0%} |"
    print(f"{line} {marked} |", flush=True)


def main() -> None:
    """Print the three tables of docs/benchmarks.md."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--limbs", type=int, default=30)
    options.add_argument("--frames", type=int, default=3)
    chosen = options.parse_args()
    limbs(chosen.limbs)
    whole()
    refined(chosen.frames)


if __name__ == "__main__":
    main()
