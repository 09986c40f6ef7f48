"""Colour models of a person's parts, learnt where the body says each part must be."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from reimagine.appearance.regions import HANDS, Region

LIGHT = 0.7
"""Weight of L against a and b: folds and shadows change L first."""
TEXTURE = 1.2
"""Weight of the local contrast: plaid in skin's colours is not skin."""
COLOURS = 6
"""Colours per part: a plaid shirt needs several, a plain one wastes some."""
SKIN_SHADE = (0.6, 0.25, 0.15)
CLOTH_SHADE = (0.86, 0.09, 0.05)
"""Shares of a part's pixels in full light, half shade and deep shade."""
FLOOR = 2e-6
"""Density of any colour in any part: prints, stains, jewellery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """A mixture of round normal distributions over features."""

    centres: Float[np.ndarray, "colours 4"]
    spreads: Float[np.ndarray, " colours"]
    """Standard deviations."""
    shares: Float[np.ndarray, " colours"]
    """Sum to one; none at all where the part was not seen."""


NONE = Colours(
    centres=np.zeros((0, 4), np.float32),
    spreads=np.zeros(0, np.float32),
    shares=np.zeros(0, np.float32),
)


def features(lab: Float[np.ndarray, "height width 3"]) -> Float[np.ndarray, "height width 4"]:
    """Weighted Lab, and the least local contrast near by: low inside of smooth things, to their rim."""
    mean = cv2.blur(lab, (5, 5))
    variance = np.maximum(cv2.blur(lab**2, (5, 5)) - mean**2, 0).sum(2)
    contrast = cv2.erode(np.sqrt(variance).astype(np.float32), np.ones((5, 5), np.uint8))
    return np.dstack(
        [lab * np.array((LIGHT, 1, 1), np.float32), TEXTURE * np.minimum(contrast, 15)]
    )


def learn(points: Float[np.ndarray, "points 4"]) -> Colours:
    """The mixture of these features; no colours where there are fewer than 30 points."""
    if points.shape[0] < 30:
        return NONE
    points = np.ascontiguousarray(points[:: points.shape[0] // 3000 + 1], np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    cv2.setRNGSeed(1)
    colours = min(COLOURS, points.shape[0])
    _, cluster, centres = cv2.kmeans(
        points, colours, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS
    )
    cluster = cluster.ravel().astype(np.int64)
    square = ((points - centres[cluster]) ** 2).sum(1) / 3
    counts = np.bincount(cluster, minlength=colours)
    spreads = np.sqrt(np.bincount(cluster, square, colours) / np.maximum(counts, 1))
    # A stray handful of pixels is no colour of the part.
    kept = counts >= 0.02 * points.shape[0]
    return Colours(
        centres=centres[kept],
        spreads=np.clip(spreads, 3, 9)[kept].astype(np.float32),
        shares=(counts[kept] / counts[kept].sum()).astype(np.float32),
    )


def density(model: Colours, points: Float[np.ndarray, "*place 4"]) -> Float[np.ndarray, "*place"]:
    """How dense the model's colours lie at each point."""
    out = np.full(points.shape[:-1], FLOOR, np.float32)
    for centre, spread, share in zip(model.centres, model.spreads, model.shares, strict=True):
        square = sum((points[..., k] - centre[k]) ** 2 for k in range(4)) / (2 * spread**2)
        out += share / (15.75 * spread**3) * np.exp(-square)
    return out


def shaded(model: Colours, shares: tuple[float, float, float]) -> Colours:
    """The same colours in shade too, where all of L, a and b sink in step.

    `shares` go to full light, half shade and deep shade.
    """
    if not model.shares.size:
        return model
    dark = [model.centres * np.array((f, f, f, 1), np.float32) for f in (1.0, 0.85, 0.7)]
    return Colours(
        centres=np.concatenate(dark),
        spreads=np.maximum(np.tile(model.spreads, 3), 4.5),
        shares=np.concatenate([share * model.shares for share in shares]),
    )


