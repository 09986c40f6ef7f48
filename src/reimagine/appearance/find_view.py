"""From where a further photo was taken: the dressed person, known from the front and back, is looked for in it.

An outline alone cannot tell a view from half before from one from half behind, so colours have their say too. And how far
round it is, to a few degrees, shows only when the person stands as in the photo, arms and depth included.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.appearance.fit import Fit, Stance
from reimagine.appearance.settle import ALL_ROUND, settle_one
from reimagine.appearance.side_depth import deepen
from reimagine.body.model import JOINTS, pose_body, pose_skin
from reimagine.records import Body, CameraPath, Motion, Skin
from reimagine.render.rasterize import interpolate, rasterize
from reimagine.workers import workers

_HEIGHT = 208
"""Pictures are compared at this height, pixels."""
_COARSE_DEG, _FINE_DEG = 15, 4
_HOPEFUL = 3
"""So many of the coarse directions are looked at finely."""
_NEAR_DEG, _MOST = (-_FINE_DEG, 0, _FINE_DEG), 5
"""Around the best of these the person is made to stand as in the photo; a better one beside it is gone on from, until so many
have been tried."""
_PLAIN = 0.2
"""What differs by more than this (RGB, 0..1) differs entirely."""
SWINGS = tuple(
    (f"{side}_{joint}", axis)
    for joint, axis in (("shoulder", 0), ("shoulder", 1), ("elbow", 1), ("wrist", 1), ("wrist", 2))
    for side in ("left", "right")
)
"""Joint and axis (0 x, 1 y, 2 z) of the turns that bring arms forwards and backwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a further photo sees the person."""

    stance: Stance
    yaw_deg: float
    """0 from the front, 90 from the person's right, 180 from behind, 270 from the left."""
    overlap: float
    """Intersection over union of the dressed surface and the photo's silhouette."""
    deeper: Skin
    """The dressed surface, as deep as a photo from the side shows it; from elsewhere the same."""


def find_view(
    fit: Fit,
    surface: Skin,
    colours: Float[Tensor, "verts 3"],
    rgb: Float[Tensor, "3 height width"],
    alpha: Float[Tensor, "height width"],
    *,
    yaw_deg: float | None = None,
) -> Found:
    """Stance and camera of a photo of a person who is known already, standing much as in the first photo of `fit`.

    Args:
        fit: Of the other photos.
        surface: The dressed surface.
        colours: Of its vertices, 0..1.
        rgb: The new photo, 0..1.
        alpha: Its silhouette, 0..1.
        yaw_deg: From where it was taken, if that is known, up to a few degrees.
    """
    first = fit.stances[0]
    size = (max(2, round(alpha.shape[1] * _HEIGHT / len(alpha))), _HEIGHT)
    small = cv2.resize(np.ascontiguousarray(rgb.permute(1, 2, 0).numpy()), size, interpolation=3)
    mask = cv2.resize(alpha.numpy(), size, interpolation=cv2.INTER_AREA) > 0.5
    verts = pose_skin(surface, first.pose)[0]

    def misses(yaws: Iterable[int]) -> dict[float, float]:
        found: dict[float, float] = {}
        for yaw in yaws:
            camera = _round_camera(first.camera, verts, surface, yaw, mask)
            found[yaw % 360] = _miss(verts, surface, colours, camera, small, mask)
        return found

    def likely() -> float:
        coarse = misses(range(0, 360, _COARSE_DEG))
        best = [int(yaw) for yaw in sorted(coarse, key=coarse.__getitem__)[:_HOPEFUL]]
        # From half before and half behind outlines are alike.
        best += [(180 - yaw) % 360 for yaw in best]
        reach = range(-3 * _FINE_DEG, 3 * _FINE_DEG + 1, _FINE_DEG)
        fine = misses({(yaw + step) % 360 for yaw in best for step in reach})
        return min(fine, key=fine.__getitem__)

    def stands(yaw: float) -> tuple[float, Stance, Skin]:
        """How unlike the person looks who stands as they must if they are seen from there, and with their depth mended."""
        camera = _enlarged(_round_camera(first.camera, verts, surface, yaw, mask), alpha)
        stance = settle_one(fit.body, surface, replace(first, camera=camera), alpha, ALL_ROUND)
        stance = _swung(fit.body, surface, colours, stance, small, mask)
        camera = _reduced(stance.camera, mask)
        deeper = deepen(fit.body, surface, stance, alpha)
        each = (pose_skin(one, stance.pose)[0] for one in (surface, deeper))
        unlike = sum(_miss(shown, surface, colours, camera, small, mask) for shown in each)
        return unlike, stance, deeper

    yaw = likely() if yaw_deg is None else yaw_deg
    near = _NEAR_DEG if yaw_deg is None else (0,)
    tried: dict[float, tuple[float, Stance, Skin]] = {}
    with workers() as pool:
        while new := [yaw + step for step in near if yaw + step not in tried]:
            tried |= zip(new, pool.map(stands, new), strict=True)
            yaw = min(tried, key=lambda one: tried[one][0])
            if len(tried) > _MOST:
                break
    _, stance, deeper = tried[yaw]
    seen = rasterize(pose_skin(surface, stance.pose), surface.faces, stance.camera).face[0] >= 0
    wanted = alpha > 0.5
    overlap = float((seen & wanted).sum() / (seen | wanted).sum())
    return Found(stance=stance, yaw_deg=_yaw_deg(stance.camera), overlap=overlap, deeper=deeper)


