"""report.html: one page that needs nothing beside it, with figures, plots over time and the worst frames."""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

import cv2
import numpy as np
from jaxtyping import Float
from torch import Tensor

from reimagine.errors import worded
from reimagine.scores.clip import on_white
from reimagine.scores.figures import Figure
from reimagine.scores.measure import Scores
from reimagine.scores.report import cell, number, ordered, printable, remarks, unit, value_in

Show = Callable[[int], Float[Tensor, "channels height width"]]
"""The final picture of a frame."""

COLOURS = ("var(--c0)", "var(--c1)", "var(--c2)", "var(--c3)")
"""Lines of a plot; told apart by the colour-blind too (after Paul Tol's schemes)."""
TITLES: Mapping[str, str] = {
    "warping_error": "Warping error",
    "warping_error_optical": "Warping error along optical flow",
    "flicker": "Flicker",
    "colour_drift": "Colour drift",
    "sharpness": "Sharpness",
    "control.displacement_mm": "Displacement of the joints",
    "control.displacement_median_mm": "Displacement of the median joint",
    "control.joints_found": "Share of the joints in sight that were found again",
    "control.view_deg": "Turn by camera and pose together",
    "control.silhouette_iou": "Overlap of the silhouettes",
    "control.boundary_mm": "Distance of the outlines",
    "likeness.front_psnr_db": "Likeness to the front photo (PSNR)",
    "likeness.front_ssim": "Likeness to the front photo (SSIM)",
    "likeness.back_psnr_db": "Likeness to the back photo (PSNR)",
    "likeness.back_ssim": "Likeness to the back photo (SSIM)",
    "fidelity.psnr_db": "Likeness to the true pictures (PSNR)",
    "fidelity.ssim": "Likeness to the true pictures (SSIM)",
    "fidelity.ms_ssim": "Likeness to the true pictures (MS-SSIM)",
}
STAGES: Mapping[str, str] = {
    "frames": "as painted",
    "refined": "after refinement",
    "change": "change by refinement",
}
_APART = ("control.", "fidelity.", "likeness.", "perceptual.")
"""Measures that have a plot each."""
WORST = 3
THUMB = 260
"""Height of a shown frame in pixels."""

_STYLE = """
:root{color-scheme:light dark;--ink:#222;--soft:#5a5a5a;--line:#ddd;--back:#fff;--plot:#fafafa;
--c0:#1965b0;--c1:#c0060a;--c2:#23803a;--c3:#882e72}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--soft:#a8a8a8;--line:#3c3c3c;--back:#161616;--plot:#1f1f1f;
--c0:#7bafde;--c1:#f4756b;--c2:#90c987;--c3:#d6a5cd}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:var(--ink);
background:var(--back);overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:1rem 0;overflow-wrap:normal}
td,th{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{border-bottom-width:2px}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
small,.q{color:var(--soft)}small{display:block}td.n{white-space:nowrap}figure{display:inline-block;margin:.5rem .5rem .5rem 0}
figcaption{font-size:.85rem;color:var(--soft)}figure img{display:block;border:1px solid var(--line)}
svg{max-width:100%;height:auto;background:var(--plot);border:1px solid var(--line)}
svg text{font-size:12px;fill:var(--soft)}h2{margin:2rem 0 0;font-size:1.25rem}
.key span{margin-right:1.2rem;font-weight:600}
"""
ABOUT: Mapping[str, str] = {
    "warping_error": "How much the surface's colours change from frame to frame, along the exact flow of the mesh "
    "(Lai et al., ECCV 2018, on the person alone). Read it beside sharpness: blur lowers it.",
    "warping_error_optical": "The same along optical flow (DIS) of frames/.",
    "flicker": "The mean absolute change along the flow.",
    "colour_drift": "Colour of the last second against the first.",
    "sharpness": "Variance of the Laplacian within the person.",
    "control": "How far the painted person is from the asked one: see docs/metrics.md for the floor of each measure.",
    "likeness": "The person's own photo, carried through the surface onto the frame, against the final picture, where "
    "the photo really shows the place. Gaps: frames that see another side.",
    "perceptual": "By the networks that were given: see docs/metrics.md.",
    "fidelity": "Likeness of the final pictures to the true ones, on the crop around the true person.",
}


