"""What a camera sees of a mesh: face, barycentrics and depth at every pixel's centre."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
import warp as wp
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag

from reimagine.cameras.project import NEAR_M, to_screen
from reimagine.records import CameraPath, Raster
from reimagine.render import raster_kernels as kernels


def load_kernels(device: torch.device | str) -> None:
    """Make the kernels ready, as several threads that use them for the first time at once must not."""
    wp.load_module(kernels, device=str(device))


def rasterize(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"], camera: CameraPath
) -> Raster:
    """Nearest face at every pixel's centre, from both sides, on the device of `verts`.

    Faces that share an edge leave no hole. Of equally near faces the lowest index wins. A face with a corner closer
    than `NEAR_M` to the camera's plane is left out whole, not clipped. No gradients.
    """
    assert len(camera) == len(verts), f"{len(camera)} cameras for {len(verts)} frames"
    device, shape = verts.device, (len(verts), camera.height, camera.width)
    face = torch.full(shape, -1, dtype=torch.int32, device=device)
    barycentrics = torch.zeros((*shape, 2), device=device)
    depth = torch.full(shape, torch.inf, device=device)
    screen, corners = to_screen(camera, verts.detach()).contiguous(), triples(faces, device)

    def fill(part: slice) -> None:
        keys = torch.full((1, *shape[1:]), torch.iinfo(torch.int64).max, device=device)
        nearest = wp.from_torch(keys)
        for frame in range(part.start, part.stop):
            one = slice(frame, frame + 1)
            mesh = [vectors(screen[one]), corners]
            launch(kernels.cover, (1, len(faces)), [*mesh, NEAR_M, nearest], device)
            found = [
                wp.from_torch(face[one]),
                vectors(barycentrics[one]),
                wp.from_torch(depth[one]),
            ]
            launch(kernels.resolve, runs(face[one]), [*mesh, nearest, *found], device)

    _share_out(fill, len(verts), device)
    return Raster(face=face, barycentrics=barycentrics, depth=depth)


def coverage(
    verts: Float[Tensor, "frames verts 3"],
    faces: Int[Tensor, "faces 3"],
    camera: CameraPath,
    raster: Raster,
) -> Float[Tensor, "frames height width"]:
    """Share of each pixel that the mesh covers, in steps of 1/8; `raster` is `rasterize` of the same arguments.

    Only pixels whose 3 x 3 surroundings are not all seen get sampled, which also finds what is thinner than a pixel.
    """
    device, shape = verts.device, raster.face.shape
    share = torch.zeros(shape, device=device)
    samples = torch.zeros((*shape, 8), dtype=torch.uint8, device=device)
    screen = to_screen(camera, verts.detach()).contiguous()
    face, corners = raster.face.to(torch.int32).contiguous(), triples(faces, device)

    def fill(part: slice) -> None:
        shares, points = wp.from_torch(share[part]), wp.from_torch(samples[part])
        mesh = [vectors(screen[part]), corners]
        launch(kernels.fill_inside, runs(face[part]), [wp.from_torch(face[part]), shares], device)
        size = (part.stop - part.start, len(faces))
        launch(kernels.touch, size, [*mesh, NEAR_M, shares, points], device)
        launch(kernels.count, runs(face[part]), [points, shares], device)

    _share_out(fill, len(verts), device)
    return share


def interpolate(
    raster: Raster,
    faces: Int[Tensor, "faces 3"],
    values: Float[Tensor, "verts channels"] | Float[Tensor, "frames verts channels"],
) -> Float[Tensor, "frames height width channels"]:
    """Values given at vertices, at every pixel's centre; zero where nothing is seen. No gradients."""
    out = values.new_zeros((*raster.face.shape, values.shape[-1]))
    interpolate_into(out, raster, faces, values)
    return out


def interpolate_into(
    out: Float[Tensor, "frames height width channels"],
    raster: Raster,
    faces: Int[Tensor, "faces 3"],
    values: Float[Tensor, "verts channels"] | Float[Tensor, "frames verts channels"],
) -> None:
    """Write `interpolate`'s values where something is seen; `out` may be a view with the axes stored in any order."""
    face, corners = raster.face.to(torch.int32).contiguous(), triples(faces, values.device)
    given = (values.detach() if values.ndim == 3 else values.detach()[None]).contiguous()

    def fill(part: slice) -> None:
        inputs = [
            wp.from_torch(face[part]),
            vectors(raster.barycentrics[part]),
            corners,
            wp.from_torch(given[part] if len(given) > 1 else given),
            wp.from_torch(out[part]),
        ]
        launch(kernels.mix, runs(face[part]), inputs, values.device)

    _share_out(fill, len(face), values.device)


def blend(
    barycentrics: Float[Tensor, "points 2"],
    values: Float[Tensor, "verts channels"],
    corners: Int[Tensor, "points 3"],
) -> Float[Tensor, "points channels"]:
    """Values at points of faces: the corners', weighted."""
    first = 1 - barycentrics.sum(dim=1, keepdim=True)
    # Gathers, weighs and adds in one go: a third of the time of one gather for each corner.
    return embedding_bag(
        corners, values, per_sample_weights=torch.cat([first, barycentrics], 1), mode="sum"
    )


def vectors(values: Float[Tensor, "... components"]) -> Any:  # noqa: ANN401 - Warp's arrays have no types
    """Warp's view of vectors of two or three."""
    return wp.from_torch(values.contiguous(), dtype=wp.vec2 if values.shape[-1] == 2 else wp.vec3)


def triples(faces: Int[Tensor, "faces 3"], device: torch.device) -> Any:  # noqa: ANN401
    """Warp's view of faces."""
    return wp.from_torch(faces.to(device=device, dtype=torch.int32).contiguous(), dtype=wp.vec3i)


def runs(face: Int[Tensor, "frames height width"]) -> tuple[int, int, int]:
    """Launch size with one thread for several columns: on a CPU, starting a thread costs more than its pixel."""
    frames, height, width = face.shape
    return frames, height, -(-width // int(kernels.RUN))


def _share_out(work: Callable[[slice], None], frames: int, device: torch.device) -> None:
    """Do the work for all frames; on a CPU in as many threads as torch uses, as Warp uses but one."""
    workers = min(torch.get_num_threads(), frames) if device.type == "cpu" else 1
    if workers < 2:
        work(slice(0, frames))
        return
    load_kernels("cpu")
    cuts = [frames * k // workers for k in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, map(slice, cuts[:-1], cuts[1:])))


def launch(kernel: Any, size: tuple[int, ...], inputs: list[Any], device: torch.device) -> None:  # noqa: ANN401
    """Run the kernel, on CUDA in torch's current stream, so that neither has to wait by hand."""
    if 0 in size:
        return
    where = wp.device_from_torch(device)
    if device.type == "cuda":
        with wp.ScopedStream(wp.stream_from_torch(torch.cuda.current_stream(device))):
            wp.launch(kernel, size, inputs=inputs, device=where)
    else:
        wp.launch(kernel, size, inputs=inputs, device=where)
