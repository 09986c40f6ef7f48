"""All measures that need no weights, of one clip, frame by frame: nothing is kept but the last frame and the numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from reimagine.body.model import JOINTS
from reimagine.records import Seen
from reimagine.request import InputError
from reimagine.scores.clip import (
    Clip,
    Read,
    check_clip,
    check_seen,
    on_white,
    silhouette,
    two_frames,
)
from reimagine.scores.control import BODY_JOINTS, control
from reimagine.scores.fidelity import fidelity
from reimagine.scores.figures import Figure, figure
from reimagine.scores.outline import compare
from reimagine.scores.sharpness import sharpness
from reimagine.scores.steadiness import change, drift, mean_colour, mesh_carry, optical_carry

Tell = Callable[[int, int], None]
"""Told how many frames of how many are done."""

EQUAL_DB = 100.0
"""PSNR of pictures that are equal, so that it has a mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What was measured of a clip, or of several."""

    name: str
    clips: int
    frames: int
    fps: float
    figures: Mapping[str, Figure]
    """By dotted name, such as control.view_deg; a name is absent where there was nothing to measure it by."""
    joints_mm: Mapping[str, float]
    """Mean displacement of each joint that was seen at all."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    unit: str
    better: str


KINDS: Mapping[str, _Kind] = {
    "warping_error": _Kind(unit="squared difference, 0..1", better="lower"),
    "warping_error_optical": _Kind(unit="squared difference, 0..1", better="lower"),
    "flicker": _Kind(unit="levels of 255", better="lower"),
    "colour_drift": _Kind(unit="CIE76 difference", better="lower"),
    "sharpness": _Kind(unit="squared levels", better="higher"),
    "control.displacement_mm": _Kind(unit="mm", better="lower"),
    "control.displacement_median_mm": _Kind(unit="mm", better="lower"),
    "control.view_deg": _Kind(unit="degrees", better="lower"),
    "control.silhouette_iou": _Kind(unit="share", better="higher"),
    "control.boundary_mm": _Kind(unit="mm", better="lower"),
    "fidelity.psnr_db": _Kind(unit="dB", better="higher"),
    "fidelity.ssim": _Kind(unit="-1..1", better="higher"),
    "fidelity.ms_ssim": _Kind(unit="0..1", better="higher"),
}
"""Unit and direction of each measure; those of neither control nor fidelity exist for frames, refined, and their change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """A frame of one stage, ready to be measured."""

    picture: Float[NDArray[np.float32], "height width 3"]
    foreground: Bool[NDArray[np.bool_], "height width"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """What is kept of a frame until the next one has come."""

    stages: Mapping[str, _Stage]
    seen: Seen | None


def score_clip(clip: Clip, *, seed: int = 0, tell: Tell | None = None) -> Scores:
    """Steadiness, sharpness, and, where the geometry is known, control.

    Raises:
        InputError: for a clip of one frame, of several sizes, without a person, or with conditions that are not finite.
    """
    check_clip(clip)
    rows: dict[str, list[float]] = {}
    colours: dict[str, list[NDArray[np.float64]]] = {}
    joints: list[NDArray[np.float64]] = []
    before: _Now | None = None
    for frame in range(clip.frames):
        now = _look(clip, frame)
        for stage, shown in now.stages.items():
            _add(rows, f"sharpness.{stage}", sharpness(shown.picture, shown.foreground))
        if before is not None:
            _add_changes(rows, before, now)
        _add_colours(colours, clip, frame, now)
        if now.seen is not None:
            joints.extend(_add_control(rows, clip, frame, now))
        if clip.truth is not None:
            _add_fidelity(rows, clip, clip.truth, frame)
        before = now
        if tell is not None:
            tell(frame + 1, clip.frames)
    for stage, values in colours.items():
        rows[f"colour_drift.{stage}"] = drift(np.stack(values), clip.fps)
    return _scores(clip, rows, joints, seed)


def _scores(
    clip: Clip, rows: Mapping[str, list[float]], joints: list[NDArray[np.float64]], seed: int
) -> Scores:
    figures: dict[str, Figure] = {}
    block = max(1, round(clip.fps))
    for name, values in rows.items():
        kind = KINDS.get(name) or KINDS[name.split(".")[0]]
        made = figure(values, unit=kind.unit, better=kind.better, seed=seed, block=block)
        figures[name] = replace(made, start=clip.frames - len(values) if "drift" in name else 0)
    for measure in ("warping_error", "warping_error_optical", "flicker", "sharpness"):
        pair = figures.get(f"{measure}.frames"), figures.get(f"{measure}.refined")
        if pair[0] is not None and pair[1] is not None and pair[0].mean > 0:
            figures[f"{measure}.change"] = _relative(pair[0], pair[1], seed, block)
    by_joint: dict[str, float] = {}
    if joints:
        table = np.stack(joints)
        known = table[np.isfinite(table)]
        if len(known):
            name = "control.displacement_mm"
            figures[name] = replace(figures[name], p95=float(np.percentile(known, 95)))
        for joint, column in enumerate(table.T):
            seen = column[np.isfinite(column)]
            if len(seen):
                by_joint[JOINTS[joint]] = float(seen.mean())
    return Scores(
        name=clip.name,
        clips=1,
        frames=clip.frames,
        fps=clip.fps,
        figures=dict(sorted(figures.items())),
        joints_mm=by_joint,
        notes=_notes(clip),
    )


def _relative(first: Figure, second: Figure, seed: int, block: int) -> Figure:
    """Change from the first stage to the second as a share of the first's mean."""
    values = [(b - a) / first.mean for a, b in zip(first.values, second.values, strict=True)]
    better = first.better
    return figure(values, unit="share of frames/", better=better, seed=seed, block=block)


