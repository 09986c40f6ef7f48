"""Each photo's stance and camera, once the clothes are known: the dressed surface must cover the silhouette both ways.

The first fit has only the undressed body, which loose cloth may exceed; and the clothes are cut from the front photo,
while in the back photo the person stands a little differently.
"""

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.appearance.fit import Fit, Stance
from reimagine.appearance.mesh import normals_of
from reimagine.body.model import JOINTS, pose_body, pose_skin, rotation_matrices
from reimagine.cameras.project import centres
from reimagine.records import Body, CameraPath, Motion, Skin
from reimagine.workers import workers

_HEIGHT = 416
_STEPS = 120
_VERTS = 8000
_ASIDE = 0.4
"""Cosine between the line of sight and a normal."""
_REACH = 0.02
"""What lies further off than this share of the picture's height pulls no harder."""

# Joint, axis (0 x, 1 y, 2 z) and how far it usually goes from where the first fit put it, radians.
_TURNS = (
    ("left_shoulder", 2, 0.10),
    ("right_shoulder", 2, 0.10),
    ("left_elbow", 2, 0.10),
    ("right_elbow", 2, 0.10),
    ("left_hip", 2, 0.08),
    ("right_hip", 2, 0.08),
    ("left_knee", 2, 0.04),
    ("right_knee", 2, 0.04),
    ("left_ankle", 0, 0.15),
    ("right_ankle", 0, 0.15),
    ("left_ankle", 1, 0.15),
    ("right_ankle", 1, 0.15),
    ("left_ankle", 2, 0.08),
    ("right_ankle", 2, 0.08),
    ("left_collar", 2, 0.05),
    ("right_collar", 2, 0.05),
    ("pelvis", 2, 0.04),
    ("spine1", 2, 0.04),
    ("spine3", 2, 0.04),
    ("neck", 2, 0.06),
    ("head", 2, 0.08),
)
ALL_ROUND = (
    *_TURNS,
    ("left_shoulder", 0, 0.10),
    ("right_shoulder", 0, 0.10),
    ("left_shoulder", 1, 0.10),
    ("right_shoulder", 1, 0.10),
    ("left_elbow", 1, 0.10),
    ("right_elbow", 1, 0.10),
    ("left_hip", 0, 0.02),
    ("right_hip", 0, 0.02),
    ("left_knee", 0, 0.02),
    ("right_knee", 0, 0.02),
    ("spine1", 0, 0.01),
    ("neck", 0, 0.02),
    ("head", 0, 0.02),
)
"""With turns that only a photo from the side shows. Few of trunk and legs: how somebody stands is taken for their shape,
which stays with them in every pose."""


def settle(
    fit: Fit, surface: Skin, silhouettes: list[Float[Tensor, "height width"]]
) -> tuple[Stance, ...]:
    """The stances of `fit`, moved by a few degrees and centimetres so that `surface` fills each silhouette (0..1)."""
    with workers() as pool:
        each = pool.map(partial(settle_one, fit.body, surface), fit.stances, silhouettes)
        return tuple(each)


def _rim(surface: Skin, stance: Stance) -> Skin:
    """Some of the vertices whose surface the camera sees from the side: the others make no outline."""
    verts = pose_skin(surface, stance.pose)[0]
    normals = torch.from_numpy(normals_of(verts.numpy(), surface.faces.numpy()))
    sight = torch.nn.functional.normalize(verts - centres(stance.camera), dim=1)
    rim = ((normals * sight).sum(1).abs() < _ASIDE).nonzero()[:, 0]
    chosen = rim[:: max(1, len(rim) // _VERTS)]
    return Skin(
        verts=surface.verts[chosen],
        faces=surface.faces[:0],
        weight_joints=surface.weight_joints[chosen],
        weights=surface.weights[chosen],
    )


def settle_one(
    body: Body,
    surface: Skin,
    stance: Stance,
    alpha: Float[Tensor, "height width"],
    which: tuple[tuple[str, int, float], ...] = _TURNS,
) -> Stance:
    """The stance moved so that `surface` fills the silhouette (0..1); `which`: joint, axis and how far it usually goes."""
    skin = _rim(surface, stance)
    scale = _HEIGHT / len(alpha)
    size = (max(1, round(alpha.shape[1] * scale)), _HEIGHT)
    mask = cv2.resize(alpha.numpy(), size, interpolation=cv2.INTER_AREA) > 0.5
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) / _HEIGHT
    field = torch.from_numpy(outside.astype(np.float32))[None, None]
    rim = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    points = np.random.default_rng(0).permutation(np.argwhere(rim))[:500, ::-1] + 0.5
    points = torch.from_numpy(points.astype(np.float32))
    turns = torch.zeros(len(which), requires_grad=True)
    moves = torch.zeros(7, requires_grad=True)
    usual = torch.tensor([far for _, _, far in which])
    optimizer = torch.optim.Adam([turns, moves], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    for _ in range(_STEPS):
        optimizer.zero_grad()
        pose = pose_body(body, _turned(stance.motion, turns * usual, which))
        camera = _moved(stance.camera, moves)
        local = pose_skin(skin, pose)[0] @ camera.R[0].T + camera.t[0]
        pixels = (local @ camera.K[0].T)[:, :2] / local[:, 2:] * scale
        grid = pixels / torch.tensor(size) * 2 - 1
        off = torch.nn.functional.grid_sample(
            field, grid[None, None], align_corners=False, padding_mode="border"
        )
        nearest = torch.cdist(points, pixels.detach()).argmin(1)
        near = (points - pixels[nearest]).norm(dim=1) / _HEIGHT
        loss = _pull(off).mean() + _pull(near).mean()
        loss = loss + 2e-4 * (turns.square().sum() + moves.square().sum())
        loss.backward()
        optimizer.step()
        schedule.step()
    motion = _turned(stance.motion, turns.detach() * usual, which)
    return Stance(
        motion=motion,
        pose=pose_body(body, motion),
        camera=_moved(stance.camera, moves.detach()),
    )


def _pull(away: Tensor) -> Tensor:
    return away.square() / (away.square() + _REACH**2)


def _turned(
    motion: Motion, angles: Float[Tensor, " turns"], which: tuple[tuple[str, int, float], ...]
) -> Motion:
    """The motion (one frame) with some joints turned further."""
    more = torch.zeros(55, 3)
    for index, (joint, axis, _) in enumerate(which):
        unit = torch.zeros(55, 3)
        unit[JOINTS.index(joint), axis] = 1.0
        more = more + angles[index] * unit
    return replace(motion, poses=motion.poses + more)


def _moved(camera: CameraPath, moves: Float[Tensor, " 7"]) -> CameraPath:
    """The camera turned by up to some degrees, shifted by some centimetres and zoomed; seven numbers of about one."""
    turn = rotation_matrices(moves[:3] * torch.tensor([0.02, 0.01, 0.01]))
    shift = moves[3:6] * torch.tensor([0.02, 0.02, 0.10])
    zoom = torch.diag(torch.cat([torch.exp(0.03 * moves[6:]).expand(2), torch.ones(1)]))
    middle = camera.K[0] - torch.diag(camera.K[0].diag())
    K = camera.K[0].diag().diag() @ zoom + middle
    return replace(camera, K=K[None], R=(turn @ camera.R[0])[None], t=(camera.t[0] + shift)[None])
