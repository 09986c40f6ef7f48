"""Captures brought into the dataset's shards: MVHumanNet++ and THuman-style folders. What they have no label for stays absent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from reimagine.body.readers.read import read_motion
from reimagine.cameras.read import read_camera
from reimagine.errors import InputError
from reimagine.pictures import encode_png
from reimagine.progress import SILENT, Progress
from reimagine.records import CameraPath, Motion
from reimagine.synth.canon.dataset import (
    Store,
    check_plan,
    shard_name,
    shard_people,
    store_shard,
)
from reimagine.synth.canon.sample import Plan, jpeg
from reimagine.synth.canon.traits import split_of
from reimagine.train.captures import (
    PARAMETERS,
    Shot,
    find_people,
    framed,
    picture_and_mask,
    shots_of,
    spread,
)
from reimagine.train.scans import find_scans, scan_samples


def import_people(
    folder: Path,
    out: str,
    *,
    size: tuple[int, int],
    views: int,
    people_per_shard: int,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Bring a folder of captures into shards and describe them; goes on where it stopped; gives what dataset.json holds.

    Args:
        folder: MVHumanNet++ as unpacked (`main_data`, `main_data/train`, one person's folder), or scans (`train.scans`).
        out: A folder, or a place that fsspec knows.
        size: Width and height of the pictures.
        views: Most pictures of each person, spread over cameras and frames.
        people_per_shard: People in each shard.
        progress: Hears how many shards are done.

    Raises:
        InputError: where there are no captures, or a person's files cannot be used.
    """
    people, scans = find_people(folder), find_scans(folder)
    if not people and not scans:
        raise InputError(
            f"{folder} holds no MVHumanNet++ people and no THuman-style scans; expected folders with {PARAMETERS}, images, "
            "masks and cameras, or 0001/0001.obj with material0.jpeg. Give its main_data, or one person's folder."
        )
    samples_of = _samples if people else scan_samples
    plan = Plan(
        people=len(people or scans),
        views=views,
        width=size[0],
        height=size[1],
        canonical_height=0,
        busy=0.0,
        people_per_shard=people_per_shard,
        imported="MVHumanNet++" if people else "THuman-style scans",
    )
    check_plan(plan)
    store = Store(out)
    store.begin(plan)
    shards = -(-plan.people // plan.people_per_shard)
    for number in range(shards):
        if not store.has(f"{shard_name(number)}.json"):
            mine = shard_people(plan, number)
            samples = (one for k in mine for one in samples_of(plan, (people or scans)[k], k))
            store_shard(store, number, mine, samples)
        progress.step("shards", number + 1, shards)
    return store.finish(plan, shards)


def _samples(plan: Plan, person: Path, index: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    motion, size = read_motion(person / PARAMETERS), (plan.width, plan.height)
    for k, shot in enumerate(spread(shots_of(person, len(motion.poses)), plan.views)):
        rgb, share = picture_and_mask(shot.picture, shot.mask)
        person_alone = torch.cat([framed(rgb, size), framed(share, size, 0.0)])
        camera = read_camera(shot.camera, 1, *size)
        facts = {"person": index, "split": split_of(index), "name": person.name}
        yield (
            f"p{index:07d}_v{k:03d}",
            {
                "jpg": jpeg(framed(rgb, size)),
                "json": json.dumps(facts | _known(motion, shot, camera), sort_keys=True).encode(),
                "png": encode_png(person_alone),
            },
        )


def _known(motion: Motion, shot: Shot, camera: CameraPath) -> dict[str, Any]:
    """Camera and SMPL-X parameters in the capture's own world."""
    return {
        "picture": f"{shot.picture.parent.name}/{shot.picture.name}",
        "frame": shot.row,
        "width": camera.width,
        "height": camera.height,
        "K": camera.K[0].tolist(),
        "R": camera.R[0].tolist(),
        "t": camera.t[0].tolist(),
        "smplx_poses": motion.poses[shot.row].tolist(),
        "smplx_transl": motion.transl[shot.row].tolist(),
        "smplx_betas": motion.betas.tolist(),
        "notes": list(motion.notes),
    }
