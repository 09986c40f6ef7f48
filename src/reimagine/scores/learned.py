"""The measures that need the user's networks, of clips and of sets of them: LPIPS, identity, FID, KID, FVD."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.cameras.project import project
from reimagine.errors import InputError
from reimagine.records import Part, Person, SurfaceView
from reimagine.scores.clip import Clip, Read, on_white, silhouette
from reimagine.scores.figures import Figure, figure
from reimagine.scores.likeness import Laid, carry, lay
from reimagine.scores.measure import Scores
from reimagine.scores.networks import face_embedding, perceptual_distance
from reimagine.scores.perceptual import (
    CLIP_FRAMES,
    LEAST_KID,
    Rows,
    features,
    features_of_clips,
    frechet,
    kid,
    too_few,
)

MARGIN = 8
"""Pixels around the person that LPIPS sees."""
FACE_MARGIN = 1.4
"""Side of the crop around a face as a share of the face's larger side."""
LEAST_FACE = 20
"""Pixels a face has to be high."""
FACE_SHARE = 0.4
"""How much of the face that the frame shows has to be in the front photo too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """The user's; None where none was given."""

    fid: torch.jit.ScriptModule | None = None
    lpips: torch.jit.ScriptModule | None = None
    identity: torch.jit.ScriptModule | None = None
    fvd: torch.jit.ScriptModule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A real video."""

    frames: int
    read: Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """What distributions are compared with."""

    pictures: Callable[[], Iterable[Float[Tensor, "channels height width"]]]
    videos: Callable[[], Iterable[Video]]


def with_pairs(scores: Scores, clip: Clip, networks: Networks) -> Scores:
    """The scores of a clip with LPIPS and identity, where their networks were given.

    Raises:
        InputError: where there is nothing to compare with, or no frame shows the face.
    """
    rows: dict[str, list[float]] = {}
    if networks.lpips is not None:
        rows |= _lpips(networks.lpips, clip)
    if networks.identity is not None:
        rows["perceptual.identity"] = _identity(networks.identity, clip)
    made = {
        name: figure(values, unit="-", better=_better(name), over_time=True)
        for name, values in rows.items()
    }
    return replace(scores, figures={**scores.figures, **made})


def with_sets(scores: Scores, clips: Sequence[Clip], networks: Networks, real: Real) -> Scores:
    """The scores of one or several clips with FID, KID and FVD, where their networks were given.

    FID is left out with a note where there are enough pictures for KID alone.

    Raises:
        InputError: for too few samples, with the number needed.
    """
    made: dict[str, Figure] = {}
    notes: list[str] = []
    if networks.fid is not None:
        count = sum(clip.frames for clip in clips)
        if missing := too_few("KID", count, LEAST_KID):
            raise InputError(missing)
        true = features(networks.fid, _plain(real.pictures()))
        painted = features(networks.fid, _plain(_finals(clips)))
        made["perceptual.kid"] = _single(kid(painted, true))
        missing = too_few("FID", min(len(painted), len(true)), painted.shape[1] + 1)
        if missing:
            notes.append(f"FID was left out: {missing}")
        else:
            made["perceptual.fid"] = _single(frechet(painted, true))
    if networks.fvd is not None:
        made["perceptual.fvd"] = _single(_fvd(networks.fvd, clips, real))
    return replace(scores, figures={**scores.figures, **made}, notes=(*scores.notes, *notes))


def _better(name: str) -> str:
    return "higher" if name.endswith("identity") else "lower"


def _single(value: float) -> Figure:
    """A figure of all samples together: it has no values of its own a frame."""
    return figure([value], unit="-", better="lower", over_time=False)


def _final(clip: Clip) -> Read:
    return clip.refined or clip.painted


def _finals(clips: Sequence[Clip]) -> Iterator[Float[Tensor, "channels height width"]]:
    for clip in clips:
        for frame in range(clip.frames):
            yield _final(clip)(frame)


def _plain(
    pictures: Iterable[Float[Tensor, "channels height width"]],
) -> Iterator[Float[Tensor, "3 height width"]]:
    for picture in pictures:
        yield _over_white(picture)


def _over_white(picture: Float[Tensor, "channels height width"]) -> Float[Tensor, "3 height width"]:
    return torch.from_numpy(on_white(picture)).permute(2, 0, 1)


def _fvd(network: torch.jit.ScriptModule, clips: Sequence[Clip], real: Real) -> float:
    def rows(videos: Iterable[Video]) -> Rows:
        found = [
            row
            for video in videos
            for row in features_of_clips(
                network, lambda k, read=video.read: _over_white(read(k)), video.frames
            )
        ]
        if not found:
            raise InputError(
                f"FVD got no clip of {CLIP_FRAMES} frames; expected several in each set. "
                "Give longer runs, and longer videos in `real`."
            )
        return np.concatenate(found)

    painted = rows(Video(frames=clip.frames, read=_final(clip)) for clip in clips)
    return frechet(painted, rows(real.videos()), name="FVD")


def _lpips(network: torch.jit.ScriptModule, clip: Clip) -> Mapping[str, list[float]]:
    """The last stage against the truth, and against what had been painted, on the crop around the person."""
    others: dict[str, Read] = {}
    if clip.truth is not None:
        others["perceptual.lpips_truth"] = clip.truth
    if clip.refined is not None:
        others["perceptual.lpips_frames"] = clip.painted
    if not others:
        raise InputError(
            f"`lpips_weights` came with {clip.name}, which has neither true pictures nor a refined stage to compare; "
            "expected one of them. Give `truth`."
        )
    rows: dict[str, list[float]] = {name: [] for name in others}
    for frame in range(clip.frames):
        picture = _over_white(_final(clip)(frame))
        for name, read in others.items():
            other = read(frame)
            top, bottom, left, right = _around(silhouette(other))
            crops = (one[:, top:bottom, left:right] for one in (picture, _over_white(other)))
            rows[name].append(perceptual_distance(network, *crops))
    return rows


def _around(shown: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        return 0, shown.shape[0], 0, shown.shape[1]
    top, left = max(int(rows[0]) - MARGIN, 0), max(int(columns[0]) - MARGIN, 0)
    return top, int(rows[-1]) + 1 + MARGIN, left, int(columns[-1]) + 1 + MARGIN


def _identity(network: torch.jit.ScriptModule, clip: Clip) -> list[float]:
    """Cosine between the embeddings of the painted face and of the front photo's; NaN where the face is not seen."""
    if clip.person is None or clip.see is None:
        raise InputError(
            f"`identity_weights` came with {clip.name}, whose person is not known; expected a run. Give `conditions`."
        )
    person = clip.person
    photo = next((k for k, one in enumerate(person.photos) if one.side == "front"), 0)
    chosen = (person.part == Part.FACE) & (person.photo_weight[photo] > 0.5)
    if not bool(chosen.any()):
        raise InputError(f"`identity_weights`: no photo of {clip.name} shows a face; expected one.")
    cut_out = torch.cat([person.photos[photo].rgb, person.photos[photo].alpha[None]])
    own = _square(_over_white(cut_out), person.photo_xy[photo][chosen])
    reference = face_embedding(network, own)
    laid = lay(person)[photo]
    values: list[float] = []
    for frame in range(clip.frames):
        seen = clip.see(frame, frame + 1)
        pixels = project(seen.camera, seen.verts)[0][chosen]
        if not _shows_face(person, laid, seen, pixels):
            values.append(float("nan"))
            continue
        face = _square(_over_white(_final(clip)(frame)), pixels)
        values.append(float(face_embedding(network, face) @ reference))
    if not np.isfinite(values).any():
        raise InputError(
            f"`identity_weights`: no frame of {clip.name} shows the face {LEAST_FACE} pixels high; expected one. "
            "Make larger pictures, or turn the camera to the front."
        )
    return values


