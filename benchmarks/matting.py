"""How well the person is found in a photo: intersection over union, and mean distance of the outlines in pixels.

Usage: python -m benchmarks.matting [WIDE.png ...] [--masks FOLDER]     (wide references; alex and sam always)

On alex and sam, before their plain wall, the truth is how they were rendered; on WIDE.png it is FOLDER/WIDE_front.png and
FOLDER/WIDE_back.png where there are such, half as wide, white where the person is. For --matting grabcut everybody is pasted
before a striped wall, and before boxes of all colours; the truth is then what was found before the plain one.
"""

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial import KDTree
from torch import Tensor

from reimagine.appearance.grabcut import cut_out
from reimagine.appearance.matte import silhouette
from reimagine.appearance.photos import Picture, read_photos
from reimagine.pictures import over, read_picture
from reimagine.settings import Photos
from reimagine.synth.dress import make_dressed, stance
from reimagine.synth.people import make_person_photo, render_truth, studio_camera

_BOXES = 14


def overlap(found: Tensor, true: Tensor) -> float:
    """Intersection over union of two silhouettes (0..1)."""
    a, b = found > 0.5, true > 0.5
    return float((a & b).sum() / (a | b).sum())


def apart(found: Tensor, true: Tensor) -> float:
    """Mean distance, in pixels, from each of two silhouettes' outlines (0..1) to the other."""
    a, b = _outline(found), _outline(true)
    return float(np.concatenate([KDTree(b).query(a)[0], KDTree(a).query(b)[0]]).mean())


def _outline(alpha: Tensor) -> Float[np.ndarray, "points 2"]:
    """The middles of those sides of pixels at which a silhouette ends."""
    inside = np.pad(alpha.numpy() > 0.5, 1)
    beside = np.argwhere(inside[:, 1:] != inside[:, :-1]) + np.array((0.5, 1.0))
    below = np.argwhere(inside[1:] != inside[:-1]) + np.array((1.0, 0.5))
    return np.concatenate([beside, below])


def drawn(folder: str | None, path: str, picture: Picture) -> Tensor | None:
    """The user's own mask of one half of the reference at `path`, if there is one."""
    file = Path(folder or "") / f"{Path(path).stem}_{picture.side}.png"
    if folder is None or not file.exists():
        return None
    mask = read_picture(file)[:3].mean(0)
    if mask.shape != picture.rgb.shape[1:]:
        got, expected = (f"{shape[1]}x{shape[0]}" for shape in (mask.shape, picture.rgb.shape[1:]))
        raise SystemExit(f"{file} is {got}; expected {expected}, half of {path}.")
    return mask


def striped(height: int, width: int) -> Float[Tensor, "3 height width"]:
    """A wall of two pale colours on a brown floor."""
    stripes = (torch.arange(width) // 24 % 2)[None, :, None] * torch.tensor([0.10, 0.06, 0.04])
    hall = (torch.tensor([0.55, 0.60, 0.62]) + stripes).expand(height, width, 3).clone()
    hall[height * 9 // 10 :] = torch.tensor([0.45, 0.33, 0.22])
    return hall.permute(2, 0, 1)


def boxes(height: int, width: int) -> Float[Tensor, "3 height width"]:
    """Boxes of random colours and sizes before a grey wall."""
    chance = np.random.default_rng(0)
    room = np.full((height, width, 3), 0.6)
    for _ in range(_BOXES):
        x, y = chance.integers(0, width), chance.integers(0, height)
        broad, tall = chance.integers(30, width // 3), chance.integers(30, height // 3)
        room[y : y + tall, x : x + broad] = chance.uniform(0.1, 0.9, 3)
    room = cv2.GaussianBlur(room, (0, 0), 2.0) + chance.normal(0, 0.015, room.shape)
    return torch.from_numpy(room.clip(0, 1).astype(np.float32)).permute(2, 0, 1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("references", nargs="*", metavar="WIDE.png")
    parser.add_argument("--masks", metavar="FOLDER")
    asks = parser.parse_args()
    print("| photo | plain wall | grabcut: striped wall | boxes |\n|---|---|---|---|")
    asked: list[tuple[str, Picture, Tensor | None]] = []
    for name in ("alex", "sam"):
        body = make_dressed(name).body
        for side, yaw in (("front", 0.0), ("back", math.pi)):
            rgb = make_person_photo(name, yaw)
            picture = Picture(rgb=rgb, mask=None, side=side, name=f"{name}, {side}")
            asked.append(
                (picture.name, picture, render_truth(name, stance(body), studio_camera(yaw))[0, 3])
            )
    for path in asks.references:
        asked += [
            (one.name, one, drawn(asks.masks, path, one))
            for one in read_photos(Photos(reference=path))
        ]
    for name, picture, truth in asked:
        plain = silhouette(picture)
        cells = [""]
        if truth is not None:
            cells = [f"{overlap(plain, truth):.4f}, {apart(plain, truth):.2f} px"]
        for room in (striped, boxes):
            photo = over(torch.cat([picture.rgb, plain[None]]), room(*picture.rgb.shape[1:]))
            cells.append(f"{overlap(cut_out(photo), plain):.3f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