def page(scores: Sequence[Scores], shows: Sequence[Show | None]) -> str:
    """The page for one run, or for several side by side; `shows` gives their final pictures."""
    title = " against ".join(_text(one.name) for one in scores)
    parts = [f"<h1>Scores of {title}</h1>"]
    for one in scores:
        clips = f"{one.clips} clips, " if one.clips > 1 else ""
        parts.append(
            f"<p>{_text(one.name)}: {clips}{one.frames} frames at {one.fps:g} per second.</p>"
        )
        parts += [f"<p class=q>{_text(worded(note))}</p>" for note in (*one.notes, *remarks(one))]
    parts += [_table(scores), _joints(scores)]
    groups: dict[str, list[str]] = {}
    for name in ordered(scores):
        if not name.endswith(".change") and _plotted(name, scores):
            plot = name if name.startswith(_APART) else name.split(".")[0]
            groups.setdefault(plot, []).append(name)
    for plot, names in groups.items():
        parts.append(_section(plot, names, scores, shows))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>Scores of {title}</title>'
        f"<style>{_STYLE}</style>{''.join(parts)}</html>\n"
    )


def _text(name: str) -> str:
    """A name as HTML shows it letter by letter, within an attribute too."""
    return escape(printable(name))


def _plotted(name: str, scores: Sequence[Scores]) -> bool:
    """Whether a measure has more than one value to plot."""
    return any(len(one.figures[name].values) > 1 for one in scores if name in one.figures)


def _table(scores: Sequence[Scores]) -> str:
    head = "".join(f"<th class=n>{_text(one.name)}<th class=n>95th percentile" for one in scores)
    rows = []
    for name in ordered(scores):
        known = next(one.figures[name] for one in scores if name in one.figures)
        cells = "".join(
            f"<td class=n>{_two_lines(cell(one.figures.get(name)))}<td class=n>{_p95(one.figures.get(name))}"
            for one in scores
        )
        rows.append(
            f"<tr><td>{escape(title(name))}<small>{escape(name)}</small>{cells}"
            f"<td>{escape(unit(known))}<td>{escape(known.better)}"
        )
    return (
        f"<div class=wide><table><tr><th>measure{head}<th>unit<th>better{''.join(rows)}</table></div>"
        "<p class=q>Mean, and below it the 95 % interval, where one holds. The 95th percentile lies on the bad side: "
        "5 % of the values are worse.</p>"
    )


def title(name: str) -> str:
    """A measure in words: the dotted name itself, where none are known."""
    whole, (group, _, leaf) = TITLES.get(name), name.partition(".")
    if whole is not None:
        return whole
    if group in TITLES and leaf in STAGES:
        return f"{TITLES[group]}, {STAGES[leaf]}"
    return name


def _two_lines(text: str) -> str:
    mean, bracket, interval = text.partition("[")
    return f"{mean}<small>{bracket}{interval}</small>" if bracket else text


def _p95(one: Figure | None) -> str:
    return "-" if one is None else value_in(one, one.p95)


def _joints(scores: Sequence[Scores]) -> str:
    names = list(dict.fromkeys(name for one in scores for name in one.joints_mm))
    if not names:
        return ""
    head = "".join(f"<th class=n>{_text(one.name)}, mm" for one in scores)
    rows = "".join(
        f"<tr><td>{escape(name)}" + "".join(f"<td class=n>{_joint(one, name)}" for one in scores)
        for name in names
    )
    return f"<details><summary>Displacement of each joint</summary><div class=wide><table><tr><th>joint{head}{rows}</table></div></details>"


def _joint(scores: Scores, name: str) -> str:
    if name not in scores.joints_mm:
        return "-"
    value = scores.joints_mm[name]
    return number(value) if math.isfinite(value) else "not found"