def _shows_face(
    person: Person, laid: Laid, seen: SurfaceView, pixels: Float[Tensor, "points 2"]
) -> bool:
    """Whether the frame shows enough of what the photo shows of the face."""
    corner = seen.faces[seen.raster.face[0].clamp_min(0).long(), 0].long()
    face = (person.part[corner] == Part.FACE) & (seen.raster.face[0] >= 0)
    shown = carry(laid, seen).shown & face.numpy()
    high = float(pixels[:, 1].max() - pixels[:, 1].min())
    return high >= LEAST_FACE and int(shown.sum()) > FACE_SHARE * max(int(face.sum()), 1)


def _square(
    picture: Float[Tensor, "3 height width"], pixels: Float[Tensor, "points 2"]
) -> Float[Tensor, "3 side side"]:
    """A square around the points with a margin; beyond the picture its border goes on."""
    low, high = pixels.amin(0), pixels.amax(0)
    middle, side = (low + high) / 2, max(4, round(float((high - low).max()) * FACE_MARGIN))
    left, top = (round(float(value) - side / 2) for value in middle)
    rows = torch.arange(top, top + side).clamp(0, picture.shape[1] - 1)
    columns = torch.arange(left, left + side).clamp(0, picture.shape[2] - 1)
    return picture[:, rows[:, None], columns]
