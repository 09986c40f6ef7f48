"""Triples as the model sees them: encoded once, kept on disk, read one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from reimagine.errors import InputError
from reimagine.frames.flux.pictures import encode, encode_reference
from reimagine.frames.flux.sampler import Reference, Text
from reimagine.progress import Progress
from reimagine.runs import RunFolder
from reimagine.train.tensors import write_tensors
from reimagine.train.triples import Triple, read_triple

T = TypeVar("T")
CACHE = "cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One triple, encoded."""

    target: Float[Tensor, "1 16 rows columns"]
    control: Float[Tensor, "1 16 rows columns"]
    """The normal map."""
    reference: Reference
    text: Text


def encode_triples(
    run: RunFolder,
    triples: Sequence[Triple],
    vae: Any,  # noqa: ANN401
    listener: Progress,
) -> None:
    """Write the latents of all triples that are not there yet; a picture that many share is encoded once.

    Raises:
        InputError: naming the first picture that cannot be used.
    """
    references = _numbers([triple.reference for triple in triples])
    for number, triple in enumerate(triples):
        name = _latents(number)
        wide = _reference(references[triple.reference])
        if not (run.has(name) and run.has(wide)):
            pictures = read_triple(triple)
            if not run.has(wide):
                made = encode_reference(vae, pictures.reference, None)
                _write(run, wide, {"tokens": made.tokens, "ids": made.ids})
            both = encode(vae, torch.stack([pictures.target, pictures.normals]))
            _write(run, name, {"target": both[:1], "control": both[1:]})
        listener.step("encoding", number + 1, len(triples))


def write_texts(run: RunFolder, texts: Sequence[Text]) -> None:
    """Keep the encoded prompts, in the order of `prompts_of`."""
    for number, text in enumerate(texts):
        _write(run, _text(number), {"words": text.words, "pooled": text.pooled})


def has_texts(run: RunFolder, triples: Sequence[Triple]) -> bool:
    """Whether all prompts are encoded."""
    return all(run.has(_text(number)) for number in range(len(prompts_of(triples))))


def prompts_of(triples: Sequence[Triple]) -> tuple[str, ...]:
    """The prompts, each once."""
    return tuple(_numbers([triple.prompt for triple in triples]))


def read_example(
    folder: Path, triples: Sequence[Triple], number: int, device: torch.device
) -> Example:
    """One of the encoded triples, on the device.

    Raises:
        InputError: where its file is damaged.
    """
    triple = triples[number]
    wide = {one.reference: None for one in triples}
    shown = folder / _reference(list(wide).index(triple.reference))
    said = folder / _text(prompts_of(triples).index(triple.prompt))
    target, control = _read(folder / _latents(number), ("target", "control"), device)
    tokens, ids = _read(shown, ("tokens", "ids"), device)
    words, pooled = _read(said, ("words", "pooled"), device)
    return Example(
        target=target,
        control=control,
        reference=Reference(tokens=tokens, ids=ids),
        text=Text(words=words, pooled=pooled),
    )


def _numbers(things: Sequence[T]) -> dict[T, int]:
    """Each thing once, with its number in the order of appearance."""
    return {thing: number for number, thing in enumerate(dict.fromkeys(things))}


def _latents(number: int) -> str:
    return f"{CACHE}/pairs/{number:06d}.safetensors"


def _reference(number: int) -> str:
    return f"{CACHE}/references/{number:06d}.safetensors"


def _text(number: int) -> str:
    return f"{CACHE}/prompts/{number:06d}.safetensors"


def _write(run: RunFolder, name: str, tensors: dict[str, Tensor]) -> None:
    with run.file(name) as path:
        write_tensors(path, {key: value.cpu().contiguous() for key, value in tensors.items()}, {})


def _read(path: Path, names: tuple[str, str], device: torch.device) -> list[Tensor]:
    """The tensors of these names."""
    try:
        held = load_file(path)
        return [held[name].to(device) for name in names]
    except (SafetensorError, KeyError, OSError) as error:
        raise InputError(
            f"{path} cannot be read ({error}). Remove the folder {CACHE} beside it; it is made again."
        ) from None
