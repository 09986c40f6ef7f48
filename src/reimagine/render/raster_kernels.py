# type: ignore
"""The Warp kernels of the z-buffer; they need a real file, and run on the CPU and on CUDA alike.

First every triangle writes (depth, face) into the pixels it covers, packed in one integer so that one atomic minimum
keeps the nearest, and of equally near ones the lowest face index. Then every pixel reads its winner's barycentrics.

Warp compiles the kernels' bodies by rules that a Python type checker does not know: hence the first line.
"""

import os

import torch
import warp as wp

from reimagine.cache import cache_folder
from reimagine.errors import InputError


def init_quietly() -> None:
    """Start Warp without its banner, and without its complaint about a missing GPU where torch has none either."""
    wp.config.quiet = True  # before Warp 1.19
    wp.config.log_level = 40  # since then: errors only
    if torch.cuda.is_available():
        _init()
        return
    # The complaint is written by native code straight to the file descriptor.
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        _init()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def _init() -> None:
    """Start Warp, whose compiled kernels go into a cache folder of its own, and beside ours where that cannot be written."""
    try:
        wp.init()
        if os.access(wp.config.kernel_cache_dir, os.W_OK):
            return
    except OSError:
        pass  # its folder could not even be made
    ours = cache_folder() / "warp"
    try:
        ours.mkdir(parents=True, exist_ok=True)
        wp.config.kernel_cache_dir = str(ours)
        wp.init()
    except OSError as error:
        raise InputError(
            f"{ours} cannot be written ({error.strerror}); expected a folder for what is compiled for this machine. "
            "Set REIMAGINE_CACHE to one that can."
        ) from error


init_quietly()

RUN = wp.constant(16)
NOTHING = wp.constant(wp.int64(0x7FFFFFFFFFFFFFFF))
LOW_HALF = wp.constant(wp.int64(0xFFFFFFFF))


@wp.struct
class Edge:
    """Twice the signed area of an edge and a pixel is across * (y - its y) - down * (x - its x)."""

    x: float
    y: float
    across: float
    down: float


@wp.struct
class Face:
    """Pixel x, pixel y and depth of a face's corners, and the edges opposite to them."""

    a: wp.vec3
    b: wp.vec3
    c: wp.vec3
    at_a: Edge
    at_b: Edge
    at_c: Edge


@wp.func
def edge(a: wp.vec3, b: wp.vec3, a_index: int, b_index: int) -> Edge:
    """The edge from a to b.

    It starts at the lower vertex index, whichever way round the face has it: the two faces of an edge then get the
    same number with opposite signs at every pixel, and no pixel falls between them.
    """
    e = Edge()
    if a_index < b_index:
        e.x = a[0]
        e.y = a[1]
        e.across = b[0] - a[0]
        e.down = b[1] - a[1]
    else:
        e.x = b[0]
        e.y = b[1]
        e.across = -(a[0] - b[0])
        e.down = -(a[1] - b[1])
    return e


@wp.func
def area(e: Edge, x: float, y: float) -> float:
    """Twice the signed area of the edge and a pixel."""
    return e.across * (y - e.y) - e.down * (x - e.x)


@wp.func
def load(
    screen: wp.array2d(dtype=wp.vec3), faces: wp.array1d(dtype=wp.vec3i), frame: int, face: int
) -> Face:
    """The face with this index in this frame."""
    ids = faces[face]
    f = Face()
    f.a = screen[frame, ids[0]]
    f.b = screen[frame, ids[1]]
    f.c = screen[frame, ids[2]]
    f.at_a = edge(f.b, f.c, ids[1], ids[2])
    f.at_b = edge(f.c, f.a, ids[2], ids[0])
    f.at_c = edge(f.a, f.b, ids[0], ids[1])
    return f


