"""Weights stored in 8 bits: whole numbers, which are nearer to bfloat16 than float8 is, or float8."""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear


class EightBits(nn.Module):
    """A linear layer whose weights are -127..127 times a scale of their row.

    Whole numbers up to 127 are exact in bfloat16 and float16, so that nothing but the rounding to them is lost.
    """

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        rows = layer.weight.detach().float()
        scale = rows.abs().amax(dim=1).clamp_min(torch.finfo(torch.float32).tiny) / 127
        self.register_buffer("weight", (rows / scale[:, None]).round().to(torch.int8))
        self.register_buffer("scale", scale.to(layer.weight.dtype))
        bias = cast("Tensor | None", layer.bias)
        self.has_bias = bias is not None
        if bias is not None:
            self.register_buffer("bias", bias.detach())

    def forward(self, inputs: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """What the layer gives, in the inputs' precision."""
        outputs = linear(inputs, self.get_buffer("weight").to(inputs.dtype))
        scaled = outputs * self.get_buffer("scale")
        return scaled + self.get_buffer("bias") if self.has_bias else scaled


def store(model: nn.Module, how: str, dtype: torch.dtype) -> None:
    """Store a diffusers model's weights as bf16 (which leaves them), int8 or fp8, to be computed with in `dtype`.

    float8 is diffusers' layerwise casting, which leaves norms and the layers that feed them in `dtype`: a quarter of
    FLUX.1.
    """
    if how == "int8":
        store_in_eight_bits(model)
    elif how == "fp8":
        cast("Any", model).enable_layerwise_casting(
            storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype
        )


def stored_bytes(model: nn.Module) -> dict[str, int]:
    """Bytes of weights and buffers by the module that holds them first; also where they are on no device ("meta")."""
    held: dict[str, int] = {}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        module = name.rpartition(".")[0]
        held[module] = held.get(module, 0) + tensor.nbytes
    return held


def store_in_eight_bits(model: nn.Module) -> None:
    """Put `EightBits` in the place of every linear layer of a transformer's blocks; add LoRAs before."""
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and "transformer_blocks." in name:
            above, _, last = name.rpartition(".")
            setattr(model.get_submodule(above), last, EightBits(module))
