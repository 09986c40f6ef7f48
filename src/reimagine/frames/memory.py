"""How much memory a card has and took, and what is said when it does not suffice."""

from collections.abc import Generator
from contextlib import contextmanager

import torch

from reimagine.errors import InputError, ran_out_of_memory
from reimagine.settings import ImageModel

_SMALLER = {"full": "48", "48": "24", "24": "16", "16": "12"}


@contextmanager
def explained_out_of_memory(settings: ImageModel) -> Generator[None]:
    """Turns running out of memory into one line that says what to try.

    Raises:
        InputError: where memory does not suffice.
    """
    try:
        yield
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        raise InputError(
            f"memory ran out with `vram` {settings.vram} and `batch` {settings.batch}. What was painted stays: "
            f"run the same command with {_advice(settings)}"
        ) from error


def card_gb(device: str) -> float | None:
    """Memory of the card in GB of 10^9 bytes; None for a CPU."""
    if device != "cuda":
        return None
    return torch.cuda.get_device_properties(0).total_memory / 1e9


def measured_peak(device: str) -> str | None:
    """The most memory that tensors took on the card so far, in words; None for a CPU."""
    if device != "cuda":
        return None
    return f"measured peak of the card's memory: {torch.cuda.max_memory_allocated() / 1e9:.1f} GB"


def _advice(settings: ImageModel) -> str:
    if settings.batch > 1:
        return "`batch` 1."
    smaller = _SMALLER.get(settings.vram, "16")
    if settings.vram == "12":
        return "a smaller `size` or `reference_height` 664 and another `out`."
    return f"`vram` {smaller}."
