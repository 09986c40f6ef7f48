"""`reimagine dataset`: made people with every label known, for training and measuring."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reimagine.apps.flags import parse_flags, read_flags
from reimagine.errors import InputError, one_line

_HELP = """usage: reimagine dataset make|inspect|view|import ...

Made people of every kind, with every label known: silhouettes, parts, limbs, depth, normals, joints, cameras.

  reimagine dataset make --people 1000 --workers 2 --out data/canon    the same command continues it
  reimagine dataset inspect data/canon                                 counts, balance, damaged shards
  reimagine dataset view data/canon                                    a page to browse
  reimagine dataset import main_data --out data/captures               captures in the same shards

Each has its own --help. From Python: for sample in reimagine.synth.read("data/canon"): ..."""


@dataclass(frozen=True, kw_only=True)
class MakeRequest:
    """Made people in tar shards that WebDataset reads. The same command continues a dataset that was stopped."""

    people: int = 100
    """How many people."""
    out: str = "data/canon"
    """A folder, or an fsspec address such as s3://bucket/name."""
    views: int = 24
    """Pictures of each person."""
    size: str = "256x416"
    """Width x height of the views."""
    canonical_height: int = 832
    """Height of the canonical front and back, up to 1328; 0: none."""
    busy: float = 0.3
    """Share of the pictures whose background is not plain."""
    motions: str | None = None
    """A folder of motion files for poses, besides the built-in motions."""
    backgrounds: str | None = None
    """A folder of pictures for busy backgrounds. Default: made ones."""
    people_per_shard: int = 16
    """People in each shard."""
    seed: int = 0
    """Other people for another seed."""
    workers: int = 1
    """Processes on this machine."""
    ray: str | None = None
    """Make shards as Ray tasks instead: auto, local, or a cluster's address."""


@dataclass(frozen=True, kw_only=True)
class InspectRequest:
    """What a dataset holds: counts, balance, and shards that are missing or damaged."""

    folder: tuple[str]
    """The dataset."""
    json: bool = False
    """Print JSON."""


@dataclass(frozen=True, kw_only=True)
class ViewRequest:
    """A page to browse a dataset."""

    folder: tuple[str]
    """The dataset."""
    people: int = 100
    """The first so many people."""
    out: str = "dataset.html"
    """The page."""


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """Captured people (MVHumanNet++ folders, THuman-style scans) in the same shards. Labels that they do not have stay absent."""

    folder: tuple[str]
    """Its main_data, one person's folder, or a folder of scans 0001/0001.obj."""
    out: str = "data/captures"
    """A folder, or an fsspec address such as s3://bucket/name."""
    views: int = 24
    """Most pictures of each person, spread over cameras and frames."""
    size: str = "256x416"
    """Width x height: scaled to the height, cropped evenly."""
    people_per_shard: int = 16
    """People in each shard."""


def main(arguments: list[str]) -> int:
    """Run `reimagine dataset`; gives the exit code."""
    match arguments:
        case [] | ["--help" | "-h"]:
            print(_HELP)
            return 0
        case ["make", *rest]:
            return make(read_flags(MakeRequest, "dataset make", rest))
        case ["inspect", *rest]:
            return inspect(parse_flags(InspectRequest, "dataset inspect", rest))
        case ["view", *rest]:
            return view(parse_flags(ViewRequest, "dataset view", rest))
        case ["import", *rest]:
            return bring(parse_flags(ImportRequest, "dataset import", rest))
        case _:
            near = get_close_matches(arguments[0], ("make", "inspect", "view", "import"), n=1)
            hint = f"Did you mean dataset {near[0]}?" if near else "See reimagine dataset --help."
            raise InputError(
                f"dataset {arguments[0]!r} is unknown; expected make, inspect, view or import. {hint}"
            )


def make(request: MakeRequest) -> int:
    """`reimagine dataset make`."""
    from reimagine.apps.progress import show_progress
    from reimagine.settings import parse_size
    from reimagine.synth.canon.dataset import make_dataset
    from reimagine.synth.canon.sample import Plan

    if request.workers < 1:
        raise InputError(f"`workers` is {request.workers}; expected 1 or more.")
    width, height = parse_size(request.size)
    plan = Plan(
        people=request.people,
        views=request.views,
        width=width,
        height=height,
        canonical_height=request.canonical_height,
        busy=request.busy,
        motions=request.motions,
        backgrounds=request.backgrounds,
        people_per_shard=request.people_per_shard,
        seed=request.seed,
    )
    with show_progress() as listener:
        made = make_dataset(
            plan, request.out, workers=request.workers, ray=request.ray, progress=listener
        )
    place = one_line(request.out)
    print(
        f"{made['plan']['people']} people, {made['samples']} samples, {made['bytes'] / 1e6:.0f} MB are in {place}. "
        f"Look at them: reimagine dataset view {place}"
    )
    return 0


def bring(request: ImportRequest) -> int:
    """`reimagine dataset import`."""
    from reimagine.apps.progress import show_progress
    from reimagine.settings import parse_size
    from reimagine.train.import_people import import_people

    with show_progress() as listener:
        made = import_people(
            Path(request.folder[0]),
            request.out,
            size=parse_size(request.size),
            views=request.views,
            people_per_shard=request.people_per_shard,
            progress=listener,
        )
    place = one_line(request.out)
    print(
        f"{made['plan']['people']} people, {made['samples']} pictures are in {place}. {made['plan']['imported']}'s licence holds "
        f"for them. Look at them: reimagine dataset view {place}"
    )
    return 0


def inspect(request: InspectRequest) -> int:
    """`reimagine dataset inspect`; the exit code is 2 where a shard is missing or damaged."""
    from reimagine.synth.canon.dataset import damaged_shards, read_description

    (folder,) = request.folder
    held, bad = read_description(folder), damaged_shards(folder)
    if request.json:
        print(json.dumps({"balance": held["balance"], "samples": held["samples"], "damaged": bad}))
    else:
        _print(held)
    if bad:
        raise InputError(
            f"{folder} has {len(bad)} bad shards: {', '.join(bad[:5])}; expected them as they were made. Remove "
            "them and their .json files and run dataset make again."
        )
    return 0


def view(request: ViewRequest) -> int:
    """`reimagine dataset view`."""
    from reimagine.synth.canon.view import view_page

    if request.people < 1:
        raise InputError(f"`people` is {request.people}; expected 1 or more.")
    text = view_page(request.folder[0], request.people)
    try:
        Path(request.out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{request.out} cannot be written ({error.strerror}); expected a writable place."
        ) from None
    print(f"The page is {one_line(request.out)}; open it in a browser.")
    return 0


def _print(held: dict[str, Any]) -> None:
    print(
        f"{held['plan']['people']} people, {held['samples']} samples, {held['bytes'] / 1e6:.0f} MB, seed {held['plan']['seed']}"
    )
    for name, row in held["balance"].items():
        print(f"{name}: " + ", ".join(f"{kind} {count}" for kind, count in row.items()))
