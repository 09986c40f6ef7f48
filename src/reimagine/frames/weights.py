"""Where weights lie on disk, and whether they are all there."""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reimagine.errors import InputError, ran_out_of_memory
from reimagine.foreign import MOST_TEXT_BYTES, reads

_LARGEST_HEADER = 100_000_000
"""Bytes, as the safetensors format has it (github.com/huggingface/safetensors, "Format")."""
_MOST = 1000
"""Of whatever a configuration counts: layers, heads. A slip there would have millions of them made."""


def weights_folder(asked: str | None) -> Path:
    """--weights, else $REIMAGINE_WEIGHTS, else ~/.cache/reimagine/weights. It need not exist."""
    place = asked or os.environ.get("REIMAGINE_WEIGHTS")
    return Path(place) if place else Path.home() / ".cache" / "reimagine" / "weights"


@reads("a .safetensors file")
def check_safetensors(path: Path, flag: str) -> None:
    """Nothing, where the file is a whole .safetensors file; reads its header only.

    Raises:
        InputError: where it is absent, of another kind, or cut short.
    """
    if not path.is_file():
        raise InputError(f"{flag} {path} is not there; expected a .safetensors file.")
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_LARGEST_HEADER, size - 8):
                raise ValueError
            header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
        end = 8 + length + max(ends, default=0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise InputError(
            f"{flag} {path} is cut short or no .safetensors file ({size} bytes). Download it again."
        ) from None
    if size != end:
        raise InputError(
            f"{flag} {path} has {size} of {end} bytes. Download it again: hf download goes on where it stopped."
        )


@reads("a downloaded model")
def check_model_folder(folder: Path, flag: str, how: str) -> None:
    """Nothing, where a folder in diffusers' layout has its config.json and all its weights.

    Args:
        folder: The model's own folder, such as FLUX.1-Kontext-dev/transformer.
        flag: The flag that it was found by, for the error's text.
        how: How to get the weights, for the error's text.

    Raises:
        InputError: naming what is missing or cut short.
    """
    if not (folder / "config.json").is_file():
        raise InputError(f"{flag} {folder} has no config.json; expected a downloaded model. {how}")
    for name, count in read_config(folder / "config.json", flag).items():
        if name.startswith("num_") and isinstance(count, int) and not 0 <= count <= _MOST:
            raise InputError(
                f"{flag} {folder / 'config.json'} says {name} is {str(count)[:20]}; expected at most {_MOST}. {how}"
            )
    indices = sorted(folder.glob("*.safetensors.index.json"))
    names = _indexed(indices[0], flag, how) if indices else _single(folder)
    if not names:
        raise InputError(f"{flag} {folder} has no .safetensors file; expected the weights. {how}")
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{flag} {folder} lacks {len(missing)} of {len(names)} weight files ({missing[0]}). {how}"
        )
    for name in names:
        check_safetensors(folder / name, flag)


@reads("a model's configuration", most_bytes=MOST_TEXT_BYTES)
@contextmanager
def explained_damage(folder: Path, kind: str) -> Generator[None]:
    """Turns whatever a library says of a folder that it loads into one line; memory that runs out passes as it is.

    Raises:
        InputError: naming the folder, and what was to be in it.
    """
    try:
        yield
    except (AssertionError, NameError, ImportError):
        raise
    except Exception as error:
        if ran_out_of_memory(error):
            raise
        reason = " ".join(f"{type(error).__name__} {error}".split())[:300]
        raise InputError(
            f"`weights` {folder} cannot be read as {kind} ({reason}). Download it again: reimagine backends."
        ) from error


def read_config(path: Path, flag: str) -> dict[str, Any]:
    """A model's config.json or model_index.json.

    Raises:
        InputError: where it cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{flag} {path} cannot be read ({error}). Download it again.") from None
    if not isinstance(content, dict):
        raise InputError(f"{flag} {path} is no model's configuration. Download it again.")
    return content


def _indexed(index: Path, flag: str, how: str) -> list[str]:
    """Names of the files that an index lists; none may lead out of the folder."""
    listed = read_config(index, flag).get("weight_map")
    names = sorted({str(name) for name in listed.values()}) if isinstance(listed, dict) else []
    if not names or any(Path(name).name != name for name in names):
        raise InputError(f"{flag} {index} lists no weight files of its folder. {how}")
    return names


def _single(folder: Path) -> list[str]:
    known = ("diffusion_pytorch_model.safetensors", "model.safetensors")
    return [name for name in known if (folder / name).is_file()][:1]
