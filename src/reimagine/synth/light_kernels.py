"""The Warp kernel that asks from where light reaches a point; it needs a real file."""

# pyright: basic, reportInvalidTypeForm=false, reportArgumentType=false, reportCallIssue=false
# pyright: reportAttributeAccessIssue=false

import warp as wp

wp.config.quiet = True
wp.config.log_level = 40
wp.init()


@wp.kernel(enable_backward=False)
def gather(
    mesh: wp.uint64,
    points: wp.array1d(dtype=wp.vec3),
    normals: wp.array1d(dtype=wp.vec3),
    directions: wp.array1d(dtype=wp.vec3),
    radiance: wp.array1d(dtype=wp.vec3),
    bounce: wp.vec3,
    lift_m: float,
    light: wp.array1d(dtype=wp.vec3),
) -> None:
    """Cosine-weighted radiance over the directions that nothing stands in; the rest sends `bounce`."""
    i = wp.tid()
    n = normals[i]
    start = points[i] + n * lift_m
    total = wp.vec3(0.0, 0.0, 0.0)
    share = float(0.0)  # noqa: UP018 - Warp's way to say that it changes
    for k in range(directions.shape[0]):
        cosine = wp.dot(n, directions[k])
        if cosine > 0.0:
            share += cosine
            hit = wp.mesh_query_ray_anyhit(mesh, start, directions[k], 4.0)
            if hit:
                total += wp.cw_mul(bounce, radiance[k]) * cosine
            else:
                total += radiance[k] * cosine
    light[i] = total / wp.max(share, 1.0e-6)
