"""A frame made ready for being sampled by others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.errors import InputError
from reimagine.records import SurfaceView
from reimagine.refine.edges import edge_strength, inner
from reimagine.refine.grain import Shares
from reimagine.resize import nearest_inside

AIR = 8
"""Pixels around the person that are worked on."""

Displaced = Float[Tensor, "height width 2"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A frame or an average of some, or a part of it, kept while it is needed."""

    picture: Float[Tensor, "4 height width"]
    """As painted."""
    carried: Float[Tensor, "height width 3"]
    """Colours, carried beyond the silhouette so that sampling does not meet the background."""
    inside: Tensor
    """Where its colour is the surface's alone (height width, bool)."""
    seen: SurfaceView
    box: tuple[slice, slice]
    """Rows and columns of the whole frame that the person and some air around take up."""
    nearest: Int[Tensor, " pixels"]
    """For each pixel of the box, which pixel of it gives its colour."""
    strength: Float[Tensor, "height width"]
    """Of edges around each pixel, exposed like `carried`."""
    shares: Shares
    exposure: Float[Tensor, "3"]
    """What colours as painted are multiplied by."""
    moved: Displaced
    """From where it shows something to where the frame as painted does; pixels, None where nothing is displaced."""


def near_of(picture: Float[Tensor, "4 height width"], seen: SurfaceView, frame: int) -> Near:
    """A frame as painted.

    Raises:
        InputError: where it is not of its camera's size.
    """
    height, width = picture.shape[1:]
    if (seen.camera.width, seen.camera.height) != (width, height):
        raise InputError(
            f"frame {frame} is {width}x{height}; expected {seen.camera.width}x"
            f"{seen.camera.height} as its camera has. Give frames and camera of one size."
        )
    inside = _own_pixels(picture, seen)
    box = _box(inside)
    rows, columns = box
    part = inside[rows, columns]
    nearest = nearest_inside(part)
    carried = picture[:3].permute(1, 2, 0).contiguous()
    colours = picture[:3, rows, columns].reshape(3, -1).T[nearest].reshape(*part.shape, 3)
    carried[rows, columns] = colours
    edges = torch.zeros(picture.shape[1:])
    edges[rows, columns] = torch.from_numpy(edge_strength(colours.numpy(), inner(part.numpy())))
    return Near(
        picture=picture,
        carried=carried,
        inside=inside,
        seen=seen,
        box=box,
        strength=edges,
        nearest=nearest,
        shares=Shares(own=1.0, squared=1.0),
        exposure=torch.ones(3),
        moved=None,
    )


def repainted(
    near: Near,
    rows: slice,
    columns: slice,
    place: Int[Tensor, " points"],
    colours: Float[Tensor, "points 3"],
    strength: Float[Tensor, " points"],
) -> Near:
    """The frame with other colours and edges at some places of a part, numbered row by row."""
    carried = near.carried.clone()
    part = carried[rows, columns].reshape(-1, 3)
    part[place] = colours
    carried[rows, columns] = part.reshape(carried[rows, columns].shape)
    box = carried[near.box]
    carried[near.box] = box.reshape(-1, 3)[near.nearest].reshape(box.shape)
    edges = near.strength.clone()
    part = edges[rows, columns].reshape(-1)
    part[place] = strength
    edges[rows, columns] = part.reshape(edges[rows, columns].shape)
    edges[near.box] = edges[near.box].reshape(-1)[near.nearest].reshape(box.shape[:2])
    return replace(near, carried=carried, strength=edges)


def span_of(window: Sequence[Near]) -> tuple[slice, slice]:
    """Rows and columns of all the frames' boxes."""
    rows, columns = (
        slice(min(one.box[axis].start for one in window), max(one.box[axis].stop for one in window))
        for axis in (0, 1)
    )
    return rows, columns


def cut(near: Near, rows: slice, columns: slice) -> Near:
    """A part of the frame, its camera moved along."""
    return replace(
        near,
        picture=near.picture[:, rows, columns],
        carried=near.carried[rows, columns],
        strength=near.strength[rows, columns],
        inside=near.inside[rows, columns],
        seen=_cut_seen(near.seen, rows, columns),
    )


def _box(inside: Tensor) -> tuple[slice, slice]:
    """Rows and columns of what is inside, with some air; all where nothing is."""
    found: list[slice] = []
    for axis in (0, 1):
        taken = inside.any(dim=1 - axis).nonzero()[:, 0]
        low, high = (int(taken[0]), int(taken[-1]) + 1) if len(taken) else (0, inside.shape[axis])
        found.append(slice(max(low - AIR, 0), min(high + AIR, inside.shape[axis])))
    return found[0], found[1]


def _own_pixels(picture: Float[Tensor, "4 height width"], seen: SurfaceView) -> Tensor:
    """Where a picture's colour is the surface's alone (height width, bool)."""
    surface = seen.raster.face[0] >= 0
    if bool(((picture[3] < 0.5) & ~surface).any()):
        return surface & (picture[3] > 1 / 255)
    # An opaque picture has mixed its background into the silhouette's outermost pixels.
    neighbours = torch.nn.functional.max_pool2d((~surface)[None].float(), 3, 1, 1)[0]
    return surface & (neighbours == 0)


def _cut_seen(seen: SurfaceView, rows: slice, columns: slice) -> SurfaceView:
    raster, camera = seen.raster, seen.camera
    K = camera.K.clone()
    K[:, 0, 2] -= columns.start
    K[:, 1, 2] -= rows.start
    return replace(
        seen,
        camera=replace(
            camera, K=K, width=columns.stop - columns.start, height=rows.stop - rows.start
        ),
        raster=replace(
            raster,
            face=raster.face[:, rows, columns].contiguous(),
            barycentrics=raster.barycentrics[:, rows, columns].contiguous(),
            depth=raster.depth[:, rows, columns].contiguous(),
        ),
    )
