"""Colour models of a person's parts, learnt where the body says each part must be."""

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

LIGHT = 0.7
"""Weight of L against a and b: folds and shadows change L first."""
COLOURS = 6
"""Colours per part: a plaid shirt needs several, a plain one wastes some."""

SKIN, FACE, HAIR, UPPER, LOWER, SHOES = range(6)


def learn(pixels: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "colours 4"]:
    """Cluster centres in weighted Lab, and each cluster's spread in the last column."""
    points = np.ascontiguousarray(pixels * (LIGHT, 1, 1), np.float32)
    if points.shape[0] > 4000:
        points = points[:: points.shape[0] // 4000 + 1].copy()
    colours = min(COLOURS, points.shape[0])
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    cv2.setRNGSeed(1)
    _, cluster, centres = cv2.kmeans(points, colours, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    rest = np.linalg.norm(points - centres[cluster.ravel()], axis=1)
    counts = np.bincount(cluster.ravel(), minlength=colours)
    spread = np.bincount(cluster.ravel(), rest, colours) / np.maximum(counts, 1)
    # A stray handful of pixels is no colour of the part.
    kept = counts >= 0.02 * points.shape[0]
    return np.column_stack([centres, np.clip(spread, 3.5, 10)])[kept].astype(np.float32)


def likelihoods(
    lab: Float[np.ndarray, "height width 3"], models: list[Float[np.ndarray, "colours 4"]]
) -> Float[np.ndarray, "parts height width"]:
    """How well each part's colours explain each pixel, 0.03..1; a part without a model: 0.03."""
    points = lab * np.float32((LIGHT, 1, 1))
    out = []
    for model in models:
        best = np.zeros(lab.shape[:2], np.float32)
        for centre in model:
            square = ((points - centre[:3]) ** 2).sum(2) / (2 * centre[3] ** 2)
            best = np.maximum(best, np.exp(-0.6 * square))
        out.append(np.maximum(best, 0.03))
    return np.stack(out)


def seed_colours(
    lab: Float[np.ndarray, "height width 3"],
    inside: Bool[np.ndarray, "height width"],
    regions: Int[np.ndarray, "height width"],
    side: str,
) -> list[Float[np.ndarray, "colours 4"]]:
    """A first model of each part, in the order of PARTS, from places where the part is likely.

    Long shirts hang over the thighs, trousers over the feet: what a surer part explains is taken
    out of the less sure one.
    """
    core = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    upper = learn_or_none(lab[core & _middle(regions == 1, 0.3, 0.8)])
    skin = _skin(lab, core, regions, side, upper)
    head = core & (regions == 0)
    hair_place = _middle(head, 0.0, 0.25 if side == "front" else 0.6)
    hair = _without(lab[hair_place], [skin], 7.0)
    legs = core & np.isin(regions, (8, 9, 10, 12, 13))
    lower = _without(lab[legs], [upper, skin], 9.0)
    feet = core & np.isin(regions, (11, 14))
    shoes = _without(lab[feet], [lower, skin], 7.0)
    return [skin, skin, hair, upper, lower, shoes]


EMPTY = np.zeros((0, 4), np.float32)


def learn_or_none(pixels: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "colours 4"]:
    """`learn`, or no colours where there are too few pixels."""
    return learn(pixels) if pixels.shape[0] >= 30 else EMPTY


def _middle(
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


def _skin(
    lab: Float[np.ndarray, "height width 3"],
    core: Bool[np.ndarray, "height width"],
    regions: Int[np.ndarray, "height width"],
    side: str,
    upper: Float[np.ndarray, "colours 4"],
) -> Float[np.ndarray, "colours 4"]:
    """Skin colours: the face's, or from behind those of hands, forearms and neck."""
    hue_deg = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    skinny = core & (lab[..., 0] > 15) & (chroma > 8) & (hue_deg > 15) & (hue_deg < 85)
    if side == "front":
        face = _middle(core & (regions == 0), 0.45, 0.9) & skinny
        return learn_or_none(lab[face])
    bare = skinny & np.isin(regions, (3, 4, 6, 7))
    neck = skinny & _middle(regions == 0, 0.6, 1.0)
    return _without(lab[bare | neck], [upper], 7.0)


def _without(
    pixels: Float[np.ndarray, "points 3"], others: list[Float[np.ndarray, "colours 4"]], near: float
) -> Float[np.ndarray, "colours 4"]:
    """A model of `pixels` less those that `others` explain; of all of them where few are left."""
    points = pixels * (LIGHT, 1, 1)
    free = np.ones(pixels.shape[0], bool)
    for model in others:
        for centre in model:
            free &= np.linalg.norm(points - centre[:3], axis=1) > near
    left = pixels[free]
    return learn_or_none(left if left.shape[0] >= 0.12 * pixels.shape[0] else pixels)
