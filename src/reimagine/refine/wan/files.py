"""Where a Wan model lies on disk, in diffusers' layout."""

import json
import os
from pathlib import Path

from reimagine.errors import InputError

MODEL = "Wan2.1-T2V-1.3B-Diffusers"
_PARTS = ("text_encoder", "tokenizer", "transformer", "vae")


def find_wan(asked: str | None) -> Path:
    """--refine-weights, else the 1.3B model in $REIMAGINE_WEIGHTS, else in ~/.cache/reimagine/weights.

    Raises:
        InputError: where there is no such model, with the command that gets it.
    """
    place = os.environ.get("REIMAGINE_WEIGHTS")
    home = Path(place) if place else Path.home() / ".cache" / "reimagine" / "weights"
    folder = Path(asked) if asked else home / MODEL
    how = f"Get one: hf download Wan-AI/{MODEL} --local-dir {folder}"
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        kind = str(index.get("_class_name"))
    except (OSError, ValueError, AttributeError, RecursionError):
        raise InputError(
            f"`refiner` wan: {folder} has no readable model_index.json; expected a Wan text-to-video model. {how}"
        ) from None
    if kind not in ("WanPipeline", "WanVideoToVideoPipeline"):
        raise InputError(
            f"`refiner` wan: {folder} holds a {kind}; expected a WanPipeline (text to video). {how}"
        )
    for part in _PARTS:
        if not (folder / part).is_dir():
            raise InputError(f"`refiner` wan: {folder} lacks {part}; expected all of it. {how}")
    return folder
