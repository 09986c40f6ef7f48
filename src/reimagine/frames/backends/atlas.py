"""The person's own photos, carried by the dressed surface into the new pose and view."""

from dataclasses import dataclass, field

import torch
import warp as wp
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.body.facing import vertex_normals
from reimagine.body.model import pose_skin
from reimagine.cameras.project import project
from reimagine.frames import colour_kernels as kernels
from reimagine.frames.pyramid import Pyramids, build_pyramids
from reimagine.records import CameraPath, Conditions, Person
from reimagine.render.rasterize import (
    launch,
    load_kernels,
    rasterize,
    runs,
    triples,
    vectors,
)
from reimagine.settings import ImageModel
from reimagine.workers import workers

SUPERSAMPLES = 2
"""Samples per pixel along each axis."""
_DARKEST, _BRIGHTEST = 0.7, 1.15
"""Against the photo; brighter would burn out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coat:
    """A person's colours, made ready for painting."""

    fill: Float[Tensor, "verts 3"]
    looks: Float[Tensor, "photos verts 3"]
    """x, y and weight in each photo."""
    upward: Float[Tensor, " verts"]
    """How far each vertex faced up in the photos: the cosine with the vertical."""
    areas: Float[Tensor, "photos faces"]
    """Of each face in each photo, twice, in pixels."""
    pyramids: Pyramids


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """The image backend that needs no weights."""

    device: str
    multiple: int = 1
    worn: list[tuple[Person, Coat]] = field(default_factory=list[tuple[Person, Coat]])
    """The coat of the person who was painted last."""

    def paint(
        self, person: Person, conditions: Conditions, seed: int
    ) -> Float[Tensor, "frames 4 height width"]:
        """RGBA pictures, 0..1, straight alpha; nothing is drawn by chance, so any seed does."""
        del seed
        camera = conditions.camera
        coat = self._coat_of(person)
        pictures = torch.empty(len(conditions), 4, camera.height, camera.width)
        faces = person.surface.faces.to(self.device)

        # One frame at a time: the same pixels whatever the batch, and memory stays flat.
        def paint_one(frame: int) -> None:
            verts = pose_skin(person.surface, conditions.pose[frame : frame + 1]).to(self.device)
            light = _light(coat, faces, verts, conditions.shade)
            pictures[frame] = _paint_one(coat, faces, verts, light, camera[frame : frame + 1])

        load_kernels(self.device)
        wp.load_module(kernels, device=self.device)
        with workers(None if self.device == "cpu" else 1) as pool:
            list(pool.map(paint_one, range(len(conditions))))
        return pictures

    def _coat_of(self, person: Person) -> Coat:
        if not (self.worn and self.worn[0][0] is person):
            self.worn[:] = [(person, _coat(person, self.device))]
        return self.worn[0][1]


def make(device: str = "cpu", settings: ImageModel | None = None) -> Atlas:
    """The backend on a device ("cpu" or "cuda"); it needs none of the settings."""
    del settings
    return Atlas(device=device)


def _coat(person: Person, device: str) -> Coat:
    """What a vertex carries. A photo position that is not a number is never looked up."""
    known = torch.isfinite(person.photo_xy).all(dim=-1)
    weight = torch.nan_to_num(person.photo_weight).clamp(0, 1) * known
    # Weights that add up to more than one would brighten the picture.
    weight = weight / weight.sum(dim=0).clamp_min(1)
    xy = torch.nan_to_num(person.photo_xy)
    return Coat(
        fill=torch.nan_to_num(person.fill).clamp(0, 1).to(device),
        looks=torch.cat([xy, weight[..., None]], dim=-1).to(device),
        upward=_upward(person, weight).to(device),
        areas=torch.stack([_area(place[person.surface.faces]) for place in xy]).to(device),
        pyramids=build_pyramids([photo.rgb.to(device) for photo in person.photos]),
    )


