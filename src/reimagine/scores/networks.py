"""The user's own networks: TorchScript files on disk, each called as the file's makers mean it. Nothing is downloaded."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from reimagine.errors import InputError

HOW: Mapping[str, str] = {
    "fid_weights": "NVIDIA's inception-2015-12-05.pt (of the StyleGAN2-ADA project), which clean-fid uses too, or a "
    "network from `pictures 3 299 299` in 0..255 to `pictures features`",
    "lpips_weights": "NVIDIA's vgg16.pt (of the StyleGAN2-ADA project), or lpips.LPIPS traced over two pictures "
    "in -1..1",
    "identity_weights": "a face recognition network such as ArcFace, traced from `pictures 3 112 112`, RGB in -1..1, "
    "to `pictures features`",
    "fvd_weights": "i3d_torchscript.pt (of StyleGAN-V and fvd-comparison), or a network from "
    "`clips 3 16 224 224` in 0..255 to `clips features`",
}
"""What each field needs."""
FACE_SIDE, CLIP_SIDE = 112, 224


def load_network(path: Path, field: str) -> torch.jit.ScriptModule:
    """The network that was given by this field, on the CPU.

    Raises:
        InputError: where the file is absent or no TorchScript.
    """
    if not path.is_file():
        raise InputError(
            f"`{field}` {path} is no file; expected {HOW[field]}. Get it from its project; nothing is downloaded here."
        )
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except RuntimeError:
        raise InputError(
            f"`{field}` {path} is no TorchScript file; expected {HOW[field]}, saved by torch.jit.save."
        ) from None


def resized(
    picture: Float[Tensor, "3 height width"], side: int
) -> Float[Tensor, "3 resized_height resized_width"]:
    """The picture (0..1) as clean-fid (Parmar et al., CVPR 2022) hands it on: a square in 0..255, not rounded again.

    torch's antialiased bicubic has PIL's kernel (a = -0.5, widened when shrinking) and works on floats, as
    clean-fid does; values beyond the range are kept, as it keeps them.
    """
    bytes_of = (picture.clamp(0, 1) * 255).round()[None]
    return functional.interpolate(
        bytes_of, size=(side, side), mode="bicubic", antialias=True, align_corners=False
    )[0]


def picture_features(
    network: torch.jit.ScriptModule, pictures: Float[Tensor, "pictures 3 side side"]
) -> Float[NDArray[np.float64], "pictures features"]:
    """Features of pictures in 0..255 that have the network's size.

    NVIDIA's file resizes anew when it is called; as clean-fid does, its layers are called instead, on (x - 128) / 128.

    Raises:
        InputError: for a network that does not give one row a picture.
    """
    whole = "return_features" in _arguments(network)
    layers = getattr(network, "layers", None) if whole else None
    with torch.no_grad(), _called("fid_weights"):
        if layers is not None:
            out = layers((pictures - 128) / 128)
        elif whole:
            out = network(pictures, return_features=True)
        else:
            out = network(pictures)
    return _rows(out, len(pictures), "fid_weights")


def clip_features(
    network: torch.jit.ScriptModule, clip: Float[Tensor, "3 frames height width"]
) -> Float[NDArray[np.float64], "1 features"]:
    """Features of one clip in 0..255: I3D's file scales and resizes by itself; another gets squares of 224.

    Raises:
        InputError: for a network that does not give one row a clip.
    """
    with torch.no_grad(), _called("fvd_weights"):
        if {"rescale", "resize", "return_features"} <= _arguments(network):
            out = network(clip[None], rescale=True, resize=True, return_features=True)
        else:
            frames = [resized(frame / 255, CLIP_SIDE) for frame in clip.unbind(1)]
            out = network(torch.stack(frames, dim=1)[None])
    return _rows(out, 1, "fvd_weights")


def perceptual_distance(
    network: torch.jit.ScriptModule,
    a: Float[Tensor, "3 height width"],
    b: Float[Tensor, "3 height width"],
) -> float:
    """LPIPS (Zhang et al., CVPR 2018) of two pictures in 0..1.

    Raises:
        InputError: for a network that takes neither pictures in NVIDIA's way nor two at once.
    """
    pair = torch.stack([a, b])
    with torch.no_grad(), _called("lpips_weights"):
        if "return_lpips" in _arguments(network):
            out = network(pair * 255, resize_images=False, return_lpips=True)
            return float((out[0] - out[1]).square().sum())
        return float(network(*(pair * 2 - 1).split(1)).mean())


def face_embedding(
    network: torch.jit.ScriptModule, face: Float[Tensor, "3 height width"]
) -> Float[NDArray[np.float64], " features"]:
    """Embedding of a square crop (0..1) around a face, of length 1.

    Raises:
        InputError: for a network that does not give one row a picture.
    """
    with torch.no_grad(), _called("identity_weights"):
        out = network(resized(face, FACE_SIDE)[None] / 127.5 - 1)
    row = _rows(out, 1, "identity_weights")[0]
    return row / max(float(np.linalg.norm(row)), 1e-12)


def _arguments(network: torch.jit.ScriptModule) -> set[str]:
    """Names of what the network's forward takes."""
    forward: Any = network.forward  # typed as a function, but it carries its schema
    return {argument.name for argument in forward.schema.arguments}


def _rows(out: object, count: int, field: str) -> Float[NDArray[np.float64], "rows features"]:
    if not isinstance(out, Tensor) or out.ndim < 2 or out.shape[0] != count:
        raise InputError(
            f"`{field}`: the network gives no row of features each; expected {HOW[field]}."
        )
    return out.flatten(1).double().numpy()


@contextmanager
def _called(field: str) -> Generator[None]:
    """What a network that wants other arguments says, as the user's mistake."""
    try:
        yield
    except RuntimeError as error:
        last = str(error).strip().splitlines()[-1]
        raise InputError(
            f"`{field}`: the network cannot be called ({last}); expected {HOW[field]}."
        ) from None
