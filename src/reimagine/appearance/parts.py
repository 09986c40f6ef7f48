"""Which part of the person each pixel of a photo shows: skin, face, hair, clothes, shoes."""

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy import ndimage, sparse
from torch import Tensor

from reimagine.appearance.long_hair import falling
from reimagine.appearance.part_colours import (
    CLOTH_SHADE,
    SKIN_SHADE,
    Colours,
    density,
    features,
    learn,
    seed_colours,
    shaded,
)
from reimagine.appearance.regions import Region
from reimagine.records import Part

WORK_HEIGHT = 520
"""The person is labelled at about this height in pixels; borders are drawn finer."""

SMOOTHNESS = 12.0
"""How much a pixel listens to neighbours of the same colour, against its own colour and place."""
TURNS = 2
"""How often colours are learnt: at the guide's places, then from the first answer."""

ISLAND = (0.015, 0.05, 0.1, 0.015, 0.015, 0.015)
"""A piece of a part (order of PARTS) is an error if smaller than this share of its largest piece."""

PRIOR = np.array(
    [
        # skin  face  hair  upper lower shoes
        [0.10, 0.45, 0.45, 0.02, 0.001, 0.001],  # head
        [0.03, 0.001, 0.02, 0.92, 0.04, 0.001],  # torso
        [0.30, 0.001, 0.01, 0.68, 0.01, 0.001],  # left upper arm
        [0.48, 0.001, 0.005, 0.48, 0.04, 0.001],  # left forearm
        [0.56, 0.001, 0.001, 0.20, 0.24, 0.001],  # left hand
        [0.30, 0.001, 0.01, 0.68, 0.01, 0.001],  # right upper arm
        [0.48, 0.001, 0.005, 0.48, 0.04, 0.001],  # right forearm
        [0.56, 0.001, 0.001, 0.20, 0.24, 0.001],  # right hand
        [0.03, 0.001, 0.001, 0.45, 0.52, 0.001],  # pelvis
        [0.15, 0.001, 0.001, 0.20, 0.64, 0.01],  # left thigh
        [0.35, 0.001, 0.001, 0.01, 0.50, 0.14],  # left shin
        [0.04, 0.001, 0.001, 0.001, 0.08, 0.88],  # left foot
        [0.15, 0.001, 0.001, 0.20, 0.64, 0.01],  # right thigh
        [0.35, 0.001, 0.001, 0.01, 0.50, 0.14],  # right shin
        [0.04, 0.001, 0.001, 0.001, 0.08, 0.88],  # right foot
    ],
    np.float32,
)
"""How often a region of the body (row) shows a part (column, order of PARTS) in full-length photos: guessed."""


