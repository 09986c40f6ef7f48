"""The person before any background, found by colours alone: Rother et al., GrabCut (SIGGRAPH 2004), as OpenCV has it."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.appearance.grid import Mask, label
from reimagine.appearance.matting import Matting
from reimagine.appearance.outline import largest

_TALL = 800
"""Rows that colours are compared at: more takes long and finds the same."""
_RIM = (0.02, 0.12)
"""Shares of height and width at the photo's rim where nobody is."""
_MIDDLE = (0.05, 0.44)
"""The figure in the middle where the person is looked for first leaves these shares of height and width free."""
_HEART = (0.36, 0.47)
"""The same for where the person surely is."""
_ROUNDS = 5
_HOLE = 0.004
"""Gaps smaller than this share of the person are not background but buttons, eyes and prints."""


def make(device: str) -> Matting:
    """What `--matting grabcut` names; it computes on the CPU wherever it is."""
    del device
    return cut_out


def cut_out(rgb: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
    """Where the person is, 0..1, who stands in the middle of the photo."""
    height, width = rgb.shape[1:]
    scale = min(1.0, _TALL / height)
    pixels = np.ascontiguousarray((rgb.permute(1, 2, 0).numpy()[..., ::-1] * 255).astype(np.uint8))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    mask[_within(mask.shape, _RIM)] = cv2.GC_PR_BGD
    mask[_within(mask.shape, _MIDDLE)] = cv2.GC_PR_FGD
    mask[_within(mask.shape, _HEART)] = cv2.GC_FGD
    background, person = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    seen = cv2.GC_INIT_WITH_MASK
    cv2.grabCut(small, mask, (0, 0, 0, 0), background, person, _ROUNDS, seen)
    alone = _whole(np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)))
    soft = cv2.GaussianBlur(alone.astype(np.float32), (0, 0), 0.7)
    return torch.from_numpy(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR))


def _within(shape: tuple[int, ...], free: tuple[float, float]) -> tuple[slice, slice]:
    rows, columns = (round(share * side) for share, side in zip(free, shape, strict=True))
    return slice(rows, shape[0] - rows), slice(columns, shape[1] - columns)


def _whole(person: Mask) -> Mask:
    """The largest piece, with what is small in it filled."""
    person = largest(person)
    holes = label(~person)
    sizes = np.bincount(holes.ravel())
    return person | (sizes < _HOLE * person.sum())[holes]
