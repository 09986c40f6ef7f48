"""The person's silhouette in a photo before a plain background."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from reimagine.appearance.backdrop import Backdrop, fit_backdrop
from reimagine.appearance.photos import Picture
from reimagine.errors import InputError

EDGE = 1.3
"""Lab units per pixel: background never changes faster, the rim of white cloth on white does."""
_FAINT, _SHADOW = 1.2, 0.3
"""How unlike a clean background white cloth is at least, Lab units, and how much darkness counts in that."""
_GLOW = 20
"""Pixels that an outline glows."""
_GLOWING = 12
"""How far a sharpened outline's halo, and the wall in a narrow gap, are from the background at most, Lab units."""
_END = 0.04
"""How far a gap goes on at most after it seems to have ended, in person heights; cords are longer."""
_HEAD, _STRAND = 0.16, 0.012
"""How high a head with its neck is, and how broad a strand of hair beside it, in person heights."""
_SHOES = 0.9
"""Where shoes begin at the highest, below the crown, in person heights."""
_PALE = 0.2
"""As a share of how far the person around is from the background: nearer to it is background or its glow."""
_FOREARM, _ASIDE = (0.37, 0.7), (0.27, 0.42)
"""Where an arm meets the body: below the crown, in person heights, and off the middle, in breadths."""
_SLIT, _LONG = 0.015, 0.02
"""Parts of one gap beside an arm lie so near each other at most, and are so long together at least, in person heights."""


def silhouette(picture: Picture) -> Float[Tensor, "height width"]:
    """Where the person is, 0..1: the picture's own mask, else what differs from the background.

    Raises:
        InputError: where there is no person, or the background is not plain.
    """
    if picture.mask is not None:
        _check_person(picture.mask.numpy() > 0.5, picture)
        return picture.mask
    bgr = np.ascontiguousarray(picture.rgb.permute(1, 2, 0).numpy()[:, :, ::-1])
    lab = cv2.cvtColor(bgr, cv2.COLOR_BGR2Lab)
    backdrop = fit_backdrop(lab)
    if backdrop.busy > 0.3:
        raise InputError(
            f"{picture.name} has a busy background; expected a plain one. Give {_mask_flag(picture)}"
            "a photo with transparency, or try `matting` grabcut."
        )
    person = _person(lab, backdrop)
    _check_person(person, picture)
    return torch.from_numpy(_soften(lab, person, backdrop))


def _mask_flag(picture: Picture) -> str:
    """How a user says where the person is; further photos have no flag for it."""
    if picture.side not in ("front", "back"):
        return ""
    return f"`{picture.side}_mask` FILE, white where the person is, or "


def _check_person(person: Bool[np.ndarray, "height width"], picture: Picture) -> None:
    share = float(person.mean())
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    tall = rows.size > 0 and np.ptp(rows) + 1 >= 0.9 * (np.ptp(columns) + 1)
    if 0.02 <= share <= 0.8 and tall:
        return
    got = f"a shape that covers {share:.0%} of the picture" if share >= 0.0005 else "nobody"
    if 0.02 <= share <= 0.8:
        got = "a shape wider than it is tall"
    raise InputError(
        f"Found {got} in {picture.name}; expected one standing person, head to feet, before a "
        f"plain background. Give {_mask_flag(picture)}another photo."
    )


def _person(
    lab: Float[np.ndarray, "height width 3"], backdrop: Backdrop
) -> Bool[np.ndarray, "height width"]:
    """What a flood of background from the picture's rim does not reach."""
    rest = lab - backdrop.lab
    # A shadow or a lamp changes L first; colour is the surer sign.
    distance = np.sqrt(rest[..., 0] ** 2 + 2 * (rest[..., 1] ** 2 + rest[..., 2] ** 2))
    edge = _gradient(lab)
    threshold = float(np.clip(4 * backdrop.noise, 3.5, 10.0))
    # Compression and glow dirty the background beside strong outlines, in step with these.
    strong, steep = cv2.dilate(distance, _disc(9)), cv2.dilate(edge, _disc(9))
    dirt = np.clip(0.12 * strong, threshold, max(threshold, 7.0))
    barrier = (
        (distance > dirt)
        | _pale_cloth(rest, distance, backdrop.noise)
        | (edge > np.clip(0.1 * steep, EDGE, 4.0))
    )
    barrier = _drop_specks(barrier, distance > 2.5 * threshold)
    barrier &= ~_floor_shadow(rest, edge, barrier)
    flood = _flood(barrier)
    person = _largest(~flood)
    person &= ~_open_holes(person, barrier, distance, edge)
    opened = _opened(_peel(person, distance), distance, _slits, _hair_loops)
    return _largest(_opened(_peel(opened, distance), distance, _gap_ends))


