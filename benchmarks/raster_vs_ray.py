"""How much faster is the rasteriser than Warp's ray query, and do they agree? python benchmarks/raster_vs_ray.py."""

import time
from collections.abc import Callable

import torch
import warp as wp

from reimagine.body.anny import anny_body, load_anny
from reimagine.body.library.built_in import built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.path import make_camera
from reimagine.records import CameraPath
from reimagine.render.rasterize import rasterize
from reimagine.settings import View


@wp.kernel(enable_backward=False)
def cast(
    mesh: wp.uint64,
    inverse_K: wp.mat33,
    world_from_camera: wp.mat33,
    centre: wp.vec3,
    faces: wp.array2d(dtype=wp.int32),
) -> None:
    """Each pixel: the first face along the ray through its centre, -1 for none."""
    row, column = wp.tid()
    pixel = wp.vec3(float(column) + 0.5, float(row) + 0.5, 1.0)
    ray = wp.normalize(world_from_camera * (inverse_K * pixel))
    hit = wp.mesh_query_ray(mesh, centre, ray, 1.0e6)
    faces[row, column] = -1
    if hit.result:
        faces[row, column] = hit.face


def ray_faces(verts: torch.Tensor, faces: torch.Tensor, camera: CameraPath) -> torch.Tensor:
    """The rasteriser's `face` by ray queries; the tree over the faces is built anew, as a moving body needs."""
    out = torch.empty((len(verts), camera.height, camera.width), dtype=torch.int32)
    indices = wp.from_torch(faces.flatten().to(torch.int32).contiguous())
    for frame in range(len(verts)):
        mesh = wp.Mesh(wp.from_torch(verts[frame].contiguous(), dtype=wp.vec3), indices)
        world_from_camera = camera.R[frame].T
        inputs = [
            mesh.id,
            wp.mat33(*torch.linalg.inv(camera.K[frame]).flatten().tolist()),
            wp.mat33(*world_from_camera.flatten().tolist()),
            wp.vec3(*(-world_from_camera @ camera.t[frame]).tolist()),
            wp.from_torch(out[frame]),
        ]
        wp.launch(cast, (camera.height, camera.width), inputs=inputs, device="cpu")
    return out


def seconds(work: Callable[[], object], times: int = 7) -> float:
    """Fastest of several runs after one to warm up: what else the machine does is left out."""
    work()
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    """Print both times per frame, their ratio, and how many pixels differ."""
    frames, width, height = 4, 800, 1328
    load_anny()
    body = anny_body(torch.full((6,), 0.5))
    pose = pose_body(body, built_in_motion("walk", frames, 4.0))
    verts, faces = pose_skin(body.skin, pose), body.skin.faces
    camera = make_camera("orbit", View(), verts, width, height)
    compare(verts, faces, camera)


def compare(verts: torch.Tensor, faces: torch.Tensor, camera: CameraPath) -> None:
    """The table."""
    frames = len(verts)
    raster_s = seconds(lambda: rasterize(verts, faces, camera)) / frames
    ray_s = seconds(lambda: ray_faces(verts, faces, camera)) / frames
    ours, theirs = rasterize(verts, faces, camera).face, ray_faces(verts, faces, camera)
    body = int((theirs >= 0).sum())
    size = f"{camera.width}x{camera.height}, {torch.get_num_threads()} threads"
    print(f"{verts.shape[1]} vertices, {len(faces)} faces, {size}")
    print(f"raster {raster_s * 1000:6.1f} ms/frame")
    print(f"ray    {ray_s * 1000:6.1f} ms/frame, {ray_s / raster_s:.1f} times as long")
    mask = int(((ours >= 0) != (theirs >= 0)).sum())
    faces_differ = int((ours != theirs).sum())
    print(f"of {body} body pixels: mask differs in {mask}, face in {faces_differ}")


if __name__ == "__main__":
    main()
