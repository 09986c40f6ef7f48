"""What the measures of control say when the truth is known: run it, and read floor, range and bias.

A body with a textured skin is rendered as asked (the anchored picture) and, as if a model had painted it, with a known
error: one pose off by so many millimetres, or the camera turned about the person by so many degrees. The painted
picture wears the same look, the same in other colours, or other clothes.

    python benchmarks/scores_floor.py            the tables of docs/metrics.md
    python benchmarks/scores_floor.py --quick    a few cases
"""

import argparse
import dataclasses
import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body
from reimagine.body.library.built_in import built_in_motion
from reimagine.body.model import joint_positions, pose_body, pose_skin
from reimagine.cameras.path import make_camera
from reimagine.cameras.project import project, to_camera
from reimagine.records import Body, CameraPath, Motion, SurfaceView
from reimagine.render.rasterize import blend, interpolate
from reimagine.render.view import view_mesh
from reimagine.scores.control import control
from reimagine.settings import View

WIDTH, HEIGHT = 512, 832
LOOKS = ("same", "recoloured", "other")
POSES = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0)
VIEWS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
SIDES_DEG = (0.0, 70.0, 180.0)


def clothed(points: Tensor, look_name: str) -> Tensor:
    """Colours of zero-pose points: skin, shirt, trousers, shoes and hair with folds, weave and a print."""
    x, y, z = points.unbind(1)
    y = y - y.min()
    top = y.max()
    other = look_name == "other"
    skin = torch.tensor([0.85, 0.65, 0.55])
    shirt = torch.tensor([0.70, 0.20, 0.25] if not other else [0.92, 0.86, 0.30])
    trousers = torch.tensor([0.20, 0.25, 0.45] if not other else [0.45, 0.42, 0.40])
    colour = skin.expand(len(points), 3).clone()
    arm = x.abs()
    sleeve, waist, hem = (0.42, 0.56, 0.07) if not other else (0.62, 0.60, 0.22)
    colour[(y < waist * top) & (arm < 0.30)] = trousers
    colour[(y >= waist * top) & (y < 0.84 * top) & (arm < sleeve)] = shirt
    colour[y < hem * top] = skin if other else trousers
    colour[y < 0.04 * top] = torch.tensor([0.15, 0.15, 0.15])
    colour[(y > 0.94 * top) | ((y > 0.87 * top) & (z < -0.02) & (arm < 0.2))] = torch.tensor(
        [0.25, 0.16, 0.10]
    )
    # Freckles, folds and a print: waves of 4 to 20 cm, other ones for the other clothes.
    generator = torch.Generator().manual_seed(7 if not other else 8)
    direction = torch.randn(24, 3, generator=generator)
    direction = direction / direction.norm(dim=1, keepdim=True)
    length_m = 0.04 + 0.16 * torch.rand(24, generator=generator)
    phase = 2 * math.pi * torch.rand(24, generator=generator)
    waves = torch.sin(points @ (direction / length_m[:, None] * 2 * math.pi).T + phase)
    colour = colour * (1 + 0.035 * waves.sum(1, keepdim=True) / 2).clamp(0.5, 1.5)
    if look_name == "recoloured":
        colour = (0.9 - 0.6 * colour[:, [2, 0, 1]]).clamp(0, 1) ** 1.3
    return colour.clamp(0, 1)


def render(
    body: Body, motion: Motion, camera: CameraPath, colours: Tensor, light: Tensor
) -> Tensor:
    """One frame, antialiased by rendering at twice the size, over white: `height width 3`."""
    doubled = CameraPath(
        K=camera.K * torch.tensor([[2.0], [2.0], [1.0]]),
        R=camera.R,
        t=camera.t,
        width=2 * camera.width,
        height=2 * camera.height,
    )
    verts = pose_skin(body.skin, pose_body(body, motion))
    seen = view_mesh(verts, body.skin.faces, doubled)
    corners = verts[0][body.skin.faces.long()]
    across = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = torch.zeros_like(verts[0])
    normals.index_add_(0, body.skin.faces.long().flatten(), across.repeat_interleave(3, 0))
    normals = normals / normals.norm(dim=1, keepdim=True).clamp_min(1e-9)
    shade = 0.6 + 0.4 * (normals @ light).clamp_min(0)
    picture = interpolate(seen.raster, body.skin.faces, (colours * shade[:, None]).contiguous())[0]
    picture[seen.raster.face[0] < 0] = 1.0
    return picture.reshape(camera.height, 2, camera.width, 2, 3).mean((1, 3))


def turned(camera: CameraPath, about: Tensor, degrees: float, axis: Tensor) -> CameraPath:
    """The camera moved round a point, still seeing it at the same place."""
    x, y, z = (axis / axis.norm()).tolist()
    K = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    R = torch.linalg.matrix_exp(K * math.radians(degrees))
    rotation = camera.R[0] @ R
    shift = camera.R[0] @ about + camera.t[0] - rotation @ about
    return dataclasses.replace(camera, R=rotation[None], t=shift[None])


