"""SMPL-X itself, from the model file that a user has got under its own licence.

File: SMPLX_NEUTRAL.npz and its like from https://smpl-x.is.tue.mpg.de. Own code, since the `smplx` package unpickles.
"""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.model import JOINTS, PARENTS
from reimagine.body.readers.arrays import read_arrays
from reimagine.records import Body, Skin
from reimagine.request import InputError

_SHAPES = 300
"""Columns of `shapedirs` that are body shape in the full files; the rest are expressions. Small files have 10 + 10."""
_SMALL_SHAPES = 10
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


def smplx_body(
    model_file: str | Path, betas: Float[Tensor, " betas"], height_m: float | None = None
) -> Body:
    """The SMPL-X body of these shape numbers, with its pose correctives; all of it scaled to `height_m` if given.

    Shape numbers beyond those that the file knows (10 or 300) are left out.

    Raises:
        InputError: where the file is missing, a pickle, damaged, or not an SMPL-X model.
    """
    path = Path(model_file)
    _check_kind(path)
    arrays = read_arrays(path, list(_NAMES))
    _check(path, arrays)

    shapedirs = arrays["shapedirs"]
    known = _SHAPES if shapedirs.shape[2] >= _SHAPES else _SMALL_SHAPES
    count = min(known, shapedirs.shape[2], len(betas))
    numbers = betas[:count].detach().cpu().double().numpy()
    verts = arrays["v_template"] + shapedirs[:, :, :count].astype(np.float64) @ numbers
    joints = arrays["J_regressor"].astype(np.float64) @ verts
    own_height = float(verts[:, 1].max() - verts[:, 1].min())
    scale = 1.0 if height_m is None else height_m / own_height

    influences = int((arrays["weights"] > 0).sum(1).max())
    weights, weight_joints = _floats(arrays["weights"]).topk(influences, dim=1)
    skin = Skin(
        verts=_floats(verts * scale),
        faces=torch.from_numpy(arrays["f"].astype(np.int32)),
        weight_joints=weight_joints.to(torch.int32),
        weights=weights / weights.sum(1, keepdim=True),
        correctives=_floats(arrays["posedirs"]).permute(2, 0, 1).contiguous() * scale,
    )
    return Body(skin=skin, joints=_floats(joints * scale), height_m=own_height * scale)


def _floats(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))


def _check_kind(path: Path) -> None:
    if not path.is_file():
        raise InputError(
            f"--body-model {path}: there is no such file; expected SMPLX_NEUTRAL.npz or the like. "
            "Get it from https://smpl-x.is.tue.mpg.de, or leave --body anny."
        )
    with path.open("rb") as file:
        start = file.read(2)
    if start != b"PK":
        is_pickle = start[:1] == b"\x80" or path.suffix.lower() in (".pkl", ".pickle")
        kind = "a pickle, which we never load" if is_pickle else "not an .npz"
        raise InputError(
            f"--body-model {path.name} is {kind}; expected the model as .npz. Use the .npz of the same "
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
        if arrays[name].dtype.kind not in "fiu" or not np.isfinite(arrays[name]).all():
            raise _not_smplx(path, f"holds {name} with values that are not finite numbers")
    parents = arrays["kintree_table"][0].astype(np.int64)[1:]
    if tuple(parents.tolist()) != PARENTS[1:]:
        raise _not_smplx(path, "holds another skeleton (kintree_table)")
    if arrays["f"].min() < 0 or arrays["f"].max() >= sizes["verts"]:
        raise _not_smplx(path, "holds faces of vertices that it lacks (f)")
    sums = arrays["weights"].sum(1)
    if arrays["weights"].min() < 0 or np.abs(sums - 1).max() > 1e-2:
        raise _not_smplx(path, "holds skin weights that do not sum to one (weights)")


def _not_smplx(path: Path, what: str) -> InputError:
    return InputError(
        f"--body-model {path.name} {what}; expected an SMPL-X model of 55 joints. "
        "Get SMPLX_NEUTRAL.npz from https://smpl-x.is.tue.mpg.de."
    )
