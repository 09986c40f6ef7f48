"""Several actors in one picture: each painted alone, then laid over one another by depth."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import max_pool2d

from reimagine.body.motion import heading_rad
from reimagine.frames.backend import ImageBackend
from reimagine.records import Actor, CameraPath
from reimagine.render.conditions import make_conditions
from reimagine.render.view import view_surface

_BEYOND = 1 / 100
"""Of the height: how far beyond the surface what is painted (soft edges, loose hair) has the depth of what is near it."""


def paint_actors(
    backend: ImageBackend, actors: Sequence[Actor], camera: CameraPath, *, shade: float, seed: int
) -> Float[Tensor, "frames 4 height width"]:
    """RGBA pictures of everybody, 0..1, straight alpha; one actor is painted as the backend alone would.

    In each pixel who is nearer lies over who is farther. Any backend does, as it is given one person at a time.
    """
    pictures, depths = zip(
        *(_alone(backend, actor, camera, shade=shade, seed=seed) for actor in actors), strict=True
    )
    return pictures[0] if len(actors) == 1 else over_by_depth(pictures, depths)


def over_by_depth(
    pictures: Sequence[Float[Tensor, "frames 4 height width"]],
    depths: Sequence[Float[Tensor, "frames height width"]],
) -> Float[Tensor, "frames 4 height width"]:
    """Pictures laid over one another in each pixel, the farthest first; of equally far ones the first lies on top."""
    order = torch.stack(list(depths)).flip(0).argsort(dim=0, descending=True, stable=True)
    stacked = torch.stack([torch.cat([one[:, :3] * one[:, 3:], one[:, 3:]], 1) for one in pictures])
    stacked = stacked.flip(0).gather(0, order[:, :, None].expand_as(stacked))
    total = torch.zeros_like(stacked[0])
    for layer in stacked:
        total = layer + total * (1 - layer[:, 3:])
    alpha = total[:, 3:]
    return torch.cat([(total[:, :3] / alpha.clamp_min(1e-6)).clamp(0, 1), alpha], dim=1)


def _alone(
    backend: ImageBackend, actor: Actor, camera: CameraPath, *, shade: float, seed: int
) -> tuple[Float[Tensor, "frames 4 height width"], Float[Tensor, "frames height width"]]:
    """One actor's pictures, and how far away they are there."""
    conditions = make_conditions(
        actor.person.body, actor.pose, camera, heading_rad(actor.pose), shade
    )
    picture = backend.paint(actor.person, conditions, seed)
    depth = view_surface(actor.person, actor.pose, camera).raster.depth
    reach = max(1, round(camera.height * _BEYOND))
    near = -max_pool2d(-depth[:, None], 2 * reach + 1, stride=1, padding=reach)[:, 0]
    return picture, torch.where(depth.isfinite(), depth, near)