def _opened(
    person: Bool[np.ndarray, "height width"],
    distance: Float[np.ndarray, "height width"],
    *finders: Callable[..., Bool[np.ndarray, "height width"]],
) -> Bool[np.ndarray, "height width"]:
    """`person` less what any of these finds of the background in it, and the pixel around that."""
    if not person.any():
        return person
    found = np.any([find(person, distance) for find in finders], axis=0)
    return person & (cv2.dilate(found.astype(np.uint8), _disc(1)) == 0)


def _pale_cloth(
    rest: Float[np.ndarray, "height width 3"],
    distance: Float[np.ndarray, "height width"],
    noise: float,
) -> Bool[np.ndarray, "height width"]:
    """White on white: what is hardly, but all over, brighter than the background or of another colour.

    Faint darkness is shadow rather, and what is faint beside strong outlines their glow.
    """
    glow = 0.12 * cv2.dilate(distance, _disc(_GLOW))
    light = np.where(rest[..., 0] > 0, 1.0, _SHADOW) * rest[..., 0]
    unlike = cv2.blur(np.sqrt(light**2 + 2 * (rest[..., 1] ** 2 + rest[..., 2] ** 2)), (5, 5))
    return unlike > np.maximum(max(_FAINT, 4 * noise), glow)


def _slits(
    person: Bool[np.ndarray, "height width"], distance: Float[np.ndarray, "height width"]
) -> Bool[np.ndarray, "height width"]:
    """What is left of the gap between an arm and the body where these touch here and there: pale and upright.

    It is looked for below the elbow, where prints are rare. A gap has one place in each row and side; stripes have many.
    """
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    found = np.zeros_like(person)
    tall = np.ptp(rows) + 1
    down = (np.arange(len(person)) - rows[0]) / tall
    aside = (np.arange(person.shape[1]) - columns[0]) / (np.ptp(columns) + 1) - 0.5
    below = (down > _FOREARM[0]) & (down < _FOREARM[1])
    upright = np.ones((2 * int(_SLIT * tall) + 1, 3), np.uint8)
    contrast = _contrast(person, distance)
    for side in (-aside, aside):
        beside = (side > _ASIDE[0]) & (side < _ASIDE[1])
        pale = person & below[:, None] & beside & (distance < _PALE * contrast)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(
            cv2.dilate(pale.astype(np.uint8), upright), connectivity=8
        )
        slit = stats[:, cv2.CC_STAT_HEIGHT] - len(upright) > _LONG * tall
        slit &= stats[:, cv2.CC_STAT_HEIGHT] > 3 * stats[:, cv2.CC_STAT_WIDTH]
        slit[0] = False
        kept = pale & slit[labels.astype(np.int64)]
        starts = (np.diff(kept.astype(np.int8), axis=1) > 0).sum(1)
        if (starts > 1).sum() < 0.2 * (starts > 0).sum():
            found |= kept
    return found


def _gap_ends(
    person: Bool[np.ndarray, "height width"], distance: Float[np.ndarray, "height width"]
) -> Bool[np.ndarray, "height width"]:
    """What a gap between the legs or beside an arm goes on as, above or below where it seems to end: pale, upright, short."""
    found = np.zeros_like(person)
    rows = np.flatnonzero(person.any(1))
    tall = np.ptp(rows) + 1
    reach = int(_SLIT * tall)
    gap = np.maximum.accumulate(person, axis=1) & ~person
    gap &= np.maximum.accumulate(person[:, ::-1], axis=1)[:, ::-1]
    pale = person & (distance < _PALE * _contrast(person, distance))
    _, labels, stats, centres = cv2.connectedComponentsWithStats(pale.astype(np.uint8))
    for end in 1 + np.argsort(stats[1:, cv2.CC_STAT_TOP]):
        left, top, broad, high, area = (int(stats[end, k]) for k in range(5))
        in_line = gap[max(top - reach, 0) : top + high + reach, left : left + broad].any()
        between = 0.25 < (centres[end][1] - rows[0]) / tall < _SHOES
        if in_line and between and area >= 8 and 1.5 * broad < high < _END * tall:
            gap |= labels == end
            found |= labels == end
    return found


def _hair_loops(
    person: Bool[np.ndarray, "height width"], distance: Float[np.ndarray, "height width"]
) -> Bool[np.ndarray, "height width"]:
    """The background between the head or neck and strands that hang beside them: as pale, and near the outline."""
    found = np.zeros_like(person)
    rows = np.flatnonzero(person.any(1))
    crown, tall = rows[0], np.ptp(rows) + 1
    head = person & (np.arange(len(person)) < crown + _HEAD * tall)[:, None]
    middle = np.median(np.nonzero(head)[1])
    pale = person & (distance < _PALE * np.median(distance[head]))
    pale[int(crown + 0.2 * tall) :] = False
    near = cv2.dilate((~person).astype(np.uint8), _disc(int(_STRAND * tall))) > 0
    count, labels, stats, centres = cv2.connectedComponentsWithStats(pale.astype(np.uint8))
    for loop in range(1, count):
        top, broad, high, area = (int(stats[loop, k]) for k in (1, 2, 3, 4))
        beside = abs(centres[loop][0] - middle) - broad / 2 > 0.02 * tall
        above = top + high < crown + 0.18 * tall
        if area > 1e-4 * tall**2 and beside and above:
            here = labels == loop
            found |= here & near[here].any()
    return found


