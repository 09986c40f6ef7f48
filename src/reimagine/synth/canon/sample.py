"""What a made person gives to the dataset: samples, each a name and its files as bytes."""

import io
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.readers.read import read_motion
from reimagine.errors import InputError
from reimagine.pictures import encode_png, read_picture
from reimagine.records import Motion
from reimagine.synth.canon.human import LIMBS, PARTS, Human, make_human
from reimagine.synth.canon.picture import (
    Model,
    Moment,
    Picture,
    flow,
    moments,
    official,
    prepare,
    take,
)
from reimagine.synth.canon.stances import (
    STANCES,
    Stance,
    motion_stance,
    photo_stance,
    pose_human,
)
from reimagine.synth.canon.studio import draw_camera, draw_studio, photographed
from reimagine.synth.canon.traits import draw, split_of, stream

LANDMARKS = ("left eye", "right eye", "nose", "mouth", "left ear", "right ear")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that decides the bytes of a dataset. JSON-able."""

    people: int
    views: int = 24
    """Pictures of each person in all, in as many stances."""
    width: int = 256
    height: int = 416
    canonical_height: int = 832
    """Of the canonical front and back; 0: none."""
    busy: float = 0.3
    """Share of the pictures whose background is not plain."""
    motions: str | None = None
    """A folder of motion files for poses, besides the built-in ones."""
    backgrounds: str | None = None
    """A folder of pictures for busy backgrounds, instead of made ones."""
    people_per_shard: int = 16
    seed: int = 0
    imported: str | None = None
    """The captures that it holds instead of made people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Props:
    """What a plan's folders hold."""

    motions: dict[str, Motion]
    backgrounds: tuple[Path, ...]


def read_props(plan: Plan) -> Props:
    """The motions and background pictures of a plan.

    Raises:
        InputError: for a folder that is not there, that is empty, or that holds what cannot be read.
    """
    motions = {
        path.stem: read_motion(path)
        for path in _files("motions", plan.motions, (".npz", ".bvh", ".json"))
    }
    pictures = _files("backgrounds", plan.backgrounds, (".jpg", ".jpeg", ".png", ".webp"))
    return Props(motions=motions, backgrounds=tuple(pictures))


def _files(field: str, folder: str | None, endings: tuple[str, ...]) -> list[Path]:
    if folder is None:
        return []
    place = Path(folder)
    found = (
        sorted(one for one in place.glob("*") if one.suffix.lower() in endings)
        if place.is_dir()
        else []
    )
    if not found:
        raise InputError(
            f"`{field}` {folder} is no folder with {', '.join(endings)} files; expected at least one. "
            f"Check the path, or leave out `{field}`."
        )
    return found


