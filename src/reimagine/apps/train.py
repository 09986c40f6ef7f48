"""`reimagine train lora`: the paper's LoRA, or one of your own."""

import os
from difflib import get_close_matches

from reimagine.apps.flags import read_flags
from reimagine.errors import InputError, one_line, ran_out_of_memory
from reimagine.train.settings import LoraRequest

_HELP = """usage: reimagine train lora --data FOLDER [--base FOLDER] [--out FOLDER] ...

Trains a LoRA for --image flux-kontext on triples of wide reference, normal map and target picture, or on
MVHumanNet++ folders. The same command goes on where it was stopped.
See reimagine train lora --help, and docs/training.md."""


def main(arguments: list[str]) -> int:
    """Run `reimagine train`; gives the exit code."""
    match arguments:
        case [] | ["--help" | "-h"]:
            print(_HELP)
            return 0
        case ["lora", *rest]:
            return lora(read_flags(LoraRequest, "train lora", rest))
        case _:
            near = arguments[0].startswith("-") or get_close_matches(arguments[0], ("lora",), n=1)
            hint = "Did you mean train lora?" if near else "See reimagine train --help."
            raise InputError(f"train {arguments[0]!r} is unknown; expected train lora. {hint}")


def lora(request: LoraRequest) -> int:
    """`reimagine train lora`."""
    from reimagine.apps.progress import show_progress
    from reimagine.progress import SILENT

    try:
        from reimagine.train.lora import train_lora
    except ImportError as error:
        if ran_out_of_memory(error):
            raise
        raise InputError(
            f"training needs packages that are not installed ({error.name}). Install them: pip install "
            '"reimagine[diffusion]".'
        ) from None
    if os.environ.get("RANK", "0") != "0":
        # One of several processes of accelerate launch: the first one speaks for all.
        train_lora(request, SILENT)
        return 0
    with show_progress() as listener:
        made = train_lora(request, listener)
    assert made is not None
    if made.checks:
        print(f"Check loss: {made.checks[0]:.4f} at first, {made.checks[-1]:.4f} at last.")
    place = one_line(str(made.lora))
    print(
        f"The LoRA is {place}, after {made.steps} steps. Use it: reimagine generate --image flux-kontext "
        f"--lora {place}"
    )
    return 0
