"""Triples made of MVHumanNet++ captures: 16 cameras around a person, masks, SMPL-X parameters.

A person's folder holds `images/cam_00/0025.jpg`, `masks/cam_00/0025.*`, `cameras/cam_00/camera.npz` and
`smplx_params.npz`, whose row is the picture's number / 25 - 1 (github.com/GAP-LAB-CUHK-SZ/MVHumanNet_plusplus).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.body.model import pose_body
from reimagine.body.readers.read import read_motion
from reimagine.cameras.read import read_camera
from reimagine.errors import InputError
from reimagine.pictures import encode_png, read_picture
from reimagine.progress import Progress
from reimagine.records import Body, CameraPath, Pose
from reimagine.render.conditions import make_conditions, normals_picture
from reimagine.resize import resize_to_cover
from reimagine.runs import RunFolder
from reimagine.scene import plain_body
from reimagine.settings import Shape, parse_size
from reimagine.train.settings import LoraRequest
from reimagine.train.triples import LIST

PARAMETERS = "smplx_params.npz"
_EVERY = 25
"""Raw frames between pictures."""
_FRONT, _BACK = "cam_00", "cam_08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture of a person with its mask, its camera and its parameters."""

    picture: Path
    mask: Path
    camera: Path
    row: int
    """Of the SMPL-X parameters."""


def find_people(folder: Path) -> tuple[Path, ...]:
    """The MVHumanNet++ people in a folder: itself, its folders, or those of its train/; none where it holds others."""
    if not folder.is_dir() or (folder / LIST).is_file():
        return ()
    if (folder / PARAMETERS).is_file():
        return (folder,)
    for place in (folder, folder / "train"):
        if place.is_dir():
            found = sorted(one for one in place.iterdir() if (one / PARAMETERS).is_file())
            if found:
                return tuple(found)
    return ()


def people_fingerprint(people: Sequence[Path]) -> str:
    """The same text for the same people."""
    text = "\n".join(f"{one.name} {(one / PARAMETERS).stat().st_size}" for one in people)
    return sha256(text.encode()).hexdigest()[:16]


def make_triples(
    run: RunFolder, folder: str, people: Sequence[Path], request: LoraRequest, listener: Progress
) -> None:
    """Write triples of all people into a folder of the run, as docs/training.md has them; goes on where it stopped.

    Raises:
        InputError: where a person's files cannot be used.
    """
    if run.has(f"{folder}/{LIST}"):
        return
    size = parse_size(request.size)
    if size[0] % 16 or size[1] % 16:
        raise InputError(f"`size` is {request.size}; expected multiples of 16, such as 800x1328.")
    lines: list[str] = []
    for number, person in enumerate(people):
        lines += _make_person(run, folder, person, request, size)
        listener.step("captures", number + 1, len(people))
    # The list comes last: where it is, all is.
    run.write(f"{folder}/{LIST}", "".join(lines))


def world_from_capture(
    front: CameraPath,
) -> Float[Tensor, "3 3"]:
    """The rotation that brings a capture's world into ours: Y up, +Z towards the camera in front.

    Up is the world axis that lies nearest to the front camera's own up; the official normal maps are fixed to the
    world in this way, with camera 00 in front.
    """
    R, t = front.R[0], front.t[0]
    axis = int(R[1].abs().argmax())
    up = torch.zeros(3)
    up[axis] = -float(R[1, axis].sign())
    towards = -R.T @ t
    ahead = torch.nn.functional.normalize(towards - up * (towards @ up), dim=0)
    left = torch.linalg.cross(up, ahead)
    return torch.stack([left, up, ahead])


def _make_person(
    run: RunFolder, folder: str, person: Path, request: LoraRequest, size: tuple[int, int]
) -> list[str]:
    """Lines of the list for one person, the pictures written."""
    motion = read_motion(person / PARAMETERS)
    body = plain_body(motion.betas, Shape(), body_model=request.body_model)
    pose = pose_body(body, motion)
    reference = f"{person.name}/reference.png"
    if not run.has(f"{folder}/{reference}"):
        halves = [_cut(*_standing(person, camera), size) for camera in (_FRONT, _BACK)]
        run.write(f"{folder}/{reference}", encode_png(torch.cat(halves, dim=2)))
    to_ours = world_from_capture(_camera(person, _FRONT, size))
    lines: list[str] = []
    for shot in spread(shots_of(person, len(pose)), request.views_per_person):
        name = f"{shot.camera.parent.name}_{shot.picture.stem}.png"
        places = {
            "normals": f"{person.name}/normals/{name}",
            "target": f"{person.name}/targets/{name}",
        }
        if not run.has(f"{folder}/{places['normals']}"):
            camera = read_camera(shot.camera, 1, *size)
            picture = _normals(body, pose[shot.row : shot.row + 1], camera, to_ours)
            run.write(f"{folder}/{places['normals']}", encode_png(picture))
        if not run.has(f"{folder}/{places['target']}"):
            run.write(
                f"{folder}/{places['target']}", encode_png(_cut(shot.picture, shot.mask, size))
            )
        lines.append(json.dumps({"reference": reference, **places}) + "\n")
    return lines


