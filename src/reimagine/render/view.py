"""Posed surfaces together with what a camera sees of them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.body.model import pose_skin
from reimagine.records import Actor, CameraPath, Person, Pose, SurfaceView
from reimagine.render.rasterize import rasterize


def view_surface(person: Person, pose: Pose, camera: CameraPath) -> SurfaceView:
    """The dressed surface in every frame, and what the camera sees of it."""
    return view_mesh(pose_skin(person.surface, pose), person.surface.faces, camera)


def view_actors(actors: Sequence[Actor], camera: CameraPath) -> SurfaceView:
    """The dressed surfaces of all actors as one, so that who is nearest hides who is behind.

    `raster.actor` says whom a pixel sees. Of equally near actors the first is seen. With one actor this is `view_surface`.
    """
    surfaces = [actor.person.surface for actor in actors]
    if len(actors) == 1:
        return view_surface(actors[0].person, actors[0].pose, camera)
    first_verts = [0, *accumulate(len(one.verts) for one in surfaces)]
    first_faces = [0, *accumulate(len(one.faces) for one in surfaces)]
    view = view_mesh(
        torch.cat([pose_skin(actor.person.surface, actor.pose) for actor in actors], dim=1),
        torch.cat([one.faces + at for one, at in zip(surfaces, first_verts, strict=False)]),
        camera,
    )
    return replace(view, raster=replace(view.raster, first_faces=tuple(first_faces[:-1])))


def view_mesh(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"], camera: CameraPath
) -> SurfaceView:
    """A posed surface (world, metres) together with what the camera sees of it."""
    return SurfaceView(
        verts=verts, faces=faces, camera=camera, raster=rasterize(verts, faces, camera)
    )
