"""Two people whose likeness belongs to nobody, and photos of them: python -m reimagine.synth.people OUT."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d

from reimagine.body.model import pose_skin
from reimagine.records import CameraPath, Pose, Skin
from reimagine.render.rasterize import blend, rasterize
from reimagine.synth.dress import Dressed, kinds, make_dressed, stance
from reimagine.synth.light import floor_shadow, shine
from reimagine.synth.looks import LOOKS, Look, colours
from reimagine.synth.pieces import vertex_normals

SUPERSAMPLES = 2
WIDTH, HEIGHT = 800, 1328
FOCAL_PIXELS, DISTANCE_M, CAMERA_HEIGHT_M = 2250.0, 3.45, 1.05
GAMMA = 2.2
EXPOSURE = 1.3
BACKDROP = (0.80, 0.80, 0.79)
"""Linear light of the studio's paper."""


def dressed(name: str) -> tuple[Skin, Float[Tensor, "verts 3"]]:
    """The dressed surface of "alex" or "sam" in the zero pose and its colours (sRGB, without light)."""
    person = make_dressed(name)
    return person.skin, _albedo(person, person.kind, person.skin.verts)


def render_truth(
    who: str | Look, pose: Pose, camera: CameraPath
) -> Float[Tensor, "frames 4 height width"]:
    """RGBA pictures of a made person, straight alpha, in the light that the photos were taken in.

    The light turns with the camera, as it does between front and back photo.
    """
    person = make_dressed(who)
    frames = [_render(person, pose[k : k + 1], camera[k : k + 1]) for k in range(len(pose))]
    return torch.stack(frames)


def make_person_photos(who: str | Look) -> tuple[Float[Tensor, "3 height width"], ...]:
    """Front and back photo of a made person before a light paper wall, 0..1."""
    return tuple(make_person_photo(who, yaw) for yaw in (0.0, math.pi))


def make_person_photo(who: str | Look, yaw_rad: float) -> Float[Tensor, "3 height width"]:
    """A photo of a made person before a light paper wall, 0..1; yaw 0 from the front, pi / 2 from their left."""
    person = make_dressed(who)
    pose, camera = stance(person.body), studio_camera(yaw_rad)
    rgba = _render(person, pose, camera)
    paper = floor_shadow(_posed(person, pose), person.skin.faces, camera, yaw_rad)
    backdrop = (torch.tensor(BACKDROP)[:, None, None] * paper) ** (1 / GAMMA)
    return torch.lerp(backdrop, rgba[:3], rgba[3:])


def studio_camera(yaw_rad: float) -> CameraPath:
    """The photographer's camera: 0 sees the front, pi the back."""
    cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
    level = torch.tensor([[cos, 0, -sin], [0, -1.0, 0], [-sin, 0, -cos]])
    tilt = 0.045
    down = torch.tensor(
        [[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]]
    )
    R = down @ level
    centre = torch.tensor([DISTANCE_M * sin, CAMERA_HEIGHT_M, DISTANCE_M * cos])
    K = torch.tensor([[FOCAL_PIXELS, 0, WIDTH / 2], [0, FOCAL_PIXELS, HEIGHT / 2], [0, 0, 1.0]])
    return CameraPath(K=K[None], R=R[None], t=-(R @ centre)[None], width=WIDTH, height=HEIGHT)


def main(folder: Path) -> None:
    """Write NAME/front.png and NAME/back.png for each made person."""
    for name in LOOKS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for side, picture in zip(("front", "back"), make_person_photos(name), strict=True):
            image = rearrange(picture.flip(0), "c h w -> h w c").mul(255).round().byte().numpy()
            smallest = [cv2.IMWRITE_PNG_COMPRESSION, 9]
            cv2.imwrite(str(folder / name / f"{side}.png"), image, smallest)


def _posed(person: Dressed, pose: Pose) -> Float[Tensor, "verts 3"]:
    return pose_skin(person.skin, pose)[0]


def _render(person: Dressed, pose: Pose, camera: CameraPath) -> Float[Tensor, "4 height width"]:
    """One lit frame."""
    verts, faces = _posed(person, pose), person.skin.faces
    finer = replace(
        camera,
        K=camera.K * torch.tensor([SUPERSAMPLES, SUPERSAMPLES, 1.0])[:, None],
        width=camera.width * SUPERSAMPLES,
        height=camera.height * SUPERSAMPLES,
    )
    raster = rasterize(verts[None], faces, finer)
    face = raster.face[0].reshape(-1)
    place = (face >= 0).nonzero()[:, 0]
    corners = faces[face[place].long()].long()
    weights = raster.barycentrics[0].reshape(-1, 2)[place]

    used = corners.unique()
    light = torch.zeros_like(verts)
    normals = vertex_normals(verts, faces)
    light[used] = shine(verts, faces, verts[used], normals[used], camera_yaw(camera))
    rest = blend(weights, person.skin.verts, corners)
    albedo = _albedo(person, person.kind[corners[:, 0]], rest)
    lit = albedo**GAMMA * blend(weights, light, corners) * EXPOSURE
    rgba = torch.zeros(len(face), 4)
    rgba[place] = torch.cat([lit.clamp(0, 1), torch.ones(len(place), 1)], dim=1)
    picture = rearrange(rgba, "(h w) c -> 1 c h w", h=finer.height)
    coarse = avg_pool2d(picture, SUPERSAMPLES)[0]
    linear = coarse[:3] / coarse[3:].clamp_min(1e-6)
    return torch.cat([linear ** (1 / GAMMA), coarse[3:]]).clamp(0, 1)


def _albedo(
    person: Dressed, kind: Int[Tensor, " points"], rest: Float[Tensor, "points 3"]
) -> Float[Tensor, "points 3"]:
    """Colours (sRGB, without light) of points in the zero pose."""
    albedo = torch.zeros(len(rest), 3)
    for index, word in enumerate(kinds(person.look)):
        mine = (kind == index).nonzero()[:, 0]
        albedo[mine] = colours(person.look, person.measure, word, rest[mine])
    return albedo


def camera_yaw(camera: CameraPath) -> float:
    """From which side the camera looks at the world's middle: 0 the front, pi the back."""
    forward = camera.R[0, 2]
    return math.atan2(-float(forward[0]), -float(forward[2]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