def _normals(
    body: Body, pose: Pose, camera: CameraPath, to_ours: Float[Tensor, "3 3"]
) -> Float[Tensor, "3 height width"]:
    conditions = make_conditions(body, pose, camera, 0.0)
    turned = torch.einsum("ij,fjhw->fihw", to_ours, conditions.normals)
    return normals_picture(replace(conditions, normals=turned))[0]


def _camera(person: Path, name: str, size: tuple[int, int]) -> CameraPath:
    return read_camera(person / "cameras" / name / "camera.npz", 1, *size)


def shots_of(person: Path, rows: int) -> list[Shot]:
    """The pictures that have a mask, a camera and a row of parameters."""
    shots: list[Shot] = []
    for picture in sorted((person / "images").glob("cam_*/*.jpg")):
        camera = person / "cameras" / picture.parent.name / "camera.npz"
        mask = _mask(person, picture)
        numbered = re.fullmatch(r"\d{1,9}", picture.stem)
        if not numbered or mask is None or not camera.is_file():
            continue
        row, rest = divmod(int(picture.stem), _EVERY)
        if rest == 0 and 1 <= row <= rows:
            shots.append(Shot(picture=picture, mask=mask, camera=camera, row=row - 1))
    if not shots:
        raise InputError(
            f"{person} has no picture with a mask, a camera and parameters; expected images/cam_00/0025.jpg, "
            "masks/cam_00/0025.png and cameras/cam_00/camera.npz. Unpack it again."
        )
    return shots


def spread(shots: list[Shot], count: int) -> list[Shot]:
    """So many of them, evenly; a step that shares no factor with the cameras would be no more even than this."""
    if count >= len(shots):
        return shots
    return [shots[len(shots) * place // count] for place in range(count)]


def _mask(person: Path, picture: Path) -> Path | None:
    folder = person / "masks" / picture.parent.name
    found = sorted(p for p in folder.glob(f"{picture.stem}*") if p.suffix in (".png", ".jpg"))
    return found[0] if found else None


def _standing(person: Path, camera: str) -> tuple[Path, Path]:
    """The A-pose's picture from a camera and its mask; else the first picture's."""
    folder = person / "images" / camera
    pictures = [*sorted(folder.glob("A-*.jpg")), *sorted(folder.glob("[0-9]*.jpg"))]
    for picture in pictures:
        mask = _mask(person, picture)
        if mask is not None:
            return picture, mask
    raise InputError(
        f"{folder} has no picture with a mask; expected one for the wide reference. Unpack it again."
    )


def _cut(picture: Path, mask: Path, size: tuple[int, int]) -> Float[Tensor, "3 height width"]:
    """The person on white, of this width and height."""
    rgb, share = picture_and_mask(picture, mask)
    return framed(rgb * share + 1 - share, size)


def picture_and_mask(
    picture: Path, mask: Path
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "1 height width"]]:
    """A picture and how much of each pixel the person is, 0..1.

    Raises:
        InputError: where their sizes differ.
    """
    rgb, share = read_picture(picture)[:3], read_picture(mask)[:3].mean(0, keepdim=True)
    if share.shape[1:] != rgb.shape[1:]:
        raise InputError(
            f"{mask} is {share.shape[2]}x{share.shape[1]} pixels, its picture {rgb.shape[2]}x{rgb.shape[1]}; "
            "expected one size. Unpack it again."
        )
    return rgb, share


def framed(
    picture: Float[Tensor, "channels height width"], size: tuple[int, int], beside: float = 1.0
) -> Float[Tensor, "channels new_height new_width"]:
    """The picture scaled to the height and cropped or widened evenly (with `beside`), as `read_camera` has it."""
    width, height = size
    scaled_width = max(1, round(picture.shape[2] * height / picture.shape[1]))
    missing = max(0, width - scaled_width)
    scaled = resize_to_cover(picture, scaled_width, height)
    pads = (missing // 2, missing - missing // 2, 0, 0)
    whole = torch.nn.functional.pad(scaled, pads, value=beside)
    left = (whole.shape[2] - width) // 2
    return whole[:, :, left : left + width].clamp(0, 1)
