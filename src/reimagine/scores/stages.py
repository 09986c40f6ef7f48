"""A frame of a clip as the measures take it: the pictures of each stage over white, and the geometry."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from reimagine.records import Seen
from reimagine.request import InputError
from reimagine.scores.clip import Clip, check_seen, on_white, silhouette


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A frame of one stage, ready to be measured."""

    picture: Float[NDArray[np.float32], "height width 3"]
    foreground: Bool[NDArray[np.bool_], "height width"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """All that is read of a frame, so that it can be measured while the next one is read."""

    frame: int
    stages: Mapping[str, Stage]
    final: Float[Tensor, "channels height width"]
    """The last stage's picture as it is."""
    seen: Seen | None
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
    painted = silhouette(pictures["frames"])
    if not painted.any():
        raise InputError(
            f"{clip.name}: frame {frame} shows nobody (its mask is empty); expected a person in every frame. "
            "Look at the frame, and make the run again."
        )
    stages = {
        # Refined pictures may lie over any background; what was painted is where it was before.
        stage: Stage(
            picture=on_white(picture),
            foreground=silhouette(picture) if len(picture) == 4 else painted,
        )
        for stage, picture in pictures.items()
    }
    anchor = None if clip.anchor is None else clip.anchor(frame)
    anchor_stage = None
    if clip.anchor is clip.painted:
        anchor_stage = stages["frames"]
    elif anchor is not None:
        anchor_stage = Stage(picture=on_white(anchor), foreground=silhouette(anchor))
    return Now(
        frame=frame,
        stages=stages,
        final=list(pictures.values())[-1],
        seen=seen,
        anchor=anchor,
        anchor_stage=anchor_stage,
        true=None if clip.truth is None else clip.truth(frame),
        joints=None if clip.joints is None else clip.joints(frame),
    )
