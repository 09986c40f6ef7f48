"""Requests as version 0.1 wrote them, brought into today's form."""

from collections.abc import Mapping
from typing import Any

from reimagine.flat_names import lora_list


def converted(held: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a request file in today's form; what is in it already comes out as it is.

    Raises:
        InputError: where it names LoRAs that cannot be.
    """
    new = dict(held)
    clip, model, refinement = (new.get(name) for name in ("clip", "image_model", "refinement"))
    if isinstance(clip, Mapping) and isinstance(shape := clip.get("shape"), Mapping):
        new["clip"] = {name: value for name, value in clip.items() if name != "shape"}
        if "photos" in held:
            new["gender"] = shape.get("gender")
        else:
            new["shape"] = shape
    if isinstance(model, Mapping) and isinstance(model.get("lora", ""), str | None):
        new["image_model"] = _with_loras(model)
    if isinstance(refinement, Mapping):
        new["refinement"] = {
            name.removeprefix("refine_"): value for name, value in refinement.items()
        }
    return new


def _with_loras(model: Mapping[str, Any]) -> dict[str, Any]:
    if not {"lora", "lora_strength"} & model.keys():
        return dict(model)
    text, strength = model.get("lora"), model.get("lora_strength", 1.0)
    others = {n: value for n, value in model.items() if n not in ("lora", "lora_strength")}
    return {**others, "loras": lora_list("reimagine" if text is None else text, strength)}
