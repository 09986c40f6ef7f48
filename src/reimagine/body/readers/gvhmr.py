"""GVHMR's hmr4d_results.pt: SMPL-X without hands in a world with Y up (https://github.com/zju3dv/GVHMR).

GEM-SMPL's smpl_params.pt holds the same under another name.
"""

import pickle
import warnings
from pathlib import Path

import numpy as np
import torch

from reimagine.arrays import DAMAGE, MAX_BYTES, check_unpacked, zip_entries
from reimagine.body.readers.smplx_parameters import motion_from_parameters
from reimagine.errors import InputError
from reimagine.records import Motion

GROUPS = {"smpl_params_global": "GVHMR", "body_params_global": "GEM-SMPL"}
"""What the parameters in the world's axes are called, and by whom."""


def is_torch_file(path: Path) -> bool:
    """Whether a zip file was written by torch.save."""
    return any(name.endswith("data.pkl") for name in zip_entries(path))


def read_gvhmr(path: Path) -> Motion:
    """The motion in the world's axes (`smpl_params_global`), 30 frames per second.

    Loaded with torch's `weights_only`, so nothing in the file can run. Raises InputError.
    """
    check_unpacked(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, AttributeError, AssertionError, MemoryError, *DAMAGE):
        raise InputError(
            f"{path.name} holds more than tensors, or is damaged; expected GVHMR's hmr4d_results.pt. Save only its "
            "smpl_params_global with torch.save({'smpl_params_global': ...}, file)."
        ) from None
    groups = held if isinstance(held, dict) else {}
    group = next((name for name in GROUPS if name in groups), "")
    params = groups.get(group)
    if isinstance(params, dict) and "identity_coeffs" in params:
        raise InputError(
            f"{path.name} holds GEM-X's SOMA parameters, whose rest pose only its own model has; expected SMPL's or SMPL-X's. "
            "Give the BVH that SOMA's tools export."
        )
    if not isinstance(params, dict) or not {"global_orient", "body_pose"} <= set(params):
        names = ", ".join(map(str, held)) if isinstance(held, dict) else type(held).__name__
        raise InputError(
            f"{path.name} holds {names[:120]}; expected smpl_params_global with global_orient and body_pose "
            "(GVHMR's hmr4d_results.pt), or body_params_global (GEM-SMPL's smpl_params.pt). Check which file it is."
        )
    # A tensor may repeat one number: its shape says nothing of the file's size.
    if sum(8 * one.numel() for one in params.values() if isinstance(one, torch.Tensor)) > MAX_BYTES:
        raise InputError(
            f"{path.name} claims over {MAX_BYTES >> 20} MB of numbers; expected a motion of less. Cut it into parts."
        )
    arrays = {
        name: value.detach().double().numpy()
        for name, value in params.items()
        if isinstance(value, torch.Tensor)
    }
    arrays["fps"] = np.array(30.0)
    return motion_from_parameters(
        path,
        arrays,
        source=f"{GROUPS[group]} (world)",
        up="y",
        notes=[f"{GROUPS[group]}'s usual 30 frames per second"],
    )
