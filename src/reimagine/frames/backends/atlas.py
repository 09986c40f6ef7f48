"""The person's own photos, carried by the dressed surface into the new pose and view."""

from dataclasses import dataclass, field

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d

from reimagine.body.model import pose_skin
from reimagine.cameras.flow import look
from reimagine.cameras.project import project
from reimagine.cameras.rasterize import blend, load_kernels, rasterize
from reimagine.frames.pyramid import Pyramid, build_pyramid, sample
from reimagine.records import CameraPath, Conditions, Person, Pose, Raster, Seen
from reimagine.request import ImageModel
from reimagine.workers import workers

SUPERSAMPLES = 2
"""Samples per pixel along each axis."""
_AT_ONCE = 2**15
"""Samples worked on at once: what lies between stays in the processor's cache. The result does not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coat:
    """A person's colours, made ready for painting."""

    attributes: Float[Tensor, "verts channels"]
    """Per vertex: fill rgb, then x, y and weight of each photo."""
    areas: Float[Tensor, "photos faces"]
    """Of each face in each photo, twice, in pixels."""
    pyramids: tuple[Pyramid, ...]


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
            pictures[frame] = _paint_one(coat, faces, verts, camera[frame : frame + 1])

        load_kernels(self.device)
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


def dress(person: Person, pose: Pose, camera: CameraPath) -> Seen:
    """The dressed surface in every frame, and what the camera sees of it."""
    return look(pose_skin(person.surface, pose), person.surface.faces, camera)


def _coat(person: Person, device: str) -> Coat:
    """What a vertex carries. A photo position that is not a number is never looked up."""
    known = torch.isfinite(person.photo_xy).all(dim=-1)
    weight = torch.nan_to_num(person.photo_weight).clamp(0, 1) * known
    # Weights that add up to more than one would brighten the picture.
    weight = weight / weight.sum(dim=0).clamp_min(1)
    xy = torch.nan_to_num(person.photo_xy)
    looks = torch.cat([xy, weight[..., None]], dim=-1)
    fill = torch.nan_to_num(person.fill).clamp(0, 1)
    attributes = torch.cat([fill, rearrange(looks, "photos verts c -> verts (photos c)")], dim=1)
    pyramids = tuple(build_pyramid(photo.rgb.to(device)) for photo in person.photos)
    areas = torch.stack([_area(place[person.surface.faces]) for place in xy])
    return Coat(attributes=attributes.to(device), areas=areas.to(device), pyramids=pyramids)


def _paint_one(
    coat: Coat,
    faces: Int[Tensor, "faces 3"],
    verts: Float[Tensor, "1 verts 3"],
    camera: CameraPath,
) -> Float[Tensor, "4 height width"]:
    """One frame; only the box around the person is worked on."""
    picture = torch.zeros(4, camera.height, camera.width)
    left, top, right, bottom = _box(project(camera, verts)[0], camera)
    if left >= right or top >= bottom:
        return picture
    finer = _finer_part(camera, left, top, right, bottom)
    raster = rasterize(verts, faces, finer)
    levels = _levels(coat, faces, project(finer, verts)[0])
    rgba = _colours(coat, faces, levels, raster)
    # Average colours weighted by what is covered, else edges would darken.
    coarse = avg_pool2d(rgba[None], SUPERSAMPLES)[0]
    alpha = coarse[3:]
    straight = torch.cat([coarse[:3] / alpha.clamp_min(1e-6), alpha]).clamp(0, 1)
    picture[:, top:bottom, left:right] = straight.cpu()
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


def _colours(
    coat: Coat,
    faces: Int[Tensor, "faces 3"],
    levels: Float[Tensor, "photos faces"],
    raster: Raster,
) -> Float[Tensor, "4 height width"]:
    """Colour of every sample, with 1 in the fourth channel where the person is."""
    face = raster.face[0]
    barycentrics = raster.barycentrics.reshape(-1, 2)
    rgba = torch.zeros(face.numel(), 4, device=face.device)
    for place in (face.reshape(-1) >= 0).nonzero()[:, 0].split(_AT_ONCE):
        own_face = face.reshape(-1)[place]
        values = blend(barycentrics[place], coat.attributes, faces[own_face])
        rgba[place, :3] = _mixed(coat, levels, own_face, values)
        rgba[place, 3] = 1
    return rearrange(rgba, "(height width) c -> c height width", height=face.shape[0])


def _mixed(
    coat: Coat,
    levels: Float[Tensor, "photos faces"],
    own_face: Int[Tensor, " points"],
    values: Float[Tensor, "points channels"],
) -> Float[Tensor, "points 3"]:
    """The fill and what each photo shows, in their shares."""
    colour = values[:, :3] * (1 - values[:, 5::3].sum(dim=1, keepdim=True)).clamp(0, 1)
    for photo, pyramid in enumerate(coat.pyramids):
        x, y, weight = values[:, 3 + 3 * photo : 6 + 3 * photo].unbind(dim=1)
        trusted = (weight > 0).nonzero()[:, 0]
        if len(trusted):
            xy = torch.stack([x[trusted], y[trusted]], dim=1)
            taken = sample(pyramid, xy, levels[photo][own_face[trusted]])
            colour[trusted] += taken * weight[trusted, None]
    return colour


def _levels(
    coat: Coat, faces: Int[Tensor, "faces 3"], pixels: Float[Tensor, "verts 2"]
) -> Float[Tensor, "photos faces"]:
    """log2 of how many photo pixels one sample covers, from a face's area in the photo and here."""
    here = _area(pixels[faces])
    return 0.5 * torch.log2(
        coat.areas.clamp_min(1e-6) / torch.nan_to_num(here, nan=1).clamp_min(1e-6)
    )


def _area(triangles: Float[Tensor, "faces 3 2"]) -> Float[Tensor, " faces"]:
    """Twice the area of flat triangles."""
    (ax, ay), (bx, by) = ((triangles[:, k] - triangles[:, 0]).T for k in (1, 2))
    return (ax * by - ay * bx).abs()
