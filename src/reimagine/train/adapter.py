"""The LoRA's layers: put into the transformer, read from it, written in diffusers' layout."""

import json
from math import sqrt
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn

from reimagine.errors import InputError
from reimagine.frames.flux.lora import LowRank
from reimagine.train.schedule import generator_for
from reimagine.train.tensors import write_tensors

LORA_FILE = "pytorch_lora_weights.safetensors"
_DOWN, _UP = "lora_A", "lora_B"


def lora_layers(model: nn.Module) -> list[str]:
    """Names of the linear layers of all blocks, which are what the reference trainer's LoRA changes."""
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and name.startswith(("transformer_blocks.", "single_transformer_blocks."))
    ]


def add_lora(
    model: nn.Module, *, rank: int, seed: int, start: tuple[LowRank, ...] = ()
) -> dict[str, nn.Parameter]:
    """The LoRA's weights by name, put into the frozen model as float32; at first they change nothing.

    A layer's down-projection is drawn evenly from -1/sqrt(inputs) to 1/sqrt(inputs), as in PEFT and the reference
    trainer, its up-projection is 0; or both are those of `start`.
    """
    names = lora_layers(model)
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank, target_modules=names), model)
    model.requires_grad_(requires_grad=False)
    weights: dict[str, nn.Parameter] = {}
    modules = dict(model.named_modules())
    begun = {part.layer: part for part in start}
    for name in names:
        halves = cast("Any", modules[name])
        for half in (_DOWN, _UP):
            linear = getattr(halves, half)["default"].float()
            weight = cast("nn.Parameter", linear.weight)
            weight.requires_grad = True
            with torch.no_grad():
                weight.copy_(_first(weight, name, half, seed, begun.get(name)))
            weights[f"{name}.{half}.weight"] = weight
    return weights


def check_start(path: Path, start: tuple[LowRank, ...], rank: int, names: list[str]) -> None:
    """Nothing, where a LoRA that was read can be gone on from.

    Raises:
        InputError: where its rank is another, or it changes a layer that is not trained.
    """
    others = [part for part in start if part.layer not in names]
    if others:
        raise InputError(
            f"`start` {path} changes {others[0].layer}, which is not trained; expected a LoRA of the blocks' layers. "
            "Leave it out, or give another."
        )
    ranks = sorted({part.down.shape[0] for part in start})
    if ranks != [rank]:
        raise InputError(
            f"`start` {path} has rank {', '.join(map(str, ranks))}, `rank` is {rank}; expected the same. "
            f"Give `rank` {ranks[0]}."
        )


def lora_file(path: Path, weights: dict[str, nn.Parameter], rank: int) -> None:
    """Write the LoRA as diffusers' `load_lora_weights` and our --lora read it."""
    held = {f"transformer.{name}": own_copy(weight) for name, weight in weights.items()}
    layers = sorted({name.rsplit(".", 2)[0] for name in weights})
    about: dict[str, Any] = {"r": rank, "lora_alpha": rank, "target_modules": layers}
    header = json.dumps({f"transformer.{key}": value for key, value in about.items()})
    write_tensors(path, held, {"lora_adapter_metadata": header})


def own_copy(weight: Tensor) -> Tensor:
    """The numbers on the CPU, in memory of their own."""
    return weight.detach().cpu().clone().contiguous()


def _first(weight: Tensor, name: str, half: str, seed: int, start: LowRank | None) -> Tensor:
    if start is not None:
        return start.down if half == _DOWN else start.up * start.scale
    if half == _UP:
        return torch.zeros(weight.shape)
    bound = 1 / sqrt(weight.shape[1])
    drawn = torch.rand(weight.shape, generator=generator_for(seed, "first", name))
    return (drawn * 2 - 1) * bound
