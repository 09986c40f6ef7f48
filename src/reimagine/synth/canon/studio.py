"""Where pictures are taken: lens, light, wall and floor, and what a camera does to them."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from reimagine.records import CameraPath
from reimagine.synth.light import sphere

FILM_MM = 36.0
"""Height of the film in portrait: focal lengths are those of full-frame cameras."""
GAMMA = 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """Light and surroundings of one picture; colours are linear light."""

    lamps: tuple[tuple[float, ...], ...]
    """Each: towards x, y, z (as the camera sees: right, up, towards it), half width in radians, then its colour."""
    room: tuple[float, float]
    """Light from everywhere: in the middle, and how much more from above."""
    wall: tuple[float, float, float]
    floor: tuple[float, float, float]
    wall_m: float
    """How far the wall stands behind the person."""
    busy: bool
    exposure: float
    seed: int


def draw_studio(rng: np.random.Generator, *, plain: bool, busy: bool) -> Studio:
    """Lamps, wall and floor; `plain` as for canonical photos: even light, one pale colour."""
    lamps: list[tuple[float, ...]] = []
    for k in range(int(rng.integers(2, 5))):
        turn = float(rng.uniform(-1.3, 1.3)) if plain else float(rng.uniform(-math.pi, math.pi))
        rise = float(rng.uniform(0.2, 1.2))
        towards = (math.sin(turn) * math.cos(rise), math.sin(rise), math.cos(turn) * math.cos(rise))
        strength = float(rng.uniform(0.6, 2.6)) * (1.0 if k == 0 or not plain else 0.5)
        tint = rng.uniform(0.92, 1.08, 3) if plain else rng.uniform(0.8, 1.2, 3)
        lamps.append((*towards, float(rng.uniform(0.2, 0.6)), *(float(c) for c in strength * tint)))
    pale = float(rng.uniform(0.62, 0.95)) if plain else float(rng.uniform(0.15, 0.95))
    wall = pale * rng.uniform(0.96 if plain else 0.8, 1.0, 3)
    floor = wall * rng.uniform(0.85, 1.05) * rng.uniform(0.97, 1.03, 3)
    if not plain and rng.random() < 0.5:
        floor = rng.uniform(0.1, 0.8) * rng.uniform(0.75, 1.0, 3)
    return Studio(
        lamps=tuple(lamps),
        room=(float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.0, 0.3))),
        wall=(float(wall[0]), float(wall[1]), float(wall[2])),
        floor=(float(floor[0]), float(floor[1]), float(floor[2])),
        wall_m=float(rng.uniform(0.5, 2.5)),
        busy=busy,
        exposure=float(rng.uniform(0.85, 1.15)),
        seed=int(rng.integers(1 << 30)),
    )


def draw_camera(
    rng: np.random.Generator,
    verts: Float[Tensor, "verts 3"],
    yaw_rad: float,
    width: int,
    height: int,
    *,
    plain: bool,
) -> CameraPath:
    """A camera at a real distance that holds the whole person: lens of 24 to 85 mm, from this side.

    `yaw_rad` is where the camera stands about Y: 0 ahead of the person, pi / 2 on their left.
    """
    focal_mm = float(
        rng.uniform(45, 70) if plain else math.exp(rng.uniform(math.log(24), math.log(85)))
    )
    low, high = verts.amin(dim=0), verts.amax(dim=0)
    centre = (low + high) / 2
    focal = focal_mm / FILM_MM * height
    margin = float(rng.uniform(0.03, 0.07) if plain else rng.uniform(0.03, 0.16))
    tall, wide = float(high[1] - low[1]), float((high - low)[[0, 2]].norm())
    distance = max(
        tall * focal / (height * (1 - 2 * margin)), wide * 0.8 * focal / (width * (1 - 2 * margin))
    )
    distance += float((high - low)[[0, 2]].max()) / 2
    camera_y = float(centre[1]) + tall * float(
        rng.uniform(-0.05, 0.12) if plain else rng.uniform(-0.25, 0.35)
    )
    sin, cos = math.sin(yaw_rad), math.cos(yaw_rad)
    eye = torch.tensor(
        [float(centre[0]) + distance * sin, camera_y, float(centre[2]) + distance * cos]
    )
    forward = normalize(centre - eye, dim=0)
    roll = 0.0 if plain else float(rng.normal(0, 0.01))
    up = torch.tensor([math.sin(roll) * cos, math.cos(roll), -math.sin(roll) * sin])
    right = normalize(torch.linalg.cross(forward, up), dim=0)
    R = torch.stack([right, torch.linalg.cross(forward, right), forward])
    K = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    return CameraPath(K=K[None], R=R[None], t=-(R @ eye)[None], width=width, height=height)


def radiance(studio: Studio, camera: CameraPath, rays: int) -> tuple[Tensor, Tensor]:
    """World directions spread evenly, and the light that comes from each."""
    directions = sphere(rays)
    seen = directions @ camera.R[0].T * torch.tensor([1.0, -1.0, -1.0])
    light = (studio.room[0] + studio.room[1] * seen[:, 1:2]).clamp_min(0.05) * torch.ones(3)
    for lamp in studio.lamps:
        towards, width = normalize(torch.tensor(lamp[:3]), dim=0), lamp[3]
        away = torch.arccos((seen @ towards).clamp(-1, 1))[:, None]
        light = light + torch.tensor(lamp[4:7]) * torch.exp(-((away / width) ** 2) / 2) * (
            0.30 / width
        )
    return directions, light


def surroundings(
    studio: Studio, camera: CameraPath, own: Float[Tensor, "3 height width"] | None
) -> tuple[Float[Tensor, "pixels 3"], Float[Tensor, "pixels 3"], Float[Tensor, "pixels 3"]]:
    """Colour (linear, unlit), place and normal of what lies behind the person at each pixel: floor, wall, or a picture."""
    rows, columns = torch.meshgrid(
        torch.arange(camera.height) + 0.5, torch.arange(camera.width) + 0.5, indexing="ij"
    )
    pixels = torch.stack([columns, rows, torch.ones_like(rows)], dim=-1).reshape(-1, 3)
    rays = pixels @ torch.linalg.inv(camera.K[0]).T @ camera.R[0]
    eye = -(camera.R[0].T @ camera.t[0])
    back = normalize(torch.stack([eye[0], torch.zeros(()), eye[2]]), dim=0)
    to_floor = torch.where(rays[:, 1] < -1e-6, -eye[1] / rays[:, 1].clamp_max(-1e-6), torch.inf)
    towards = rays @ back
    to_wall = torch.where(
        towards < -1e-6, (-studio.wall_m - eye @ back) / towards.clamp_max(-1e-6), torch.inf
    )
    is_floor = to_floor < to_wall
    far = torch.minimum(to_floor, to_wall).clamp(0, 50)
    place = eye + rays * far[:, None]
    up = torch.tensor([0.0, 1.0, 0.0])
    normal = torch.where(is_floor[:, None], up, back)
    colour = torch.where(is_floor[:, None], torch.tensor(studio.floor), torch.tensor(studio.wall))
    rough = _rough(np.random.default_rng(studio.seed), (camera.height, camera.width), 9, 0.02)
    colour = colour * torch.from_numpy(rough).reshape(-1, 1)
    if own is not None:
        shown = interpolate(own[None], (camera.height, camera.width), mode="area")[0]
        colour = shown.permute(1, 2, 0).reshape(-1, 3) ** GAMMA
    elif studio.busy:
        colour = _clutter(studio, (camera.height, camera.width)).reshape(-1, 3)
    return colour, place, normal


def _clutter(studio: Studio, size: tuple[int, int]) -> Float[Tensor, "height width 3"]:
    """Things of many colours: boxes, stripes, rough patches, some the colour of skin."""
    rng = np.random.default_rng(studio.seed)
    height, width = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / np.array(
        [[[height]], [[width]]], np.float32
    )
    out = np.broadcast_to(np.array(studio.wall, np.float32), (height, width, 3)).copy()
    for k in range(int(rng.integers(8, 22))):
        cx, cy, w, h = rng.random(), rng.random(), rng.uniform(0.04, 0.35), rng.uniform(0.03, 0.5)
        turn, power = rng.uniform(-0.3, 0.3), int(rng.integers(2, 9))
        u, v = (x - cx) + turn * (y - cy), (y - cy) - turn * (x - cx)
        inside = np.abs(u / w) ** power + np.abs(v / h) ** power < 1
        tone = rng.uniform(0.03, 0.9, 3)
        if k % 5 == 0:
            tone = np.array([0.50, 0.30, 0.21]) * rng.uniform(0.3, 1.4)
        grain = _rough(rng, size, int(rng.integers(4, 90)), 0.3)
        if rng.random() < 0.4:
            grain = grain * np.where(
                (u / w * rng.uniform(2, 9)) % 1 < 0.5, 1.0, rng.uniform(0.3, 1.0)
            )
        out[inside] = (tone * grain[..., None])[inside]
    return torch.from_numpy(out.astype(np.float32)).clamp(0.01, 1)


def _rough(
    rng: np.random.Generator, size: tuple[int, int], cells: int, strength: float
) -> np.ndarray:
    """Smooth random brightness about 1, `cells` patches high."""
    coarse = rng.normal(1, strength, (cells, max(2, cells * size[1] // size[0]))).astype(np.float32)
    return cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)


def photographed(
    picture: Float[Tensor, "3 height width"], rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """What comes out of a camera: noise, sharpening, 8 bits (BGR, height x width x 3), and the JPEG quality to store it in."""
    image = picture.permute(1, 2, 0).numpy()
    sigma = float(rng.uniform(0.0, 0.018))
    image = image + rng.normal(0, 1, image.shape).astype(np.float32) * sigma * np.sqrt(image + 0.05)
    blur = float(rng.uniform(0.0, 0.7))
    if blur > 0.2:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    halo = float(rng.uniform(0.0, 1.0))
    image = image + halo * (image - cv2.GaussianBlur(image, (0, 0), 1.2))
    bytes_ = np.round(np.clip(image, 0, 1)[..., ::-1] * 255).astype(np.uint8)
    return np.ascontiguousarray(bytes_), int(rng.integers(55, 97))
