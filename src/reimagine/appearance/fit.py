"""Fitting the body and one camera per photo to the silhouettes, all photos together.

Clothes hide the body, so the silhouette is a bound that loose cloth may exceed: vertices outside it cost much,
outline far from the body costs little. What clothes seldom hide (crown, neck, feet) anchors the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.anny import DEFAULT_PHENOTYPE, Anny, load_anny
from reimagine.body.joints import EYES, HEAD, HIPS, Joint
from reimagine.body.model import (
    JOINTS,
    joint_positions,
    pose_body,
    pose_skin,
    rotation_matrices,
)
from reimagine.records import Body, CameraPath, Motion, Pose

FIT_HEIGHT = 416
"""Silhouettes are fitted at this picture height, pixels."""
STEPS = 150
CAMERA_STEPS = 40
THINNING = 6
"""Every so many-th vertex takes part in the fit."""

# Only turns that a frontal photo shows, so that no limb drifts in depth: joint, axis (0 x, 1 y, 2 z), start in radians,
# softness of the prior in radians.
TURNS = (
    ("left_shoulder", 2, -1.22, 0.30),
    ("right_shoulder", 2, 1.22, 0.30),
    ("left_elbow", 2, -0.12, 0.15),
    ("right_elbow", 2, 0.12, 0.15),
    ("left_hip", 2, 0.02, 0.12),
    ("right_hip", 2, -0.02, 0.12),
    ("left_collar", 2, -0.05, 0.12),
    ("right_collar", 2, 0.05, 0.12),
    ("neck", 0, 0.05, 0.10),
    ("spine2", 2, 0.0, 0.06),
    ("neck", 2, 0.0, 0.08),
)


_KEPT = torch.tensor([1.0, 1.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0])
"""How strongly each of `shaped`'s numbers is held at its start. Muscle is (third): else loose cloth comes out as a body that
is heavy and soft, which from the side has a belly that nobody saw."""
_HAIR, _NECK = 0.075, 0.17
"""Rows from crown to soles, as shares of the height: down to here hair may stand off, and down to here the neck ends."""
"""The head's joint, about which it grows, and those within it: jaw and eyes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """How the person stands in one photo, and the camera that took it."""

    motion: Motion
    pose: Pose
    camera: CameraPath
    """At the photo's own size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A body and its stance in every photo."""

    body: Body
    stances: tuple[Stance, ...]


