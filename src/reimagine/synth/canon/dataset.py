"""A dataset on disk: tar shards that WebDataset reads, made on one machine or many, and what describes them."""

import hashlib
import io
import json
import os
import socket
import tarfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, fields
from multiprocessing import get_context
from typing import Any

import fsspec
import torch

from reimagine.errors import InputError
from reimagine.progress import SILENT, Progress
from reimagine.synth.canon.sample import Plan, person_samples, read_props
from reimagine.synth.canon.traits import draw

VERSION = 1
"""Of the format and of the people: raised whenever the same plan would give other bytes."""
LICENCE = "CC0-1.0"
_TRIES = 3
"""How often a shard is begun anew whose worker died."""
_KILLED = (
    "a worker process was killed again and again (too little memory?); expected it to live. Give fewer `workers`, or a "
    "smaller cluster; what was made stays."
)
_TAIL_BYTES = (1 << 16) + 1024
"""Zeros at a tar's end. Tools that look for a ZIP's end record in a file's last 64 KiB (mlcroissant) would find that of
the last sample's .npz and take the tar for a ZIP."""
_KNOCK_S = 5.0
"""How long a cluster may take to answer at all; Ray itself tries for minutes."""


def make_dataset(
    plan: Plan, out: str, *, workers: int = 1, ray: str | None = None, progress: Progress = SILENT
) -> dict[str, Any]:
    """Make what is missing of a dataset and describe it; gives what dataset.json holds.

    Args:
        plan: What decides its bytes.
        out: A folder, or a place that fsspec knows (`s3://bucket/name`, `memory://name`).
        workers: Processes on this machine.
        ray: "auto" or the address of a Ray cluster, instead of processes.
        progress: Hears how many shards are done.

    Raises:
        InputError: for a plan that makes no sense, another plan's dataset at `out`, or a place that cannot be written.
    """
    check_plan(plan)
    read_props(plan)
    store = Store(out)
    store.begin(plan)
    shards = -(-plan.people // plan.people_per_shard)
    todo = [one for one in range(shards) if not store.has(f"{shard_name(one)}.json")]
    done = shards - len(todo)
    progress.step("shards", done, shards)
    run = _with_ray(ray) if ray else _with_processes(workers)
    for _ in run(plan, out, todo):
        done += 1
        progress.step("shards", done, shards)
    return store.finish(plan, shards)


def shard_name(number: int) -> str:
    """Stem of a shard's file."""
    return f"shard_{number:05d}"


def write_shard(plan: Plan, out: str, number: int) -> str:
    """Make one shard whole, or not at all; gives its SHA-256."""
    torch.set_num_threads(1)
    props, people = read_props(plan), shard_people(plan, number)
    samples = (one for person in people for one in person_samples(plan, props, person))
    return store_shard(Store(out), number, people, samples)


def shard_people(plan: Plan, number: int) -> range:
    """The people of a shard."""
    first = number * plan.people_per_shard
    return range(first, min(first + plan.people_per_shard, plan.people))


def store_shard(
    store: "Store", number: int, people: range, samples: Iterable[tuple[str, dict[str, bytes]]]
) -> str:
    """Write samples as one shard whole, or not at all; gives its SHA-256."""
    data = io.BytesIO()
    count = _write_tar(data, samples)
    digest = hashlib.sha256(data.getbuffer()).hexdigest()
    facts = {
        "name": f"{shard_name(number)}.tar",
        "first_person": people.start,
        "people": len(people),
        "samples": count,
        "bytes": data.getbuffer().nbytes,
        "sha256": digest,
    }
    store.write(f"{shard_name(number)}.tar", data.getvalue())
    store.write(f"{shard_name(number)}.json", _json(facts))
    return digest


def _write_tar(data: io.BytesIO, samples: Iterable[tuple[str, dict[str, bytes]]]) -> int:
    count = 0
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, files in samples:
            count += 1
            for ending in sorted(files):
                entry = tarfile.TarInfo(f"{name}.{ending}")
                entry.size = len(files[ending])
                tar.addfile(entry, io.BytesIO(files[ending]))
    data.seek(0, io.SEEK_END)
    data.write(bytes(_TAIL_BYTES))
    return count


def check_plan(plan: Plan) -> None:
    """Raises InputError where a plan makes no sense."""
    for name, low, high in (
        ("people", 1, 10_000_000),
        ("views", 0, 10_000),
        ("width", 32, 2048),
        ("height", 32, 2048),
        ("people_per_shard", 1, 1000),
    ):
        value = getattr(plan, name)
        if not low <= value <= high:
            raise InputError(f"`{name}` is {value}; expected {low} to {high}.")
    if plan.canonical_height and not 128 <= plan.canonical_height <= 1328:
        raise InputError(
            f"`canonical_height` is {plan.canonical_height}; expected 128 to 1328, or 0 for no canonical pictures."
        )
    if not 0 <= plan.busy <= 1:
        raise InputError(f"`busy` is {plan.busy:g}; expected a share from 0 to 1.")


class Store:
    """Where a dataset lies; files appear whole or not at all."""

    def __init__(self, out: str) -> None:
        try:
            self.system, self.root = fsspec.core.url_to_fs(out)
        except (ImportError, ValueError) as error:
            raise InputError(
                f"`out` {out} cannot be used ({error}); expected a folder or an fsspec address."
            ) from None
        self.out = out

    def path(self, name: str) -> str:
        """Where a file of the dataset is."""
        return f"{self.root}/{name}"

    def has(self, name: str) -> bool:
        """Whether the file is there; then it is whole."""
        return bool(self.system.exists(self.path(name)))

    def read(self, name: str) -> bytes:
        """A whole file."""
        return self.system.cat_file(self.path(name))

    def write(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all.

        Raises:
            InputError: where the disk is full or the place cannot be written.
        """
        final = self.path(name)
        unfinished = f"{final}.{os.getpid()}.unfinished"
        try:
            self.system.makedirs(self.root, exist_ok=True)
            with self.system.open(unfinished, "wb") as file:
                file.write(data)
            self.system.mv(unfinished, final)
        except OSError as error:
            if self.system.exists(unfinished):
                self.system.rm(unfinished)
            raise InputError(
                f"{final} could not be written ({error.strerror or error}); expected room and the right to write. "
                "What was made stays: mend it and run the same command again."
            ) from error

    def begin(self, plan: Plan) -> None:
        """Note the plan; another plan's dataset is refused."""
        wanted = {"version": VERSION, **asdict(plan)}
        if not self.has("plan.json"):
            if self.system.exists(self.root) and self.system.ls(self.root):
                raise InputError(
                    f"{self.out} holds other things and no dataset; expected a new folder. Give another `out`."
                )
            self.write("plan.json", _json(wanted))
            return
        held = json.loads(self.read("plan.json"))
        if held != wanted:
            changed = [
                f"{k} was {held.get(k)}, now {v}" for k, v in wanted.items() if held.get(k) != v
            ]
            raise InputError(
                f"{self.out} holds a dataset of another plan: {'; '.join(changed[:4])}. Give another `out`, or the same plan."
            )

    def finish(self, plan: Plan, shards: int) -> dict[str, Any]:
        """Write what describes the whole: dataset.json, the card, the Croissant description."""
        from reimagine.synth.canon.card import card, croissant

        facts = [json.loads(self.read(f"{shard_name(k)}.json")) for k in range(shards)]
        description = {
            "version": VERSION,
            "licence": LICENCE if plan.imported is None else f"that of {plan.imported}",
            "plan": asdict(plan),
            "samples": sum(one["samples"] for one in facts),
            "bytes": sum(one["bytes"] for one in facts),
            "balance": balance(plan) if plan.imported is None else {},
            "shards": facts,
        }
        for leftover in self.system.glob(self.path("*.unfinished")):
            self.system.rm(leftover)
        self.write("dataset.json", _json(description))
        self.write("README.md", card(description).encode())
        self.write("croissant.json", _json(croissant(description)))
        return description


def balance(plan: Plan) -> dict[str, dict[str, int]]:
    """How many people there are of each kind."""
    table: dict[str, dict[str, int]] = {}
    for index in range(plan.people):
        traits = draw(plan.seed, index)
        worn = traits.outfit
        kinds = {
            "age": f"{traits.age_years // 10 * 10} to {traits.age_years // 10 * 10 + 9}",
            "sex": "female" if traits.gender > 0.5 else "male",
            "build": traits.build,
            "Monk tone": str(traits.monk),
            "hair": traits.hair_style,
            "footwear": traits.footwear,
            "colours": traits.clash,
            "top's fabric": traits.fabrics[0],
        }
        for name, value in kinds.items():
            row = table.setdefault(name, {})
            row[value] = row.get(value, 0) + 1
        for garment in (worn.top, worn.bottom, worn.outer):
            if garment is not None:
                row = table.setdefault("garment", {})
                row[garment] = row.get(garment, 0) + 1
    return {name: dict(sorted(row.items())) for name, row in table.items()}


def read_description(out: str) -> dict[str, Any]:
    """What dataset.json says.

    Raises:
        InputError: where there is no finished dataset, or one of another version.
    """
    store = Store(out)
    if not store.has("dataset.json"):
        more = (
            "it was begun and not finished; run the same dataset make again"
            if store.has("plan.json")
            else "there is none"
        )
        raise InputError(
            f"{out} holds no finished dataset ({more}); expected a folder made by dataset make."
        )
    try:
        held = json.loads(store.read("dataset.json"))
        version = held["version"]
        Plan(**{f.name: held["plan"][f.name] for f in fields(Plan)})
        names = [one["name"] for one in held["shards"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{out}/dataset.json is damaged ({error}); expected what dataset make wrote. Run it again."
        ) from None
    if version != VERSION:
        raise InputError(
            f"{out} is a dataset of version {version}; expected {VERSION}. Make it anew with this program."
        )
    if any("/" in name or not str(name).endswith(".tar") for name in names):
        raise InputError(
            f"{out}/dataset.json names shards outside its folder; expected plain names."
        )
    return held


def damaged_shards(out: str) -> list[str]:
    """Names of shards that are missing or whose bytes are not those that were made."""
    store = Store(out)
    bad: list[str] = []
    for one in read_description(out)["shards"]:
        if not store.has(one["name"]):
            bad.append(f"{one['name']} (missing)")
        elif hashlib.sha256(store.read(one["name"])).hexdigest() != one["sha256"]:
            bad.append(f"{one['name']} (damaged)")
    return bad


Run = Callable[[Plan, str, list[int]], Iterator[int]]


def _with_processes(workers: int) -> Run:
    def run(plan: Plan, out: str, todo: list[int]) -> Iterator[int]:
        if workers < 2:
            for one in todo:
                write_shard(plan, out, one)
                yield one
            return
        left, tries = set(todo), 0
        while left:
            # Torch's and Warp's threads do not survive a fork.
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
                jobs = {pool.submit(write_shard, plan, out, one): one for one in sorted(left)}
                try:
                    for job in as_completed(jobs):
                        job.result()
                        left.discard(jobs[job])
                        yield jobs[job]
                except BrokenProcessPool:
                    tries += 1
                    if tries > _TRIES:
                        raise InputError(_KILLED) from None

    return run


def _with_ray(address: str) -> Run:
    def run(plan: Plan, out: str, todo: list[int]) -> Iterator[int]:
        try:
            import ray  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise InputError(
                "`ray` needs Ray, which is not installed. Run pip install 'reimagine[ray]'."
            ) from None
        try:
            _knock(address)
            ray.init(
                address=None if address == "local" else address,
                include_dashboard=False if address == "local" else None,
                log_to_driver=False,
                logging_level="error",
            )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise InputError(
                f"`ray` {address} cannot be reached ({str(error).splitlines()[0]}); expected a running cluster, "
                "auto for the one on this machine, or local to start one."
            ) from None
        task = ray.remote(max_retries=_TRIES, num_cpus=1)(write_shard)
        waiting = {task.remote(plan, out, one): one for one in todo}
        try:
            while waiting:
                (ready,), _ = ray.wait(list(waiting), num_returns=1)
                ray.get(ready)
                yield waiting.pop(ready)
        except ray.exceptions.WorkerCrashedError:
            raise InputError(_KILLED) from None
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, InputError):
                raise error.cause from None
            raise
        except ray.exceptions.RayError as error:
            raise InputError(
                f"`ray` {address} was lost ({str(error).splitlines()[0]}); expected a running cluster. What was made "
                "stays: run the same command again."
            ) from None
        finally:
            ray.shutdown()

    return run


def _knock(address: str) -> None:
    """Raises OSError where nothing listens at a cluster's host and port."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host, int(port)), _KNOCK_S).close()


def _json(value: Any) -> bytes:  # noqa: ANN401 - what JSON holds
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
