# type: ignore
"""The Warp kernel that colours what is seen, on the CPU and on CUDA alike; see `raster_kernels.py` for the first line."""

import warp as wp

from reimagine.render.raster_kernels import RUN


@wp.func
def bilinear(
    texels: wp.array1d(dtype=wp.vec3), start: int, size: wp.vec2i, x: float, y: float
) -> wp.vec3:
    """Colour at a position of one level; beyond the border the border goes on."""
    at_x = wp.clamp(x - 0.5, 0.0, float(size[0] - 1))
    at_y = wp.clamp(y - 0.5, 0.0, float(size[1] - 1))
    left = int(at_x)
    top = int(at_y)
    right = wp.min(left + 1, size[0] - 1)
    row = start + top * size[0]
    next_row = start + wp.min(top + 1, size[1] - 1) * size[0]
    share = at_x - float(left)
    above = wp.lerp(texels[row + left], texels[row + right], share)
    below = wp.lerp(texels[next_row + left], texels[next_row + right], share)
    return wp.lerp(above, below, at_y - float(top))


@wp.func
def trilinear(
    texels: wp.array1d(dtype=wp.vec3),
    start: wp.array1d(dtype=wp.int32),
    size: wp.array1d(dtype=wp.vec2i),
    first: int,
    levels: int,
    x: float,
    y: float,
    level: float,
) -> wp.vec3:
    """Colour between two levels of the photo whose levels begin at `first`; below level 0 counts as 0.

    Levels halve by 2 x 2 boxes, so that positions scale exactly by 1/2, odd sizes included.
    """
    within = wp.clamp(level, 0.0, float(levels - 1))
    low = int(within)
    share = within - float(low)
    scale = wp.pow(0.5, float(low))
    of = first + low
    colour = bilinear(texels, start[of], size[of], x * scale, y * scale)
    if share > 0.0:
        scale = 0.5 * scale
        above = bilinear(texels, start[of + 1], size[of + 1], x * scale, y * scale)
        colour = wp.lerp(colour, above, share)
    return colour


@wp.kernel(enable_backward=False)
def colour(
    face_in: wp.array2d(dtype=wp.int32),
    barycentrics: wp.array2d(dtype=wp.vec2),
    faces: wp.array1d(dtype=wp.vec3i),
    fill: wp.array1d(dtype=wp.vec3),
    shade: wp.array1d(dtype=wp.float32),
    looks: wp.array2d(dtype=wp.vec3),
    level: wp.array2d(dtype=wp.float32),
    texels: wp.array1d(dtype=wp.vec3),
    start: wp.array1d(dtype=wp.int32),
    size: wp.array1d(dtype=wp.vec2i),
    first: wp.array1d(dtype=wp.int32),
    finer: int,
    picture: wp.array3d(dtype=wp.float32),
) -> None:
    """Each (row, run of columns): a pixel's straight colour and alpha from its `finer` x `finer` samples.

    Per vertex: fill colour, how bright it is beside its photo, and x, y and weight in each photo. Per photo and face:
    level. Per photo: its first level, and one more entry at the end.
    """
    row, run = wp.tid()
    for column in range(run * RUN, wp.min((run + 1) * RUN, picture.shape[2])):
        total = wp.vec3(0.0, 0.0, 0.0)
        seen = float(0.0)  # noqa: UP018 - to Warp a bare 0.0 is a constant, which no loop may change
        for k in range(finer * finer):
            at_y = row * finer + k / finer
            at_x = column * finer + k % finer
            face = face_in[at_y, at_x]
            if face >= 0:
                ids = faces[face]
                uv = barycentrics[at_y, at_x]
                own = 1.0 - uv[0] - uv[1]
                sample = wp.vec3(0.0, 0.0, 0.0)
                unknown = float(1.0)  # noqa: UP018 - as above
                for photo in range(looks.shape[0]):
                    look = (
                        own * looks[photo, ids[0]]
                        + uv[0] * looks[photo, ids[1]]
                        + uv[1] * looks[photo, ids[2]]
                    )
                    if look[2] > 0.0:
                        unknown -= look[2]
                        of = first[photo]
                        levels = first[photo + 1] - of
                        sample += look[2] * trilinear(
                            texels, start, size, of, levels, look[0], look[1], level[photo, face]
                        )
                if unknown > 0.0:
                    filled = own * fill[ids[0]] + uv[0] * fill[ids[1]] + uv[1] * fill[ids[2]]
                    sample += wp.min(unknown, 1.0) * filled
                light = own * shade[ids[0]] + uv[0] * shade[ids[1]] + uv[1] * shade[ids[2]]
                total += light * sample
                seen += 1.0
        if seen > 0.0:
            # The mean of what is covered, else edges would darken.
            for channel in range(3):
                picture[channel, row, column] = wp.clamp(total[channel] / seen, 0.0, 1.0)
            picture[3, row, column] = seen / float(finer * finer)
