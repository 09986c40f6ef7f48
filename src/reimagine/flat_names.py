"""LoRAs as one text, which is how flags give them, and how request files did."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from reimagine.errors import InputError


def lora_list(text: str, strength: float) -> list[dict[str, Any]]:
    """Path and strength of each LoRA in FILE or FILE:STRENGTH, several with commas between; none for "none".

    `strength`: of those that say none of their own.

    Raises:
        InputError: for an empty name, or none beside others.
    """
    if text.strip() == "none":
        return []
    # A whole name first: commas and colons may stand in it.
    parts = [text] if Path(text).is_file() else [part.strip() for part in text.split(",")]
    return [_lora(part, strength) for part in parts]


def _lora(text: str, strength: float) -> dict[str, Any]:
    name, colon, number = text.rpartition(":")
    if colon and not Path(text).is_file():
        with suppress(ValueError):  # a colon within a name
            strength, text = float(number), name
    if text in ("", "none"):
        raise InputError(
            f"`loras` is {text!r} beside others; expected files with commas between, such as reimagine,turbo.safetensors:0.5."
        )
    return {"path": text, "strength": strength}
