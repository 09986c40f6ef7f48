"""World points to camera axes and pixels."""

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.records import CameraPath

NEAR_M = 0.01
"""Nothing closer to the camera's plane than this is seen."""


def to_camera(
    camera: CameraPath, points: Float[Tensor, "frames points 3"]
) -> Float[Tensor, "frames points 3"]:
    """World points in camera axes (x right, y down, z forward), metres."""
    return torch.baddbmm(camera.t[:, None], points, camera.R.transpose(1, 2))


def project(
    camera: CameraPath, points: Float[Tensor, "frames points 3"]
) -> Float[Tensor, "frames points 2"]:
    """World points (metres) in pixels, centres at +0.5; points not before the camera come out as NaN."""
    pixels_and_depth = to_screen(camera, points)
    pixels, depth = pixels_and_depth[..., :2], pixels_and_depth[..., 2:]
    return pixels.masked_fill(depth <= NEAR_M, torch.nan)


def to_screen(
    camera: CameraPath, points: Float[Tensor, "frames points 3"]
) -> Float[Tensor, "frames points 3"]:
    """World points as pixel x, pixel y and depth along the camera's z in metres.

    Where the depth is not above `NEAR_M` the pixels mean nothing.
    """
    in_camera = to_camera(camera, points)
    depth = in_camera[..., 2:]
    homogeneous = in_camera @ camera.K.transpose(1, 2)
    return torch.cat([homogeneous[..., :2] / depth.clamp(min=NEAR_M), depth], dim=-1)


def centres(camera: CameraPath) -> Float[Tensor, "frames 3"]:
    """Where the camera stands in each frame, world, metres."""
    return -(camera.R.transpose(1, 2) @ camera.t[..., None])[..., 0]
