"""All measures that need no weights, of one clip, frame by frame: nothing is kept but the last frame and the numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reimagine.body.model import JOINTS
from reimagine.scores.clip import Clip, check_clip
from reimagine.scores.control import Control
from reimagine.scores.figures import RELATIVE, Figure, figure
from reimagine.scores.likeness import Laid, lay
from reimagine.scores.rows import (
    add,
    add_changes,
    add_colours,
    add_control,
    add_fidelity,
    add_likeness,
)
from reimagine.scores.sharpness import sharpness
from reimagine.scores.stages import Now, look_at
from reimagine.scores.steadiness import drift
from reimagine.workers import workers

LOST = 0.02
"""Share of the joints in sight that may be lost without a word."""
STEADIER = ("warping_error.change", "warping_error_optical.change", "flicker.change")
BLURRED = 0.1
"""Share of the sharpness whose loss is told beside a gain in steadiness; what `flow` takes off is up to 3 per cent."""
Tell = Callable[[int, int], None]
"""Told how many frames of how many are done."""


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
    """Mean displacement of each joint that was in sight at all; NaN where it was never found again."""
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
    "control.joints_found": _Kind(unit="share", better="higher"),
    "control.view_deg": _Kind(unit="degrees", better="lower"),
    "control.silhouette_iou": _Kind(unit="share", better="higher"),
    "control.boundary_mm": _Kind(unit="mm", better="lower"),
    "fidelity.psnr_db": _Kind(unit="dB", better="higher"),
    "fidelity.ssim": _Kind(unit="-1..1", better="higher"),
    "fidelity.ms_ssim": _Kind(unit="0..1", better="higher"),
    "likeness.psnr_db": _Kind(unit="dB", better="higher"),
    "likeness.ssim": _Kind(unit="-1..1", better="higher"),
}
"""Unit and direction of each measure; the first five exist for frames, refined, and their change, those of likeness for
each photo, such as likeness.front_ssim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gathered:
    """The numbers so far."""

    rows: dict[str, list[float]]
    colours: dict[str, list[NDArray[np.float64]]]
    joints: list[Control]


def score_clip(clip: Clip, *, tell: Tell | None = None) -> Scores:
    """Steadiness, sharpness, and, where the geometry is known, control and likeness.

    Raises:
        InputError: for a clip of one frame, of several sizes, without a person, or with conditions that are not finite.
    """
    check_clip(clip)
    gathered = _Gathered(rows={}, colours={}, joints=[])
    photos = lay(clip.person) if clip.person is not None else ()
    # Two threads measure while a third reads what comes next; only that one calls the clip.
    with workers(3) as pool:
        before, coming = None, pool.submit(look_at, clip, 0)
        for frame in range(clip.frames):
            now = coming.result()
            tasks = [
                pool.submit(_add_moving, gathered, before, now),
                pool.submit(_add_still, gathered, photos, clip.name, now),
            ]
            if frame + 1 < clip.frames:
                coming = pool.submit(look_at, clip, frame + 1)
            for task in tasks:
                task.result()
            before = now
            if tell is not None:
                tell(frame + 1, clip.frames)
    for stage, values in gathered.colours.items():
        gathered.rows[f"colour_drift.{stage}"] = drift(np.stack(values), clip.fps)
    return _scores(clip, gathered.rows, gathered.joints)


def _add_moving(gathered: _Gathered, before: Now | None, now: Now) -> None:
    """What changes from frame to frame, and the sharpness beside which it is read."""
    for stage, shown in now.stages.items():
        add(gathered.rows, f"sharpness.{stage}", sharpness(shown.picture, shown.foreground))
    if before is not None:
        add_changes(gathered.rows, before, now)
    add_colours(gathered.colours, now)


def _add_still(gathered: _Gathered, photos: Sequence[Laid], name: str, now: Now) -> None:
    """What is measured of one frame against the asked, the true and the photographed one; other rows than above."""
    if now.seen is not None:
        gathered.joints.extend(add_control(gathered.rows, now))
    if now.true is not None:
        add_fidelity(gathered.rows, name, now)
    if photos:
        add_likeness(gathered.rows, photos, now)


