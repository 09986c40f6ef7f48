"""Tensors out of a file of torch.save, safely: nothing in it can run, and it is no larger in memory than on disk."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import torch

from reimagine.arrays import DAMAGE, MAX_BYTES, check_unpacked, zip_entries
from reimagine.errors import InputError

RESULTS = {
    "GVHMR": ("smpl_params_global", "smpl_params_incam"),
    "GEM-SMPL": ("body_params_global", "body_params_incam"),
}
"""What makers of a person out of a video call their parameters in the world's axes, and in the camera's."""
FPS = 30.0
"""Of both."""


def is_torch_file(path: Path) -> bool:
    """Whether a zip file was written by torch.save."""
    return any(name.endswith("data.pkl") for name in zip_entries(path))


def read_results(path: Path) -> dict[str, object]:
    """What GVHMR's hmr4d_results.pt or GEM-SMPL's smpl_params.pt holds. Raises InputError."""
    check_unpacked(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, AttributeError, AssertionError, MemoryError, *DAMAGE):
        raise InputError(
            f"{path.name} holds more than tensors, or is damaged; expected GVHMR's hmr4d_results.pt. Save only its "
            "smpl_params_global, smpl_params_incam and K_fullimg with torch.save({'smpl_params_global': ...}, file)."
        ) from None
    return held if isinstance(held, dict) else {type(held).__name__: held}


def as_arrays(path: Path, tensors: dict[str, object]) -> dict[str, np.ndarray]:
    """Those of the values that are tensors, as 64-bit numbers. Raises InputError where they claim too much memory."""
    found = {name: value for name, value in tensors.items() if isinstance(value, torch.Tensor)}
    # A tensor may repeat one number: its shape says nothing of the file's size.
    if sum(8 * one.numel() for one in found.values()) > MAX_BYTES:
        raise InputError(
            f"{path.name} claims over {MAX_BYTES >> 20} MB of numbers; expected a motion of less. Cut it into parts."
        )
    return {name: value.detach().double().numpy() for name, value in found.items()}
