"""Arms and legs that went further than small turns of joints explain: looked for by silhouette and texture together.

In the picture a limb is two stiff pieces, each a plane figure that turns and scales about its upper joint, so that a
place is a complex number and a piece's move is one too. All turns are tried of which the limb's pixels then lie on the
painted person, the person's pixels are explained by the limb, and edges fit edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from numpy.typing import NDArray

LIMBS = ((16, 18, 20), (17, 19, 21), (1, 4, 7), (2, 5, 8))
"""Upper joint, middle and end of arms and legs."""
BEYOND = {7: 10, 8: 11}
"""Joints that turn with the lower piece."""
TALL_PX = 330
"""Height to which the person is shrunk."""
TURNS = np.exp(1j * np.deg2rad(np.arange(-66, 67, 3)))
SCALES = np.array([0.5, 0.7, 0.85, 1.0, 1.15, 1.3])
FINER = np.exp(1j * np.deg2rad(np.arange(-2, 3)))
FINER_SCALES = np.array([0.95, 1.0, 1.05])
MOST = 300
"""Pixels of a limb, and of what is to be explained, that are looked at."""
LEAST = 25
"""Pixels with fewer of which a limb is too little to be looked for."""
TEXTURE = 0.6
"""Weight of the edges' correlation against the share of pixels that silhouettes explain."""
GAIN = 0.12
"""How much better than where it was thought to be a limb has to fit elsewhere."""
SURE = 1.55
"""What share on the person and correlation of the edges add up to, of 2, where a piece is surely there."""
SURE_THERE = 1.38
"""The same, where it fits far better than where it was thought to be."""
SHORT_PX = 8.0
"""A piece that is shorter in the picture points at the camera: where its end went tells nothing of how it turned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """The person's surroundings in both pictures, of one size."""

    asked: Float[NDArray[np.float32], "height width 3"]
    """`structure` of what was asked for."""
    painted: Float[NDArray[np.float32], "height width 3"]
    bones: Int[NDArray[np.int64], "height width"]
    """The joint with which each pixel of what was asked for turns; -1 off the person."""
    shown: Bool[NDArray[np.bool_], "height width"]
    """The painted person's silhouette."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limb:
    """Where a limb is in the painted picture."""

    joints: tuple[int, ...]
    """Middle, end and what is beyond."""
    shift: Complex[NDArray[np.complex128], " joints"]
    """How far each of these went, pixels, x + iy."""
    certain: bool
    """False where it was not found again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stance:
    """A limb's two pieces in the painted picture: where the upper joint is, and how each piece is turned and scaled."""

    place: complex
    upper: complex
    lower: complex


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What the stances of one limb are judged by."""

    views: Views
    root: complex
    middle: complex
    pixels: Complex[NDArray[np.complex128], " pixels"]
    is_lower: Bool[NDArray[np.bool_], " pixels"]
    pieces: tuple[Bool[NDArray[np.bool_], " pixels"], ...]
    """Which pixels belong to each piece that shows enough of itself to be judged by."""
    direction: Complex[NDArray[np.complex128], " pixels"]
    strength: Float[NDArray[np.float64], " pixels"]
    unexplained: Complex[NDArray[np.complex128], " others"]
    """Pixels of the painted person where nothing else of the body is."""
    owed: float
    """How many these are against the limb's."""
    upper_bones: tuple[int, ...]
    lower_bones: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """How well stances fit."""

    on_person: Float[NDArray[np.float64], "pieces stances"]
    """Share of the pixels of each piece of which there are enough that lie on the painted person."""
    explained: Float[NDArray[np.float64], " stances"]
    """Share of the unexplained pixels that the limb covers."""
    alike: Float[NDArray[np.float64], "pieces stances"]
    """Correlation of the edges, -1..1."""
    total: Float[NDArray[np.float64], " stances"]


