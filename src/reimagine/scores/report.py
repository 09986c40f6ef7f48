"""scores.json and the table for papers."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reimagine.errors import worded
from reimagine.scores.figures import RELATIVE, Figure, figure
from reimagine.scores.measure import Scores, marked

SCHEMA = "reimagine.scores/1"
FIRST = (
    *("warping_error", "warping_error_optical", "flicker", "colour_drift", "sharpness"),
    *("control", "fidelity", "likeness", "perceptual"),
)
"""Order of the measures in tables."""


def scores_json(scores: Scores, *, versions: Mapping[str, str]) -> str:
    """All of it as JSON. Numbers that do not exist are null; the file is valid for every reader."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "name": scores.name,
        "clips": scores.clips,
        "frames": scores.frames,
        "fps": scores.fps,
        "versions": dict(versions),
        "notes": [worded(note) for note in scores.notes],
    }
    for name, one in scores.figures.items():
        place = content
        *parents, leaf = name.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = {
            "mean": _number(one.mean),
            "p95": _number(one.p95),
            "interval": [_number(one.interval.low), _number(one.interval.high)],
            "no_interval": one.interval.missing,
            "warning": one.warning,
            "unit": one.unit,
            "better": one.better,
            "first_frame": one.start,
            "values": [_number(value) for value in one.values],
        }
    if scores.joints_mm:
        control = content.setdefault("control", {})
        control["joints_mm"] = {k: _number(v) for k, v in scores.joints_mm.items()}
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def pool(all_scores: Sequence[Scores], *, name: str) -> Scores:
    """Several clips as one: each figure's values are the clips' means, its interval one over clips."""
    names = sorted({key for scores in all_scores for key in scores.figures})
    figures: dict[str, Figure] = {}
    for key in names:
        clips = [scores.figures[key] for scores in all_scores if key in scores.figures]
        means = [one.mean for one in clips]
        figures[key] = figure(means, unit=clips[0].unit, better=clips[0].better, over_time=False)
    joints = sorted({key for scores in all_scores for key in scores.joints_mm})
    return Scores(
        name=name,
        clips=len(all_scores),
        frames=sum(scores.frames for scores in all_scores),
        fps=all_scores[0].fps,
        figures=marked(figures),
        joints_mm={
            joint: _mean([s.joints_mm[joint] for s in all_scores if joint in s.joints_mm])
            for joint in joints
        },
        notes=tuple(dict.fromkeys(note for scores in all_scores for note in scores.notes)),
    )


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def ordered(scores: Sequence[Scores]) -> list[str]:
    """Names of all figures in the order of tables."""
    names = {key for one in scores for key in one.figures}
    rank = {first: index for index, first in enumerate(FIRST)}
    return sorted(names, key=lambda name: (rank.get(name.split(".")[0], len(FIRST)), name))


def markdown(scores: Sequence[Scores]) -> str:
    """A table with a row a measure and a column a run: mean, and interval in brackets; below it what must be known."""
    head = "| measure | unit | better | " + " | ".join(_text(one.name) for one in scores) + " |"
    lines = [head, "|---|---|---|" + "---|" * len(scores)]
    for name in ordered(scores):
        known = next(one.figures[name] for one in scores if name in one.figures)
        cells = [cell(one.figures.get(name)) for one in scores]
        lines.append(f"| {name} | {unit(known)} | {known.better} | " + " | ".join(cells) + " |")
    told = [f"- {_text(f'{one.name}: {line}')}" for one in scores for line in remarks(one)]
    return "\n".join([*lines, *([""] if told else []), *told]) + "\n"


def remarks(scores: Scores) -> list[str]:
    """A line for each reason why figures have no interval, and for each warning, with the figures that it is about."""
    about: dict[str, list[str]] = {}
    for name, one in scores.figures.items():
        if one.interval.missing and math.isfinite(one.mean) and len(one.values) > 1:
            about.setdefault(f"No interval: {one.interval.missing}", []).append(name)
        if one.warning:
            about.setdefault(f"(!) {one.warning}", []).append(name)
    return [f"{reason} ({', '.join(names)})." for reason, names in about.items()]


def printable(name: str) -> str:
    """A name as it can be shown anywhere: one line, without control characters or bytes that are no text."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name
    )


def _text(line: str) -> str:
    """As Markdown shows it letter by letter, within a table too."""
    return re.sub(r"([\\`*_{}\[\]<>|~&#$!])", r"\\\1", printable(line))


def cell(one: Figure | None) -> str:
    """Mean and interval in brackets, in as many digits as a reader can use."""
    if one is None or not math.isfinite(one.mean):
        return "-"
    mean = value_in(one, one.mean) + (" (!)" if one.warning else "")
    if one.interval.missing:
        return mean
    low, high = (value_in(one, edge) for edge in (one.interval.low, one.interval.high))
    return f"{mean} [{low}, {high}]"


def unit(one: Figure) -> str:
    """The unit as tables have it."""
    return "%" if one.unit == RELATIVE else one.unit


def value_in(one: Figure, value: float) -> str:
    """A number in the figure's `unit`; changes with their sign."""
    if one.unit == RELATIVE and math.isfinite(value):
        return f"{round(100 * value, 1) + 0.0:+.1f}"  # adding nothing turns -0.0 into +0.0
    return number(value)


def number(value: float) -> str:
    """Three significant digits; thousands in full."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
