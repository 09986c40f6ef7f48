"""What one frame adds to the rows of numbers that become figures."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from reimagine.body.joints import BODY_JOINTS
from reimagine.errors import InputError
from reimagine.scores.clip import on_white, silhouette
from reimagine.scores.control import Control, control
from reimagine.scores.crop import moved_to
from reimagine.scores.fidelity import fidelity
from reimagine.scores.likeness import Laid, carry, likeness
from reimagine.scores.outline import compare
from reimagine.scores.stages import Now
from reimagine.scores.steadiness import change, mean_colour, mesh_carry, optical_carry

EQUAL_DB = 100.0
"""PSNR of pictures that are equal, so that it has a mean."""


def add(rows: dict[str, list[float]], name: str, value: float) -> None:
    """Put the value at the end of its row."""
    rows.setdefault(name, []).append(value)


def add_changes(rows: dict[str, list[float]], before: Now, now: Now) -> None:
    """Warping errors and flicker of a pair; every stage is carried along the flow of the first (Lai et al.)."""
    # Optical flow needs one part of both frames; the mesh knows where it is in either.
    moved = {
        stage: moved_to(shown.picture, now.crop, before.crop) for stage, shown in now.stages.items()
    }
    first = before.stages["frames"]
    optical = optical_carry(first.picture, moved["frames"], first.foreground)
    exact = None
    if before.seen is not None and now.seen is not None:
        exact = mesh_carry(before.seen, now.seen)
    for stage, shown in now.stages.items():
        start = before.stages[stage].picture
        along = change(start, moved[stage], optical)
        add(rows, f"warping_error_optical.{stage}", along.squared)
        if exact is not None:
            along = change(start, shown.picture, exact)
            add(rows, f"warping_error.{stage}", along.squared)
        add(rows, f"flicker.{stage}", along.absolute)


def add_colours(colours: dict[str, list[NDArray[np.float64]]], now: Now) -> None:
    """Mean colour of each stage; less the anchored rendering's where there is one.

    What turns into view then drops out; an anchor that is the stage itself would make it nothing, so it is not taken.
    """
    for stage, shown in now.stages.items():
        anchor = now.anchor_stage
        if anchor is None:
            own = mean_colour(shown.picture, shown.foreground)
        elif anchor is shown:
            continue
        else:
            both = shown.foreground & anchor.foreground
            own = mean_colour(shown.picture, both) - mean_colour(anchor.picture, both)
        colours.setdefault(stage, []).append(own)


def add_control(rows: dict[str, list[float]], now: Now) -> list[Control]:
    """Control of the last stage, which comes back; none without an anchor."""
    assert now.seen is not None
    asked = (now.seen.raster.face[0] >= 0).cpu().numpy()
    nothing = np.zeros_like(asked)
    outline = (
        compare(now.last.foreground, asked) if now.last.outlined else compare(nothing, nothing)
    )
    depth = now.seen.raster.depth[0]
    depth = depth[depth.isfinite()]
    millimetres = float("nan")
    if len(depth):
        focal = float(now.seen.camera.K[0].diagonal()[:2].prod().sqrt())
        millimetres = float(depth.median()) / focal * 1000
    add(rows, "control.silhouette_iou", outline.iou)
    add(rows, "control.boundary_mm", outline.distance_px * millimetres)
    if now.anchor is None or now.joints is None or now.anchor_stage is now.last:
        return []
    anchored = _behind(now.anchor, now.final)
    shown = now.last.foreground if now.last.outlined else None
    found = control(now.last.picture, anchored, now.seen, now.joints[:BODY_JOINTS], shown)
    known = found.joints_mm[np.isfinite(found.joints_mm)]
    add(rows, "control.displacement_mm", float(known.mean()) if len(known) else float("nan"))
    median = float(np.median(known)) if len(known) else float("nan")
    add(rows, "control.displacement_median_mm", median)
    add(rows, "control.view_deg", found.view_deg)
    visible = len(known) + int(found.lost.sum())
    add(rows, "control.joints_found", len(known) / visible if visible else float("nan"))
    return [found]


def add_fidelity(rows: dict[str, list[float]], name: str, now: Now) -> None:
    """Likeness of the last stage to the truth; equal pictures count as `EQUAL_DB`."""
    assert now.true is not None
    picture, true = now.final, now.true
    shown = silhouette(true)
    if not shown.any():
        raise InputError(
            f"{name}: the true picture of frame {now.frame} shows nobody; expected a person. Check `truth`."
        )
    found = fidelity(_behind(picture, true), _behind(true, picture), shown)
    add(rows, "fidelity.psnr_db", min(found.psnr_db, EQUAL_DB))
    add(rows, "fidelity.ssim", found.ssim)
    add(rows, "fidelity.ms_ssim", found.ms_ssim)


def add_likeness(rows: dict[str, list[float]], photos: Sequence[Laid], now: Now) -> None:
    """The last stage against each of the person's photos, where the frame shows what the photo shows."""
    assert now.seen is not None, "likeness needs geometry"
    for photo in photos:
        found = likeness(now.last.picture, carry(photo, now.seen))
        add(rows, f"likeness.{photo.side}_psnr_db", found.psnr_db)
        add(rows, f"likeness.{photo.side}_ssim", found.ssim)


def _behind(anchor: torch.Tensor, picture: torch.Tensor) -> Float[NDArray[np.float32], "h w 3"]:
    """The anchored rendering over what lies behind the person in the picture: white, or its border's colour."""
    if len(anchor) == 3 or len(picture) == 4:
        return on_white(anchor)
    border = torch.cat([picture[:, 0], picture[:, -1], picture[..., 0], picture[..., -1]], dim=1)
    colour = border.median(dim=1).values[:, None, None]
    return on_white(anchor[:3] * anchor[3:] + colour * (1 - anchor[3:]))