def _peel(
    person: Bool[np.ndarray, "height width"], distance: Float[np.ndarray, "height width"]
) -> Bool[np.ndarray, "height width"]:
    """`person` less the rim that is far nearer to the background than to the person behind it.

    This takes away glow, compression dirt and the tips of clefts, up to 12 pixels deep.
    """
    pale = (distance < _PALE * _contrast(person, distance)).astype(np.uint8)
    outside = (~person).astype(np.uint8)
    for _ in range(12):
        outside = np.maximum(outside, np.minimum(cv2.dilate(outside, _disc(1)), pale))
    # What is left of the dirt are threads; at the head they may be hair.
    inside = 1 - outside
    rows = np.flatnonzero(person.any(1))
    below = int(rows[0] + 0.18 * np.ptp(rows)) if rows.size else 0
    opened = cv2.morphologyEx(inside, cv2.MORPH_OPEN, _disc(1))
    opened[below:] = cv2.morphologyEx(inside, cv2.MORPH_OPEN, _disc(2))[below:]
    return opened > 0


def _contrast(
    person: Bool[np.ndarray, "height width"], distance: Float[np.ndarray, "height width"]
) -> Float[np.ndarray, "height width"]:
    """How far from the background the person is, around each pixel.

    What is narrow and pale is glow or a gap rather than the person, but for white soles.
    """
    # Half as far again: white cloth must stay broad where noise takes it over the threshold.
    pale = (person & (distance < 1.5 * _GLOWING)).astype(np.uint8)
    broad = cv2.morphologyEx(pale, cv2.MORPH_OPEN, _disc(5)) > 0
    narrow = person & (distance < _GLOWING) & ~broad
    rows = np.flatnonzero(person.any(1))
    narrow[int(rows[0] + _SHOES * np.ptp(rows)) if rows.size else 0 :] = False
    inner = cv2.erode((person & ~narrow).astype(np.uint8), _disc(2)).astype(np.float32)
    total = cv2.GaussianBlur(inner, (0, 0), 6.0)
    return cv2.GaussianBlur(distance * inner, (0, 0), 6.0) / np.maximum(total, 1e-3)


def _gradient(lab: Float[np.ndarray, "height width 3"]) -> Float[np.ndarray, "height width"]:
    smooth = cv2.GaussianBlur(lab, (0, 0), 0.8)
    x = cv2.Scharr(smooth, cv2.CV_32F, 1, 0) / 32
    y = cv2.Scharr(smooth, cv2.CV_32F, 0, 1) / 32
    return np.sqrt((x**2 + y**2).sum(2))


def _drop_specks(
    weak: Bool[np.ndarray, "height width"], strong: Bool[np.ndarray, "height width"]
) -> Bool[np.ndarray, "height width"]:
    """The pieces of `weak` that hold something of `strong` (hysteresis)."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    labels = labels.astype(np.int64)
    kept = np.zeros(count, bool)
    kept[np.unique(labels[strong & weak])] = True
    kept[0] = False
    return kept[labels]


def _floor_shadow(
    rest: Float[np.ndarray, "height width 3"],
    edge: Float[np.ndarray, "height width"],
    barrier: Bool[np.ndarray, "height width"],
) -> Bool[np.ndarray, "height width"]:
    """Smooth, colourless darkening around the feet."""
    darkening = -rest[..., 0]
    # A penumbra's slope grows with its depth, and beside a black shoe it is steep.
    dark_shoe = cv2.blur((darkening > 55).astype(np.float32), (31, 31)) > 0.2
    steepest = cv2.dilate(edge, _disc(9))
    steep = np.where(dark_shoe, np.minimum(0.2 * steepest, 4.5), np.minimum(0.1 * steepest, 2.0))
    smooth = edge < np.maximum(EDGE + 0.03 * np.clip(darkening, 0, 40), steep)
    shadow = _colourless_shade(rest, _largest(barrier)) & smooth
    # Thinner than this it would be a leak through the rim of a shoe.
    return cv2.morphologyEx(shadow.astype(np.uint8), cv2.MORPH_OPEN, _disc(2)) > 0


def _colourless_shade(
    rest: Float[np.ndarray, "height width 3"], person: Bool[np.ndarray, "height width"]
) -> Bool[np.ndarray, "height width"]:
    """Darker than the background but not of another colour, around the lowest fifth of a person."""
    rows = np.flatnonzero(person.any(1))
    if rows.size == 0:
        return np.zeros_like(person)
    darkening = -rest[..., 0]
    colour = np.hypot(rest[..., 1], rest[..., 2])
    shade = (darkening > 0) & (darkening < 45) & (colour < 3 + 0.1 * darkening)
    shade[: int(rows[0] + 0.8 * (rows[-1] - rows[0]))] = False
    return shade


def _flood(barrier: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    """Background: what can be reached from the picture's rim, small gaps in the barrier closed."""
    padded = np.pad(barrier.astype(np.uint8), 4)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _disc(2))
    _, labels = cv2.connectedComponents((1 - closed).astype(np.uint8), connectivity=4)
    reached = (labels == labels[0, 0]).astype(np.uint8)
    # Closing also filled nooks; they are background as far as no barrier stands there.
    return (cv2.dilate(reached, _disc(3))[4:-4, 4:-4] > 0) & ~barrier