def _scores(clip: Clip, rows: Mapping[str, list[float]], joints: list[Control]) -> Scores:
    figures: dict[str, Figure] = {}
    for name, values in rows.items():
        kind = _kind(name)
        made = figure(values, unit=kind.unit, better=kind.better, over_time=True)
        figures[name] = replace(made, start=clip.frames - len(values) if "drift" in name else 0)
    for measure in ("warping_error", "warping_error_optical", "flicker", "sharpness"):
        pair = figures.get(f"{measure}.frames"), figures.get(f"{measure}.refined")
        if pair[0] is not None and pair[1] is not None and pair[0].mean > 0:
            figures[f"{measure}.change"] = _relative(pair[0], pair[1])
    if joints:
        figures |= _of_joints(joints, figures)
    return Scores(
        name=clip.name,
        clips=1,
        frames=clip.frames,
        fps=clip.fps,
        figures=marked(dict(sorted(figures.items()))),
        joints_mm=_by_joint(joints),
        notes=(*_notes(clip), *_unseen(clip, rows)),
    )


def _of_joints(joints: list[Control], figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """The displacement with its percentile over all readings, and a warning where joints were not found again."""
    name = "control.displacement_mm"
    known = np.concatenate([one.joints_mm[np.isfinite(one.joints_mm)] for one in joints])
    if not len(known):
        return {}
    lost = sum(int(one.lost.sum()) for one in joints)
    share = lost / (lost + len(known))
    made = replace(figures[name], p95=float(np.percentile(known, 95)))
    if share > LOST:
        warning = (
            f"{100 * share:.0f} % of the joints in sight were not found again, and may be far off"
        )
        made = replace(made, warning=warning)
    return {name: made}


def _by_joint(joints: list[Control]) -> dict[str, float]:
    """Mean displacement by the joint's name; NaN where it was in sight and never found again."""
    means: dict[str, float] = {}
    for joint in range(len(joints[0].lost) if joints else 0):
        known = [x for x in (float(one.joints_mm[joint]) for one in joints) if np.isfinite(x)]
        if known or any(one.lost[joint] for one in joints):
            means[JOINTS[joint]] = float(np.mean(known)) if known else float("nan")
    return means


def marked(figures: Mapping[str, Figure]) -> Mapping[str, Figure]:
    """The figures, with a warning at each gain in steadiness that comes with a loss of sharpness: blur alone brings one."""
    softer = figures.get("sharpness.change")
    if softer is None or not softer.mean < -BLURRED:
        return figures
    warning = (
        f"comes with {-100 * softer.mean:.0f} % less sharpness, and blur alone brings such a gain"
    )
    return {
        name: replace(one, warning=warning) if name in STEADIER and one.mean < 0 else one
        for name, one in figures.items()
    }


def _kind(name: str) -> _Kind:
    group, _, leaf = name.partition(".")
    if group == "likeness":
        return KINDS[f"{group}.{leaf.partition('_')[2]}"]
    return KINDS.get(name) or KINDS[group]


def _relative(first: Figure, second: Figure) -> Figure:
    """Change from the first stage to the second as a share of the first's mean."""
    values = [(b - a) / first.mean for a, b in zip(first.values, second.values, strict=True)]
    return figure(values, unit=RELATIVE, better=first.better, over_time=True)


def _unseen(clip: Clip, rows: Mapping[str, list[float]]) -> tuple[str, ...]:
    """What is told where refined pictures do not show where the person is."""
    overlaps = rows.get("control.silhouette_iou", [])
    if clip.refined is None or not overlaps or np.isfinite(overlaps).any():
        return ()
    return (
        "The silhouette of the refined pictures could not be measured: what lies behind the person is not known, or has "
        "the person's colours. Make the run with `background` transparent, or one of another colour.",
    )


def _notes(clip: Clip) -> tuple[str, ...]:
    if clip.see is None:
        return (
            "No geometry is known of this video: control, and steadiness along exact flow, were not measured. "
            "Give `conditions` RUN to measure them.",
        )
    if clip.anchor is None:
        return (
            "No geometry-anchored rendering is at hand: displacement and viewpoint were not measured.",
        )
    if clip.anchor is clip.painted:
        return (
            "The painted frames are the geometry-anchored rendering itself (`image` atlas): displacement and viewpoint "
            "show what the refiner moved, not how well the images follow the request.",
        )
    return ()
