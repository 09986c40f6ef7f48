"""The person's own photos, carried by the dressed surface into the new pose and view."""

from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d

from reimagine.body.model import pose_skin
from reimagine.cameras.flow import look
from reimagine.cameras.project import project
from reimagine.cameras.rasterize import rasterize
from reimagine.frames.pyramid import Pyramid, build_pyramid, sample
from reimagine.records import CameraPath, Conditions, Person, Pose, Raster, Seen

SUPERSAMPLES = 2
"""Samples per pixel along each axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coat:
    """A person's colours, made ready for painting once per call."""

    attributes: Float[Tensor, "verts channels"]
    """Per vertex: fill rgb, then x, y and weight of each photo."""
    pyramids: tuple[Pyramid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """The image backend that needs no weights."""

    device: str
    multiple: int = 1

    def paint(
        self, person: Person, conditions: Conditions, seed: int
    ) -> Float[Tensor, "frames 4 height width"]:
        """RGBA pictures, 0..1, straight alpha; nothing is drawn by chance, so any seed does."""
        del seed
        camera = conditions.camera
        coat = _coat(person, self.device)
        pictures = torch.empty(len(conditions), 4, camera.height, camera.width)
        # One frame at a time: the same pixels whatever the batch, and memory stays flat.
        for frame in range(len(conditions)):
            one = slice(frame, frame + 1)
            verts = pose_skin(person.surface, conditions.pose[one])
            finer = _finer(camera[one], SUPERSAMPLES)
            raster = rasterize(verts, person.surface.faces, finer)
            pixels = project(finer, verts)[0].to(self.device)
            pictures[frame] = _paint_one(coat, person.surface.faces.to(self.device), pixels, raster)
        return pictures


def make(device: str = "cpu") -> Atlas:
    """The backend on a device ("cpu" or "cuda")."""
    return Atlas(device=device)


def dress(person: Person, pose: Pose, camera: CameraPath) -> Seen:
    """The dressed surface in every frame, and what the camera sees of it."""
    return look(pose_skin(person.surface, pose), person.surface.faces, camera)


def _finer(camera: CameraPath, times: int) -> CameraPath:
    """The same view with `times` as many pixels along each axis."""
    scale = torch.tensor([times, times, 1.0]).to(camera.K)
    return CameraPath(
        K=scale[:, None] * camera.K,
        R=camera.R,
        t=camera.t,
        width=camera.width * times,
        height=camera.height * times,
    )


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
    return Coat(attributes=attributes.to(device), pyramids=pyramids)


def _paint_one(
    coat: Coat,
    faces: Int[Tensor, "faces 3"],
    pixels: Float[Tensor, "verts 2"],
    raster: Raster,
) -> Float[Tensor, "4 height width"]:
    """One frame from its supersampled raster; only the box around the person is worked on."""
    face = raster.face[0]
    height, width = (side // SUPERSAMPLES for side in face.shape)
    picture = torch.zeros(4, height, width)
    seen = face >= 0
    rows, columns = seen.any(dim=1).nonzero()[:, 0], seen.any(dim=0).nonzero()[:, 0]
    if len(rows) == 0:
        return picture
    top, left = (int(found[0]) // SUPERSAMPLES * SUPERSAMPLES for found in (rows, columns))
    bottom, right = (-(-(int(found[-1]) + 1) // SUPERSAMPLES) for found in (rows, columns))
    box = (slice(top, bottom * SUPERSAMPLES), slice(left, right * SUPERSAMPLES))
    levels = _levels(coat, faces, pixels)
    rgba = _colours(coat, faces, levels, face[box], raster.barycentrics[0][box])
    # Average colours weighted by what is covered, else edges would darken.
    coarse = avg_pool2d(rgba[None], SUPERSAMPLES)[0]
    alpha = coarse[3:]
    straight = torch.cat([coarse[:3] / alpha.clamp_min(1e-6), alpha]).clamp(0, 1)
    picture[:, top // SUPERSAMPLES : bottom, left // SUPERSAMPLES : right] = straight.cpu()
    return picture


def _colours(
    coat: Coat,
    faces: Int[Tensor, "faces 3"],
    levels: Float[Tensor, "photos faces"],
    face: Int[Tensor, "height width"],
    barycentrics: Float[Tensor, "height width 2"],
) -> Float[Tensor, "4 height width"]:
    """Colour of every sample, with 1 in the fourth channel where the person is."""
    device = coat.attributes.device
    face, barycentrics = face.to(device), barycentrics.to(device)
    place = (face.reshape(-1) >= 0).nonzero()[:, 0]
    own_face = face.reshape(-1)[place].long()
    corners = faces[own_face]
    second, third = barycentrics.reshape(-1, 2)[place].T[..., None].unbind()
    weights = torch.stack([1 - second - third, second, third])
    values = sum(coat.attributes[corners[:, k]] * weights[k] for k in range(3))
    assert isinstance(values, Tensor)
    colour = values[:, :3] * (1 - values[:, 5::3].sum(dim=1, keepdim=True)).clamp(0, 1)
    for photo, pyramid in enumerate(coat.pyramids):
        x, y, weight = values[:, 3 + 3 * photo : 6 + 3 * photo].unbind(dim=1)
        trusted = (weight > 0).nonzero()[:, 0]
        xy = torch.stack([x[trusted], y[trusted]], dim=1)
        taken = sample(pyramid, xy, levels[photo][own_face[trusted]])
        colour[trusted] += taken * weight[trusted, None]
    rgba = torch.zeros(face.numel(), 4, device=device)
    rgba[place, :3] = colour
    rgba[place, 3] = 1
    return rearrange(rgba, "(height width) c -> c height width", height=face.shape[0])


def _levels(
    coat: Coat, faces: Int[Tensor, "faces 3"], pixels: Float[Tensor, "verts 2"]
) -> Float[Tensor, "photos faces"]:
    """log2 of how many photo pixels one sample covers, from a face's area in the photo and here."""
    here = _area(pixels[faces])
    there = torch.stack(
        [_area(coat.attributes[:, start : start + 2][faces])
         for start in range(3, coat.attributes.shape[1], 3)]
    )  # fmt: skip
    return 0.5 * torch.log2(there.clamp_min(1e-6) / torch.nan_to_num(here, nan=1).clamp_min(1e-6))


def _area(triangles: Float[Tensor, "faces 3 2"]) -> Float[Tensor, " faces"]:
    """Twice the area of flat triangles."""
    (ax, ay), (bx, by) = ((triangles[:, k] - triangles[:, 0]).T for k in (1, 2))
    return (ax * by - ay * bx).abs()
