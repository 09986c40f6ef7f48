"""Parts of a request that the command line asks for in another form: lists of records as single flags."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reimagine.flat_names import lora_list
from reimagine.settings import Lora


@dataclass(frozen=True, kw_only=True)
class LoraFlags:
    """LoRAs."""

    lora: tuple[str, ...] = ()
    """LoRA file, or none. Several: reimagine,turbo.safetensors:0.5 (the ReImagine LoRA, and another at half strength).
    Default: reimagine, the ReImagine LoRA among the weights."""
    lora_strength: float = 1.0
    """How strongly LoRAs without a strength of their own change the model."""


def with_loras(loras: tuple[Lora, ...], given: Mapping[str, Any]) -> tuple[Lora, ...]:
    """The LoRAs that flags ask for, else those there are at the strength that flags ask for."""
    strength = given.get("lora_strength", 1.0)
    if "lora" in given:
        return tuple(Lora(**one) for one in lora_list(",".join(given["lora"]), strength))
    return tuple(replace(lora, strength=strength) for lora in loras)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Flags that stand for one field of a request."""

    kind: type[Any]
    """A dataclass with a field for each flag."""
    fill: Callable[[Any, Mapping[str, Any]], Any]
    """The field's value, from what it was and the flags that were given."""


FORMS = {"loras": Form(kind=LoraFlags, fill=with_loras)}
"""By the field's name."""