def _enlarged(camera: CameraPath, alpha: Float[Tensor, "height width"]) -> CameraPath:
    """The camera of the pictures that are compared, at the photo's own size."""
    height, width = alpha.shape
    K = camera.K * torch.tensor([height / _HEIGHT] * 2 + [1.0])[:, None]
    K[0, 0, 2], K[0, 1, 2] = width / 2, height / 2
    return replace(camera, K=K, width=width, height=height)


def _reduced(camera: CameraPath, mask: np.ndarray) -> CameraPath:
    """The photo's camera at the size at which pictures are compared."""
    scale = torch.tensor([_HEIGHT / camera.height] * 2 + [1.0])[:, None]
    return replace(camera, K=camera.K * scale, width=mask.shape[1], height=mask.shape[0])


def _round_camera(
    camera: CameraPath,
    verts: Float[Tensor, "verts 3"],
    surface: Skin,
    yaw_deg: float,
    mask: np.ndarray,
) -> CameraPath:
    """The camera carried round the person and moved until they fill the mask from top to bottom and share its middle."""
    height, width = mask.shape
    yaw = torch.tensor(yaw_deg * torch.pi / 180)
    c, s = torch.cos(yaw), torch.sin(yaw)
    # Azimuth 90 is the person's right, -X: going round that way turns the world the other way about Y.
    turn = torch.stack([c, 0 * c, s, 0 * c, 0 * c + 1, 0 * c, -s, 0 * c, c]).reshape(3, 3)
    rotation = camera.R[0] @ turn
    focal = camera.K[0, 1, 1] * height / camera.height
    K = torch.tensor([[0, 0, width / 2], [0, 0, height / 2], [0, 0, 1.0]])
    K[0, 0] = K[1, 1] = focal
    middle = (verts.amin(0) + verts.amax(0)) / 2
    local = (verts - middle) @ rotation.T
    shift = torch.tensor([0.0, 0.0, float((camera.R[0] @ middle + camera.t[0])[2])])
    rows = np.flatnonzero(mask.any(1))
    top, bottom = float(rows[0]), float(rows[-1] + 1)
    for _ in range(4):
        placed = local + shift
        y = focal * placed[:, 1] / placed[:, 2]
        depth = shift[2] * (y.amax() - y.amin()) / (bottom - top)
        down = (top + bottom - height) / 2 - (y.amin() + y.amax()) / 2
        shift = torch.stack([shift[0], shift[1] + down / focal * depth, depth])
    wanted = float(np.median(np.nonzero(mask)[1]))
    found = CameraPath(
        K=K[None], R=rotation[None], t=(shift - rotation @ middle)[None], width=width, height=height
    )
    # By its mass rather than its ends: arms are held otherwise from photo to photo.
    columns = (rasterize(verts[None], surface.faces, found).face[0] >= 0).nonzero()[:, 1]
    if len(columns) == 0:
        return found
    aside = (wanted - float(columns.float().median())) / focal * shift[2]
    return replace(found, t=found.t + torch.stack([aside, 0 * aside, 0 * aside]))


def _miss(
    verts: Float[Tensor, "verts 3"],
    surface: Skin,
    colours: Float[Tensor, "verts 3"],
    camera: CameraPath,
    picture: np.ndarray,
    mask: np.ndarray,
) -> float:
    """How unlike the picture (height width 3) the person looks from there, 0..1; where only one of both is, entirely."""
    raster = rasterize(verts[None], surface.faces, camera)
    ours = (raster.face[0] >= 0).numpy()
    shown = interpolate(raster, surface.faces, colours)[0].numpy()
    away = np.clip(np.abs(shown - picture).mean(2) / _PLAIN, 0, 1)
    return float(np.where(ours & mask, away, 1.0)[ours | mask].mean())


def _swung(
    body: Body,
    surface: Skin,
    colours: Float[Tensor, "verts 3"],
    stance: Stance,
    picture: np.ndarray,
    mask: np.ndarray,
) -> Stance:
    """The stance with the arms swung to where their colours are: before the trunk they leave no outline."""
    camera = _reduced(stance.camera, mask)

    def miss(motion: Motion) -> float:
        verts = pose_skin(surface, pose_body(body, motion))[0]
        return _miss(verts, surface, colours, camera, picture, mask)

    motion, least = stance.motion, miss(stance.motion)
    for size in (0.24, 0.12, 0.06):
        for joint, axis in SWINGS:
            for step in (-size, size):
                poses = motion.poses.clone()
                poses[0, JOINTS.index(joint), axis] += step
                tried = replace(motion, poses=poses)
                if (found := miss(tried)) < least:
                    motion, least = tried, found
    return replace(stance, motion=motion, pose=pose_body(body, motion))


def _yaw_deg(camera: CameraPath) -> float:
    """From which side a camera looks, 0 to 360."""
    forward = camera.R[0, 2]
    return float(torch.rad2deg(torch.atan2(forward[0], -forward[2]))) % 360
