"""What `reimagine train lora` is asked. Imports no torch, so that help is quick."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from reimagine.errors import InputError
from reimagine.settings import ImageModel

_FREE = (
    *("out", "data", "base", "device", "steps", "keep_activations"),
    *("save_every", "sample_every", "sample_steps"),
)
"""Settings that may change while a training is continued: they decide nothing but how many steps there are. The data's
place may change, its content (`data_fingerprint`) may not."""


@dataclass(frozen=True, kw_only=True)
class LoraRequest:
    """A LoRA for FLUX.1 Kontext, trained on triples: wide reference, normal map, target picture.

    The same command goes on where it was stopped. On several GPUs: accelerate launch -m reimagine train lora ...
    """

    data: str
    """Folder with pairs.jsonl, with one folder a person, or of MVHumanNet++ (docs/training.md)."""
    base: str | None = None
    """Folder with the weights. Default: $REIMAGINE_WEIGHTS, else ~/.cache/reimagine/weights."""
    out: str = "lora/latest"
    """Where the LoRA, checkpoints, samples and the loss go. The same command continues it."""
    start: str | None = None
    """LoRA file to go on from, such as the ReImagine LoRA. Default: from nothing."""
    steps: int = 1000
    """Updates in all; more may be asked for later."""
    batch: int = 1
    """Triples an update, shared out among the GPUs."""
    rank: int = 32
    """Rank of the LoRA."""
    learning_rate: float = 1e-4
    """Of AdamW; a third of it in the first five steps, as in the reference trainer."""
    weight_decay: float = 0.01
    """Of AdamW."""
    train_controlnet: bool = False
    """Train all of the ControlNet too. Default: it stays as it is."""
    control_scale: float = 1.0
    """How strongly the normal map steers."""
    guidance: float = 1.0
    """Guidance strength that the model is told while it learns; the reference trainer's is 1."""
    prompt: str = ImageModel().prompt
    """For triples that have none of their own."""
    dtype: str = "auto"
    """bf16 or fp32 for the frozen models; what is trained is always fp32. Default: bf16 on a GPU."""
    keep_activations: bool = False
    """No gradient checkpointing: faster, and far more memory."""
    seed: int = 0
    """For the first weights, the order of the triples, noise and noise levels."""
    save_every: int = 250
    """Steps between checkpoints."""
    sample_every: int = 250
    """Steps between sample sheets; 0 for none."""
    samples: int = 4
    """How many of the first triples a sample sheet shows."""
    sample_steps: int = 20
    """Denoising steps of a sample."""
    size: str = "800x1328"
    """MVHumanNet++: width x height of the triples that are made. Triples of your own are taken as they are."""
    views_per_person: int = 64
    """MVHumanNet++: how many triples are made of each person, spread evenly over cameras and time."""
    body_model: str | None = None
    """MVHumanNet++: SMPL-X model file (.npz). Default: an Anny body of about the same height."""
    device: str = "auto"
    """auto, cpu or cuda."""


def deciding(request: LoraRequest) -> dict[str, Any]:
    """What decides the result, JSON-able: the request of the run folder."""
    held = asdict(request)
    return {"command": "train lora"} | {k: v for k, v in held.items() if k not in _FREE}


def check_settings(request: LoraRequest) -> None:
    """Nothing, where the numbers make sense.

    Raises:
        InputError: naming the first flag that cannot be used.
    """
    for flag, value, least, most in (
        ("`steps`", request.steps, 1, 10_000_000),
        ("`batch`", request.batch, 1, 4096),
        ("`rank`", request.rank, 1, 1024),
        ("`learning_rate`", request.learning_rate, 0, 1),
        ("`weight_decay`", request.weight_decay, 0, 1),
        ("`control_scale`", request.control_scale, 0, 10),
        ("`guidance`", request.guidance, 0, 100),
        ("`seed`", request.seed, 0, 2**63 - 1),
        ("`save_every`", request.save_every, 1, 10_000_000),
        ("`sample_every`", request.sample_every, 0, 10_000_000),
        ("`samples`", request.samples, 1, 64),
        ("`sample_steps`", request.sample_steps, 1, 1000),
        ("`views_per_person`", request.views_per_person, 1, 100_000),
    ):
        if not (math.isfinite(value) and least <= value <= most):
            raise InputError(f"{flag} is {value}; expected a number from {least} to {most}.")
    if request.dtype not in ("auto", "bf16", "fp32"):
        raise InputError(f"`dtype` is {request.dtype!r}; expected auto, bf16 or fp32.")
