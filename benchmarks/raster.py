"""What do cameras and conditions cost per frame? python benchmarks/raster.py [WIDTHxHEIGHT] [cpu | cuda]."""

import sys
import time
from collections.abc import Callable

import torch

from reimagine.body.anny import anny_body
from reimagine.body.library.built_in import built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.path import make_camera
from reimagine.records import Body, CameraPath, Pose, Skin
from reimagine.render.conditions import make_conditions, normals_picture
from reimagine.render.flow import mesh_flow
from reimagine.render.rasterize import coverage, interpolate, rasterize
from reimagine.render.view import view_mesh
from reimagine.settings import View, parse_size

FRAMES = 8


def milliseconds(work: Callable[[], object], frames: int, times: int = 7) -> tuple[float, float]:
    """Fastest wall and processor time per frame of several runs after one to warm up."""
    work()
    walls: list[float] = []
    processors: list[float] = []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls) / frames * 1000, min(processors) / frames * 1000


def main() -> None:
    """Print a table for the default body on its walk, seen from all sides."""
    size = sys.argv[1] if len(sys.argv) > 1 else "512x832"
    device = sys.argv[2] if len(sys.argv) > 2 else "cpu"
    width, height = parse_size(size)
    body = anny_body(torch.full((6,), 0.5))
    pose = pose_body(body, built_in_motion("walk", FRAMES, 8.0))
    camera = make_camera("orbit", View(), pose_skin(body.skin, pose), width, height)
    body, pose, camera = moved(body, pose, camera, device)
    verts, faces = pose_skin(body.skin, pose), body.skin.faces
    seen = view_mesh(verts, faces, camera)
    conditions = make_conditions(body, pose, camera, 0.0)
    table = {
        "rasterize": (lambda: rasterize(verts, faces, camera), FRAMES),
        "coverage": (lambda: coverage(verts, faces, camera, seen.raster), FRAMES),
        "interpolate, 3 channels": (lambda: interpolate(seen.raster, faces, verts), FRAMES),
        "mesh_flow": (lambda: mesh_flow(seen, 0, 1), 1),
        "make_conditions": (lambda: make_conditions(body, pose, camera, 0.0), FRAMES),
        "normals_picture": (lambda: normals_picture(conditions), FRAMES),
    }
    print(f"{size}, {device}, {torch.get_num_threads()} threads; ms per frame")
    for name, (work, frames) in table.items():
        wall, processor = milliseconds(work, frames)
        print(f"{name:26s} wall {wall:7.1f}   processor {processor:7.1f}")


def moved(body: Body, pose: Pose, camera: CameraPath, device: str) -> tuple[Body, Pose, CameraPath]:
    """The same on another device."""
    old = body.skin
    skin = Skin(
        verts=old.verts.to(device),
        faces=old.faces.to(device),
        weight_joints=old.weight_joints.to(device),
        weights=old.weights.to(device),
    )
    there = Body(skin=skin, joints=body.joints.to(device), height_m=body.height_m)
    K, R, t = (part.to(device) for part in (camera.K, camera.R, camera.t))
    path = CameraPath(K=K, R=R, t=t, width=camera.width, height=camera.height)
    return (
        there,
        Pose(transforms=pose.transforms.to(device), rotations=pose.rotations.to(device)),
        path,
    )


if __name__ == "__main__":
    main()