def _open_holes(
    person: Bool[np.ndarray, "height width"],
    barrier: Bool[np.ndarray, "height width"],
    distance: Float[np.ndarray, "height width"],
    edge: Float[np.ndarray, "height width"],
) -> Bool[np.ndarray, "height width"]:
    """Enclosed background: between the legs, or between an arm and the body.

    White prints on a shirt look alike; they are told apart by where they lie and by texture.
    """
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    opened = np.zeros_like(person)
    if rows.size == 0:
        return opened
    tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    holes = (person & ~barrier).astype(np.uint8)
    holes = cv2.morphologyEx(holes, cv2.MORPH_OPEN, _disc(1))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(holes, connectivity=4)
    for hole in range(1, count):
        area, high, broad = (int(stats[hole, k]) for k in (4, 3, 2))
        if area < 5e-5 * tall * wide or area < 12:
            continue
        here = labels == hole
        down = (centres[hole][1] - rows[0]) / tall
        aside = abs((centres[hole][0] - columns[0]) / wide - 0.5)
        between_legs = down > 0.55 and aside < 0.25
        slit = high > 2 * broad and (aside > 0.27 or (aside > 0.15 and high > 0.07 * tall))
        beside_arm = 0.2 < down < 0.7 and slit
        plain = np.median(distance[here]) < 5 and np.median(edge[here]) < 1.2
        if plain and (between_legs or beside_arm):
            opened |= here
    # The rim of a hole is barrier on both of its sides.
    return cv2.dilate(opened.astype(np.uint8), _disc(1)) > 0


def _soften(
    lab: Float[np.ndarray, "height width 3"],
    person: Bool[np.ndarray, "height width"],
    backdrop: Backdrop,
) -> Float[np.ndarray, "height width"]:
    """Alpha of one or two pixels at the rim: where each colour lies between inside and outside.

    Alpha of C = a F + (1 - a) B by projection; F and B are means of what is near and sure.
    """
    solid = person.astype(np.uint8)
    inner = cv2.erode(solid, _disc(4))
    outer = 1 - cv2.dilate(solid, _disc(1))
    band = (cv2.dilate(solid, _disc(1)) - inner) > 0
    F, sure_f = _mean_near(lab, inner, 3.0)
    near, sure_b = _mean_near(lab, outer, 3.0)
    B = np.where(sure_b[..., None], near, backdrop.lab)
    step = F - B
    length = (step**2).sum(2)
    alpha = ((lab - B) * step).sum(2) / np.maximum(length, 1e-3)
    alpha = np.clip((alpha - 0.08) / 0.84, 0, 1)
    # The barrier stands about a pixel outside of the rim.
    plain = cv2.GaussianBlur(cv2.erode(solid, _disc(1)).astype(np.float32), (0, 0), 0.8)
    trust = np.clip((np.sqrt(length) - 8) / 12, 0, 1) * sure_f
    # A hole in the rim (a white stripe, a highlight) is not a way in: never below the core.
    core = cv2.GaussianBlur(cv2.erode(solid, _disc(2)).astype(np.float32), (0, 0), 0.8)
    mixed = np.maximum(trust * alpha + (1 - trust) * plain, core)
    soft = np.where(band, np.clip(mixed, 0, 1), solid).astype(np.float32)
    return soft * _largest(soft > 0.04)


def _mean_near(
    lab: Float[np.ndarray, "height width 3"], where: np.ndarray, sigma: float
) -> tuple[Float[np.ndarray, "height width 3"], Bool[np.ndarray, "height width"]]:
    weight = where.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    mean = cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma)
    return mean / np.maximum(total, 1e-4)[..., None], total > 1e-3


def _largest(mask: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4
    )
    if count < 2:
        return np.zeros_like(mask)
    return labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
