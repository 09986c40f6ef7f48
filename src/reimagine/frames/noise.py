"""Starting noise that moves with the body, so that what an image model makes of it moves with the body too."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.model import pose_skin
from reimagine.records import Conditions, Person
from reimagine.render.surface_noise import Grain, surface_noise
from reimagine.render.view import view_mesh

_PIECES = 4
"""Pieces of the surface that a latent pixel should see, about."""
_SHARE = 1 / 3
"""Of the picture that a person takes, about."""


def noise_on_surface(
    person: Person, conditions: Conditions, *, seed: int, channels: int, side: int
) -> Float[Tensor, "frames channels rows columns"]:
    """Independent unit noise in every frame; a point of the dressed surface takes its numbers along.

    Beyond the surface each place keeps its noise. A frame's noise depends on its own pose and camera alone.

    Args:
        person: Whose surface.
        conditions: Poses and cameras.
        seed: Other numbers for another seed.
        channels: Of the latents.
        side: Pixels of the picture along the side of a latent pixel.
    """
    camera = conditions.camera
    grain = Grain(
        seed=seed,
        channels=channels,
        rows=camera.height // side,
        columns=camera.width // side,
        parts=_parts(camera.height // side * (camera.width // side), len(person.surface.faces)),
    )
    verts = pose_skin(person.surface, conditions.pose)
    seen = view_mesh(verts, person.surface.faces, camera)
    # Always "frame 0": places beyond the surface then have the same noise in every frame.
    return torch.stack(
        [surface_noise(seen.raster, frame, 0, grain) for frame in range(len(conditions))]
    )


def _parts(latent_pixels: int, faces: int) -> int:
    """Into how many parts a face's sides are cut: the same for a whole clip, whatever a frame shows of the person."""
    facing = faces / 2
    return min(max(math.ceil(math.sqrt(_PIECES * _SHARE * latent_pixels / facing)), 1), 64)