def moved(motion: Motion, body: Body, millimetres: float, seed: int) -> Motion:
    """Arms, legs, spine and head turned at random, scaled so that the visible joints move so far on average."""
    if millimetres == 0:
        return motion
    generator = torch.Generator().manual_seed(seed)
    turn = torch.zeros_like(motion.poses)
    turn[:, 1:22] = torch.randn(1, 21, 3, generator=generator)
    before = joint_positions(body, pose_body(body, motion))[0, :22]
    size = 0.001
    for _ in range(12):
        after = dataclasses.replace(motion, poses=motion.poses + size * turn)
        far = (joint_positions(body, pose_body(body, after))[0, :22] - before).norm(dim=1).mean()
        size *= millimetres / 1000 / float(far)
    return dataclasses.replace(motion, poses=motion.poses + size * turn)


@cache
def setting(side_deg: float, name: str = "walk") -> tuple[Body, Motion, CameraPath, Tensor]:
    """Body, one frame of a motion, its camera and its joints."""
    body = anny_body(DEFAULT_PHENOTYPE, height_m=1.7)
    motion = built_in_motion(name, 24, 24.0)
    motion = dataclasses.replace(motion, poses=motion.poses[5:6], transl=motion.transl[5:6])
    pose = pose_body(body, motion)
    view = View(azimuth_deg=side_deg)
    camera = make_camera("static", view, pose_skin(body.skin, pose), WIDTH, HEIGHT)
    return body, motion, camera, joint_positions(body, pose)[0]


@cache
def anchor(side_deg: float) -> Tensor:
    """What was asked, `height width 3`."""
    body, motion, camera, _ = setting(side_deg)
    return render(body, motion, camera, clothed(body.skin.verts, "same"), light(other=False))


def true_millimetres(body: Body, painted: Motion, seen: SurfaceView, joints: Tensor) -> Tensor:
    """How far the surface before each joint really went, across the line of sight."""
    camera = seen.camera
    pixel = project(camera, joints[None])[0, :22]
    column, row = pixel.floor().long().unbind(1)
    corners = seen.faces[seen.raster.face[0][row, column].clamp_min(0).long()].long()
    where = seen.raster.barycentrics[0][row, column]
    after = pose_skin(body.skin, pose_body(body, painted))
    points = [blend(where, verts, corners)[None] for verts in (seen.verts[0], after[0])]
    a, b = (project(camera, one)[0] for one in points)
    depth = to_camera(camera, points[0])[0, :, 2]
    return (b - a).norm(dim=1) * depth / camera.K[0, 0, 0] * 1000


def main() -> None:
    """Print the two tables."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    poses, views = (POSES[::3], VIEWS[::3]) if quick else (POSES, VIEWS)
    sides = SIDES_DEG[:1] if quick else SIDES_DEG
    print(f"{WIDTH}x{HEIGHT}, seen from {', '.join(f'{side:g}' for side in sides)} degrees")
    print("| look | true, mm | measured, mm | median, mm | error of a joint, mm | view, deg |")
    print("|---|---|---|---|---|---|")
    for look_name in LOOKS:
        for millimetres in poses:
            rows = [pose_row(look_name, millimetres, side) for side in sides]
            print_row(look_name, rows)
    print()
    print("| look | camera off by, deg | measured, deg | joints, mm | median, mm |")
    print("|---|---|---|---|---|")
    for look_name in LOOKS:
        for degrees in views:
            print_row(look_name, [view_row(look_name, degrees, side) for side in sides])


def print_row(look_name: str, rows: list[list[float]]) -> None:
    """One line of a table: the mean over the sides."""
    values = np.mean(rows, axis=0)
    print(f"| {look_name} | " + " | ".join(f"{value:.2f}" for value in values) + " |", flush=True)


def light(*, other: bool) -> Tensor:
    """Where the light comes from."""
    place = [-0.5, 0.7, 0.5] if other else [0.4, 0.6, 0.7]
    return torch.nn.functional.normalize(torch.tensor(place), dim=0)


def pose_row(look_name: str, millimetres: float, side: float) -> list[float]:
    """True and measured displacement, their median, the mean error of a joint, and the viewpoint's deviation."""
    body, motion, camera, joints = setting(side)
    anchored = anchor(side)
    off = moved(motion, body, millimetres, seed=int(side))
    colours = clothed(body.skin.verts, look_name)
    painted = render(body, off, camera, colours, light(other=look_name != "same"))
    seen = view_mesh(pose_skin(body.skin, pose_body(body, motion)), body.skin.faces, camera)
    got = control(painted.numpy(), anchored.numpy(), seen, joints)
    known = np.isfinite(got.joints_mm)
    true, measured = true_millimetres(body, off, seen, joints).numpy()[known], got.joints_mm[known]
    error = np.abs(measured - true).mean()
    return [true.mean(), measured.mean(), float(np.median(measured)), error, got.view_deg]


def view_row(look_name: str, degrees: float, side: float) -> list[float]:
    """True and measured deviation of the viewpoint, and what it does to the joints."""
    body, motion, camera, joints = setting(side)
    anchored = anchor(side)
    axis = torch.tensor([0.25, 1.0, 0.1])
    aside = turned(camera, joints[:22].mean(0), degrees, axis)
    colours = clothed(body.skin.verts, look_name)
    painted = render(body, motion, aside, colours, light(other=look_name != "same"))
    seen = view_mesh(pose_skin(body.skin, pose_body(body, motion)), body.skin.faces, camera)
    got = control(painted.numpy(), anchored.numpy(), seen, joints)
    return [
        degrees,
        got.view_deg,
        float(np.nanmean(got.joints_mm)),
        float(np.nanmedian(got.joints_mm)),
    ]


if __name__ == "__main__":
    main()
