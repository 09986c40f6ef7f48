"""Posed surfaces together with what a camera sees of them."""

from jaxtyping import Float, Int
from torch import Tensor

from reimagine.body.model import pose_skin
from reimagine.records import CameraPath, Person, Pose, SurfaceView
from reimagine.render.rasterize import rasterize


def view_surface(person: Person, pose: Pose, camera: CameraPath) -> SurfaceView:
    """The dressed surface in every frame, and what the camera sees of it."""
    return view_mesh(pose_skin(person.surface, pose), person.surface.faces, camera)


def view_mesh(
    verts: Float[Tensor, "frames verts 3"], faces: Int[Tensor, "faces 3"], camera: CameraPath
) -> SurfaceView:
    """A posed surface (world, metres) together with what the camera sees of it."""
    return SurfaceView(
        verts=verts, faces=faces, camera=camera, raster=rasterize(verts, faces, camera)
    )
