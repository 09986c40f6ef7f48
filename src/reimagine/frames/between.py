"""A frame between two painted ones, carried to it along the exact motion of the dressed surface.

Each pixel looks up where its surface point is in both neighbours, and takes their colours in the shares of time, from
where the point is in sight. Pixels beyond the surface (loose hair, hems, shadows) move as the surface point nearest to
them. What neither neighbour shows comes from another picture of the frame, its colours brought to those around it.
"""

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import grid_sample

from reimagine.records import SurfaceView
from reimagine.render.flow import mesh_flow

_SEAM = 1 / 200
"""Of the height: over how much a picture fades in beside what it does not show."""
_AROUND = 1 / 12
"""Of the height: how far around a gap the colours are looked at that it is brought to."""


def between(
    before: Float[Tensor, "4 height width"],
    after: Float[Tensor, "4 height width"],
    fill: Float[Tensor, "4 height width"],
    *,
    seen: SurfaceView,
    share: float,
) -> Float[Tensor, "4 height width"]:
    """The picture of a frame, RGBA, straight alpha.

    Args:
        before: The painted neighbour before it, straight alpha.
        after: The one after it.
        fill: Another picture of this very frame, for what neither of them shows.
        seen: The dressed surface in three frames: before, this one, after.
        share: How far the frame is on the way from `before` to `after`, 0..1.
    """
    carried, fades = zip(
        *(_carried(picture, seen, frame) for picture, frame in ((before, 0), (after, 2))),
        strict=True,
    )
    weights = [(1 - share) * fades[0], share * fades[1]]
    missing = (1 - fades[0]) * (1 - fades[1])
    known = sum(weight * one for weight, one in zip(weights, carried, strict=True))
    total = weights[0] + weights[1]
    assert isinstance(known, Tensor)
    other = _brought_to(_premultiplied(fill), known, total, missing)
    mixed = (known + missing * other) / (total + missing).clamp_min(1e-6)
    alpha = mixed[3:].clamp(0, 1)
    return torch.cat([(mixed[:3] / alpha.clamp_min(1e-6)).clamp(0, 1) * (alpha > 0), alpha])


def _carried(
    picture: Float[Tensor, "4 height width"], seen: SurfaceView, frame: int
) -> tuple[Float[Tensor, "4 height width"], Float[Tensor, "height width"]]:
    """A neighbour's picture brought to frame 1, premultiplied, and how far it is to be trusted, 0..1."""
    flow = mesh_flow(seen, 1, frame)
    on_surface = (seen.raster.face[1] >= 0).cpu()
    target = _everywhere(flow.target.cpu(), on_surface)
    height, width = on_surface.shape
    inside = (target >= 0).all(-1) & (target[..., 0] < width) & (target[..., 1] < height)
    x, y = (
        target[..., k].nan_to_num().long().clamp(0, side - 1)
        for k, side in enumerate((width, height))
    )
    bare_there = (seen.raster.face[frame].cpu() < 0)[y, x]
    shown = inside & torch.where(on_surface, flow.visible.cpu(), bare_there)
    scale = torch.tensor([2 / width, 2 / height])
    grid = (target.nan_to_num() * scale - 1)[None]
    # Cubic: linear would soften cloth and face, and frames would go from sharp to soft and back.
    found = grid_sample(
        _premultiplied(picture)[None],
        grid,
        mode="bicubic",
        padding_mode="border",
        align_corners=False,
    )[0].clamp(0, 1)
    return torch.cat([found[:3].minimum(found[3:]), found[3:]]), _faded(shown)


def _everywhere(
    target: Float[Tensor, "height width 2"], known: Bool[Tensor, "height width"]
) -> Float[Tensor, "height width 2"]:
    """Places in the other frame for pixels beyond the surface too: they move as the nearest one on it does."""
    height, width = known.shape
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    here = torch.stack([x, y], dim=-1) + 0.5
    usable = known & torch.isfinite(target).all(-1)
    if not bool(usable.any()):
        return here
    unknown = (~usable).numpy().astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        unknown, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label = torch.from_numpy(labels.astype(np.int64))
    moved = torch.zeros(int(label.max()) + 1, 2)
    moved[label[usable]] = (target - here)[usable]
    return here + moved[label]


def _faded(shown: Bool[Tensor, "height width"]) -> Float[Tensor, "height width"]:
    """1 well inside what is shown, down to 0 at its edge."""
    if bool(shown.all()):
        return torch.ones(shown.shape)
    away = cv2.distanceTransform(shown.numpy().astype(np.uint8), cv2.DIST_L2, 3)
    reach = max(2.0, shown.shape[0] * _SEAM)
    return (torch.from_numpy(away) / reach).clamp(0, 1)


def _brought_to(
    fill: Float[Tensor, "4 height width"],
    known: Float[Tensor, "4 height width"],
    total: Float[Tensor, "height width"],
    missing: Float[Tensor, "height width"],
) -> Float[Tensor, "4 height width"]:
    """The filling, premultiplied, with the mean difference of what is known around it added to its colours."""
    if not bool((missing > 0).any()):
        return fill
    # Nothing of the seams, where colours of what hides it may have come along.
    sure = (total * ((missing == 0) & (fill[3] > 0.5))).numpy()
    off = (known - total * fill)[:3].permute(1, 2, 0).contiguous().numpy() * (sure > 0)[..., None]
    side = 2 * max(1, round(fill.shape[1] * _AROUND)) + 1
    near, weight = cv2.blur(off, (side, side)), cv2.blur(sure, (side, side))
    change = torch.from_numpy(near / np.maximum(weight, 1e-3)[..., None]).permute(2, 0, 1)
    alpha = fill[3:]
    return torch.cat([(fill[:3] + change * alpha).clamp(min=0).minimum(alpha), alpha])


def _premultiplied(picture: Float[Tensor, "4 height width"]) -> Float[Tensor, "4 height width"]:
    return torch.cat([picture[:3] * picture[3:], picture[3:]])