def _notes(clip: Clip) -> tuple[str, ...]:
    if clip.see is None:
        return (
            "No geometry is known of this video: control, and steadiness along exact flow, were not measured. "
            "Give --conditions RUN to measure them.",
        )
    if clip.anchor is None:
        return (
            "No geometry-anchored rendering is at hand: displacement and viewpoint were not measured.",
        )
    return ()


def _look(clip: Clip, frame: int) -> _Now:
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
        stage: _Stage(
            picture=on_white(picture),
            foreground=silhouette(picture) if len(picture) == 4 else painted,
        )
        for stage, picture in pictures.items()
    }
    return _Now(stages=stages, seen=seen)


def _add(rows: dict[str, list[float]], name: str, value: float) -> None:
    rows.setdefault(name, []).append(value)


def _add_changes(rows: dict[str, list[float]], before: _Now, now: _Now) -> None:
    """Warping errors and flicker of a pair; every stage is carried along the flow of the first (Lai et al.)."""
    first, second = before.stages["frames"], now.stages["frames"]
    carries = {
        "warping_error_optical": optical_carry(first.picture, second.picture, first.foreground)
    }
    if before.seen is not None and now.seen is not None:
        carries["warping_error"] = mesh_carry(two_frames(before.seen, now.seen))
    for stage in now.stages:
        pair = before.stages[stage].picture, now.stages[stage].picture
        for name, carry in carries.items():
            changed = change(*pair, carry)
            _add(rows, f"{name}.{stage}", changed.squared)
            if name == "warping_error" or len(carries) == 1:
                _add(rows, f"flicker.{stage}", changed.absolute)


def _add_colours(
    colours: dict[str, list[NDArray[np.float64]]], clip: Clip, frame: int, now: _Now
) -> None:
    """Mean colour of each stage; less the anchored rendering's where there is one.

    What turns into view then drops out; an anchor that is the stage itself would make it nothing, so it is not taken.
    """
    for stage, shown in now.stages.items():
        foreground = shown.foreground
        own = mean_colour(shown.picture, foreground)
        read = clip.painted if stage == "frames" else clip.refined
        if clip.anchor is not None and clip.anchor is not read:
            anchor = clip.anchor(frame)
            foreground = foreground & silhouette(anchor)
            own = mean_colour(shown.picture, foreground) - mean_colour(on_white(anchor), foreground)
        elif clip.anchor is not None:
            continue
        colours.setdefault(stage, []).append(own)


def _add_control(
    rows: dict[str, list[float]], clip: Clip, frame: int, now: _Now
) -> list[NDArray[np.float64]]:
    """Control of the last stage, whose joints' displacements come back; none without an anchor."""
    assert now.seen is not None
    last = list(now.stages.values())[-1]
    asked = (now.seen.raster.face[0] >= 0).cpu().numpy()
    outline = compare(last.foreground, asked)
    depth = now.seen.raster.depth[0]
    depth = depth[depth.isfinite()]
    millimetres = float("nan")
    if len(depth):
        focal = float(now.seen.camera.K[0].diagonal()[:2].prod().sqrt())
        millimetres = float(depth.median()) / focal * 1000
    _add(rows, "control.silhouette_iou", outline.iou)
    _add(rows, "control.boundary_mm", outline.distance_px * millimetres)
    if clip.anchor is None or clip.joints is None:
        return []
    anchor = clip.anchor(frame)
    if clip.anchor is clip.painted and clip.refined is None:
        return []
    picture = (clip.refined or clip.painted)(frame)
    found = control(
        last.picture, _behind(anchor, picture), now.seen, clip.joints(frame)[:BODY_JOINTS]
    )
    known = found.joints_mm[np.isfinite(found.joints_mm)]
    _add(rows, "control.displacement_mm", float(known.mean()) if len(known) else float("nan"))
    median = float(np.median(known)) if len(known) else float("nan")
    _add(rows, "control.displacement_median_mm", median)
    _add(rows, "control.view_deg", found.view_deg)
    return [found.joints_mm]


def _add_fidelity(rows: dict[str, list[float]], clip: Clip, truth: Read, frame: int) -> None:
    """Likeness of the last stage to the truth; equal pictures count as `EQUAL_DB`."""
    picture, true = (clip.refined or clip.painted)(frame), truth(frame)
    shown = silhouette(true)
    if not shown.any():
        raise InputError(
            f"{clip.name}: the true picture of frame {frame} shows nobody; expected a person. Check --truth."
        )
    found = fidelity(_behind(picture, true), _behind(true, picture), shown)
    _add(rows, "fidelity.psnr_db", min(found.psnr_db, EQUAL_DB))
    _add(rows, "fidelity.ssim", found.ssim)
    _add(rows, "fidelity.ms_ssim", found.ms_ssim)


def _behind(anchor: torch.Tensor, picture: torch.Tensor) -> Float[NDArray[np.float32], "h w 3"]:
    """The anchored rendering over what lies behind the person in the picture: white, or its border's colour."""
    if len(anchor) == 3 or len(picture) == 4:
        return on_white(anchor)
    border = torch.cat([picture[:, 0], picture[:, -1], picture[..., 0], picture[..., -1]], dim=1)
    colour = border.median(dim=1).values[:, None, None]
    return on_white(anchor[:3] * anchor[3:] + colour * (1 - anchor[3:]))
