"""What learns: the frozen models with the LoRA put in, and the optimizer of what is trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from reimagine.errors import InputError
from reimagine.frames.flux.load import Models
from reimagine.frames.flux.lora import LowRank, read_lora
from reimagine.frames.flux.sampler import Velocity, kontext_velocity
from reimagine.frames.weights import check_safetensors
from reimagine.train.adapter import add_lora, check_start, lora_layers
from reimagine.train.settings import LoraRequest

_CONTROLNET = "controlnet "
"""Before the names of the ControlNet's weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Models, what of them is trained, and its optimizer."""

    models: Models
    velocity: Velocity
    lora: dict[str, nn.Parameter]
    trained: dict[str, nn.Parameter]
    """The LoRA's weights, and the ControlNet's where it is trained."""
    optimizer: torch.optim.AdamW
    accelerator: Accelerator


def load_start(request: LoraRequest, transformer: nn.Module) -> tuple[LowRank, ...]:
    """The LoRA of --start, read against the plain model; nothing where none is given.

    Raises:
        InputError: where it cannot be gone on from.
    """
    if request.start is None:
        return ()
    path = Path(request.start)
    try:
        check_safetensors(path, "`start`")
        start = read_lora(path, transformer)
    except InputError as error:
        raise InputError(str(error.args[0]).replace("`loras`", "`start`")) from None
    check_start(path, start, request.rank, lora_layers(transformer))
    return start


def make_learner(
    request: LoraRequest, models: Models, start: tuple[LowRank, ...], accelerator: Accelerator
) -> Learner:
    """The models on the device, ready to learn; all but what is trained is frozen."""
    transformer, controlnet = models.transformer, models.controlnet
    lora = add_lora(transformer, rank=request.rank, seed=request.seed, start=start)
    trained = dict(lora)
    if request.train_controlnet:
        trained |= _train_controlnet(controlnet, models.transformer.dtype, accelerator.device)
    if not request.keep_activations:
        transformer.enable_gradient_checkpointing()
        controlnet.enable_gradient_checkpointing()
    for model in (transformer, controlnet, models.vae):
        model.to(accelerator.device)
    optimizer = torch.optim.AdamW(
        trained.values(), lr=request.learning_rate, weight_decay=request.weight_decay
    )
    return Learner(
        models=models,
        velocity=kontext_velocity(transformer, controlnet),
        lora=lora,
        trained=trained,
        optimizer=optimizer,
        accelerator=accelerator,
    )


def _train_controlnet(
    controlnet: Any,  # noqa: ANN401
    dtype: torch.dtype,
    device: torch.device,
) -> dict[str, nn.Parameter]:
    """The ControlNet's weights by name, as float32, since small updates are lost in bfloat16; it computes in `dtype`."""
    controlnet.float().requires_grad_(requires_grad=True)
    if dtype != torch.float32:
        controlnet.forward = torch.autocast(device.type, dtype=dtype)(controlnet.forward)
    return {f"{_CONTROLNET}{name}": weight for name, weight in controlnet.named_parameters()}