def person_samples(plan: Plan, props: Props, index: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Every sample of one person: the canonical pictures, their parts, and the views; by name, files by ending."""
    human = make_human(draw(plan.seed, index))
    model = prepare(human)
    name = f"p{index:07d}"
    if plan.canonical_height:
        yield from _canonical(plan, model, name)
    rng = stream(plan.seed, "views", index)
    done = 0
    while done < plan.views:
        moving = rng.random() < 0.4 and plan.views - done > 1
        stance = (
            motion_stance(rng, props.motions)
            if moving
            else photo_stance(STANCES[done % len(STANCES)], rng)
        )
        frames = moments(model, pose_human(human, stance))
        yaw = float(rng.uniform(-math.pi, math.pi)) if done % 3 else math.pi * (done % 2)
        camera = draw_camera(
            rng, torch.cat([one.verts for one in frames]), yaw, plan.width, plan.height, plain=False
        )
        busy = rng.random() < plan.busy
        studio = draw_studio(rng, plain=not busy and rng.random() < 0.5, busy=busy)
        own = _background(props, rng) if busy and props.backgrounds else None
        for k, frame in enumerate(frames):
            picture = take(frame, camera, studio, own)
            after = flow(frame, frames[k + 1], camera) if k + 1 < len(frames) else None
            facts = _facts(human, frame, stance, k, picture) | {"yaw_rad": yaw, "busy": bool(busy)}
            yield f"{name}_v{done:03d}", _files_of(picture, after, facts, rng)
            done += 1


def _background(props: Props, rng: np.random.Generator) -> Float[Tensor, "3 height width"]:
    return read_picture(props.backgrounds[int(rng.integers(len(props.backgrounds)))])[:3]


def _canonical(plan: Plan, model: Model, name: str) -> Iterator[tuple[str, dict[str, bytes]]]:
    human = model.human
    rng = stream(plan.seed, "canonical", human.traits.index)
    height = plan.canonical_height
    width = round(height * 800 / 1328 / 16) * 16
    frame = moments(model, pose_human(human, photo_stance("A-pose", rng)))[0]
    studio = draw_studio(rng, plain=True, busy=False)
    for side, yaw in (("front", 0.0), ("back", math.pi)):
        camera = draw_camera(rng, frame.verts, yaw, width, height, plain=True)
        picture = take(frame, camera, studio)
        facts = _facts(human, frame, Stance(name="A-pose", poses=torch.zeros(1, 55, 3)), 0, picture)
        yield (
            f"{name}_{side}",
            _files_of(picture, None, facts | {"yaw_rad": yaw, "busy": False}, rng),
        )
        for part in ("face", "upper", "lower", "shoes"):
            wanted = {1 + PARTS.index(part)} | (
                {1 + PARTS.index("hair")} if part == "face" else set()
            )
            mask = torch.isin(picture.part, torch.tensor(sorted(wanted)))
            if not bool(mask.any()):
                continue
            alpha = picture.person[3] * mask
            cut = torch.cat([torch.where(alpha > 0, picture.person[:3], 1.0), alpha[None]])
            yield f"{name}_{side}_{part}", {"png": encode_png(cut)}


def _files_of(
    picture: Picture, after: Tensor | None, facts: dict[str, Any], rng: np.random.Generator
) -> dict[str, bytes]:
    """The files of a picture: jpg as photographed, png the person alone, npz the labels, json the facts."""
    image, quality = photographed(picture.rgb, rng)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    depths = (picture.depths_m * 1000).round().clamp(0, 65535)
    arrays = {
        "part": picture.part.to(torch.uint8).numpy(),
        "limb": picture.limb.to(torch.uint8).numpy(),
        "depth_mm": depths.to(torch.int32).numpy().astype(np.uint16),
    }
    for k, layer in enumerate(("front", "back", "body_front", "body_back")):
        colours = official(picture.normals[3 * k : 3 * k + 3])
        arrays[f"normals_{layer}"] = (colours * 255).round().to(torch.uint8).numpy()
    if after is not None:
        arrays["flow"] = after.numpy().astype(np.float16)
    return {
        "jpg": jpeg.tobytes(),
        "json": json.dumps(facts, sort_keys=True).encode(),
        "npz": packed_arrays(arrays),
        "png": encode_png(picture.person),
    }


def jpeg(picture: Float[Tensor, "3 height width"], quality: int = 95) -> bytes:
    """A JPEG of a picture, sRGB, 0..1."""
    image = (picture.flip(0) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def packed_arrays(arrays: dict[str, np.ndarray]) -> bytes:
    """An .npz. NumPy stamps no times into archives that it writes, so equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _facts(human: Human, frame: Moment, stance: Stance, k: int, picture: Picture) -> dict[str, Any]:
    camera = picture.camera

    def rounded(values: Tensor) -> Any:  # noqa: ANN401 - nested lists
        return np.round(values.numpy().astype(np.float64), 5).tolist()

    return {
        "person": human.traits.index,
        "split": split_of(human.traits.index),
        "traits": asdict(human.traits),
        "height_m": round(human.body.height_m, 4),
        "stance": stance.name,
        "frame": k,
        "width": camera.width,
        "height": camera.height,
        "K": rounded(camera.K[0]),
        "R": rounded(camera.R[0]),
        "t": rounded(camera.t[0]),
        "joints_m": rounded(frame.joints),
        "joints_px": rounded(picture.joints_xy),
        "landmarks": dict(zip(LANDMARKS, rounded(picture.landmarks_xy), strict=True)),
        "smplx_poses": rounded(stance.poses[k]),
        "smplx_transl": rounded(frame.transl),
        "parts": ["background", *PARTS],
        "limbs": ["background", *LIMBS],
    }