@wp.func
def inside(at_a: float, at_b: float, at_c: float) -> bool:
    """Whether three areas have one sign (either: faces count from both sides) and are not all zero."""
    low = wp.min(wp.min(at_a, at_b), at_c)
    high = wp.max(wp.max(at_a, at_b), at_c)
    return (low >= 0.0 and high > 0.0) or (high <= 0.0 and low < 0.0)


@wp.kernel(enable_backward=False)
def cover(
    screen: wp.array2d(dtype=wp.vec3),
    faces: wp.array1d(dtype=wp.vec3i),
    near: float,
    nearest: wp.array3d(dtype=wp.int64),
) -> None:
    """Each (frame, face): note depth and face in the pixels whose centres it covers."""
    frame, face = wp.tid()
    f = load(screen, faces, frame, face)
    if wp.min(wp.min(f.a[2], f.b[2]), f.c[2]) <= near:
        return
    last_x = float(nearest.shape[2] - 1)
    last_y = float(nearest.shape[1] - 1)
    left = wp.max(wp.ceil(wp.min(wp.min(f.a[0], f.b[0]), f.c[0]) - 0.5), 0.0)
    right = wp.min(wp.floor(wp.max(wp.max(f.a[0], f.b[0]), f.c[0]) - 0.5), last_x)
    top = wp.max(wp.ceil(wp.min(wp.min(f.a[1], f.b[1]), f.c[1]) - 0.5), 0.0)
    bottom = wp.min(wp.floor(wp.max(wp.max(f.a[1], f.b[1]), f.c[1]) - 0.5), last_y)
    if left > right or top > bottom:
        return
    over_depth = wp.vec3(1.0 / f.a[2], 1.0 / f.b[2], 1.0 / f.c[2])
    for row in range(int(top), int(bottom) + 1):
        y = float(row) + 0.5
        entered = bool(False)  # noqa: UP018 - to Warp a bare False is a constant that no loop may change
        for column in range(int(left), int(right) + 1):
            x = float(column) + 0.5
            at_a = area(f.at_a, x, y)
            at_b = area(f.at_b, x, y)
            at_c = area(f.at_c, x, y)
            if inside(at_a, at_b, at_c):
                total = at_a + at_b + at_c
                upside = at_a * over_depth[0] + at_b * over_depth[1] + at_c * over_depth[2]
                # The bits of positive floats sort like the floats.
                bits = wp.int64(wp.cast(total / upside, wp.int32))
                wp.atomic_min(nearest, frame, row, column, (bits << wp.int64(32)) | wp.int64(face))
                entered = True
            elif entered:
                break


@wp.kernel(enable_backward=False)
def resolve(
    screen: wp.array2d(dtype=wp.vec3),
    faces: wp.array1d(dtype=wp.vec3i),
    nearest: wp.array3d(dtype=wp.int64),
    face_out: wp.array3d(dtype=wp.int32),
    barycentrics: wp.array3d(dtype=wp.vec2),
    depth: wp.array3d(dtype=wp.float32),
) -> None:
    """Each (frame, row, run of columns): the winner's face, barycentrics and depth, where there is one.

    Empties `nearest` for the next frame.
    """
    frame, row, run = wp.tid()
    for column in range(run * RUN, wp.min((run + 1) * RUN, nearest.shape[2])):
        key = nearest[frame, row, column]
        if key != NOTHING:
            nearest[frame, row, column] = NOTHING
            face = int(key & LOW_HALF)
            f = load(screen, faces, frame, face)
            x = float(column) + 0.5
            y = float(row) + 0.5
            # Each area over its corner's depth, all three times the product of the depths.
            at_a = area(f.at_a, x, y) * f.b[2] * f.c[2]
            at_b = area(f.at_b, x, y) * f.c[2] * f.a[2]
            at_c = area(f.at_c, x, y) * f.a[2] * f.b[2]
            share = 1.0 / (at_a + at_b + at_c)
            face_out[frame, row, column] = face
            barycentrics[frame, row, column] = wp.vec2(at_b * share, at_c * share)
            depth[frame, row, column] = wp.cast(wp.int32(key >> wp.int64(32)), wp.float32)


