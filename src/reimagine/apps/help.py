"""A command's help, from its request's own fields: what most need in one screen or two, the rest when asked for."""

import inspect
import shutil
from dataclasses import MISSING
from textwrap import fill
from typing import Any

from reimagine.apps.flag_table import Flag, FlagGroup, flag_groups
from reimagine.settings import ImageModel, Refinement

ASKS = ("--help", "-h", "--help-all")
EXAMPLES = {
    "generate": "--front front.jpg --back back.jpg --motion walk --camera orbit --out runs/first",
    "normals": "--motion dance --camera arc --out runs/normals",
    "person": "--front front.jpg --back back.jpg --out people/ann",
    "refine": "--run runs/first --background black",
    "score": "--run runs/first",
    "study": "runs/a runs/b --out study.html",
    "train lora": "--data people --base weights --out lora/mine",
}
"""What may stand behind each command."""
_MODELS = (ImageModel, Refinement)
"""Parts of a request that only models with weights listen to: told by --help-all."""
_PATHS = {
    *(
        "front",
        "back",
        "reference",
        "front_mask",
        "back_mask",
        "front_parts",
        "back_parts",
        "photo",
    ),
    *("overlay", "body_model", "bone_map"),
    *("out", "run", "from_video", "frames_dir", "against", "conditions", "truth", "real"),
    *("weights", "controlnet", "data", "base", "start"),
    *("fid_weights", "lpips_weights", "identity_weights", "fvd_weights"),
}
"""Flags whose value is a file or folder."""
_WIDEST = 100
_COLUMN = 26
"""Where the words about a flag begin."""


def help_text(kind: type[Any], command: str, about: str = "", *, everything: bool = False) -> str:
    """What `reimagine COMMAND --help` prints, or --help-all for `everything`.

    Args:
        kind: The request, a dataclass whose fields have their words in the line below.
        command: Its name.
        about: Told at the end.
        everything: With the flags that only models with weights listen to.
    """
    width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
    groups = _in_order(kind)
    shown = [group for group in groups if everything or group.kind not in _MODELS]
    parts = [
        f"usage: reimagine {command} {EXAMPLES.get(command, '[flags]')}",
        fill(" ".join((inspect.getdoc(kind) or "").split()), width),
    ]
    for group in shown:
        heading = "What is made, and where it goes" if group.kind is kind else group.says
        entries = [_entry(flag, width) for flag in group.flags]
        if len(shown) > 1:
            entries.insert(0, fill(f"{heading.rstrip('.')}:", width))
        parts.append("\n".join(entries))
    hidden = sum(len(group.flags) for group in groups if group not in shown)
    if hidden:
        parts.append(
            f"{hidden} more flags are for models with weights: reimagine {command} --help-all"
        )
    return "\n\n".join(part for part in [*parts, about] if part)


def _in_order(kind: type[Any]) -> list[FlagGroup]:
    """Photos first, then motion and camera, then the request's own flags, then those of models."""
    own, *parts = flag_groups(kind)
    models = [part for part in parts if part.kind in _MODELS]
    return [*(part for part in parts if part not in models), own, *models]


def _entry(flag: Flag, width: int) -> str:
    written, default, says = _written(flag), flag.default, flag.says
    told = default in (None, MISSING, ()) or isinstance(default, bool) or "Default:" in says
    if not told:
        says += f" (default {default:g})" if isinstance(default, float) else f" (default {default})"
    indent = " " * _COLUMN
    text = fill(
        says, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    if len(written) < _COLUMN:
        return written.ljust(_COLUMN) + text[_COLUMN:]
    return f"{written}\n{text}"


def _written(flag: Flag) -> str:
    """How the flag is written: "  --frames N"."""
    field = flag.place.rpartition(".")[2]
    if flag.names:
        return "  " + " ".join([field.upper().removesuffix("S")] * flag.names)
    if flag.kinds == (bool,):
        return f"  --no-{flag.name[2:]}" if flag.default is True else f"  {flag.name}"
    value = "N" if int in flag.kinds else "NUMBER" if float in flag.kinds else "VALUE"
    value = "PATH" if field in _PATHS else value
    return f"  {flag.name} {value}"
