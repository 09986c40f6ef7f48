"""Distances between sets of pictures or clips by their features: FID, FVD and KID."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.errors import InputError
from reimagine.scores.networks import clip_features, picture_features, resized

LEAST_KID = 50
"""Pictures a set for a KID worth reading."""
SIDE = 299
"""Of Inception's pictures."""
CLIP_FRAMES = 16
"""Frames of one clip of FVD (Unterthiner et al., 2018)."""
_BATCH = 16

Rows = Float[NDArray[np.float64], "samples features"]


def features(
    network: torch.jit.ScriptModule,
    pictures: Iterable[Float[Tensor, "3 height width"]],
    side: int = SIDE,
) -> Rows:
    """Features of the pictures (0..1), a few at a time, one row each.

    Raises:
        InputError: for a network that does not give one row a picture, or no pictures.
    """
    rows: list[NDArray[np.float64]] = []
    batch: list[Tensor] = []
    for picture in pictures:
        batch.append(resized(picture, side))
        if len(batch) == _BATCH:
            rows.append(picture_features(network, torch.stack(batch)))
            batch.clear()
    if batch:
        rows.append(picture_features(network, torch.stack(batch)))
    if not rows:
        raise InputError("there are no pictures to take features of; expected a set of them.")
    return np.concatenate(rows)


def features_of_clips(
    network: torch.jit.ScriptModule,
    video: Callable[[int], Float[Tensor, "3 height width"]],
    frames: int,
) -> list[Rows]:
    """Features of a video (0..1), one row for each `CLIP_FRAMES` frames that follow one another; a rest is left out."""
    rows: list[Rows] = []
    for start in range(0, frames - CLIP_FRAMES + 1, CLIP_FRAMES):
        clip = torch.stack([video(start + k) for k in range(CLIP_FRAMES)], dim=1)
        rows.append(clip_features(network, (clip.clamp(0, 1) * 255).round()))
    return rows


def frechet(a: Rows, b: Rows, name: str = "FID") -> float:
    """Frechet distance of two Gaussians (Heusel et al., NeurIPS 2017): FID, or FVD for features of clips.

    Raises:
        InputError: for fewer samples than features, whose covariance has no full rank.
    """
    if missing := too_few(name, min(len(a), len(b)), a.shape[1] + 1):
        raise InputError(missing)
    apart = a.mean(0) - b.mean(0)
    cov_a, cov_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    # tr sqrt(AB) = tr sqrt(sqrt(A) B sqrt(A)), which is symmetric: no complex roots to be thrown away.
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(0)).sum()
    return float(apart @ apart + np.trace(cov_a) + np.trace(cov_b) - 2 * shared)


def kid(a: Rows, b: Rows) -> float:
    """Unbiased squared MMD with the kernel (x.y / features + 1)^3 (Binkowski et al., ICLR 2018).

    Over all samples at once: what clean-fid's mean over random subsets of up to 1000 estimates too.

    Raises:
        InputError: for fewer than 50 samples a set.
    """
    if missing := too_few("KID", min(len(a), len(b)), LEAST_KID):
        raise InputError(missing)

    def kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return (x @ y.T / x.shape[1] + 1) ** 3

    within = 0.0
    for one in (a, b):
        values, count = kernel(one, one), len(one)
        within += (values.sum() - np.trace(values)) / (count * (count - 1))
    return float(within - 2 * kernel(a, b).mean())


def too_few(name: str, count: int, need: int) -> str:
    """What to say of too few samples; nothing where there are enough."""
    if count >= need:
        return ""
    what = f"clips of {CLIP_FRAMES} frames" if name == "FVD" else "pictures"
    return (
        f"{name} got {count} {what}; expected at least {need} in each set, better 10000. "
        "Give a folder of more runs as `run`, or more in `real`."
    )