def fit_body(
    silhouettes: list[Float[Tensor, "height width"]],
    sides: list[str],
    *,
    height_m: float | None = None,
    gender: float | None = None,
    report: Callable[[float], None] = lambda _: None,
) -> Fit:
    """Body shape, and pose and camera of each photo, from silhouettes (0..1) seen from the "front" or the "back".

    Absolute size cannot be seen in a photo: the body comes out `height_m` tall, 1.7 by default. `gender` (0 male to 1
    female) is fitted unless it is told.
    `report` hears the share of the work done, 0..1.
    """
    anny = _thinned(load_anny())
    views = [_prepare(alpha, side) for alpha, side in zip(silhouettes, sides, strict=True)]
    shape = torch.zeros(8, requires_grad=True)
    cameras = torch.zeros(len(views), 6, requires_grad=True)
    turns = torch.zeros(len(views), len(TURNS), requires_grad=True)
    optimizer = torch.optim.Adam(
        [
            {"params": [shape], "lr": 0.03},
            {"params": [cameras], "lr": 0.02},
            {"params": [turns], "lr": 0.02},
        ]
    )
    for step in range(STEPS):
        if step == int(STEPS * 0.75):
            for group in optimizer.param_groups:
                group["lr"] *= 0.3
        # First the camera alone, by its anchors; then limbs from far away; then finely.
        reach = 0.0 if step < CAMERA_STEPS else 0.10 if step < STEPS * 0.6 else 0.04
        if step in (CAMERA_STEPS, int(STEPS * 0.6)):
            with torch.no_grad():
                _swing_arms(shaped(anny, shape, gender), cameras, turns, views)
        optimizer.zero_grad()
        body = shaped(anny, shape, gender)
        pose = pose_body(body, _stand(turns))
        verts, joints = pose_skin(body.skin, pose), joint_positions(body, pose)
        loss = _prior(shape, cameras, turns)
        for index, view in enumerate(views):
            pixels = _project(verts[index], cameras[index], view)
            neck = _project(_neck(joints[index]), cameras[index], view)
            loss = loss + _misfit(pixels, neck, view, reach=reach)
        loss.backward()
        if step < CAMERA_STEPS:
            shape.grad = turns.grad = None
        optimizer.step()
        report((step + 1) / STEPS)
    own = shaped(load_anny(), shape.detach(), gender)
    return _result(own, cameras.detach(), turns.detach(), views, height_m or 1.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One silhouette, ready to be compared with."""

    side: str
    scale: float
    """Fit pixels per photo pixel."""
    size: tuple[int, int]
    """Photo height and width."""
    outside: Float[Tensor, "1 1 height width"]
    """Distance to the silhouette, in person heights; zero inside."""
    points: Float[Tensor, "points 2"]
    """Outline and inner points of the silhouette, fit pixels."""
    pull: Float[Tensor, " points"]
    """How much each of them counts."""
    top: float
    bottom: float
    middle: float
    neck: float
    throat: float
    head: float
    """Rows of crown, soles and narrowest neck; columns of the body's, the neck's and the head's middle. Fit pixels."""


def _prepare(alpha: Float[Tensor, "height width"], side: str) -> _View:
    height, width = alpha.shape
    scale = FIT_HEIGHT / height
    size = (max(1, round(width * scale)), FIT_HEIGHT)
    mask = cv2.resize(alpha.numpy(), size, interpolation=cv2.INTER_AREA) > 0.5
    rows = np.flatnonzero(mask.any(1))
    top, bottom = float(rows[0]), float(rows[-1] + 1)
    tall = bottom - top
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) / tall
    widths = mask.sum(1)
    low, high = int(top + 0.09 * tall), int(top + 0.22 * tall)
    neck = low + int(np.argmin(widths[low:high]))
    outline = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    generator = np.random.default_rng(0)
    points = [
        generator.permutation(np.argwhere(which))[:count]
        for which, count in ((outline, 500), (mask, 300))
    ]
    xy = np.concatenate(points)[:, ::-1] + 0.5
    down = (xy[:, 1] - top) / tall
    # Above the ears the outline is hair; ears, jaw and neck say how large the head is.
    pull = np.select([down < _HAIR, down < _NECK], [0.3, 3.0], 1.0)
    return _View(
        side=side,
        scale=scale,
        size=(height, width),
        outside=torch.from_numpy(distance.astype(np.float32))[None, None],
        points=torch.from_numpy(xy.astype(np.float32)),
        pull=torch.from_numpy(pull.astype(np.float32)),
        top=top,
        bottom=bottom,
        middle=float(np.median(np.nonzero(mask)[1])),
        neck=float(neck),
        throat=float(np.median(np.flatnonzero(mask[neck]))) + 0.5,
        head=float(np.median(np.nonzero(mask[int(top) : int(top + 0.12 * tall)])[1])),
    )


def _thinned(anny: Anny) -> Anny:
    """The same model with fewer vertices and no faces."""
    kept = torch.cat([anny.tips.long().flatten(), torch.arange(0, len(anny.verts), THINNING)])
    return replace(
        anny,
        verts=anny.verts[kept],
        faces=anny.faces[:0],
        basis=anny.basis.unflatten(1, (-1, 3))[:, kept].flatten(1),
        tips=torch.arange(anny.tips.numel(), dtype=torch.int32).reshape(anny.tips.shape),
        move_index=anny.move_index[kept],
        move_weights=anny.move_weights[kept],
        weight_joints=anny.weight_joints[kept],
        weights=anny.weights[kept],
    )


