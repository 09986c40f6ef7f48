"""GVHMR's hmr4d_results.pt: SMPL-X without hands in a world with Y up (https://github.com/zju3dv/GVHMR).

GEM-SMPL's smpl_params.pt holds the same under another name.
"""

from pathlib import Path
from typing import cast

import numpy as np

from reimagine.body.readers.smplx_parameters import motion_from_parameters
from reimagine.errors import InputError
from reimagine.records import Motion
from reimagine.tensors import FPS, RESULTS, as_arrays, read_results


def read_gvhmr(path: Path) -> Motion:
    """The motion in the world's axes (`smpl_params_global`), 30 frames per second.

    Loaded with torch's `weights_only`, so nothing in the file can run. Raises InputError.
    """
    held = read_results(path)
    maker = next((name for name, groups in RESULTS.items() if groups[0] in held), "")
    params = held[RESULTS[maker][0]] if maker else None
    if isinstance(params, dict) and "identity_coeffs" in params:
        raise InputError(
            f"{path.name} holds GEM-X's SOMA parameters, whose rest pose only its own model has; expected SMPL's or SMPL-X's. "
            "Give the BVH that SOMA's tools export."
        )
    if not isinstance(params, dict) or not {"global_orient", "body_pose"} <= set(params):
        names = ", ".join(map(str, held))
        raise InputError(
            f"{path.name} holds {names[:120]}; expected smpl_params_global with global_orient and body_pose "
            "(GVHMR's hmr4d_results.pt), or body_params_global (GEM-SMPL's smpl_params.pt). Check which file it is."
        )
    arrays = as_arrays(path, cast("dict[str, object]", params))
    arrays["fps"] = np.array(FPS)
    return motion_from_parameters(
        path,
        arrays,
        source=f"{maker} (world)",
        up="y",
        notes=[f"{maker}'s usual 30 frames per second"],
    )
