"""Textured scans of people as pictures with labels: THuman-style folders, by their published layout.

`0001/0001.obj` with `0001/material0.jpeg` beside it (github.com/ytrock/THuman2.0-Dataset), Y up; where SMPL-X parameters
were converted to `0001/smplx_param.npz` they come along. Their own pickles can run code and are left alone.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample, normalize

from reimagine.arrays import read_arrays
from reimagine.body.facing import vertex_normals
from reimagine.errors import InputError
from reimagine.pictures import encode_png, read_picture
from reimagine.records import CameraPath
from reimagine.synth.canon.layers import farthest, nearest
from reimagine.synth.canon.picture import official
from reimagine.synth.canon.sample import Plan, jpeg, packed_arrays
from reimagine.synth.canon.studio import draw_camera
from reimagine.synth.canon.traits import split_of, stream

_SAMPLES = 2
_PARAMETERS = (
    "global_orient",
    "body_pose",
    "betas",
    "transl",
    "translation",
    "scale",
    "expression",
)
_MOST_BYTES = 1 << 29
"""Of a scan's text: several times the largest published one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A textured surface."""

    verts: Float[Tensor, "verts 3"]
    """In the scan's own unit and world, Y up."""
    uv: Float[Tensor, "verts 2"]
    """0..1, from the texture's lower left."""
    faces: Int[Tensor, "faces 3"]
    texture: Float[Tensor, "3 texture_height texture_width"]


def find_scans(folder: Path) -> tuple[Path, ...]:
    """The scans in a folder: itself, its folders, or those of its model/; none where it holds others."""
    for place in (folder, folder / "model"):
        if not place.is_dir():
            continue
        if (place / f"{place.name}.obj").is_file():
            return (place,)
        found = sorted(one for one in place.iterdir() if (one / f"{one.name}.obj").is_file())
        if found:
            return tuple(found)
    return ()


def read_scan(folder: Path) -> Scan:
    """A folder's mesh and texture.

    Raises:
        InputError: where either is missing or cannot be read.
    """
    path = folder / f"{folder.name}.obj"
    pictures = sorted(one for one in folder.iterdir() if one.suffix in (".jpeg", ".jpg", ".png"))
    if not pictures:
        raise InputError(
            f"{folder} holds no texture; expected material0.jpeg beside {path.name}. Unpack it again."
        )
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path} is larger than 512 MiB; expected a scan of a person.")
    places, turns, corners = list[list[str]](), list[list[str]](), list[list[str]]()
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            kind, *words = line.split() or [""]
            if kind == "v":
                places.append(words[:3])
            elif kind == "vt":
                turns.append(words[:2])
            elif kind == "f":
                corners += [[words[0], *words[k : k + 2]] for k in range(1, len(words) - 1)]
    try:
        pairs = np.array([[word.split("/")[:2] for word in one] for one in corners], np.int64) - 1
        used, faces = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
        verts = np.array(places, np.float32)[used[:, 0]]
        uv = np.array(turns, np.float32)[used[:, 1]]
        if used.min() < 0 or not (np.isfinite(verts).all() and np.isfinite(uv).all()):
            raise ValueError
    except (ValueError, IndexError):
        raise InputError(
            f"{path} is no textured mesh; expected lines v x y z, vt u v and f 1/1 2/2 3/3. Unpack it again."
        ) from None
    return Scan(
        verts=torch.from_numpy(verts),
        uv=torch.from_numpy(uv),
        faces=torch.from_numpy(faces.reshape(-1, 3)),
        texture=read_picture(pictures[0])[:3],
    )


def scan_samples(plan: Plan, folder: Path, index: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Views of a scan from evenly spread sides: colours as scanned, alpha, depth and normals of the dressed surface."""
    scan, rng = read_scan(folder), stream(plan.seed, "scan", index)
    facts = {"person": index, "split": split_of(index), "name": folder.name} | _parameters(folder)
    for k in range(plan.views):
        yaw = 2 * math.pi * k / plan.views
        camera = draw_camera(rng, scan.verts, yaw, plan.width, plan.height, plain=False)
        seen = {
            "yaw_rad": yaw,
            "width": camera.width,
            "height": camera.height,
            "K": camera.K[0].tolist(),
            "R": camera.R[0].tolist(),
            "t": camera.t[0].tolist(),
        }
        rgba = _seen(scan, camera)
        yield (
            f"p{index:07d}_v{k:03d}",
            {
                "jpg": jpeg(rgba[:3] * rgba[3:] + 1 - rgba[3:]),
                "json": json.dumps(facts | seen, sort_keys=True).encode(),
                "npz": _labels(scan, camera),
                "png": encode_png(rgba),
            },
        )


def _seen(scan: Scan, camera: CameraPath) -> Float[Tensor, "4 height width"]:
    finer = replace(
        camera,
        K=camera.K * torch.tensor([_SAMPLES, _SAMPLES, 1.0])[:, None],
        width=camera.width * _SAMPLES,
        height=camera.height * _SAMPLES,
    )
    front = nearest(scan.verts, scan.faces, finer)
    at = front.at(scan.uv) * torch.tensor([2.0, -2.0]) + torch.tensor([-1.0, 1.0])
    colours = grid_sample(
        scan.texture[None], at[None, :, None], padding_mode="border", align_corners=False
    )[0, :, :, 0].T
    rgba = torch.zeros(finer.height * finer.width, 4)
    rgba[front.seen] = torch.cat([colours, torch.ones(len(colours), 1)], dim=1)
    coarse = avg_pool2d(rearrange(rgba, "(h w) c -> 1 c h w", h=finer.height), _SAMPLES)[0]
    return torch.cat([coarse[:3] / coarse[3:].clamp_min(1e-6), coarse[3:]]).clamp(0, 1)


def _labels(scan: Scan, camera: CameraPath) -> bytes:
    size, smooth = (camera.height, camera.width), vertex_normals(scan.verts[None], scan.faces)[0]
    depths, arrays = torch.zeros(2, *size), dict[str, np.ndarray]()
    for k, (layer, look) in enumerate((("front", nearest), ("back", farthest))):
        found, normals = look(scan.verts, scan.faces, camera), torch.zeros(3, *size)
        depths[k].view(-1)[found.seen] = found.depth
        normals.view(3, -1)[:, found.seen] = normalize(found.at(smooth), dim=1).T
        arrays[f"normals_{layer}"] = (official(normals) * 255).round().to(torch.uint8).numpy()
    millimetres = (depths * 1000).round().clamp(0, 65535)
    arrays["depth_mm"] = millimetres.to(torch.int32).numpy().astype(np.uint16)
    return packed_arrays(arrays)


def _parameters(folder: Path) -> dict[str, Any]:
    path = folder / "smplx_param.npz"
    if not path.is_file():
        return {}
    held = read_arrays(path, list(_PARAMETERS))
    return {f"smplx_{name}": np.asarray(value).tolist() for name, value in held.items()}
