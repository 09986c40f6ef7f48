"""SMPL-X itself, from the model file that a user has got under its own licence.

File: SMPLX_NEUTRAL.npz and its like from https://smpl-x.is.tue.mpg.de. Own code, since the `smplx` package unpickles.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.arrays import read_arrays
from reimagine.body.model import JOINTS, PARENTS
from reimagine.errors import InputError
from reimagine.foreign import reads
from reimagine.records import Body, Skin

_SHAPES = 300
"""Columns of `shapedirs` that are body shape in the full files; the rest are expressions. Small files have 10 + 10."""
_SMALL_SHAPES = 10
_LARGEST = 2**32
"""Skeletons give their root this as parent; nothing else comes near."""
_NAMES = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table")
_SHAPES_OF = {
    "v_template": ("verts", 3),
    "shapedirs": ("verts", 3, "shapes"),
    "posedirs": ("verts", 3, 9 * (len(JOINTS) - 1)),
    "J_regressor": (len(JOINTS), "verts"),
    "weights": ("verts", len(JOINTS)),
    "f": ("faces", 3),
    "kintree_table": (2, len(JOINTS)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Smplx:
    """The model of one file; metres."""

    template: Float[Tensor, "verts 3"]
    shapes: Float[Tensor, "verts 3 shapes"]
    """Change of the template per body shape number; expressions are left out."""
    regressor: Float[Tensor, "55 verts"]
    """Joints from the shaped vertices."""
    correctives: Float[Tensor, "coefficients verts 3"]
    faces: Int[Tensor, "faces 3"]
    weight_joints: Int[Tensor, "verts influences"]
    weights: Float[Tensor, "verts influences"]

    def body(self, betas: Float[Tensor, " betas"], height_m: float | None = None) -> Body:
        """The body of these shape numbers, all of it scaled to `height_m` if given."""
        count = min(self.shapes.shape[2], len(betas))
        # Doubles, as sums over ten thousand vertices follow.
        numbers = betas[:count].detach().cpu().double()
        verts = self.template.double() + self.shapes[:, :, :count].double() @ numbers
        joints = self.regressor.double() @ verts
        own_height = float(verts[:, 1].max() - verts[:, 1].min())
        scale = 1.0 if height_m is None else height_m / own_height
        skin = Skin(
            verts=(verts * scale).float(),
            faces=self.faces,
            weight_joints=self.weight_joints,
            weights=self.weights,
            correctives=self.correctives * scale,
        )
        return Body(skin=skin, joints=(joints * scale).float(), height_m=own_height * scale)


def smplx_body(
    model_file: str | Path, betas: Float[Tensor, " betas"], height_m: float | None = None
) -> Body:
    """The SMPL-X body of these shape numbers, with its pose correctives; all of it scaled to `height_m` if given.

    Shape numbers beyond those that the file knows (10 or 300) are left out.

    Raises:
        InputError: where the file is missing, a pickle, damaged, or not an SMPL-X model.
    """
    return read_smplx(model_file).body(betas, height_m)


@reads("an SMPL-X model")
@np.errstate(all="ignore")  # odd numbers are judged once they are read
def read_smplx(model_file: str | Path) -> Smplx:
    """The model in the file.

    Raises:
        InputError: where the file is missing, a pickle, damaged, or not an SMPL-X model.
    """
    path = Path(model_file)
    check_model_file(path)
    arrays = read_arrays(path, list(_NAMES))
    _check(path, arrays)
    shapedirs = arrays["shapedirs"]
    known = _SHAPES if shapedirs.shape[2] >= _SHAPES else _SMALL_SHAPES
    influences = int((arrays["weights"] > 0).sum(1).max())
    weights, weight_joints = _floats(arrays["weights"]).topk(influences, dim=1)
    return Smplx(
        template=_floats(arrays["v_template"]),
        shapes=_floats(shapedirs[:, :, :known]),
        regressor=_floats(arrays["J_regressor"]),
        correctives=_floats(arrays["posedirs"]).permute(2, 0, 1).contiguous(),
        faces=torch.from_numpy(arrays["f"].astype(np.int32)),
        weight_joints=weight_joints.to(torch.int32),
        weights=weights / weights.sum(1, keepdim=True),
    )


def _floats(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))


def check_model_file(path: Path) -> None:
    """Nothing, where the file is there and no pickle; reads only its start.

    Raises:
        InputError: otherwise.
    """
    if not path.is_file():
        raise InputError(
            f"`body_model` {path}: there is no such file; expected SMPLX_NEUTRAL.npz or the like. "
            "Get it from https://smpl-x.is.tue.mpg.de, or leave `body` anny."
        )
    with path.open("rb") as file:
        start = file.read(2)
    if start != b"PK":
        is_pickle = start[:1] == b"\x80" or path.suffix.lower() in (".pkl", ".pickle")
        kind = "a pickle, which we never load" if is_pickle else "not an .npz"
        raise InputError(
            f"`body_model` {path.name} is {kind}; expected the model as .npz. Use the .npz of the same "
            "download, or convert it where you trust it: numpy.savez('SMPLX_NEUTRAL.npz', "
            "**numpy.load('model.pkl', allow_pickle=True, encoding='latin1'))."
        )


def _check(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Raises InputError unless the arrays are those of an SMPL-X model."""
    missing = [name for name in _NAMES if name not in arrays]
    if missing:
        raise _not_smplx(path, f"has no {', '.join(missing)}")
    sizes: dict[str, int] = {}
    for name, wanted in _SHAPES_OF.items():
        shape = arrays[name].shape
        for axis, size in zip(wanted, shape, strict=False):
            if isinstance(axis, str):
                sizes.setdefault(axis, size)
        expected = tuple(sizes.get(axis, 0) if isinstance(axis, str) else axis for axis in wanted)
        if shape != expected or 0 in shape:
            raise _not_smplx(path, f"holds {name} of shape {shape}, not {wanted}")
        # Written so that NaN is refused too.
        if (
            arrays[name].dtype.kind not in "fiu"
            or not float(np.abs(arrays[name]).max()) <= _LARGEST
        ):
            raise _not_smplx(
                path, f"holds {name} with values that are not finite, or larger than any of a body"
            )
    _check_values(path, arrays)


def _check_values(path: Path, arrays: dict[str, np.ndarray]) -> None:
    parents = arrays["kintree_table"][0].astype(np.int64)[1:]
    if tuple(parents.tolist()) != PARENTS[1:]:
        raise _not_smplx(path, "holds another skeleton (kintree_table)")
    if arrays["f"].min() < 0 or arrays["f"].max() >= len(arrays["v_template"]):
        raise _not_smplx(path, "holds faces of vertices that it lacks (f)")
    height_m = float(np.ptp(arrays["v_template"][:, 1].astype(float)))
    if not 0.1 <= height_m <= 10:
        raise _not_smplx(path, f"is {height_m:g} m high, not 0.1 to 10 m (v_template)")
    sums = arrays["weights"].sum(1)
    if arrays["weights"].min() < 0 or np.abs(sums - 1).max() > 1e-2:
        raise _not_smplx(path, "holds skin weights that do not sum to one (weights)")


def _not_smplx(path: Path, what: str) -> InputError:
    return InputError(
        f"`body_model` {path.name} {what}; expected an SMPL-X model of 55 joints. "
        "Get SMPLX_NEUTRAL.npz from https://smpl-x.is.tue.mpg.de."
    )
