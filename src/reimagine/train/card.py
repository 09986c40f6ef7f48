"""The model card that goes with a trained LoRA."""

from reimagine.train.adapter import LORA_FILE
from reimagine.train.settings import LoraRequest

_CARD = """---
base_model: black-forest-labs/FLUX.1-Kontext-dev
base_model_relation: adapter
library_name: diffusers
pipeline_tag: image-to-image
license: other
license_name: flux-1-dev-non-commercial-license
license_link: https://huggingface.co/black-forest-labs/FLUX.1-Kontext-dev/blob/main/LICENSE.md
tags: [lora, flux, kontext, controlnet, surface-normals, reimagine]
---
# LoRA for FLUX.1 Kontext [dev]: a person from a wide reference and a normal map

Made by `reimagine train lora`. It paints the person of a wide picture (front at the left, back at the right) in the pose
and view of a surface-normal map, with the ControlNet {controlnet}.

    reimagine generate --front front.jpg --back back.jpg --image flux-kontext --lora {file}

| what | value |
|---|---|
| steps, triples a step | {steps}, {batch} |
| triples in all | {triples} |
| rank (alpha is the same) | {rank} |
| optimizer | AdamW, learning rate {rate:g}, weight decay {decay:g} |
| guidance told, control scale | {guidance:g}, {scale:g} |
| precision | {dtype}; what was trained is float32 |
| seed | {seed} |
| prompt | {prompt} |
| started from | {start} |
| check loss (fixed noise and levels, first triples) | {check} |

It may be used as the licence of FLUX.1 Kontext [dev] and the terms of the training pictures allow. Say here whose
pictures they were, and that they agreed.
"""
_THEIRS = "jasperai/Flux.1-dev-Controlnet-Surface-Normals"


def model_card(
    request: LoraRequest,
    *,
    steps: int,
    triples: int,
    dtype: str,
    checks: list[float],
) -> str:
    """The card, Markdown with the header that model hubs read.

    Args:
        request: What was asked.
        steps: How many steps were done.
        triples: How many there are in all.
        dtype: Type of the frozen weights.
        checks: The check losses so far.
    """
    return _CARD.format(
        controlnet="in `controlnet/`, trained with it" if request.train_controlnet else _THEIRS,
        file=LORA_FILE,
        steps=steps,
        batch=request.batch,
        triples=triples,
        rank=request.rank,
        rate=request.learning_rate,
        decay=request.weight_decay,
        guidance=request.guidance,
        scale=request.control_scale,
        dtype=dtype,
        seed=request.seed,
        prompt=request.prompt.replace("|", "/"),
        start=request.start or "nothing",
        check=f"{checks[0]:.4f} at first, {checks[-1]:.4f} at last" if checks else "not measured",
    )