def seed_colours(
    points: Float[np.ndarray, "height width 4"],
    inside: Bool[np.ndarray, "height width"],
    regions: Int[np.ndarray, "height width"],
    *,
    side: str,
) -> list[Colours]:
    """A first model of each part, in the order of PARTS, from places where the part is likely.

    Long shirts hang over the thighs, trousers over the feet: what a surer part explains is taken
    out of the less sure one.
    """
    core = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    upper = learn(points[core & rows_of(regions == Region.TORSO, 0.25, 0.9)])
    skin = skin_colours(points, core, regions, side=side, upper=upper)
    # Above the brow, in however short hair.
    hair_place = rows_of(core & (regions == Region.HEAD), 0.0, 0.16 if side == "front" else 0.55)
    hair = _learn_rest(points[hair_place], [skin])
    legs = np.isin(regions, (Region.LEFT_THIGH, Region.RIGHT_THIGH)) | rows_of(
        np.isin(regions, (Region.LEFT_SHIN, Region.RIGHT_SHIN)), 0.0, 0.5
    )
    hips = core & ((regions == Region.PELVIS) | legs)
    # Skin's shades are wide already: as far out as cloth they would take brown trousers, and where nothing else is left,
    # they have.
    lower = _learn_rest(
        points[hips], [upper, skin], [upper, _in_full_light(skin)], reaches=(3.0, 2.2)
    )
    feet = core & rows_of(np.isin(regions, (Region.LEFT_FOOT, Region.RIGHT_FOOT)), 0.25, 1.0)
    shoes = _learn_rest(points[feet], [lower, skin])
    return [skin, skin, hair, upper, lower, shoes]


def skin_colours(
    points: Float[np.ndarray, "height width 4"],
    core: Bool[np.ndarray, "height width"],
    regions: Int[np.ndarray, "height width"],
    *,
    side: str,
    upper: Colours,
) -> Colours:
    """Skin colours: the face's; from behind those of hands, forearms and neck."""
    hue_deg = np.degrees(np.arctan2(points[..., 2], points[..., 1]))
    chroma = np.hypot(points[..., 1], points[..., 2])
    skinny = core & (points[..., 0] > 15 * LIGHT) & (chroma > 8) & (hue_deg > 15) & (hue_deg < 85)
    if side == "front":
        # Not what hangs beside it.
        face = _between(rows_of(core & (regions == Region.HEAD), 0.45, 0.9)) & skinny
        return shaded(learn(points[face]), SKIN_SHADE)
    bare = skinny & (np.isin(regions, HANDS) | rows_of(regions == Region.HEAD, 0.6, 1.0))
    return shaded(_learn_rest(points[bare], [upper]), SKIN_SHADE)


def rows_of(
    mask: Bool[np.ndarray, "height width"], start: float, stop: float
) -> Bool[np.ndarray, "height width"]:
    """The rows of `mask` from `start` to `stop` of its height."""
    rows = np.flatnonzero(mask.any(1))
    out = np.zeros_like(mask)
    if rows.size:
        first = int(rows[0] + start * np.ptp(rows))
        last = int(rows[0] + stop * np.ptp(rows)) + 1
        out[first:last] = mask[first:last]
    return out


def _between(mask: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    """The columns of `mask` near its middle, less than three quarters as broad as it is high."""
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return mask
    aside = np.abs(np.arange(mask.shape[1]) - np.median(columns))
    return mask & (aside <= 0.35 * np.ptp(rows))


def _in_full_light(model: Colours) -> Colours:
    """What `shaded` began with."""
    count = len(model.shares) // 3
    return Colours(
        centres=model.centres[:count], spreads=model.spreads[:count], shares=model.shares[:count]
    )


def _learn_rest(
    points: Float[np.ndarray, "points 4"],
    *others: list[Colours],
    reaches: tuple[float, ...] = (2.2, 2.2),
) -> Colours:
    """A model of the points that `others` do not explain, the first of them that leave enough; else of all points."""
    for some in others:
        explained = np.zeros(points.shape[0], bool)
        for model, reach in zip(some, reaches, strict=False):
            for centre, spread in zip(model.centres, model.spreads, strict=True):
                explained |= np.linalg.norm(points - centre, axis=1) < reach * spread
        left = points[~explained]
        if left.shape[0] >= 0.1 * points.shape[0]:
            return learn(left)
    return learn(points)