def find_limbs(
    views: Views,
    joints: Float[NDArray[np.float64], "joints 2"],
    shifts: Float[NDArray[np.float64], "joints 2"],
) -> list[Limb]:
    """The limbs that are not where `shifts` (pixels) say that their joints (pixels) went; the others are left out."""
    step = max(1, round(np.ptp((views.bones >= 0).nonzero()[0]) / TALL_PX))
    small = Views(
        asked=views.asked[::step, ::step],
        painted=views.painted[::step, ::step],
        bones=views.bones[::step, ::step],
        shown=views.shown[::step, ::step],
    )
    places, moves = ((one[:, 0] + 1j * one[:, 1]) / step for one in (joints, shifts))
    whole = [limb for limb in LIMBS if max(limb) < len(joints)]
    found = [_find_limb(small, limb, places, moves) for limb in whole]
    return [replace(one, shift=one.shift * step) for one in found if one is not None]


def _find_limb(
    views: Views,
    limb: tuple[int, int, int],
    places: Complex[NDArray[np.complex128], " joints"],
    moves: Complex[NDArray[np.complex128], " joints"],
) -> Limb | None:
    root, middle, end = limb
    search = _searched(views, limb, places, moves[root])
    if search is None:
        return None
    thought = _Stance(
        place=places[root] + moves[root],
        upper=_turned(places[middle] - places[root], moves[middle] - moves[root]),
        lower=_turned(places[end] - places[middle], moves[end] - moves[middle]),
    )
    as_thought = _fit(search, [thought])
    if as_thought.on_person.min() > 0.9 and as_thought.alike.min() > 0.8:
        return None
    tries = [_better(search, _better(search, thought, one), other) for one, other in ("ul", "lu")]
    fits = _fit(search, [thought, *tries])
    best = int(fits.total.argmax())
    moved = best > 0 and fits.total[best] > fits.total[0] + GAIN
    stance, fit = ([thought, *tries][best], best) if moved else (thought, 0)
    certain = _certain(search, fits, fit)
    if certain and not moved:
        return None
    beyond = BEYOND.get(end)
    after = (middle, end) if beyond is None else (middle, end, beyond)
    knee = stance.place + stance.upper * (places[middle] - places[root])
    shift = [knee - places[middle]]
    shift += [knee + stance.lower * (places[j] - places[middle]) - places[j] for j in after[1:]]
    return Limb(joints=after, shift=np.array(shift), certain=certain)


def _certain(search: _Search, fits: _Fit, at: int) -> bool:
    """Whether the limb is seen to be there."""
    left = search.owed * (1 - fits.explained[at])
    on_person, alike = fits.on_person[:, at], fits.alike[:, at]
    much_better = fits.total[at] - fits.total[0] > 2 * GAIN
    return bool(left < 0.35 and (on_person + alike).min() > (SURE_THERE if much_better else SURE))


def _turned(piece: complex, move: complex) -> complex:
    """By what a piece of the limb is multiplied when its end moves so against its start."""
    return 1.0 if abs(piece) < SHORT_PX else (piece + move) / piece


def _searched(
    views: Views,
    limb: tuple[int, int, int],
    places: Complex[NDArray[np.complex128], " joints"],
    move: complex,
) -> _Search | None:
    root, middle, end = limb
    lower_bones = (middle, end, *([BEYOND[end]] if end in BEYOND else []))
    mine = np.isin(views.bones, (root, *lower_bones))
    rows, columns = mine.nonzero()
    if len(rows) < LEAST:
        return None
    length = np.abs(columns + 1j * rows - places[root]).max()
    rest = (views.bones >= 0) & ~mine
    # What else there is, moved as the upper joint is, and a pixel wider.
    right, down = round(move.real), round(move.imag)
    grown = np.zeros_like(rest)
    for dy, dx in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
        grown |= np.roll(rest, (down + dy, right + dx), axis=(0, 1))
    owed_rows, owed_columns = (views.shown & ~grown).nonzero()
    owed = owed_columns + 1j * owed_rows
    owed = owed[np.abs(owed - places[root] - move) < 1.15 * length]
    pick = np.linspace(0, len(rows) - 1, min(MOST, len(rows))).round().astype(int)
    some = np.linspace(0, max(len(owed) - 1, 0), min(MOST, len(owed))).round().astype(int)
    is_lower = np.isin(views.bones[rows[pick], columns[pick]], lower_bones)
    pieces = tuple(piece for piece in (is_lower, ~is_lower) if piece.sum() >= LEAST)
    if not pieces:
        return None
    at = views.asked[rows[pick], columns[pick]].astype(np.float64)
    return _Search(
        views=views,
        root=places[root],
        middle=places[middle],
        pixels=columns[pick] + 1j * rows[pick],
        is_lower=is_lower,
        pieces=pieces,
        direction=at[:, 0] + 1j * at[:, 1],
        strength=at[:, 2],
        unexplained=owed[some],
        owed=len(owed) / len(rows),
        upper_bones=(root,),
        lower_bones=lower_bones,
    )


