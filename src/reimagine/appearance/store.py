"""A person as a folder: person.json, person.npz and one picture a photo."""

import hashlib
import json
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from reimagine.appearance.part_files import encode_parts, read_parts
from reimagine.arrays import read_arrays
from reimagine.errors import InputError
from reimagine.foreign import reads
from reimagine.inside import check_links
from reimagine.pictures import encode_png, read_picture
from reimagine.records import PARTS, Body, CameraPath, Person, Photo, Pose, Skin
from reimagine.runs import UNFINISHED

_ONLY_MINE = 0o600
VERSION = 1
"""Of the folder's layout; a newer one is refused."""
REFERENCE = "reference.png"
LARGEST_BYTES = 2**29
"""A person's numbers take a few megabytes; what unpacks to more than this is not one."""
LARGEST_SIDE = 4096
"""Pixels of a stored photo; photos are made smaller before they are stored."""
MORE = " Make the person again with reimagine person."

SHAPES: Mapping[str, tuple[str | int, ...]] = {
    "body_verts": ("body_verts", 3),
    "body_faces": ("body_faces", 3),
    "body_weight_joints": ("body_verts", "body_influences"),
    "body_weights": ("body_verts", "body_influences"),
    "body_joints": (55, 3),
    "surface_verts": ("verts", 3),
    "surface_faces": ("faces", 3),
    "surface_weight_joints": ("verts", "influences"),
    "surface_weights": ("verts", "influences"),
    "photo_xy": ("photos", "verts", 2),
    "photo_weight": ("photos", "verts"),
    "seen": ("verts",),
    "fill": ("verts", 3),
    "part": ("verts",),
    "camera_K": ("photos", 3, 3),
    "camera_R": ("photos", 3, 3),
    "camera_t": ("photos", 3),
    "pose_transforms": ("photos", 55, 3, 4),
    "pose_rotations": ("photos", 55, 3, 3),
}
"""The arrays of person.npz; equal words are equal lengths."""
OPTIONAL_SHAPES: Mapping[str, tuple[str | int, ...]] = {
    "body_correctives": ("coefficients", "body_verts", 3),
    "surface_correctives": ("coefficients", "verts", 3),
    "body_loose_m": ("body_verts",),
    "surface_loose_m": ("verts",),
}
BOUNDS: Mapping[str, tuple[int, str | int]] = {
    "body_faces": (0, "body_verts"),
    "surface_faces": (0, "verts"),
    "body_weight_joints": (0, 55),
    "surface_weight_joints": (0, 55),
    "part": (0, len(PARTS)),
}
"""Whole numbers: the least, and the first that is too large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """What person.json says."""

    height_m: float
    notes: tuple[str, ...]
    sides: tuple[str, ...]
    digests: Mapping[str, str]
    parts: Mapping[str, str]
    """Checksums of the pictures of parts, which a user may change."""


def save_person(person: Person, folder: Path) -> None:
    """The person written into `folder`, which is made where needed; a person in it is replaced.

    All files are complete before the first takes its place, and person.json, which holds the
    others' checksums, comes last: a person that was interrupted is noticed on loading. Other files
    in the folder are left alone, and so are pictures of parts (parts_0.png and so on) that were changed by hand since.
    Photos keep 8 bits a channel, colours and confidences 16-bit floats.

    Only this user can read the folder's files: they are photos of people.

    Raises:
        InputError: where the folder cannot be written, or holds a symbolic link.
    """
    check_links(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _place_for_drafts(folder) as place:
            _write(person, folder, place)
    except OSError as error:
        raise InputError(
            f"Cannot write the person into {folder} ({error.strerror or error}); expected a folder "
            "with free space that may be written. Give another `out`."
        ) from error


@reads("a person that reimagine stored")
@np.errstate(all="ignore")  # odd numbers are judged once they are read
def load_person(folder: Path) -> Person:
    """The person that `save_person` wrote into `folder`, without those pictures of parts that were changed or taken away.

    Raises:
        InputError: where a file is missing, damaged, a symbolic link, of another version, or does not fit the rest.
    """
    check_links(folder)
    card = _read_card(folder)
    for name, digest in card.digests.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path} is missing; expected it beside person.json.{MORE}")
        if _digest(path) != digest:
            raise InputError(
                f"{path} is not the file that person.json was written with; "
                f"expected the same content.{MORE}"
            )
    arrays = _read_arrays(folder / "person.npz", len(card.sides))
    photos = tuple(
        _with_labels(_photo(folder / f"photo_{i}.png", side, arrays, i), folder, i, card)
        for i, side in enumerate(card.sides)
    )
    return Person(
        body=Body(
            skin=_skin(arrays, "body"),
            joints=_floats(arrays["body_joints"]),
            height_m=card.height_m,
        ),
        surface=_skin(arrays, "surface"),
        photos=photos,
        photo_xy=_floats(arrays["photo_xy"]),
        photo_weight=_floats(arrays["photo_weight"]),
        seen=_floats(arrays["seen"]),
        fill=_floats(arrays["fill"]),
        part=_whole(arrays["part"]),
        reference=_read_reference(folder / REFERENCE) if REFERENCE in card.digests else None,
        notes=card.notes,
    )


@contextmanager
def _place_for_drafts(folder: Path) -> Generator[Path]:
    """A folder within it for files that are not whole yet, which is gone in the end; without those that kills left."""
    for left in folder.glob(f".*{UNFINISHED}"):
        # Another process may be writing the same person: what it works in is locked.
        with suppress(Timeout), FileLock(left / "lock", timeout=0):
            shutil.rmtree(left, ignore_errors=True)
    with (
        TemporaryDirectory(dir=folder, prefix=".", suffix=UNFINISHED) as made,
        FileLock(Path(made) / "lock"),
    ):
        yield Path(made)


def _write(person: Person, folder: Path, place: Path) -> None:
    photos = [f"photo_{i}.png" for i in range(len(person.photos))]
    names = ["person.npz", *photos, *([] if person.reference is None else [REFERENCE])]
    labels = {
        f"parts_{i}.png": encode_parts(photo.parts)
        for i, photo in enumerate(person.photos)
        if photo.parts is not None
    }
    drafts = {name: place / name for name in [*names, *labels, "person.json"]}
    for draft in drafts.values():
        draft.touch(mode=_ONLY_MINE)
    with drafts["person.npz"].open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **_arrays(person))
    for name, photo in zip(photos, person.photos, strict=True):
        drafts[name].write_bytes(_png(photo))
    if person.reference is not None:
        drafts[REFERENCE].write_bytes(encode_png(person.reference))
    for name, data in labels.items():
        drafts[name].write_bytes(data)
    card = {
        "format": "reimagine person",
        "version": VERSION,
        "height_m": person.body.height_m,
        "notes": list(person.notes),
        "photos": [photo.side for photo in person.photos],
        "sha256": {name: _digest(drafts[name]) for name in names},
        "parts_sha256": {name: _digest(drafts[name]) for name in labels},
    }
    corrected = {name for name in labels if _is_corrected(folder / name)}
    drafts["person.json"].write_text(json.dumps(card, indent=2), encoding="utf-8")
    for name, draft in drafts.items():
        if name not in corrected:
            draft.replace(folder / name)


def _is_corrected(path: Path) -> bool:
    """Whether there is a picture of parts that is not as it was written."""
    if not path.is_file():
        return False
    try:
        return _read_card(path.parent).parts.get(path.name) != _digest(path)
    except InputError:
        return True


def _with_labels(photo: Photo, folder: Path, index: int, card: _Card) -> Photo:
    """The photo with its parts as they were written; without, where a user has changed them or taken them away."""
    path = folder / f"parts_{index}.png"
    if not path.is_file() or card.parts.get(path.name) != _digest(path):
        return photo
    height, width = photo.alpha.shape
    return replace(photo, parts=read_parts(path, width=width, height=height).labels)


def _arrays(person: Person) -> dict[str, np.ndarray]:
    photos = person.photos
    arrays: dict[str, np.ndarray] = {
        "body_joints": person.body.joints.numpy(),
        "photo_xy": person.photo_xy.numpy(),
        "photo_weight": person.photo_weight.numpy().astype(np.float16),
        "seen": person.seen.numpy().astype(np.float16),
        "fill": person.fill.numpy().astype(np.float16),
        "part": person.part.numpy().astype(np.uint8),
        "camera_K": np.stack([photo.camera.K[0].numpy() for photo in photos]),
        "camera_R": np.stack([photo.camera.R[0].numpy() for photo in photos]),
        "camera_t": np.stack([photo.camera.t[0].numpy() for photo in photos]),
        "pose_transforms": np.stack([photo.pose.transforms[0].numpy() for photo in photos]),
        "pose_rotations": np.stack([photo.pose.rotations[0].numpy() for photo in photos]),
    }
    for name, skin in (("body", person.body.skin), ("surface", person.surface)):
        arrays[f"{name}_verts"] = skin.verts.numpy()
        arrays[f"{name}_faces"] = skin.faces.numpy().astype(np.int32)
        arrays[f"{name}_weight_joints"] = skin.weight_joints.numpy().astype(np.uint8)
        arrays[f"{name}_weights"] = skin.weights.numpy()
        if skin.correctives is not None:
            arrays[f"{name}_correctives"] = skin.correctives.numpy().astype(np.float16)
        if skin.loose_m is not None:
            arrays[f"{name}_loose_m"] = skin.loose_m.numpy().astype(np.float16)
    return arrays


def _png(photo: Photo) -> bytes:
    rgba = torch.cat([photo.rgb, photo.alpha[None]]).clamp(0, 1)
    pixels = (rgba * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    _, data = cv2.imencode(".png", np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3]]))
    return data.tobytes()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_card(folder: Path) -> _Card:
    path = folder / "person.json"
    if not path.is_file():
        raise InputError(
            f"{folder} holds no person.json; expected a folder made by reimagine person. "
            "Check the name."
        )
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        version = int(card["version"])
        if version > VERSION:
            raise InputError(
                f"{path} is of version {version}; expected {VERSION} or older. "
                "Update reimagine, or make the person again."
            )
        sides = tuple(str(side) for side in card["photos"])
        names = ["person.npz", *(f"photo_{i}.png" for i in range(len(sides)))]
        names += [REFERENCE] if REFERENCE in card["sha256"] else []
        # Names come from us, not from the file: it cannot point out of the folder.
        digests = {name: str(card["sha256"][name]) for name in names}
        parts = {str(name): str(digest) for name, digest in card.get("parts_sha256", {}).items()}
        height_m = float(card["height_m"])
        notes = tuple(str(note) for note in card["notes"])
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        if isinstance(error, json.JSONDecodeError):
            why = "it is no JSON"
        raise InputError(
            f"{path} cannot be read ({why}); expected what reimagine person writes.{MORE}"
        ) from error
    if not (0.3 <= height_m <= 3.0 and 1 <= len(sides) <= 16):
        raise InputError(
            f"{path} says {height_m} m and {len(sides)} photos; "
            f"expected 0.3 to 3 m and 1 to 16 photos.{MORE}"
        )
    return _Card(height_m=height_m, notes=notes, sides=sides, digests=digests, parts=parts)


def _read_arrays(path: Path, photos: int) -> dict[str, np.ndarray]:
    arrays = read_arrays(path, [*SHAPES, *OPTIONAL_SHAPES], most_bytes=LARGEST_BYTES)
    lengths = {"photos": photos}
    for name, shape in {**SHAPES, **OPTIONAL_SHAPES}.items():
        if name in arrays or name in SHAPES:
            _check(path, name, arrays.get(name), shape, lengths)
    return arrays


def _check(
    path: Path,
    name: str,
    array: np.ndarray | None,
    shape: tuple[str | int, ...],
    lengths: dict[str, int],
) -> None:
    """Refuses an array of another shape or kind; puts the lengths that it fixes into `lengths`."""
    if array is None:
        raise InputError(f"{path} has no {name!r}; expected it among {len(SHAPES)} arrays.{MORE}")
    expected = tuple(lengths.get(axis, axis) if isinstance(axis, str) else axis for axis in shape)
    fits = array.ndim == len(expected) and all(
        isinstance(want, str) or want == got
        for want, got in zip(expected, array.shape, strict=True)
    )
    kind, words = ("iu", "whole") if name in BOUNDS else ("f", "real")
    if not fits or array.size == 0 or array.dtype.kind not in kind:
        raise InputError(
            f"{path}: {name!r} is {array.dtype} {array.shape}; "
            f"expected {words} numbers {expected}.{MORE}"
        )
    lengths |= {
        axis: got for axis, got in zip(shape, array.shape, strict=True) if isinstance(axis, str)
    }
    least, end = BOUNDS.get(name, (-1e6, 1e6))
    end = lengths[end] if isinstance(end, str) else end
    # Written so that NaN is refused too.
    if not (least <= float(array.min()) and float(array.max()) < end):
        raise InputError(
            f"{path}: {name!r} runs from {array.min()} to {array.max()}; "
            f"expected {least:g} or more and less than {end:g}.{MORE}"
        )


def _photo(path: Path, side: str, arrays: dict[str, np.ndarray], index: int) -> Photo:
    _check_png(path)
    rgba = read_picture(path, least_side=1)
    if rgba.shape[0] != 4:
        raise InputError(f"{path} is no RGBA picture; expected one.{MORE}")
    height, width = rgba.shape[1:]
    camera = CameraPath(
        K=_floats(arrays["camera_K"][index : index + 1]),
        R=_floats(arrays["camera_R"][index : index + 1]),
        t=_floats(arrays["camera_t"][index : index + 1]),
        width=width,
        height=height,
    )
    pose = Pose(
        transforms=_floats(arrays["pose_transforms"][index : index + 1]),
        rotations=_floats(arrays["pose_rotations"][index : index + 1]),
    )
    return Photo(rgb=rgba[:3].contiguous(), alpha=rgba[3], camera=camera, pose=pose, side=side)


def _check_png(path: Path) -> None:
    """Refuses what is no PNG, or so large that decoding it would fill the memory; reads its start alone."""
    with path.open("rb") as file:
        start = file.read(24)
    # PNG specification: the header comes first, with width and height.
    width, height = (int.from_bytes(start[at : at + 4], "big") for at in (16, 20))
    if not start.startswith(b"\x89PNG\r\n\x1a\n") or not 0 < max(width, height) <= LARGEST_SIDE:
        raise InputError(
            f"{path} is no PNG of at most {LARGEST_SIDE}x{LARGEST_SIDE} pixels; expected one.{MORE}"
        )


def _read_reference(path: Path) -> Tensor:
    _check_png(path)
    picture = read_picture(path)
    if picture.shape[0] != 3:
        raise InputError(f"{path} has {picture.shape[0]} channels; expected 3.{MORE}")
    return picture


def _skin(arrays: dict[str, np.ndarray], name: str) -> Skin:
    correctives, loose_m = (arrays.get(f"{name}_{part}") for part in ("correctives", "loose_m"))
    return Skin(
        verts=_floats(arrays[f"{name}_verts"]),
        faces=_whole(arrays[f"{name}_faces"]),
        weight_joints=_whole(arrays[f"{name}_weight_joints"]),
        weights=_floats(arrays[f"{name}_weights"]),
        correctives=None if correctives is None else _floats(correctives),
        loose_m=None if loose_m is None else _floats(loose_m),
    )


def _floats(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))


def _whole(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.int64))
