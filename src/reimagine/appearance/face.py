"""How the head is bent in the front photo: eyes and mouth of the body are laid on those that the photo shows.

A silhouette says where a head is, hardly how it is bent; a few degrees put the lips on the chin.
"""

from dataclasses import replace

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.appearance.fit import Stance
from reimagine.body.joints import EYES, Joint
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.project import project
from reimagine.records import Body, Skin

# Axis of the neck (0 nods, 1 turns, 2 tilts), the furthest either way and how far people usually go, radians.
_TURNS = ((0, 0.40, 0.25), (1, 0.30, 0.25), (2, 0.15, 0.08))
_ROUNDS = 2
_BAR_M = 0.035
"""Dark lines thinner than this are lips, lids and brows; at 1.7 m height."""
_CLEAR = 0.04
"""How much darker (share of the skin's brightness) the lines of a face must be than the skin between them."""


def nod(
    body: Body,
    stance: Stance,
    rgb: Float[Tensor, "3 height width"],
    alpha: Float[Tensor, "height width"],
) -> Stance:
    """The front photo's stance with its neck bent so that eyes and mouth lie on the photo's; as it was if none are seen."""
    marks, wanted = _marks(body)
    metre = float(stance.camera.K[0, 0, 0] / stance.camera.t[0, 2]) * body.height_m / 1.7
    dark = _dark_lines(rgb, alpha, metre)
    poses = stance.motion.poses.clone()
    clearest = 0.0
    for axis, far, usual in _TURNS * _ROUNDS:
        angles = torch.linspace(-far, far, 81)
        tried = poses.repeat(len(angles), 1, 1)
        tried[:, Joint.NECK, axis] = angles
        motion = replace(stance.motion, poses=tried, transl=torch.zeros(len(angles), 3))
        points = pose_skin(marks, pose_body(body, motion))
        pixels = project(stance.camera, points.flatten(0, 1)[None])
        column, row = (pixels - 0.5).reshape(*points.shape[:2], 2).unbind(-1)
        clear = (cv2.remap(dark, column.numpy(), row.numpy(), cv2.INTER_LINEAR) * wanted).sum(1)
        best = int((clear - 0.02 * (angles.numpy() / usual) ** 2).argmax())
        poses[:, Joint.NECK, axis] = angles[best]
        clearest = float(clear[best])
    if clearest < _CLEAR:
        return stance
    motion = replace(stance.motion, poses=poses)
    return replace(stance, motion=motion, pose=pose_body(body, motion))


def _marks(body: Body) -> tuple[Skin, NDArray[np.float32]]:
    """Points of the face that moves with the head, and whether each is dark (positive) or bare skin (negative)."""
    unit = body.height_m / 1.7
    eyes = body.joints[EYES].clone()
    eyes[:, 2] += 0.01 * unit
    middle = eyes.mean(0)
    half = float((eyes[0, 0] - eyes[1, 0]) / 2)
    mouth = _mouth(body, middle, unit)
    across = torch.linspace(-1.0, 1.0, 9)
    rows: list[Tensor] = []
    wanted: list[float] = []

    def line(at: Tensor, half_m: float, share: float) -> None:
        spots = at.repeat(len(across), 1)
        spots[:, 0] += across * half_m
        rows.append(spots)
        wanted.extend([share / len(across)] * len(across))

    down = torch.tensor([0.0, -1.0, 0.0]) * unit
    for eye in eyes:
        line(eye, 0.012 * unit, 0.3)
        line(eye - 0.020 * down, 0.014 * unit, 0.15)
        line(eye + 0.020 * down, 0.012 * unit, -0.25)
        line(eye + 0.035 * down, 0.010 * unit, -0.1)
    line(mouth, 0.7 * half, 0.6)
    line(mouth + 0.022 * down, 0.5 * half, -0.4)
    line(middle - 0.040 * down, half, -0.3)
    line(torch.stack([middle[0], middle[1] - 0.02 * unit, middle[2] + 0.015]), 0.2 * half, -0.1)
    verts = torch.cat(rows)
    head = torch.full((len(verts), 1), Joint.HEAD, dtype=torch.int32)
    skin = Skin(
        verts=verts,
        faces=body.skin.faces[:0],
        weight_joints=head,
        weights=torch.ones(len(verts), 1),
    )
    return skin, np.array(wanted, np.float32)


def _mouth(body: Body, middle: Tensor, unit: float) -> Tensor:
    """Where the lips meet: the notch of the face's middle line about 3 cm below the tip of the nose."""
    verts = body.skin.verts
    near = verts[((verts[:, 0] - middle[0]).abs() < 0.006 * unit) & (verts[:, 2] > middle[2])]
    below = middle[1] - near[:, 1]
    nose = below[
        near[:, 2].where((below > 0.02 * unit) & (below < 0.055 * unit), -torch.inf).argmax()
    ]
    rows = nose + torch.linspace(0.024, 0.036, 13) * unit
    depth = torch.stack(
        [near[:, 2].where((below - row).abs() < 0.003 * unit, -torch.inf).amax() for row in rows]
    )
    depth = depth.where(depth.isfinite(), torch.inf)
    return torch.stack([middle[0], middle[1] - rows[depth.argmin()], depth.min()])


def _dark_lines(
    rgb: Float[Tensor, "3 height width"], alpha: Float[Tensor, "height width"], metre: float
) -> Float[NDArray[np.float32], "height width"]:
    """How much darker than what lies above and below it a place is, share of that, 0..1."""
    light = rgb.mean(0).numpy()
    light = np.where(alpha.numpy() > 0.5, light, 1.0).astype(np.float32)
    tall = max(3, round(_BAR_M * metre))
    around = cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((tall, 1), np.uint8))
    dark = (around - light) / np.maximum(around, 0.05)
    return cv2.GaussianBlur(dark, (0, 0), max(0.5, 0.004 * metre)).astype(np.float32)
