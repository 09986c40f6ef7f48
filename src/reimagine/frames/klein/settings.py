"""Which settings FLUX.2 klein can be given, and where its files lie. Imports no torch."""

import shlex
from dataclasses import fields
from pathlib import Path

from reimagine.errors import InputError
from reimagine.frames.weights import check_model_folder, read_config, weights_folder
from reimagine.settings import ImageModel

KLEIN = "FLUX.2-klein-4B"
_USED = ("weights", "steps", "prompt", "noise", "vram", "compile", "plan")
_GET = "See reimagine backends for the download command."


def klein_steps(settings: ImageModel) -> int:
    """Steps asked for, else the 4 that the model was distilled to."""
    return 4 if settings.steps is None else settings.steps


def check_settings(settings: ImageModel) -> None:
    """Nothing, where the settings make sense for this model.

    Raises:
        InputError: naming the first flag that cannot be used, or that this model has no use for.
    """
    plain = ImageModel()
    for field in fields(settings):
        if field.name not in _USED and getattr(settings, field.name) != getattr(plain, field.name):
            raise InputError(
                f"`{field.name}` came with `image` flux-klein, which has no use for it. Leave it out."
            )
    if not 1 <= klein_steps(settings) <= 1000:
        raise InputError(f"`steps` is {settings.steps}; expected a number from 1 to 1000.")
    for flag, value, allowed in (
        ("`vram`", settings.vram, ("auto", "12", "16", "24", "48", "full")),
        ("`noise`", settings.noise, ("plain", "surface")),
    ):
        if value not in allowed:
            raise InputError(f"{flag} is {value!r}; expected one of {', '.join(allowed)}.")


def find_files(settings: ImageModel) -> Path:
    """The model's folder, after checking that all is there.

    Raises:
        InputError: naming the first thing that is missing, cut short or another model's.
    """
    folder = weights_folder(settings.weights) / KLEIN
    if not folder.is_dir():
        raise InputError(f"`weights` {folder.parent} has no folder {KLEIN}. {_GET}")
    named = read_config(folder / "model_index.json", "`weights`").get("_class_name")
    if named != "Flux2KleinPipeline":
        raise InputError(
            f"`weights` {folder} holds a {named}; expected Flux2KleinPipeline, which is FLUX.2 klein. {_GET}"
        )
    for part in ("transformer", "vae", "text_encoder"):
        check_model_folder(folder / part, "`weights`", _GET)
    for file in ("tokenizer/tokenizer_config.json", "scheduler/scheduler_config.json"):
        if not (folder / file).is_file():
            raise InputError(f"`weights` {folder} lacks {file}. {_GET}")
    return folder


def download_command(folder: Path) -> str:
    """What gets the weights; they are not gated."""
    place = shlex.quote(str(folder / KLEIN))
    return f"hf download black-forest-labs/FLUX.2-klein-4B --local-dir {place}"
