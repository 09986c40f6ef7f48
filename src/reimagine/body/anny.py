"""The default body: Anny, dressed into the SMPL-X zero pose so that SMPL-X motion fits it as it is.

Anny (NAVER, Apache-2.0, assets CC0) is a body whose shape follows six plain numbers. Copying SMPL-X rotations onto its
own skeleton loses contacts, since the two skeletons are not the same anatomy. So each bone is moved once, by a turn and
a stretch along itself, to where SMPL-X keeps the same joints; from then on Anny's skin follows the SMPL-X skeleton.
"""

import functools
from dataclasses import dataclass, replace
from importlib import resources

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.bones import (
    ANCHORS,
    bone_joint,
    REST_JOINTS,
    finger_bones,
)
from reimagine.body.model import JOINTS
from reimagine.records import Body, Skin

PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")
"""The six shape numbers, each 0..1: gender 0 male, 1 female; age .67 young adult; the others from least to most."""
DEFAULT_PHENOTYPE = torch.tensor([0.5, 0.67, 0.5, 0.5, 0.5, 0.5])
_INFLUENCES = 8
_YAW_RAD = 0.105
"""How far the feet of SMPL-X's zero pose turn out: 6 degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anny:
    """The baked model; all lengths in metres, axes already ours (Y up, faces +Z, +X left)."""

    verts: Float[Tensor, "verts 3"]
    faces: Tensor
    basis: Float[Tensor, "shapes coordinates"]
    heads: Float[Tensor, "bones 3"]
    heads_basis: Float[Tensor, "shapes coordinates2"]
    bones: tuple[str, ...]
    bone_table: Float[Tensor, "verts bones"]
    weight_joints: Tensor
    weights: Float[Tensor, "verts influences"]
    mask: Float[Tensor, "products variations"]
    projection: Float[Tensor, "products shapes"]

    def skin(self, phenotype: Float[Tensor, " 6"]) -> Skin:
        """The body in the SMPL-X zero pose, 1.62 m tall give or take; differentiable in the phenotype."""
        return self._worn(phenotype)[0]

    def joints(self, phenotype: Float[Tensor, " 6"]) -> Float[Tensor, "55 3"]:
        """The SMPL-X joints of that body; differentiable in the phenotype."""
        return self._worn(phenotype)[1]

    def thinned(self, step: int) -> "Anny":
        """The same model with every `step`-th vertex and no faces, for fitting."""
        kept = torch.arange(0, len(self.verts), step)
        return replace(
            self,
            verts=self.verts[kept],
            faces=self.faces[:0],
            basis=self.basis.unflatten(1, (-1, 3))[:, kept].flatten(1),
            bone_table=self.bone_table[kept],
            weight_joints=self.weight_joints[kept],
            weights=self.weights[kept],
        )

    def body(self, phenotype: Float[Tensor, " 6"]) -> Body:
        """Skin and joints together, at the model's own size; differentiable in the phenotype."""
        skin, joints = self._worn(phenotype)
        height = float(skin.verts[:, 1].max() - skin.verts[:, 1].min())
        return Body(skin=skin, joints=joints, height_m=height)

    def _worn(self, phenotype: Float[Tensor, " 6"]) -> tuple[Skin, Float[Tensor, "55 3"]]:
        shapes = _products(phenotype, self.mask) @ self.projection
        verts = self.verts + (shapes @ self.basis).unflatten(0, (-1, 3))
        heads = self.heads + (shapes @ self.heads_basis).unflatten(0, (-1, 3))
        at = {name: index for index, name in enumerate(self.bones)}
        verts, heads = _placed(verts, heads, at)
        moves, joints = _moves(heads, at)
        blended = (self.bone_table @ moves.flatten(1)).unflatten(-1, (3, 4))
        worn = (blended[..., :3] * verts[:, None]).sum(-1) + blended[..., 3]
        skin = Skin(
            verts=worn,
            faces=self.faces,
            weight_joints=self.weight_joints,
            weights=self.weights,
        )
        return skin, joints


@functools.cache
def load_anny() -> Anny:
    """The model that ships with the package."""
    path = resources.files("reimagine.body") / "data" / "anny.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        arrays = {name: data[name] for name in data.files}
    bones = tuple(str(name) for name in arrays["bones"])
    count = len(arrays["verts"])
    table = torch.zeros(count, len(bones))
    table.scatter_add_(
        1,
        torch.from_numpy(arrays["weight_bones"].astype(np.int64)),
        torch.from_numpy(arrays["weights"]),
    )
    table = table / table.sum(1, keepdim=True)
    joint = torch.tensor([bone_joint(name) for name in bones])
    merged = torch.zeros(count, len(JOINTS)).index_add_(1, joint, table)
    weights, weight_joints = merged.topk(_INFLUENCES, dim=1)
    basis = arrays["basis"].astype(np.float32) * arrays["basis_step"]
    return Anny(
        verts=_our_axes(arrays["verts"]),
        faces=torch.from_numpy(arrays["faces"].astype(np.int32)),
        basis=_our_axes(basis).flatten(1),
        heads=_our_axes(arrays["heads"]),
        heads_basis=_our_axes(arrays["heads_basis"]).flatten(1),
        bones=bones,
        bone_table=table,
        weight_joints=weight_joints.to(torch.int32),
        weights=weights / weights.sum(1, keepdim=True),
        mask=torch.from_numpy(arrays["mask"].astype(np.float32)),
        projection=torch.from_numpy(arrays["projection"]),
    )