def _better(search: _Search, stance: _Stance, piece: str) -> _Stance:
    """The stance with its upper piece (`u`, the lower goes along) or its lower one (`l`) turned to where it fits best."""
    for turns, scales in ((TURNS, SCALES), (FINER, FINER_SCALES)):
        factors = (turns[:, None] * scales).ravel()
        tried = [
            replace(
                stance,
                upper=stance.upper * factor if piece == "u" else stance.upper,
                lower=stance.lower * factor,
            )
            for factor in factors
        ]
        stance = tried[int(_fit(search, tried).total.argmax())]
    return stance


def _fit(search: _Search, stances: Sequence[_Stance]) -> _Fit:
    place, upper, lower = (
        np.array([getattr(one, name) for one in stances])[:, None]
        for name in ("place", "upper", "lower")
    )
    knee = place + upper * (search.middle - search.root)
    factor = np.where(search.is_lower, lower, upper)
    at = np.where(
        search.is_lower,
        knee + lower * (search.pixels - search.middle),
        place + upper * (search.pixels - search.root),
    )
    rows, columns, inside = _index(at, search.views.shown)
    on_person = search.views.shown[rows, columns] & inside
    there = search.views.painted[rows, columns] * inside[..., None]
    direction = search.direction * (factor / np.abs(factor)) ** 2
    product = (direction.conj() * (there[..., 0] + 1j * there[..., 1])).real
    product = product + search.strength * there[..., 2]
    mine, theirs = np.abs(search.direction) ** 2 + search.strength**2, np.square(there).sum(2)
    on_each = np.stack([on_person[:, piece].mean(1) for piece in search.pieces])
    alike = np.stack(
        [
            product[:, piece].sum(1) / np.sqrt(mine[piece].sum() * theirs[:, piece].sum(1) + 1e-9)
            for piece in search.pieces
        ]
    )
    explained = np.ones(len(stances))
    if len(search.unexplained):
        explained = (
            _covers(search, search.root + (search.unexplained - place) / upper, search.upper_bones)
            | _covers(
                search, search.middle + (search.unexplained - knee) / lower, search.lower_bones
            )
        ).mean(1)
    silhouettes = (on_each.mean(0) + search.owed * explained) / (1 + search.owed)
    return _Fit(
        on_person=on_each,
        explained=explained,
        alike=alike,
        total=silhouettes + TEXTURE * alike.mean(0),
    )


def _covers(
    search: _Search,
    at: Complex[NDArray[np.complex128], "stances others"],
    bones: tuple[int, ...],
) -> Bool[NDArray[np.bool_], "stances others"]:
    """Whether these places of what was asked for belong to these bones."""
    rows, columns, inside = _index(at, search.views.shown)
    return np.isin(search.views.bones[rows, columns], bones) & inside


def _index(
    at: Complex[NDArray[np.complex128], "stances pixels"], picture: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Row, column and whether they are in the picture."""
    height, width = picture.shape
    rows, columns = at.imag.round().astype(np.int64), at.real.round().astype(np.int64)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return rows.clip(0, height - 1), columns.clip(0, width - 1), inside
