"""The README's picture, animated, from runs of 48 frames: python tools/readme_picture.py runs/demo [RUN ...].

The two photos of the person who walks in the first run, the normal maps that steer it, and the videos of all runs.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reimagine.runs import read_request

OUT, HEIGHT, EVERY, FPS = "docs/images/walk.png", 300, 2, 24
"""Half of the frames, at half the rate, so that the picture stays light."""
PEOPLE = Path("src/reimagine/data/people")
Picture = NDArray[np.uint8]


def read(path: Path) -> Picture:
    """Blue, green, red."""
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return np.asarray(picture, np.uint8)


def cropped(folders: list[Path]) -> list[list[Picture]]:
    """Each folder's frames, cut to where anything is not white in any of them, as high as the picture."""
    clips = [[read(path) for path in sorted(folder.glob("*.png"))[::EVERY]] for folder in folders]
    ink = np.minimum.reduce([frame for clip in clips for frame in clip]).min(2) < 250
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    top, bottom = max(rows[0] - 8, 0), rows[-1] + 8
    left, right = max(columns[0] - 8, 0), columns[-1] + 8
    return [[scaled(frame[top:bottom, left:right]) for frame in clip] for clip in clips]


def scaled(picture: Picture) -> Picture:
    """As high as the whole is."""
    width = round(picture.shape[1] * HEIGHT / picture.shape[0])
    small = np.asarray(cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    # Five bits a channel: hardly seen at this size, and far lighter.
    return np.asarray(small & 0xF8 | small >> 5, np.uint8)


runs = [Path(name) for name in sys.argv[1:]]
person = PEOPLE / read_request(runs[0])["photos"]["person"]
photos = [scaled(read(person / f"{side}.png")[:, 100:-100]) for side in ("front", "back")]
clips = cropped([runs[0] / "conditions/normals", runs[0] / "refined"])
clips += [cropped([run / "refined"])[0] for run in runs[1:]]
shown = cv2.Animation()
shown.frames = [np.hstack([*photos, *beside]) for beside in zip(*clips, strict=True)]
shown.durations = [EVERY * 1000 // FPS] * len(shown.frames)
assert cv2.imwriteanimation(OUT, shown, [cv2.IMWRITE_PNG_COMPRESSION, 9])