def anny_body(phenotype: Float[Tensor, " 6"], height_m: float | None = None) -> Body:
    """A body of that shape; `height_m` scales all of it (default: as SMPL-X's mean person, about 1.65 m)."""
    skin, joints = load_anny()._worn(phenotype)  # noqa: SLF001
    own = float(skin.verts[:, 1].max() - skin.verts[:, 1].min())
    scale = 1.0 if height_m is None else height_m / own
    scaled = Skin(
        verts=skin.verts * scale,
        faces=skin.faces,
        weight_joints=skin.weight_joints,
        weights=skin.weights,
    )
    return Body(skin=scaled, joints=joints * scale, height_m=own * scale)


def _our_axes(points: np.ndarray) -> Tensor:
    """Anny's Z up, facing -Y, to Y up, facing +Z."""
    x, y, z = np.moveaxis(points.astype(np.float32), -1, 0)
    return torch.from_numpy(np.stack([x, z, -y], -1))


def _products(phenotype: Float[Tensor, " 6"], mask: Tensor) -> Float[Tensor, " products"]:
    """Anny's shape coefficients: each is a product of hat functions of the phenotypes it depends on.

    Race is mixed evenly; cup size and firmness stay in the middle, as in Anny's default.
    """
    gender, age, muscle, weight, height, proportions = phenotype.clamp(0, 1)
    third = phenotype.new_full((3,), 1 / 3)
    half = phenotype.new_tensor(0.5)
    variations = torch.cat(
        [
            third,
            _hats(gender, 0.0, 2),
            _hats(age, -1 / 3, 5),
            _hats(muscle, 0.0, 3),
            _hats(weight, 0.0, 3),
            _hats(height, 0.0, 2),
            _hats(proportions, 0.0, 2),
            _hats(half, 0.0, 3),
            _hats(half, 0.0, 3),
        ]
    )
    return torch.prod(variations * mask + (1 - mask), dim=-1)


def _hats(value: Tensor, first: float, count: int) -> Tensor:
    """Shares of the `count` anchors, evenly spaced from `first` to 1, that interpolate linearly to `value`."""
    anchors = torch.linspace(first, 1.0, count)
    return (1 - (value - anchors).abs() * (count - 1) / (1 - first)).clamp_min(0)


def _placed(
    verts: Tensor, heads: Tensor, at: dict[str, int]
) -> tuple[Float[Tensor, "verts 3"], Float[Tensor, "bones 3"]]:
    """Scaled to the SMPL-X distance from ankles to head joint, ankles at its height, hips below its hips."""
    ankles = (heads[at["foot.L"]] + heads[at["foot.R"]]) / 2
    table_ankles = (REST_JOINTS[7] + REST_JOINTS[8]) / 2
    scale = (REST_JOINTS[15] - table_ankles)[1] / (heads[at["head"]] - ankles)[1]
    hips = (heads[at["upperleg01.L"]] + heads[at["upperleg01.R"]]) / 2
    table_hips = (REST_JOINTS[1] + REST_JOINTS[2]) / 2
    sideways, forward = table_hips[0] - scale * hips[0], table_hips[2] - scale * hips[2]
    shift = torch.stack([sideways, table_ankles[1] - scale * ankles[1], forward])
    return scale * verts + shift, scale * heads + shift