@wp.kernel(enable_backward=False)
def mix(
    face_in: wp.array3d(dtype=wp.int32),
    barycentrics: wp.array3d(dtype=wp.vec2),
    faces: wp.array1d(dtype=wp.vec3i),
    values: wp.array3d(dtype=wp.float32),
    out: wp.array4d(dtype=wp.float32),
) -> None:
    """Each (frame, row, run of columns): values at vertices (of this frame, or of all) at the pixel, where it sees."""
    frame, row, run = wp.tid()
    of = wp.min(frame, values.shape[0] - 1)
    for column in range(run * RUN, wp.min((run + 1) * RUN, face_in.shape[2])):
        face = face_in[frame, row, column]
        if face >= 0:
            ids = faces[face]
            uv = barycentrics[frame, row, column]
            first = 1.0 - uv[0] - uv[1]
            for channel in range(values.shape[2]):
                out[frame, row, column, channel] = (
                    first * values[of, ids[0], channel]
                    + uv[0] * values[of, ids[1], channel]
                    + uv[1] * values[of, ids[2], channel]
                )


@wp.kernel(enable_backward=False)
def fill_inside(face: wp.array3d(dtype=wp.int32), share: wp.array3d(dtype=wp.float32)) -> None:
    """Each (frame, row, run of columns): a share of 1 where all 3 x 3 pixels around see something."""
    frame, row, run = wp.tid()
    if row == 0 or row == face.shape[1] - 1:
        return
    for column in range(wp.max(run * RUN, 1), wp.min((run + 1) * RUN, face.shape[2] - 1)):
        if face[frame, row, column] >= 0:
            least = int(0)  # noqa: RUF046, UP018 - to Warp a bare 0 is a constant, which no loop may change
            for down in range(-1, 2):
                for right in range(-1, 2):
                    least = wp.min(least, face[frame, row + down, column + right])
            if least == 0:
                share[frame, row, column] = 1.0


@wp.kernel(enable_backward=False)
def count(samples: wp.array4d(dtype=wp.uint8), share: wp.array3d(dtype=wp.float32)) -> None:
    """Each (frame, row, run of columns): the share of sample points that are set, where it is not 1 already."""
    frame, row, run = wp.tid()
    for column in range(run * RUN, wp.min((run + 1) * RUN, share.shape[2])):
        if share[frame, row, column] < 1.0:
            hits = float(0.0)  # noqa: UP018 - as above
            for k in range(samples.shape[3]):
                hits += float(samples[frame, row, column, k])
            share[frame, row, column] = hits / float(samples.shape[3])


@wp.kernel(enable_backward=False)
def touch(
    screen: wp.array2d(dtype=wp.vec3),
    faces: wp.array1d(dtype=wp.vec3i),
    near: float,
    share: wp.array3d(dtype=wp.float32),
    samples: wp.array4d(dtype=wp.uint8),
) -> None:
    """Each (frame, face): set the sample points that it covers, except in pixels whose share is 1 already.

    Sample k of n lies at ((k + 1/2) / n, (3k + 1/2 mod n) / n): no two share a row or a column, so that edges near
    the upright and the level get all n + 1 shades.
    """
    frame, face = wp.tid()
    f = load(screen, faces, frame, face)
    if wp.min(wp.min(f.a[2], f.b[2]), f.c[2]) <= near:
        return
    count = samples.shape[3]
    left = wp.max(wp.floor(wp.min(wp.min(f.a[0], f.b[0]), f.c[0])), 0.0)
    right = wp.min(wp.floor(wp.max(wp.max(f.a[0], f.b[0]), f.c[0])), float(samples.shape[2] - 1))
    top = wp.max(wp.floor(wp.min(wp.min(f.a[1], f.b[1]), f.c[1])), 0.0)
    bottom = wp.min(wp.floor(wp.max(wp.max(f.a[1], f.b[1]), f.c[1])), float(samples.shape[1] - 1))
    if left > right or top > bottom:
        return
    for row in range(int(top), int(bottom) + 1):
        for column in range(int(left), int(right) + 1):
            if share[frame, row, column] < 1.0:
                for k in range(count):
                    x = float(column) + (float(k) + 0.5) / float(count)
                    y = float(row) + (float((3 * k) % count) + 0.5) / float(count)
                    if inside(area(f.at_a, x, y), area(f.at_b, x, y), area(f.at_c, x, y)):
                        samples[frame, row, column, k] = wp.uint8(1)