def _upward(person: Person, weight: Float[Tensor, "photos verts"]) -> Float[Tensor, " verts"]:
    """As in the photos that colour it; as in the first where none does."""
    up = torch.stack(
        [
            vertex_normals(pose_skin(person.surface, photo.pose), person.surface.faces)[0, :, 1]
            for photo in person.photos
        ]
    )
    return (weight * up).sum(0) + (1 - weight.sum(0)) * up[0]


def _light(
    coat: Coat,
    faces: Int[Tensor, "faces 3"],
    verts: Float[Tensor, "1 verts 3"],
    shade: float,
) -> Float[Tensor, " verts"]:
    """How bright each vertex is beside its photo under a light from above: only what has turned since changes."""
    if shade == 0:
        return torch.ones_like(coat.upward)
    up = vertex_normals(verts, faces)[0, :, 1]
    return (1 + shade * (up - coat.upward)).clamp(_DARKEST, _BRIGHTEST)


def _paint_one(
    coat: Coat,
    faces: Int[Tensor, "faces 3"],
    verts: Float[Tensor, "1 verts 3"],
    light: Float[Tensor, " verts"],
    camera: CameraPath,
) -> Float[Tensor, "4 height width"]:
    """One frame; only the box around the person is worked on."""
    picture = torch.zeros(4, camera.height, camera.width)
    pixels = project(camera, verts)[0]
    left, top, right, bottom = _box(pixels, camera)
    if left >= right or top >= bottom:
        return picture
    raster = rasterize(verts, faces, _finer_part(camera, left, top, right, bottom))
    part = torch.zeros(4, bottom - top, right - left, device=verts.device)
    pyramids = coat.pyramids
    inputs = [
        wp.from_torch(raster.face[0]),
        vectors(raster.barycentrics[0]),
        triples(faces, verts.device),
        vectors(coat.fill),
        wp.from_torch(light),
        vectors(coat.looks),
        wp.from_torch(_levels(coat, faces, pixels)),
        vectors(pyramids.texels),
        wp.from_torch(pyramids.start),
        wp.from_torch(pyramids.size, dtype=wp.vec2i),
        wp.from_torch(pyramids.first),
        SUPERSAMPLES,
        wp.from_torch(part),
    ]
    launch(kernels.colour, runs(part[:1])[1:], inputs, verts.device)
    picture[:, top:bottom, left:right] = part.cpu()
    return picture


def _box(pixels: Float[Tensor, "verts 2"], camera: CameraPath) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of the picture that the vertices may touch."""
    size = (camera.width, camera.height)
    if not bool(torch.isfinite(pixels).all()):
        return (0, 0, *size)
    low, high = pixels.amin(dim=0).floor().tolist(), pixels.amax(dim=0).ceil().tolist()
    left, top = (int(max(0, value)) for value in low)
    right, bottom = (int(min(side, value)) for side, value in zip(size, high, strict=True))
    return left, top, right, bottom


def _finer_part(camera: CameraPath, left: int, top: int, right: int, bottom: int) -> CameraPath:
    """The view of a part of the picture with `SUPERSAMPLES` samples per pixel along each axis."""
    K = camera.K.clone()
    K[:, 0, 2] -= left
    K[:, 1, 2] -= top
    K[:, :2] *= SUPERSAMPLES
    width, height = (right - left) * SUPERSAMPLES, (bottom - top) * SUPERSAMPLES
    return CameraPath(K=K, R=camera.R, t=camera.t, width=width, height=height)


def _levels(
    coat: Coat, faces: Int[Tensor, "faces 3"], pixels: Float[Tensor, "verts 2"]
) -> Float[Tensor, "photos faces"]:
    """log2 of how many photo pixels one sample covers along an axis, from a face's area in the photo and here."""
    here = torch.nan_to_num(_area(pixels[faces]), nan=1) * SUPERSAMPLES**2
    return 0.5 * torch.log2(coat.areas.clamp_min(1e-6) / here.clamp_min(1e-6))


def _area(triangles: Float[Tensor, "faces 3 2"]) -> Float[Tensor, " faces"]:
    """Twice the area of flat triangles."""
    (ax, ay), (bx, by) = ((triangles[:, k] - triangles[:, 0]).T for k in (1, 2))
    return (ax * by - ay * bx).abs()