def _moves(
    heads: Float[Tensor, "bones 3"], at: dict[str, int]
) -> tuple[Float[Tensor, "bones 3 4"], Float[Tensor, "55 3"]]:
    """Affine map of each bone from Anny's rest to the SMPL-X zero pose, and the 55 joints."""
    rest = REST_JOINTS
    same = torch.cat([torch.eye(3), torch.zeros(3, 1)], 1)
    moves = {name: same for name in at}
    joints = torch.cat([rest, torch.zeros(33, 3)])
    for side, left in (("L", 1.0), ("R", -1.0)):
        head = {name: heads[at[f"{name}.{side}"]] for name in ANCHORS}
        hip, knee, ankle, shoulder, elbow, wrist = (
            rest[j if left > 0 else j + 1] for j in (1, 4, 7, 16, 18, 20)
        )
        del hip  # Anny's own hips stay: they lie elsewhere in the pelvis than SMPL-X's
        thigh = _limb(head["upperleg01"], head["lowerleg01"], head["upperleg01"], knee)
        shin = _limb(head["lowerleg01"], head["foot"], knee, ankle)
        upper_arm = _limb(head["upperarm01"], head["lowerarm01"], shoulder, elbow)
        forearm = _limb(head["lowerarm01"], head["wrist"], elbow, wrist)
        foot = _foot(head["foot"], head["toe2-1"], ankle, left)
        hand = _turned(
            head["finger3-1"] - head["wrist"],
            torch.tensor([left, -0.05, 0.0]),
            head["wrist"],
            wrist,
        )
        shift = shoulder - head["upperarm01"]
        for prefix, move in (
            ("upperleg", thigh),
            ("lowerleg", shin),
            ("upperarm", upper_arm),
            ("lowerarm", forearm),
            ("foot", foot),
            ("toe", foot),
            ("wrist", hand),
            ("metacarpal", hand),
            ("finger", hand),
            ("clavicle", _shifted(0.35 * shift)),
            ("shoulder01", _shifted(0.8 * shift)),
        ):
            for name in at:
                if name.startswith(prefix) and name.endswith(f".{side}"):
                    moves[name] = move
        fingers, finger_joints = _flat_fingers(heads, at, side, hand, left)
        moves |= fingers
        first = 25 if left > 0 else 40
        joints = torch.cat([joints[:first], finger_joints, joints[first + 15 :]])
    face = torch.stack(
        [_apply(moves[name], heads[at[name]]) if name in at else rest[15] for name in ("jaw", "eye.L", "eye.R")]
    )
    joints = torch.cat([joints[:22], face, joints[25:]])
    return torch.stack([moves[name] for name in at]), joints


def _flat_fingers(
    heads: Tensor, at: dict[str, int], side: str, hand: Tensor, left: float
) -> tuple[dict[str, Tensor], Float[Tensor, "15 3"]]:
    """Fingers stretched flat, as in SMPL-X's zero pose; the thumb stays as it is. Also their 15 joints."""
    moves: dict[str, Tensor] = {}
    joints: list[Tensor] = []
    for chain in finger_bones(side):
        start = _apply(hand, heads[at[chain[0]]])
        for k, name in enumerate(chain):
            joints.append(start)
            own = heads[at[name]]
            tip = heads[at[chain[k + 1]]] if k < 2 else own + (own - heads[at[chain[k - 1]]])
            along = hand[:, :3] @ (tip - own)
            if name.startswith("finger1"):
                wanted = along
            else:
                flat = torch.stack([along[0], torch.zeros(()), along[2]])
                flat = flat / flat.norm()
                wanted = torch.stack([flat[0], torch.tensor(-0.06), flat[2]])
            turn = _minimal_rotation(along, wanted) @ hand[:, :3]
            moves[name] = torch.cat([turn, (start - turn @ own)[:, None]], 1)
            start = start + turn @ (tip - own)
    del left
    return moves, torch.stack(joints)


def _limb(head: Tensor, end: Tensor, new_head: Tensor, new_end: Tensor) -> Float[Tensor, "3 4"]:
    """Turns head-end onto new_head-new_end by the smallest rotation and stretches along it only."""
    own, wanted = end - head, new_end - new_head
    unit = own / own.norm()
    stretch = torch.eye(3) + (wanted.norm() / own.norm() - 1) * torch.outer(unit, unit)
    turn = _minimal_rotation(own, wanted) @ stretch
    return torch.cat([turn, (new_head - turn @ head)[:, None]], 1)


def _turned(own: Tensor, wanted: Tensor, head: Tensor, new_head: Tensor) -> Float[Tensor, "3 4"]:
    turn = _minimal_rotation(own, wanted)
    return torch.cat([turn, (new_head - turn @ head)[:, None]], 1)


def _foot(head: Tensor, toe: Tensor, ankle: Tensor, left: float) -> Float[Tensor, "3 4"]:
    """Turned about the vertical only, so that the sole stays flat."""
    heading = torch.stack([toe[0] - head[0], torch.zeros(()), toe[2] - head[2]])
    wanted = torch.tensor([left * float(np.sin(_YAW_RAD)), 0.0, float(np.cos(_YAW_RAD))])
    return _turned(heading, wanted, head, ankle)


def _shifted(by: Tensor) -> Float[Tensor, "3 4"]:
    return torch.cat([torch.eye(3), by[:, None]], 1)


def _apply(move: Float[Tensor, "3 4"], point: Float[Tensor, " 3"]) -> Float[Tensor, " 3"]:
    return move[:, :3] @ point + move[:, 3]


def _minimal_rotation(a: Float[Tensor, " 3"], b: Float[Tensor, " 3"]) -> Float[Tensor, "3 3"]:
    """The smallest rotation of direction a onto direction b; they must not be opposite."""
    a, b = a / a.norm(), b / b.norm()
    v = torch.linalg.cross(a, b)
    zero = torch.zeros_like(v[0])
    K = torch.stack([zero, -v[2], v[1], v[2], zero, -v[0], -v[1], v[0], zero]).unflatten(0, (3, 3))
    return torch.eye(3) + K + K @ K / (1 + a @ b)
