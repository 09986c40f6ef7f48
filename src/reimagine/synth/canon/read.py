"""A dataset streamed into PyTorch."""

import hashlib
import io
import json
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from reimagine.errors import InputError
from reimagine.synth.canon.dataset import Store, read_description


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A picture and all that is known of it; made people have every label, imported captures have what they came with."""

    name: str
    rgb: UInt8[Tensor, "3 height width"]
    """As photographed."""
    person: UInt8[Tensor, "4 height width"]
    """The person alone, straight alpha."""
    part: UInt8[Tensor, "height width"] | None
    """Index into `facts["parts"]`."""
    limb: UInt8[Tensor, "height width"] | None
    """Index into `facts["limbs"]`."""
    depth_m: Float[Tensor, "layers height width"] | None
    """The dressed surface's front and back, the undressed one's front and back (not of scans); 0 where there is none."""
    normals: UInt8[Tensor, "layers 3 height width"] | None
    """Of the same, in the official colours."""
    flow: Float[Tensor, "2 height width"] | None
    """Pixels to the next frame, NaN off the person; None where there is no next frame."""
    facts: dict[str, Any]


def read(
    folder: str,
    *,
    split: str = "train",
    shuffle: int = 0,
    seed: int = 0,
    skip_damaged: bool = False,
) -> "Samples":
    """The pictures of a dataset as `Sample`, for a `torch.utils.data.DataLoader` (with `batch_size=None`) or a loop.

    Args:
        folder: Where the dataset lies: a folder or an fsspec address.
        split: "train", "test", or "all".
        shuffle: Size of the buffer that samples are drawn from; shards are shuffled too. 0: in order.
        seed: Of the shuffling.
        skip_damaged: Leave out shards that are missing or damaged rather than stop at them.

    Raises:
        InputError: where there is no finished dataset; while reading, for a damaged shard, by name.
    """
    if split not in ("train", "test", "all"):
        raise InputError(f"`split` is {split!r}; expected train, test or all.")
    description = read_description(folder)
    return Samples(folder, description, split, shuffle, seed, skip_damaged=skip_damaged)


def read_for_training(
    folder: str, *, split: str = "train", shuffle: int = 500, seed: int = 0
) -> "Samples":
    """What a model may learn from, shuffled; the door that all training takes.

    Raises:
        InputError: for any split but "train": what a model is judged by must be new to it.
    """
    if split != "train":
        raise InputError(
            f"`split` is {split!r}; expected train: the other people are held out to judge models by and are never "
            "trained on. Leave out `split`."
        )
    return read(folder, split=split, shuffle=shuffle, seed=seed)


class Samples(IterableDataset[Sample]):
    """What `read` gives; each worker of a DataLoader takes every so many-th shard."""

    def __init__(
        self,
        folder: str,
        description: dict[str, Any],
        split: str,
        shuffle: int,
        seed: int,
        *,
        skip_damaged: bool,
    ) -> None:
        self.folder, self.shards, self.split = folder, description["shards"], split
        self.shuffle, self.seed, self.skip_damaged = shuffle, seed, skip_damaged

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        mine = self.shards if worker is None else self.shards[worker.id :: worker.num_workers]
        order = random.Random(self.seed)
        if self.shuffle:
            mine = order.sample(mine, len(mine))
        samples = (_sample(name, files) for shard in mine for name, files in self._pictures(shard))
        yield from _shuffled(samples, self.shuffle, order) if self.shuffle else samples

    def _pictures(self, shard: dict[str, Any]) -> Iterator[tuple[str, dict[str, bytes]]]:
        store = Store(self.folder)
        data = store.read(shard["name"]) if store.has(shard["name"]) else b""
        if hashlib.sha256(data).hexdigest() != shard["sha256"]:
            if self.skip_damaged:
                return
            raise InputError(
                f"{self.folder}/{shard['name']} is missing or damaged; expected the bytes that dataset make wrote. Remove it "
                "and its .json and run dataset make again, or read with skip_damaged=True."
            )
        for name, files in grouped(data):
            if "jpg" in files and self.split in ("all", json.loads(files["json"])["split"]):
                yield name, files


def grouped(data: bytes) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The files of a tar by name, in its order."""
    name, files = "", dict[str, bytes]()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for entry in tar:
            stem, _, ending = entry.name.partition(".")
            if stem != name and files:
                yield name, files
                files = {}
            name = stem
            file = tar.extractfile(entry)
            assert file is not None
            files[ending] = file.read()
    if files:
        yield name, files


def _sample(name: str, files: dict[str, bytes]) -> Sample:
    arrays = _arrays(files["npz"]) if "npz" in files else {}
    depth_mm = arrays.get("depth_mm")
    layers = ("front", "back", "body_front", "body_back")
    normals = [arrays[f"normals_{one}"] for one in layers if f"normals_{one}" in arrays]
    return Sample(
        name=name,
        rgb=_picture(files["jpg"], cv2.COLOR_BGR2RGB),
        person=_picture(files["png"], cv2.COLOR_BGRA2RGBA),
        part=arrays.get("part"),
        limb=arrays.get("limb"),
        depth_m=None if depth_mm is None else depth_mm / 1000,
        normals=torch.stack(normals) if normals else None,
        flow=arrays.get("flow"),
        facts=json.loads(files["json"]),
    )


def _arrays(data: bytes) -> dict[str, Tensor]:
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        return {
            key: torch.from_numpy(
                held[key].astype(np.float32 if key in ("flow", "depth_mm") else np.uint8)
            )
            for key in held.files
        }


def _picture(data: bytes, order: int) -> UInt8[Tensor, "channels height width"]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None  # the digest was right
    return torch.from_numpy(cv2.cvtColor(image, order)).permute(2, 0, 1).contiguous()


def _shuffled(samples: Iterator[Sample], size: int, order: random.Random) -> Iterator[Sample]:
    buffer: list[Sample] = []
    for one in samples:
        if len(buffer) < size:
            buffer.append(one)
            continue
        at = order.randrange(size)
        yield buffer[at]
        buffer[at] = one
    order.shuffle(buffer)
    yield from buffer
