"""A frame of a clip as the measures take it: the pictures of each stage over white, and the geometry."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.errors import InputError
from reimagine.pictures import over
from reimagine.records import SurfaceView
from reimagine.scores.clip import Clip, check_seen, on_white, silhouette
from reimagine.scores.crop import Crop, crop_around, cut_picture, cut_seen, whole
from reimagine.scores.outline import before


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A frame of one stage, ready to be measured."""

    picture: Float[NDArray[np.float32], "height width 3"]
    foreground: Bool[NDArray[np.bool_], "height width"]
    outlined: bool = True
    """Whether `foreground` was found in this very picture; else it is that of the frame as painted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """All that is read of a frame, so that it can be measured while the next one is read."""

    frame: int
    crop: Crop
    """The part of the frame that all the rest is of."""
    stages: Mapping[str, Stage]
    final: Float[Tensor, "channels height width"]
    """The last stage's picture as it is."""
    seen: SurfaceView | None
    anchor: Float[Tensor, "channels height width"] | None
    """The anchored rendering as it is."""
    anchor_stage: Stage | None
    true: Float[Tensor, "channels height width"] | None
    joints: Float[Tensor, "joints 3"] | None

    @property
    def last(self) -> Stage:
        """What left the refiner, or what was painted where there is none."""
        return list(self.stages.values())[-1]


def look_at(clip: Clip, frame: int) -> Now:
    """The frame, ready to be measured.

    Raises:
        InputError: where its pictures are not of one size, it shows nobody, or its geometry is not finite.
    """
    reads = {"frames": clip.painted} | ({} if clip.refined is None else {"refined": clip.refined})
    pictures = {stage: read(frame) for stage, read in reads.items()}
    sizes = {tuple(picture.shape[1:]) for picture in pictures.values()}
    seen = None if clip.see is None else clip.see(frame, frame + 1)
    height, width = pictures["frames"].shape[1:]
    if len(sizes) > 1 or (seen is not None and seen.raster.face.shape[1:] != (height, width)):
        raise InputError(
            f"{clip.name}: the pictures of frame {frame} are not all {width}x{height}; expected one size. "
            "Make the run again."
        )
    if seen is not None:
        check_seen(seen, clip.name, width, height)
    if not silhouette(pictures["frames"]).any():
        raise InputError(
            f"{clip.name}: frame {frame} shows nobody (its mask is empty); expected a person in every frame. "
            "Look at the frame, and make the run again."
        )
    anchor = None if clip.anchor is None else clip.anchor(frame)
    true = None if clip.truth is None else clip.truth(frame)
    shown = [*pictures.values(), *(one for one in (anchor, true) if one is not None)]
    # Where the person is in a picture without alpha is found from its border.
    sure = len(pictures["frames"]) == 4 and (true is None or len(true) == 4)
    crop = crop_around(shown, seen) if sure else whole(pictures["frames"])
    pictures = {stage: cut_picture(picture, crop) for stage, picture in pictures.items()}
    frames = pictures["frames"]
    stages = {"frames": Stage(picture=on_white(frames), foreground=silhouette(frames))}
    if "refined" in pictures:
        stages["refined"] = _refined(
            pictures["refined"],
            frames,
            behind=None
            if clip.behind is None
            else cut_picture(clip.behind.expand(3, height, width), crop),
        )
    anchor_stage = None
    if clip.anchor is clip.painted:
        anchor, anchor_stage = pictures["frames"], stages["frames"]
    elif anchor is not None:
        anchor = cut_picture(anchor, crop)
        anchor_stage = Stage(picture=on_white(anchor), foreground=silhouette(anchor))
    return Now(
        frame=frame,
        crop=crop,
        stages=stages,
        final=list(pictures.values())[-1],
        seen=None if seen is None else cut_seen(seen, crop),
        anchor=anchor,
        anchor_stage=anchor_stage,
        true=None if true is None else cut_picture(true, crop),
        joints=None if clip.joints is None else clip.joints(frame),
    )


def _refined(
    picture: Float[Tensor, "channels rows columns"],
    painted: Float[Tensor, "channels rows columns"],
    *,
    behind: Float[Tensor, "3 rows columns"] | None,
) -> Stage:
    """The refined picture, and where it itself shows the person; where that cannot be told, where they were painted."""
    known, found = silhouette(painted), None
    if len(picture) == 4:
        found = silhouette(picture)
    elif behind is not None and len(painted) == 4:
        found = before(on_white(picture), on_white(behind), on_white(over(painted, behind)), known)
    return Stage(
        picture=on_white(picture),
        foreground=known if found is None else found,
        outlined=found is not None,
    )
