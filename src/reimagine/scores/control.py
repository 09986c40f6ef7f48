"""How far the painted person is from the asked one: millimetres at the joints, degrees of the viewpoint.

The painted picture is compared with the geometry-anchored rendering of the same request. Both show the same
surface, so that every pixel of it has a known depth, and a shift in pixels is a shift in millimetres across the
line of sight: shift * depth / focal length. What happens along the line of sight is not seen. A joint's displacement
is that of the pose which explains all points' shifts best (`articulated.py`).
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.body.joints import BODY_JOINTS
from reimagine.cameras.project import project, to_camera
from reimagine.records import SurfaceView
from reimagine.scores.articulated import bones, explain
from reimagine.scores.displacement import displacement
from reimagine.scores.limbs import Views, find_limbs
from reimagine.scores.structure import structure

"""The first SMPL-X joints; fingers and face are smaller than what can be told."""
SPACING = 22
"""Pixels between the points of the surface that are looked at beside the joints."""
MARGIN = 60
"""Pixels around the person that are looked at."""
DEEP_M = 0.2
"""A joint further behind the surface that its pixel sees than this is hidden by something else."""
NEAR_PX = 26.0
"""Standard deviation of the weight with which points nearby vote for each other's shifts."""
SAME_LIMB_M = 0.12
"""Difference in depth beyond which a neighbour belongs to another limb."""
KNOWN = 1e-6
"""Information around a joint below which nothing is known of it."""
UNLIKE = 0.35
"""Likeness below which a point has not been found again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One frame's distance from what was asked."""

    joints_mm: Float[NDArray[np.float64], " joints"]
    """Displacement of each joint's place on the surface; NaN where it is hidden or not found again."""
    lost: Bool[NDArray[np.bool_], " joints"]
    """True where a joint ought to be seen and was not found again."""
    view_deg: float
    """How far the camera would have to be turned about the person; NaN with too few points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Points:
    pixels: Float[Tensor, "points 2"]
    in_camera: Float[Tensor, "points 3"]
    """Surface points, metres, camera axes."""


def control(
    painted: Float[NDArray[np.float32], "height width 3"],
    anchored: Float[NDArray[np.float32], "height width 3"],
    seen: SurfaceView,
    joints: Float[Tensor, "joints 3"],
    shown: Bool[NDArray[np.bool_], "height width"] | None = None,
) -> Control:
    """Compare a painted picture with the anchored one (both over one background); `seen` has this one frame.

    `joints` are in the world, metres; the first 22 are read. `shown` is the painted silhouette, by which limbs are
    found that went far; without it only small errors of a limb are read.
    """
    face = seen.raster.face[0].cpu() >= 0
    joints = joints[:BODY_JOINTS]
    nothing = Control(
        joints_mm=np.full(len(joints), np.nan),
        lost=np.zeros(len(joints), bool),
        view_deg=float("nan"),
    )
    if not bool(face.any()):
        return nothing
    top, bottom, left, right = _box(face)
    corner = torch.tensor([left, top], dtype=torch.float32)
    at_joints, visible = _joint_pixels(seen, joints)
    pixels = torch.cat([at_joints[visible], _grid(face)])
    points = _Points(pixels=pixels, in_camera=_unproject(seen, pixels))
    one, two = (
        structure(np.ascontiguousarray(picture[top:bottom, left:right]))
        for picture in (anchored, painted)
    )
    together = _together(points)
    found = displacement(one, two, pixels - corner, together)
    good = found.likeness > UNLIKE
    information = torch.where(good[:, None, None], found.information, 0.0)
    count = int(visible.sum())
    near = (together[:count] * information.diagonal(dim1=1, dim2=2).sum(1)).sum(1) > KNOWN
    at = to_camera(seen.camera, joints[None].to(seen.verts))[0].cpu()
    # The joints themselves come last, with nothing known of them: where the pose takes them, hidden ones too.
    every = torch.cat([points.in_camera, at])
    moves, known = torch.zeros(len(at), 2), torch.zeros(len(at), 2, 2)
    read = explain(
        every,
        at,
        torch.cat([found.shift, moves]),
        torch.cat([information, known]),
        seen.camera.K[0].cpu(),
    )
    moves[visible] = read[:count]
    moves[~visible] = read[-len(at) :][~visible]
    lost = visible.clone()
    lost[visible] = ~near
    if shown is not None:
        views = Views(
            asked=one,
            painted=two,
            bones=_bone_of_each(seen, face, at)[top:bottom, left:right],
            shown=shown[top:bottom, left:right],
        )
        for limb in find_limbs(
            views, (at_joints - corner).double().numpy(), moves.double().numpy()
        ):
            index = list(limb.joints)
            moves[index] = torch.from_numpy(np.stack([limb.shift.real, limb.shift.imag], 1)).float()
            lost[index] = visible[index] & (not limb.certain)
    depth = torch.zeros(len(at))
    depth[visible] = points.in_camera[:count, 2]
    focal = seen.camera.K[0].diagonal()[:2].prod().sqrt().cpu()
    millimetres = moves.norm(dim=1) * depth / focal * 1000
    joints_mm = torch.where(visible & ~lost, millimetres, torch.nan).double().numpy()
    view = view_deviation_deg(points.in_camera, found.shift, information, seen.camera.K[0])
    return Control(joints_mm=joints_mm, lost=lost.numpy(), view_deg=view)


def view_deviation_deg(
    points: Float[Tensor, "points 3"],
    shift: Float[Tensor, "points 2"],
    information: Float[Tensor, "points 2 2"],
    K: Float[Tensor, "3 3"],
) -> float:
    """Angle of the rigid motion of the points (metres, camera axes) that best explains their shifts in pixels.

    A perspective-n-point problem with known K: Gauss-Newton on the reprojection error, weighted by what is known of
    each shift (OpenCV's solver takes no weights), with Cauchy's robust weight for limbs that went their own way.
    The angle is acos((trace R - 1) / 2). NaN with fewer than six points to go by.
    """
    sure = information.diagonal(dim1=1, dim2=2).sum(1) > 0
    if int(sure.sum()) < 6:
        return float("nan")
    points, shift = points[sure].double(), shift[sure].double()
    weights, exact = information[sure].double(), K.double()
    weights = weights / weights.diagonal(dim1=1, dim2=2).sum(1).median()
    middle = points.mean(0)
    target = _pixels(points, exact) + shift
    turn, place = torch.eye(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    for _ in range(15):
        turned = (points - middle) @ turn.T
        now = turned + middle + place
        residual = target - _pixels(now, exact)
        J = _jacobian(now, turned, exact)
        square = ((weights @ residual[..., None])[..., 0] * residual).sum(1)
        scale = square.median().clamp_min(0.01) * 2
        robust = weights / (1 + square / scale)[:, None, None]
        table, weighed = J.flatten(0, 1), (robust @ J).flatten(0, 1)
        H = weighed.T @ table
        step = torch.linalg.solve(
            H + 1e-9 * torch.eye(6) * H.diagonal().max(), weighed.T @ residual.flatten()
        )
        turn, place = torch.linalg.matrix_exp(_cross(step[:3])) @ turn, place + step[3:]
        if float(step.norm()) < 1e-6:
            break
    cosine = (turn.diagonal().sum() - 1) / 2
    return float(torch.rad2deg(torch.acos(cosine.clamp(-1, 1))))


def _pixels(points: Float[Tensor, "points 3"], K: Tensor) -> Float[Tensor, "points 2"]:
    homogeneous = points @ K.T
    return homogeneous[:, :2] / homogeneous[:, 2:]


def _jacobian(now: Tensor, turned: Tensor, K: Tensor) -> Float[Tensor, "points 2 6"]:
    """How pixels change with a small turn about the middle and a shift."""
    x, y, z = now.unbind(1)
    zero = torch.zeros_like(z)
    fx, fy, skew = K[0, 0], K[1, 1], K[0, 1]
    row_x = torch.stack([fx / z, skew / z, -(fx * x + skew * y) / z**2], dim=1)
    row_y = torch.stack([zero, fy / z, -fy * y / z**2], dim=1)
    by_place = torch.stack([row_x, row_y], dim=1)
    by_turn = -_cross(turned)
    return torch.cat([by_place @ by_turn, by_place], dim=2)


def _cross(vectors: Float[Tensor, "*points 3"]) -> Float[Tensor, "*points 3 3"]:
    """Matrices that take the cross product with the vectors from the left."""
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    rows = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1)
    return rows.unflatten(-1, (3, 3))


def _together(points: _Points) -> Float[Tensor, "points points"]:
    """How much of what holds for one point (column) holds for another (row): near in the picture and in depth."""
    apart = (points.pixels[:, None] - points.pixels).square().sum(-1)
    depth = points.in_camera[:, 2]
    same = (depth[:, None] - depth).abs() < SAME_LIMB_M
    return torch.exp(-apart / (2 * NEAR_PX**2)) * same


def _joint_pixels(
    seen: SurfaceView, joints: Float[Tensor, "joints 3"]
) -> tuple[Float[Tensor, "joints 2"], Bool[Tensor, " joints"]]:
    """Where the joints are in the picture, and whether the surface right before them is what is seen there."""
    pixels = project(seen.camera, joints[None].to(seen.verts))[0].cpu()
    depth = to_camera(seen.camera, joints[None].to(seen.verts))[0, :, 2].cpu()
    height, width = seen.raster.face.shape[1:]
    column, row = pixels.nan_to_num(-1).floor().long().unbind(1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    index = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
    front = seen.raster.depth[0].cpu().flatten()[index]
    return pixels, inside & front.isfinite() & ((depth - front).abs() < DEEP_M)


def _grid(face: Bool[Tensor, "height width"]) -> Float[Tensor, "points 2"]:
    """Evenly spaced pixel centres on the surface."""
    start = SPACING // 2
    rows, columns = face[start::SPACING, start::SPACING].nonzero().unbind(1)
    return torch.stack([columns, rows], dim=1) * SPACING + (start + 0.5)


def _unproject(seen: SurfaceView, pixels: Float[Tensor, "points 2"]) -> Float[Tensor, "points 3"]:
    """Surface points under pixels that see the surface, camera axes."""
    column, row = pixels.floor().long().unbind(1)
    depth = seen.raster.depth[0].cpu()[row, column]
    centre = torch.stack([column + 0.5, row + 0.5, torch.ones(len(row))], dim=1)
    ray = centre @ torch.linalg.inv(seen.camera.K[0].cpu()).T
    return ray * depth[:, None]


def _bone_of_each(
    seen: SurfaceView, face: Bool[Tensor, "height width"], joints: Float[Tensor, "joints 3"]
) -> NDArray[np.int64]:
    """The joint with which each pixel's surface turns, -1 off the body: `height width`. Joints in camera axes."""
    rows, columns = face.nonzero().unbind(1)
    places = torch.stack([columns + 0.5, rows + 0.5], dim=1)
    of_each = torch.full(face.shape, -1)
    of_each[rows, columns] = bones(_unproject(seen, places), joints)
    return of_each.numpy()


def _box(face: Bool[Tensor, "height width"]) -> tuple[int, int, int, int]:
    height, width = face.shape
    rows, columns = face.any(1).nonzero()[:, 0], face.any(0).nonzero()[:, 0]
    return (
        max(int(rows[0]) - MARGIN, 0),
        min(int(rows[-1]) + 1 + MARGIN, height),
        max(int(columns[0]) - MARGIN, 0),
        min(int(columns[-1]) + 1 + MARGIN, width),
    )