def _section(
    plot: str, names: Sequence[str], scores: Sequence[Scores], shows: Sequence[Show | None]
) -> str:
    lines: list[tuple[str, Figure]] = []
    for one in scores:
        for name in names:
            if name in one.figures:
                stage = name.removeprefix(plot).lstrip(".")
                label = STAGES.get(stage, stage)
                if len(scores) > 1 or not label:
                    label = f"{one.name}, {label}".removesuffix(", ")
                lines.append((label, one.figures[name]))
    axis = "clip" if scores[0].clips > 1 else "frame"
    first = lines[0][1]
    parts = [f"<h2>{escape(title(plot))}</h2><p class=q>{ABOUT.get(plot.split('.')[0], '')}</p>"]
    parts.append(curves(lines, axis, f"{unit(first)} ({first.better} is better)"))
    for one, show in zip(scores, shows, strict=True):
        final = next((n for n in reversed(names) if n in one.figures), None)
        if show is not None and final is not None and one.clips == 1:
            parts.append(_worst(one, one.figures[final], show))
    return "".join(parts)


def _worst(scores: Scores, one: Figure, show: Show) -> str:
    """The frames where the measure is worst."""
    figures = []
    for frame in worst_frames(one):
        value = one.values[frame - one.start]
        figures.append(
            f'<figure><img src="data:image/jpeg;base64,{_thumb(show(frame))}" alt="frame {frame}">'
            f"<figcaption>frame {frame}: {number(value)}</figcaption></figure>"
        )
    about = f"Worst frames of {_text(scores.name)} ({escape(unit(one))})"
    return f"<div>{about}<br>{''.join(figures)}</div>" if figures else ""


def worst_frames(one: Figure, most: int = WORST) -> list[int]:
    """Frames with the worst values, worst first, those without a value left out."""
    sign = 1 if one.better == "higher" else -1
    known = [(sign * v, k + one.start) for k, v in enumerate(one.values) if math.isfinite(v)]
    return [frame for _, frame in sorted(known)[:most]]


def curves(lines: Sequence[tuple[str, Figure]], axis: str, upright: str = "") -> str:
    """The values over time as inline SVG below a key; gaps where there is none. `upright` is on the upright axis."""
    width, height, left, top, bottom = 720, 240, 64, 26, 34
    known = [v for _, one in lines for v in one.values if math.isfinite(v)]
    if not known:
        return "<p class=q>Nothing to plot.</p>"
    low, high = min(0.0, *known), max(known)
    if min(known) > 0.5 * high:
        low = min(known)
    high = high if high > low else low + 1
    last = max(max(one.start + len(one.values) - 1 for _, one in lines), 1)

    def at(index: float, value: float) -> str:
        x = left + (width - left - 12) * index / last
        y = top + (height - bottom - top) * (1 - (value - low) / (high - low))
        return f"{x:.1f},{y:.1f}"

    key = "".join(
        f'<span style="color:{COLOURS[k % len(COLOURS)]}">{_text(label)}</span>'
        for k, (label, _) in enumerate(lines)
    )
    parts = [
        f'<div class=key>{key}</div><svg viewBox="0 0 {width} {height}" width="{width}" role="img">'
        f'<text x="4" y="15">{escape(upright)}</text>'
    ]
    for value in np.linspace(low, high, 4):
        place = at(0, value).split(",")[1]
        parts.append(
            f'<path d="M{left},{place}H{width - 12}" stroke="var(--line)"/><text x="{left - 6}" y="{place}" dy="4" '
            f'text-anchor="end">{number(float(value))}</text>'
        )
    for index in range(0, last + 1, -(-last // 8)):
        x = at(index, low).split(",")[0]
        parts.append(f'<text x="{x}" y="{height - 16}" text-anchor="middle">{index}</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 2}" text-anchor="middle">{axis}</text>')
    for number_of, (_, one) in enumerate(lines):
        colour = COLOURS[number_of % len(COLOURS)]
        d, pen = "", "M"
        for index, value in enumerate(one.values):
            pen, d = (
                ("L", d + pen + at(index + one.start, value)) if math.isfinite(value) else ("M", d)
            )
        parts.append(
            # The first line is broad, so that it is seen under one that runs over it.
            f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{2 if number_of else 4}" '
            f'stroke-opacity="{1 if number_of else 0.6}"/>'
        )
    return "".join(parts) + "</svg>"


def _thumb(picture: Float[Tensor, "channels height width"]) -> str:
    pixels = (on_white(picture)[..., ::-1] * 255 + 0.5).clip(0, 255).astype(np.uint8)
    size = max(1, round(pixels.shape[1] * THUMB / pixels.shape[0])), THUMB
    small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done
    return base64.b64encode(data.tobytes()).decode("ascii")