def label_parts(
    rgb: Float[Tensor, "3 height width"],
    alpha: Float[Tensor, "height width"],
    *,
    side: str,
    guide: Int[Tensor, "height width"],
) -> Int[Tensor, "height width"]:
    """0 off the person, else 1 + index into PARTS, for each pixel.

    Colour models learnt at the guide's places are weighed against what a place usually shows, and
    spread over the picture along equal colours (random walker with priors, Grady 2005), twice: the
    second time with colours learnt from the first answer. Socks count as shoes.

    Args:
        rgb: The photo, 0..1.
        alpha: The silhouette, 0..1.
        side: "front" or "back".
        guide: The body's regions, seen by the photo's camera; may be off by 3 cm. -1 off the body,
            0 head, 1 torso, 2-4 left upper arm, forearm, hand, 5-7 right, 8 pelvis,
            9-11 left thigh, shin, foot, 12-14 right.
    """
    person = alpha.numpy() > 0.5
    labels = np.zeros(person.shape, np.int64)
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    if rows.size == 0 or not bool((guide >= 0).any()):
        return torch.from_numpy(labels)
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    bgr = np.ascontiguousarray(rgb.permute(1, 2, 0).numpy()[box][:, :, ::-1])
    lab = cv2.cvtColor(bgr, cv2.COLOR_BGR2Lab)
    high, wide = person[box].shape
    scale = min(1.0, WORK_HEIGHT / high)
    size = (max(2, round(wide * scale)), max(2, round(high * scale)))
    small = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(person[box].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    regions = cv2.resize(
        guide.numpy()[box].astype(np.int16), size, interpolation=cv2.INTER_NEAREST
    ).astype(np.int64)
    shares = _solve(small, inside, _fill_guide(regions), side=side)
    fine = np.stack(
        [cv2.resize(share, (wide, high), interpolation=cv2.INTER_CUBIC) for share in shares]
    )
    named = _tidy(np.argmax(fine, axis=0) + 1, person[box])
    labels[box] = np.where(person[box], named, 0)
    return torch.from_numpy(labels)


def _fill_guide(regions: Int[np.ndarray, "height width"]) -> Int[np.ndarray, "height width"]:
    """Clothes are wider than the body: a pixel off the body takes the nearest region."""
    return regions[_nearest(regions >= 0)]


def _nearest(known: Bool[np.ndarray, "height width"]) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the known pixel that is nearest to each pixel."""
    places = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    assert isinstance(places, np.ndarray)
    return places[0], places[1]


def _solve(
    lab: Float[np.ndarray, "height width 3"],
    inside: Bool[np.ndarray, "height width"],
    regions: Int[np.ndarray, "height width"],
    *,
    side: str,
) -> Float[np.ndarray, "parts height width"]:
    prior = _prior(regions, inside, side)
    system, index = _walker(lab, inside)
    points = features(lab)
    models = seed_colours(points, inside, regions, side=side)
    shares = prior
    for turn in range(TURNS):
        likely = np.stack([density(model, points) for model in models])
        belief = prior * (likely / likely.max(0)) ** 0.7
        belief /= belief.sum(0, keepdims=True)
        shares = _walk(system, index, belief)
        if turn + 1 < TURNS:
            hair = inside & (shares.argmax(0) == Part.HAIR)
            prior = _with_hair(prior, falling(points, inside, regions, hair, models[0]))
            models = _relearn(points, inside, shares, models)
    return shares


def _prior(
    regions: Int[np.ndarray, "height width"], inside: Bool[np.ndarray, "height width"], side: str
) -> Float[np.ndarray, "parts height width"]:
    """What each place usually shows, blurred by the 3 cm that the guide may be off."""
    prior = np.moveaxis(PRIOR[regions], -1, 0).copy()
    rows, columns = np.nonzero((regions == Region.HEAD) & inside)
    blur = 0.012 * inside.shape[0]
    if rows.size:
        top, bottom = np.percentile(rows, [0, 99])
        middle, half = float(np.median(columns)), max(2.0, float(np.ptp(columns)) / 2)
        t = (np.arange(inside.shape[0])[:, None] - top) / max(1.0, bottom - top)
        u = np.abs(np.arange(inside.shape[1])[None] - middle) / half
        head = regions == Region.HEAD
        if side == "front":
            face = np.clip(1 - np.maximum(np.abs(t - 0.72) / 0.42, u / 0.95) ** 6, 0, 1)
            prior[1] = np.where(head, 0.05 + 0.9 * face, prior[1])
            prior[2] = np.where(head, 0.06 + 0.7 * (1 - face), prior[2])
            prior[0] = np.where(head, 0.03 + 0.3 * (t > 0.9), prior[0])
        else:
            prior[1] = 1e-4
            prior[2] = np.where(head, 0.8, prior[2])
            prior[0] = np.where(head, 0.06 + 0.3 * (t > 0.7), prior[0])
        # Necks and long hair reach into the torso below the head.
        below = np.exp(-0.5 * ((t - 1) / 0.25) ** 2) * np.exp(-0.5 * (u / 0.8) ** 2)
        torso = regions == Region.TORSO
        prior[0] += torso * 0.5 * below
        prior[2] += torso * 0.25 * below
    prior[4] *= _below_waist(regions, inside)
    prior = np.stack([cv2.GaussianBlur(layer.astype(np.float32), (0, 0), blur) for layer in prior])
    return prior / prior.sum(0, keepdims=True)


def _with_hair(
    prior: Float[np.ndarray, "parts height width"], falls: Bool[np.ndarray, "height width"]
) -> Float[np.ndarray, "parts height width"]:
    """The prior where it is known that hair falls over what usually shows there."""
    hair = np.full(len(Part), 0.02, np.float32)
    hair[Part.HAIR] = 0.9
    return np.where(falls, hair[:, None, None], prior)


def _below_waist(
    regions: Int[np.ndarray, "height width"], inside: Bool[np.ndarray, "height width"]
) -> Float[np.ndarray, "height 1"]:
    """1 from the hips down, next to nothing above: dark folds up there are no trousers."""
    height = inside.shape[0]
    rows = np.nonzero((regions == Region.PELVIS) & inside)[0]
    top = float(np.percentile(rows, 5)) if rows.size else 0.4 * height
    down = (np.arange(height)[:, None] - top) / (0.02 * height)
    return np.clip(1 / (1 + np.exp(-np.clip(down, -20, 20))), 0.01, 1)


def _walker(
    lab: Float[np.ndarray, "height width 3"], inside: Bool[np.ndarray, "height width"]
) -> tuple[sparse.csr_array, Int[np.ndarray, "height width"]]:
    """The walker's matrix over the person's pixels, and each pixel's row in it (-1 outside)."""
    index = np.full(inside.shape, -1)
    count = int(inside.sum())
    index[inside] = np.arange(count)
    starts, stops, weights = [], [], []
    for first, second in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        both = inside[first] & inside[second]
        step = np.linalg.norm(lab[first] - lab[second], axis=2)[both]
        starts.append(index[first][both])
        stops.append(index[second][both])
        weights.append(0.02 + np.exp(-((step / 6.0) ** 2)))
    i, j, w = (np.concatenate(part) for part in (starts, stops, weights))
    w = (SMOOTHNESS * w).astype(np.float32)
    graph = sparse.coo_array(
        (np.concatenate([w, w]), (np.concatenate([i, j]), np.concatenate([j, i]))),
        shape=(count, count),
    )
    degree = np.asarray(graph.sum(1)).ravel()
    return sparse.csr_array(sparse.diags_array((degree + 1.0).astype(np.float32)) - graph), index


def _walk(
    system: sparse.csr_array,
    index: Int[np.ndarray, "height width"],
    belief: Float[np.ndarray, "parts height width"],
) -> Float[np.ndarray, "parts height width"]:
    """The belief spread over the picture: conjugate gradients for all parts at once.

    Sums are einsum's rather than BLAS's, whose threads stall on a busy machine.
    """
    inside = index >= 0
    scale = 1 / np.asarray(system.diagonal(), np.float32)[:, None]
    found = np.ascontiguousarray(belief[:, inside].T, np.float32)
    rest = found - system @ found
    towards = scale * rest
    size = np.einsum("ij,ij->j", rest, towards)
    enough = 1e-6 * np.einsum("ij,ij->j", found, scale * found) + 1e-12
    for _ in range(60):
        if bool((size <= enough).all()):
            break
        pushed = system @ towards
        step = size / np.maximum(np.einsum("ij,ij->j", towards, pushed), 1e-20)
        found += step * towards
        rest -= step * pushed
        scaled = scale * rest
        before, size = size, np.einsum("ij,ij->j", rest, scaled)
        towards = scaled + size / np.maximum(before, 1e-20) * towards
    shares = np.zeros_like(belief)
    shares[:, inside] = found.T
    # The finer picture reads a little beyond the rim.
    rows, columns = _nearest(inside)
    return shares[:, rows, columns]


def _relearn(
    points: Float[np.ndarray, "height width 4"],
    inside: Bool[np.ndarray, "height width"],
    shares: Float[np.ndarray, "parts height width"],
    models: list[Colours],
) -> list[Colours]:
    """Models from the surest pixels of an answer; the old one where a part has hardly any."""
    best = np.where(inside, np.argmax(shares, axis=0), -1)
    sure = shares.max(0) > 0.7
    renewed = []
    for part, model in enumerate(models):
        pixels = points[(best == part) & sure]
        renewed.append(learn(pixels) if pixels.shape[0] >= 60 else model)
    # Bare legs were not among the first skin colours, and the face is skin too.
    renewed[0] = shaded(renewed[0], SKIN_SHADE)
    for cloth in (3, 4):
        renewed[cloth] = shaded(renewed[cloth], CLOTH_SHADE)
    return renewed


def _tidy(
    labels: Int[np.ndarray, "height width"], person: Bool[np.ndarray, "height width"]
) -> Int[np.ndarray, "height width"]:
    """`labels` without crumbs: small islands and slivers of trousers take the label beside them."""
    least = max(16, int(8e-4 * person.sum()))
    crumbs = np.zeros(person.shape, bool)
    for part in range(1, len(Part) + 1):
        mask = ((labels == part) & person).astype(np.uint8)
        if part - 1 == Part.LOWER:
            # The dark fold between a shirt and an arm looks like dark trousers.
            radius = max(1, round(0.006 * person.shape[0]))
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
            broad = cv2.dilate(
                cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc), np.ones((5, 5), np.uint8)
            )
            crumbs |= (mask > 0) & (broad == 0)
            mask &= broad
        _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
        areas[0] = 0
        small = areas < max(least, ISLAND[part - 1] * areas.max())
        small[0] = False
        if part - 1 == Part.HAIR and areas.max() > 0:
            # A dark collar beneath the nape is none.
            main = int(areas.argmax())
            below = stats[main, cv2.CC_STAT_TOP] + stats[main, cv2.CC_STAT_HEIGHT]
            collar = (stats[:, cv2.CC_STAT_TOP] >= below) & ~small
            collar[0] = False
            labels = np.where(collar[pieces], 1 + Part.UPPER, labels)
        crumbs |= small[pieces]
    sound = person & ~crumbs
    if not sound.any():
        return labels
    return labels[_nearest(sound)]