@wp.kernel(enable_backward=False)
def follow(
    face_a: wp.array2d(dtype=wp.int32),
    barycentrics_a: wp.array2d(dtype=wp.vec2),
    faces: wp.array1d(dtype=wp.vec3i),
    verts_a: wp.array1d(dtype=wp.vec3),
    verts_b: wp.array1d(dtype=wp.vec3),
    centre_a: wp.array1d(dtype=wp.vec3),
    R: wp.array1d(dtype=wp.mat33),
    t: wp.array1d(dtype=wp.vec3),
    K: wp.array1d(dtype=wp.mat33),
    face_b: wp.array2d(dtype=wp.int32),
    depth_b: wp.array2d(dtype=wp.float32),
    near: float,
    slack_m: float,
    slack_pixels: float,
    target: wp.array2d(dtype=wp.vec2),
    visible: wp.array2d(dtype=wp.uint8),
) -> None:
    """Each (row, run of columns) of frame a: where its points are in frame b, and whether in sight.

    Vertices in world axes; where camera a stands, and R, t and K of camera b.
    """
    row, run = wp.tid()
    for column in range(run * RUN, wp.min((run + 1) * RUN, face_a.shape[1])):
        face = face_a[row, column]
        if face >= 0:
            ids = faces[face]
            uv = barycentrics_a[row, column]
            first = R[0] * verts_b[ids[0]] + t[0]
            one = R[0] * verts_b[ids[1]] + t[0] - first
            two = R[0] * verts_b[ids[2]] + t[0] - first
            point = first + one * uv[0] + two * uv[1]
            if point[2] > near:
                on_plane = K[0] * point
                x = on_plane[0] / point[2]
                y = on_plane[1] / point[2]
                target[row, column] = wp.vec2(x, y)
                normal = wp.cross(one, two)
                a = verts_a[ids[0]]
                normal_a = wp.cross(verts_a[ids[1]] - a, verts_a[ids[2]] - a)
                side_a = wp.dot(normal_a, a - centre_a[0])
                side_b = wp.dot(normal, point)
                inside_b = (
                    x >= 0.0
                    and y >= 0.0
                    and x < float(face_b.shape[1])
                    and y < float(face_b.shape[0])
                )
                if side_a * side_b > 0.0 and inside_b:
                    at_x = int(x)
                    at_y = int(y)
                    # Where the pixel's ray meets the plane of the point's face; at grazing angles that may be anywhere.
                    ray_y = (float(at_y) + 0.5 - K[0][1, 2]) / K[0][1, 1]
                    ray_x = (float(at_x) + 0.5 - K[0][0, 2] - K[0][0, 1] * ray_y) / K[0][0, 0]
                    ray = wp.vec3(ray_x, ray_y, 1.0)
                    footprint = point[2] / K[0][0, 0]
                    depth = side_b / wp.dot(normal, ray)
                    if not wp.isfinite(depth):
                        depth = point[2]
                    depth = wp.clamp(
                        depth, point[2] - 20.0 * footprint, point[2] + 20.0 * footprint
                    )
                    slack = wp.max(slack_m, slack_pixels * footprint)
                    if face_b[at_y, at_x] == face or depth_b[at_y, at_x] >= depth - slack:
                        visible[row, column] = wp.uint8(1)
