"""LoRA files of any common layout, recognised by their keys, and added into a model's weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from reimagine.errors import InputError
from reimagine.foreign import reads
from reimagine.frames.flux.naming import Layer, layers
from reimagine.frames.weights import check_safetensors

_PREFIXES = (
    *("base_model.model.", "model.diffusion_model.", "diffusion_model.", "pipe.dit.", "dit."),
    *("pipe.", "transformer.", "lora_unet_", "lora_transformer_"),
)
"""What trainers put before a layer's name."""
_LARGEST_ALPHA = 1e9
"""JSON knows numbers that no float can hold."""
_ENDS = {
    ".lora_A.weight": "down",
    ".lora_B.weight": "up",
    ".lora_A.default.weight": "down",
    ".lora_B.default.weight": "up",
    ".lora_down.weight": "down",
    ".lora_up.weight": "up",
    ".lora.down.weight": "down",
    ".lora.up.weight": "up",
    ".alpha": "alpha",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LowRank:
    """What a LoRA adds to one layer: strength * scale * up @ down."""

    layer: str
    """Name of the layer in diffusers' FluxTransformer2DModel."""
    down: Float[Tensor, "rank inputs"]
    up: Float[Tensor, "outputs rank"]
    scale: float
    """alpha over rank, or 1 where the file says nothing."""


@reads("a LoRA file")
def read_lora(path: str | Path, model: nn.Module) -> tuple[LowRank, ...]:
    """What the file adds to the layers of a FluxTransformer2DModel, every one of its keys accounted for.

    Raises:
        InputError: for a file that is absent, cut short or empty, or that holds a layer, a shape or a kind of entry
            that does not fit this model: a LoRA for another model, or no LoRA.
    """
    path = Path(path)
    check_safetensors(path, "`loras`")
    tensors, metadata = _read(path)
    if not tensors:
        raise InputError(f"`loras` {path} is empty; expected a LoRA file. Download it again.")
    groups = _group(path, tensors)
    shapes = {
        name: tuple(module.weight.shape)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
    }
    config = cast("Any", model).config
    known = layers(config.num_layers, config.num_single_layers)
    strangers = [name for name in groups if _find(name, known) is None]
    if strangers:
        raise InputError(
            f"`loras` {path} changes {len(strangers)} layers that this model has not ({_some(strangers)}); "
            "expected a LoRA for FLUX.1 Kontext. Give another file."
        )
    found: dict[str, LowRank] = {}
    for name, group in groups.items():
        layer = _find(name, known)
        assert layer is not None
        for part in _split(path, name, layer, group, shapes, metadata):
            if part.layer in found:
                raise _twice(path, name, f"{part.layer} under another name")
            found[part.layer] = part
    return tuple(found.values())


def fuse(model: nn.Module, lora: tuple[LowRank, ...], strength: float) -> None:
    """Add the LoRA into the model's weights, in the weights' own precision, as DiffSynth does."""
    modules = dict(model.named_modules())
    with torch.no_grad():
        for part in lora:
            weight = cast("nn.Linear", modules[part.layer]).weight
            up, down = part.up.to(weight), part.down.to(weight)
            weight += strength * part.scale * (up @ down)


def _read(path: Path) -> tuple[dict[str, Tensor], Mapping[str, Any]]:
    """The file's tensors, and what its header says of alpha."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = file.metadata() or {}
        metadata = json.loads(header.get("lora_adapter_metadata", "{}"))
    except (SafetensorError, ValueError, RecursionError, OSError) as error:
        raise InputError(
            f"`loras` {path} cannot be read ({error}); expected a .safetensors file. Download it again."
        ) from None
    return tensors, metadata if isinstance(metadata, dict) else {}


def _group(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The tensors by layer (without the prefix), each as down, up or alpha."""
    groups: dict[str, dict[str, Tensor]] = {}
    odd: list[str] = []
    for key, tensor in tensors.items():
        end = next((end for end in _ENDS if key.endswith(end)), None)
        if end is None:
            odd.append(key)
            continue
        name = _without_prefix(key.removesuffix(end))
        group = groups.setdefault(name, {})
        if _ENDS[end] in group:
            raise _twice(path, name, "it under another prefix or ending")
        group[_ENDS[end]] = tensor
    if odd:
        raise InputError(
            f"`loras` {path} holds {len(odd)} entries that belong to no plain LoRA ({_some(odd)}); expected pairs "
            "of lora_A and lora_B, or lora_down and lora_up. Give another file."
        )
    halves = [name for name, group in groups.items() if not {"down", "up"} <= group.keys()]
    if halves:
        raise InputError(
            f"`loras` {path} has only half of {len(halves)} pairs ({_some(halves)}); expected both. Download it again."
        )
    return groups


def _without_prefix(name: str) -> str:
    changed = True
    while changed:
        prefix = next((one for one in _PREFIXES if name.startswith(one)), "")
        name, changed = name.removeprefix(prefix), bool(prefix)
    return name


def _find(name: str, known: Mapping[str, Layer]) -> Layer | None:
    return known.get(name.replace(".", "_"))


def _split(
    path: Path,
    name: str,
    layer: Layer,
    group: Mapping[str, Tensor],
    shapes: Mapping[str, tuple[int, ...]],
    metadata: Mapping[str, Any],
) -> list[LowRank]:
    """The parts of one group: each keeps `down` whole and takes its own rows of `up`."""
    down, up = (_matrix(path, name, group[one]) for one in ("down", "up"))
    rows = [shapes[part][0] for part in layer.parts]
    wanted = (sum(rows), shapes[layer.parts[0]][1])
    if (up.shape[0], down.shape[1]) != wanted or up.shape[1] != down.shape[0] or not len(down):
        raise InputError(
            f"`loras` {path} changes {name} by {up.shape[0]}x{up.shape[1]} times {down.shape[0]}x{down.shape[1]}; "
            f"this model's layer is {wanted[0]}x{wanted[1]}. Give a LoRA for FLUX.1 Kontext."
        )
    scale = _scale(path, layer.parts[0], group, down.shape[0], metadata)
    # No entry of the product is larger than this one, which is NaN or infinite where a number, or a sum, is.
    if not bool(torch.isfinite(scale * up.norm() * down.norm())):
        raise InputError(
            f"`loras` {path} has numbers in {name} that are none (NaN or infinite, its alpha included). "
            "Download it again."
        )
    if layer.swapped:
        up = torch.cat(up.chunk(2)[::-1])
    pairs = zip(layer.parts, up.split(rows), strict=True)
    return [LowRank(layer=part, down=down, up=own, scale=scale) for part, own in pairs]


def _scale(
    path: Path, layer: str, group: Mapping[str, Tensor], rank: int, metadata: Mapping[str, Any]
) -> float:
    """Alpha over rank: from the layer's own entry, else from the header that diffusers writes, else 1."""
    if "alpha" in group:
        if group["alpha"].numel() != 1 or group["alpha"].is_complex():
            raise InputError(
                f"`loras` {path} has an alpha of shape {tuple(group['alpha'].shape)} for {layer}; expected one number. "
                "Give another file."
            )
        return float(group["alpha"]) / rank
    said = {key.removeprefix("transformer."): value for key, value in metadata.items()}
    alpha, pattern = said.get("lora_alpha", rank), said.get("alpha_pattern") or {}
    if not isinstance(pattern, dict):
        raise InputError(
            f"`loras` {path} says alpha_pattern is {str(pattern)[:40]!r}; expected numbers by layer. Give another file."
        )
    for ending, own in pattern.items():
        if f".{layer}".endswith(f".{ending}"):
            alpha = own
    if not isinstance(alpha, int | float) or not abs(alpha) <= _LARGEST_ALPHA:
        raise InputError(
            f"`loras` {path} says lora_alpha is {str(alpha)[:40]!r} for {layer}; expected a number. Give another file."
        )
    return float(alpha) / (sqrt(rank) if said.get("use_rslora") else rank)


def _matrix(path: Path, name: str, tensor: Tensor) -> Float[Tensor, "rows columns"]:
    """As a matrix: 1 x 1 convolutions are written as such."""
    if tensor.ndim < 2 or tensor.is_complex():
        raise InputError(
            f"`loras` {path} has {tensor.dtype} of shape {tuple(tensor.shape)} for {name}; expected a matrix of real "
            "numbers. Give another file."
        )
    return tensor.float().flatten(1)


def _twice(path: Path, name: str, other: str) -> InputError:
    return InputError(
        f"`loras` {path} changes {name} twice: it holds {other}; expected each layer once. Give a file of one layout."
    )


def _some(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown if len(names) <= 3 else f"{shown}, ..."
