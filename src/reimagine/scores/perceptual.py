"""FID and KID by a feature network that the user has; nothing is downloaded.

The network is a TorchScript file that takes `pictures 3 side side` and gives `pictures features`. For figures that
compare with others' give clean-fid's Inception (Parmar et al., CVPR 2022) with side 299; a VideoMAE or I3D network
over clips gives FVD by the same `frechet`.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from reimagine.request import InputError

LEAST_KID = 50
"""Pictures a set for a KID whose interval is worth reading."""
_BATCH = 16


def load_network(path: Path) -> torch.jit.ScriptModule:
    """The user's feature network, on the CPU.

    Raises:
        InputError: where the file is absent or no TorchScript.
    """
    if not path.is_file():
        raise InputError(
            f"There is no feature network {path}; expected a TorchScript file, such as clean-fid's "
            "inception-2015-12-05.pt, which you get from its project. Nothing is downloaded here."
        )
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except RuntimeError:
        raise InputError(
            f"{path} is no TorchScript file; expected one saved by torch.jit.save."
        ) from None


def prepare(picture: Float[Tensor, "3 height width"], side: int) -> Float[Tensor, "3 side side"]:
    """The picture (0..1) as clean-fid hands it on: resized with PIL's antialiased bicubic, 0..255, not rounded again.

    torch's antialiased bicubic has PIL's kernel (a = -0.5, widened when shrinking) and works on floats, as
    clean-fid does; values beyond the range are kept, as it keeps them.
    """
    bytes_of = (picture.clamp(0, 1) * 255).round()[None]
    return functional.interpolate(
        bytes_of, size=(side, side), mode="bicubic", antialias=True, align_corners=False
    )[0]


def features(
    network: torch.jit.ScriptModule,
    pictures: Iterable[Float[Tensor, "3 height width"]],
    side: int,
) -> Float[NDArray[np.float64], "pictures features"]:
    """Features of the pictures, a few at a time.

    Raises:
        InputError: for a network that does not give one row a picture, or no pictures.
    """
    rows: list[NDArray[np.float64]] = []
    batch: list[Tensor] = []

    def flush() -> None:
        with torch.no_grad():
            out = network(torch.stack(batch))
        if not isinstance(out, Tensor) or out.shape[0] != len(batch):
            raise InputError(
                "the feature network gives no row a picture; expected pictures x features."
            )
        rows.append(out.flatten(1).double().numpy())
        batch.clear()

    for picture in pictures:
        batch.append(prepare(picture, side))
        if len(batch) == _BATCH:
            flush()
    if batch:
        flush()
    if not rows:
        raise InputError("there are no pictures to take features of; expected a set of them.")
    return np.concatenate(rows)


def frechet(
    a: Float[NDArray[np.float64], "pictures features"],
    b: Float[NDArray[np.float64], "others features"],
) -> float:
    """Frechet distance of two Gaussians (Heusel et al., NeurIPS 2017): FID, or FVD for features of clips.

    Raises:
        InputError: for fewer samples than features, whose covariance has no full rank.
    """
    need = a.shape[1] + 1
    _check_count(min(len(a), len(b)), need, "FID")
    apart = a.mean(0) - b.mean(0)
    cov_a, cov_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    # tr sqrt(AB) = tr sqrt(sqrt(A) B sqrt(A)), which is symmetric: no complex roots to be thrown away.
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(0)).sum()
    return float(apart @ apart + np.trace(cov_a) + np.trace(cov_b) - 2 * shared)


def kid(
    a: Float[NDArray[np.float64], "pictures features"],
    b: Float[NDArray[np.float64], "others features"],
) -> float:
    """Unbiased squared MMD with the kernel (x.y / features + 1)^3 (Binkowski et al., ICLR 2018).

    Raises:
        InputError: for fewer than 50 samples a set.
    """
    _check_count(min(len(a), len(b)), LEAST_KID, "KID")

    def kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return (x @ y.T / x.shape[1] + 1) ** 3

    within = 0.0
    for one in (a, b):
        values, count = kernel(one, one), len(one)
        within += (values.sum() - np.trace(values)) / (count * (count - 1))
    return float(within - 2 * kernel(a, b).mean())


def _check_count(count: int, need: int, name: str) -> None:
    if count < need:
        raise InputError(
            f"{name} got {count} pictures; expected at least {need} a set, better 10000. Give more runs, or "
            f"{'KID, which needs ' + str(LEAST_KID) if name == 'FID' else 'a smaller question'}."
        )