def shaped(anny: Anny, shape: Float[Tensor, " 8"], gender: float | None = None) -> Body:
    """The body of six phenotype numbers, a leg length and a head size, all near zero.

    Age and height stay, since silhouettes cannot tell them, and gender (0..1) where it is told. The legs are stretched
    below the hips only.
    """
    free = torch.tensor([1.0 if gender is None else 0.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    usual = DEFAULT_PHENOTYPE.clone()
    usual[0] = usual[0] if gender is None else gender
    start = torch.logit(usual.clamp(0.03, 0.97))
    body = anny.worn(torch.sigmoid(start + 2.0 * shape[:6] * free))
    hips = body.joints[HIPS, 1].mean()
    longer = 0.15 * torch.tanh(shape[6])

    def stretch(points: Tensor) -> Tensor:
        down = (points[:, 1] - hips).clamp(max=0.0) * longer
        return torch.stack([points[:, 0], points[:, 1] + down, points[:, 2]], -1)

    larger = 0.3 * torch.tanh(shape[7])
    pivot = body.joints[Joint.HEAD].detach() * torch.tensor([0.0, 1.0, 1.0])

    def grow(points: Tensor, share: Tensor) -> Tensor:
        return points + (points - pivot) * (larger * share)[:, None]

    of_head = torch.isin(body.skin.weight_joints, torch.tensor(HEAD))
    on_head = torch.zeros(len(body.joints))
    on_head[list(HEAD)] = 1.0
    verts = stretch(grow(body.skin.verts, (body.skin.weights * of_head).sum(1)))
    height = float((verts[:, 1].max() - verts[:, 1].min()).detach())
    joints = stretch(grow(body.joints, on_head))
    return Body(skin=replace(body.skin, verts=verts), joints=joints, height_m=height)


def _stand(turns: Float[Tensor, "views turns"]) -> Motion:
    poses = torch.zeros(len(turns), 55, 3)
    for index, (joint, axis, start, softness) in enumerate(TURNS):
        unit = torch.zeros(55, 3)
        unit[JOINTS.index(joint), axis] = 1.0
        poses = poses + (start + 3.0 * softness * torch.tanh(turns[:, index]))[:, None, None] * unit
    return Motion(poses=poses, transl=torch.zeros(len(turns), 3), fps=1.0, betas=torch.zeros(10))


def _camera(unknown: Float[Tensor, " 6"], view: _View) -> tuple[Tensor, Tensor, Tensor]:
    """Focal length (fit pixels), rotation and translation from six numbers near zero.

    The start is a camera that frames the silhouette, with the focal length 1.3 picture heights.
    """
    focal = FIT_HEIGHT * 1.3 * torch.exp(unknown[0])
    tall = view.bottom - view.top
    distance = focal * 1.62 / tall * torch.exp(unknown[1])
    pitch = 0.10 + unknown[2]
    c, s = torch.cos(pitch), torch.sin(pitch)
    zero, one = torch.zeros(()), torch.ones(())
    tilt = torch.stack(
        [torch.stack([one, zero, zero]), torch.stack([zero, c, -s]), torch.stack([zero, s, c])]
    )
    facing = (
        torch.diag(torch.tensor([1.0, -1.0, -1.0]))
        if view.side == "front"
        else torch.diag(torch.tensor([-1.0, -1.0, 1.0]))
    )
    width = view.size[1] * view.scale
    centre_x = (view.middle - width / 2) / focal.detach() * distance.detach()
    centre_y = ((view.top + view.bottom) / 2 - FIT_HEIGHT / 2) / focal.detach() * distance.detach()
    # The zero pose's origin is at the chest; the middle of the body lies about half a metre below it.
    roll = rotation_matrices(unknown[5] * torch.tensor([0.0, 0.0, 1.0]))
    rotation = roll @ tilt @ facing
    middle = torch.tensor([0.0, -0.50, 0.0])
    shift = torch.stack([centre_x + unknown[3], centre_y + unknown[4], distance])
    return focal, rotation, shift - rotation @ middle


def _project(
    verts: Float[Tensor, "verts 3"], unknown: Float[Tensor, " 6"], view: _View
) -> Float[Tensor, "verts 2"]:
    focal, rotation, translation = _camera(unknown, view)
    x, y, z = (verts @ rotation.T + translation).unbind(-1)
    width = view.size[1] * view.scale
    return torch.stack([focal * x / z + width / 2, focal * y / z + FIT_HEIGHT / 2], -1)


def _misfit(
    pixels: Float[Tensor, "verts 2"],
    neck: Float[Tensor, "2 2"],
    view: _View,
    *,
    reach: float,
) -> Tensor:
    tall = view.bottom - view.top
    height, width = view.outside.shape[-2:]
    crown, sole = pixels[:, 1].amin(), pixels[:, 1].amax()
    # Hair stands about 1.3 % of the height above the skull, and soles about 1 % below the foot.
    off = torch.stack(
        [
            crown - view.top - 0.013 * tall,
            sole - view.bottom + 0.009 * tall,
            0.7 * (neck[0, 1] - view.neck),
            2.0 * (neck[0, 0] - view.throat),
            2.0 * (neck[1, 0] - view.head),
            0.5 * (pixels[:, 0].mean() - view.middle),
        ]
    )
    anchors = 30 * (off / tall).square().sum()
    grid = pixels / torch.tensor([width, height]) * 2 - 1
    outside = torch.nn.functional.grid_sample(
        view.outside, grid[None, None], align_corners=False, padding_mode="border"
    )
    if reach == 0:
        return anchors + 30 * outside.square().mean()
    near = torch.cdist(view.points, pixels).amin(1) / tall
    # Loose cloth stands off by several centimetres: beyond `reach` of the height the pull stops growing.
    pull = (view.pull * near.square() / (near.square() + reach**2)).mean()
    return anchors + 1500 * outside.square().mean() + 0.3 * pull


def _swing_arms(body: Body, cameras: Tensor, turns: Tensor, views: list[_View]) -> None:
    """Sets each shoulder (in place) to the best of a fan of angles: an arm beside the torso is a trap for descent."""
    for index, view in enumerate(views):
        for joint, outwards in ((0, 1.0), (1, -1.0)):
            fan = turns[index].repeat(17, 1)
            fan[:, joint] = outwards * torch.linspace(-0.4, 1.2, 17)
            pose = pose_body(body, _stand(fan))
            joints = _neck(joint_positions(body, pose))
            losses = [
                _misfit(
                    _project(verts, cameras[index], view),
                    _project(neck, cameras[index], view),
                    view,
                    reach=0.04,
                )
                for verts, neck in zip(pose_skin(body.skin, pose), joints, strict=True)
            ]
            turns[index] = fan[int(torch.stack(losses).argmin())]


def _neck(joints: Float[Tensor, "*poses 55 3"]) -> Float[Tensor, "*poses 2 3"]:
    """Where the neck looks narrowest, and the head's middle.

    Under the jaw, about a quarter of the way from head to neck (0.17 to 0.33 on alex and sam, front and back). SMPL-X's
    mean joints lie a centimetre aside, left and right by turns.
    """
    neck, head = joints[..., Joint.NECK, :], joints[..., Joint.HEAD, :].clone()
    middle = head + 0.27 * (neck - head)
    head[..., 0] = joints[..., EYES, 0].mean(-1)
    return torch.stack([middle, head], -2)


def _prior(shape: Tensor, cameras: Tensor, turns: Tensor) -> Tensor:
    softness = torch.tensor([0.2, 0.3, 0.05, 0.3, 0.3, 0.03])
    return (
        2e-3 * (_KEPT * shape.square()).sum()
        # Legs of people of one height differ by about 2 % of their size, heads by more.
        + 5e-4 * ((shape[6] / 0.1).square() + (shape[7] / 0.3).square())
        + 1e-3 * (cameras / softness).square().sum()
        + 1e-3 * turns.square().sum()
        # People in such photos stand nearly alike on both sides; left and right turns have opposite signs.
        + 2e-2 * (turns[:, 0:8:2] + turns[:, 1:8:2]).square().sum()
    )


def _result(own: Body, cameras: Tensor, turns: Tensor, views: list[_View], height_m: float) -> Fit:
    # The fit ran at the model's own size; a similar scene seen from a similar distance gives the same picture.
    grown = height_m / own.height_m
    skin = replace(own.skin, verts=own.skin.verts * grown)
    body = Body(skin=skin, joints=own.joints * grown, height_m=height_m)
    stand = _stand(turns)
    stances: list[Stance] = []
    for index, view in enumerate(views):
        focal, rotation, translation = _camera(cameras[index], view)
        height, width = view.size
        K = torch.tensor([[0.0, 0.0, width / 2], [0.0, 0.0, height / 2], [0.0, 0.0, 1.0]])
        K[0, 0] = K[1, 1] = focal / view.scale
        camera = CameraPath(
            K=K[None],
            R=rotation[None],
            t=(translation * grown)[None],
            width=width,
            height=height,
        )
        motion = Motion(
            poses=stand.poses[index : index + 1],
            transl=torch.zeros(1, 3),
            fps=1.0,
            betas=torch.zeros(10),
            name=view.side,
        )
        stances.append(Stance(motion=motion, pose=pose_body(body, motion), camera=camera))
    return Fit(body=body, stances=tuple(stances))
