"""SMPL-X in the likeness of a body that photos were fitted with, and a dressed surface carried over to it.

Both bodies stand in the same zero pose, and all of SMPL-X is linear in its shape numbers. So a few rounds of linear
least squares do: joints to joints, every vertex to the plane of the nearest like-facing vertex, numbers near zero.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.spatial import KDTree
from torch import Tensor

from reimagine.body.facing import vertex_normals
from reimagine.body.joints import BODY_JOINTS
from reimagine.body.smplx import Smplx
from reimagine.records import Body, Skin

SHAPES = 10
"""Shape numbers looked for; those beyond change a body less than clothes hide."""
"""Face and fingers say little about shape, and the two models keep them elsewhere."""
_ROUNDS = 8
_JOINT_M, _SURFACE_M = 0.02, 0.01
"""How far off joints and surface may be, against one unit of a shape number."""
_SURFACE_POINTS = 200.0
"""For how many independent measurements all vertices together count."""
_ALIKE = 0.7
"""Least cosine between the directions that two vertices face."""
_REACH_M = 0.06
"""Vertices farther from the other surface do not count: eyeballs, mouths, spread fingers."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Equations `of @ unknown = is_`; the unknown are the shape numbers, then a shift."""

    of: Float[Tensor, "rows unknowns"]
    is_: Float[Tensor, " rows"]


def smplx_like(model: Smplx, body: Body) -> Body:
    """The SMPL-X body that comes nearest to `body` (in the zero pose), of exactly its height."""
    return model.body(fit_betas(model, body), body.height_m)


def fit_betas(model: Smplx, body: Body) -> Float[Tensor, " betas"]:
    """SMPL-X shape numbers whose joints and skin, scaled to the body's height, come nearest to the body's.

    Size itself is left to that scaling, since the numbers for tall and small go only as far as people do.
    """
    target = body.skin.verts.double()
    facing = vertex_normals(target[None], body.skin.faces)[0]
    tree = KDTree(target.numpy())
    betas = torch.zeros(min(SHAPES, model.shapes.shape[2]), dtype=torch.float64)
    shift = torch.zeros(3, dtype=torch.float64)
    for _ in range(_ROUNDS):
        verts = model.template + model.shapes[:, :, : len(betas)] @ betas.float()
        scale = float(verts[:, 1].max() - verts[:, 1].min()) / body.height_m
        found = tree.query((verts.double() + shift).numpy() / scale)
        far, near = torch.from_numpy(found[0]), torch.from_numpy(np.asarray(found[1]))
        own = vertex_normals(verts[None].double(), model.faces)[0]
        alike = (own * facing[near]).sum(1) > _ALIKE
        alike &= far < _REACH_M
        planes = _surface_rows(model, alike, target[near[alike]] * scale, facing[near[alike]])
        unknown = _solve([_joint_rows(model, body.joints * scale), planes])
        betas, shift = unknown[:-3], unknown[-3:]
    return betas.float()


def follow_joints(skin: Skin, joints: Float[Tensor, "55 3"], new: Float[Tensor, "55 3"]) -> Skin:
    """The surface when its joints have moved in the zero pose: each vertex goes with those that move it, by weight."""
    moved = (new - joints)[skin.weight_joints.long()]
    return replace(skin, verts=skin.verts + (moved * skin.weights[..., None]).sum(1))


def _joint_rows(model: Smplx, joints: Float[Tensor, "55 3"]) -> _Rows:
    """Three rows a joint."""
    regressor = model.regressor[:BODY_JOINTS].double()
    moved = torch.einsum("jv,vik->jik", regressor, model.shapes[:, :, :SHAPES].double())
    shift = torch.eye(3, dtype=torch.float64).expand(BODY_JOINTS, 3, 3)
    gap = joints[:BODY_JOINTS].double() - regressor @ model.template.double()
    return _Rows(torch.cat([moved, shift], 2).flatten(0, 1) / _JOINT_M, gap.flatten() / _JOINT_M)


def _surface_rows(
    model: Smplx,
    which: Bool[Tensor, " verts"],
    near: Float[Tensor, "points 3"],
    facing: Float[Tensor, "points 3"],
) -> _Rows:
    """A row for each of these vertices: its way to the plane through the point near it."""
    moved = torch.einsum("vi,vik->vk", facing, model.shapes[which][:, :, :SHAPES].double())
    gap = ((near - model.template[which].double()) * facing).sum(1)
    weight = (_SURFACE_POINTS / max(1, len(gap))) ** 0.5 / _SURFACE_M
    return _Rows(torch.cat([moved, facing], 1) * weight, gap * weight)


def _solve(rows: list[_Rows]) -> Float[Tensor, " unknowns"]:
    """Least squares, with shape numbers of a spread of one around zero; the shift is free."""
    of, is_ = torch.cat([row.of for row in rows]), torch.cat([row.is_ for row in rows])
    prior = torch.ones(of.shape[1], dtype=torch.float64)
    prior[-3:] = 1e-6
    return torch.linalg.solve(of.T @ of + prior.diag(), of.T @ is_)
