"""Alpha for pictures that were painted on white, so that they can stand before another background."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import max_pool2d

from reimagine.body.model import pose_skin
from reimagine.records import Conditions, Person
from reimagine.render.rasterize import coverage
from reimagine.render.view import view_mesh

_BAND = 1 / 100
"""How far around the dressed surface the person may reach, and how far inside it may be white, of the height."""
_SOLID = 0.08
"""How much darker than white a pixel near the person must be to be no stain of the white."""
_EDGE = 2
"""Pixels over which outlines are blurred: how far to look for the colour that an edge mixes with white."""


def cut_out(
    pictures: Float[Tensor, "frames 3 height width"], person: Person, conditions: Conditions
) -> Float[Tensor, "frames 4 height width"]:
    """The pictures with straight alpha; over white they are the pictures again.

    Well inside the dressed surface all is opaque, near it what is as dark as the colours beside it, elsewhere (shadows, mostly) a pixel is
    as opaque as it is dark. Alpha is never less than 1 minus the darkest channel: then c = 1 - (1 - picture) / alpha
    is a colour, and over white gives the picture exactly.
    """
    verts = pose_skin(person.surface, conditions.pose)
    seen = view_mesh(verts, person.surface.faces, conditions.camera)
    share = coverage(verts, person.surface.faces, conditions.camera, seen.raster)
    reach = max(1, round(conditions.camera.height * _BAND))
    return key_white(pictures, _grown(share, reach), 1 - _grown(1 - share, reach))


def key_white(
    pictures: Float[Tensor, "frames 3 height width"],
    near: Float[Tensor, "frames height width"],
    inside: Float[Tensor, "frames height width"],
) -> Float[Tensor, "frames 4 height width"]:
    """Pictures on white with straight alpha.

    Args:
        pictures: 0..1.
        near: Where the person may be, 0..1.
        inside: Where the person is whatever the colour, 0..1.
    """
    dark = 1 - pictures.amin(dim=1)
    # An edge's pixel, which has white beside it, is as dark as its share of the colour that it has beside it too.
    solid = (dark / _SOLID).clamp(max=1)
    has_white = 1 - _grown(1 - solid, _EDGE) < 1
    shared = dark / _grown(dark, _EDGE).clamp_min(_SOLID)
    keyed = torch.lerp(dark, torch.where(has_white, shared, solid), near)
    alpha = torch.maximum(torch.maximum(dark, keyed), inside)[:, None]
    colours = 1 - (1 - pictures) / alpha.clamp_min(1e-6)
    return torch.cat([colours.clamp(0, 1), alpha], dim=1)


def _grown(share: Float[Tensor, "frames height width"], reach: int) -> Tensor:
    return max_pool2d(share[:, None], 2 * reach + 1, stride=1, padding=reach)[:, 0]
