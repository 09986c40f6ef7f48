"""Shapes on the head that neither front nor back photo shows, made where the user says that they are there.

A knot of hair, a visor and the sides of glasses are seen end on: no photo from front or back tells them from hair, hats
and rims that lie flat. Their colours are the photo's; how far they stand off is a guess.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import Mask, depth, nearest
from reimagine.appearance.head import find_ears
from reimagine.appearance.outline import FACE, HAIR
from reimagine.appearance.piece import Piece
from reimagine.appearance.plane import CELL_M, Plane, depths
from reimagine.appearance.seeing import Seeing
from reimagine.appearance.weights import skin_of
from reimagine.body.joints import EYES, Joint
from reimagine.body.model import pose_skin
from reimagine.records import Body, Part, Pose, Skin

_KNOT_UP_M, _KNOT_UP_SPREAD_M, _KNOT_ASIDE_SPREAD_M = 0.09, 0.03, 0.012
"""Knots are usually so high above the head joint, give or take; and in the middle, give or take."""
_KNOT_RADII_M = np.arange(0.030, 0.0551, 0.005)
_RIM = 0.002
"""Brightness that changes less per cell is no rim."""
_KNOT_DEEP, _KNOT_OFF = 0.75, 0.25
"""Half a knot's depth, and how far its middle lies behind the hair, in radii."""
_VISOR_TURN = 1.05
"""A visor grows out of a hat's front, so far to either side, radians."""
_VISOR_M, _VISOR_BAND_M, _VISOR_THICK_M = 0.07, 0.012, 0.004
"""How far it reaches ahead, how high a band of it the front photo shows, and its thickness."""
_VISOR_WIDENS = 0.3
"""Metres that it gets broader on either side, per metre ahead."""
_TEMPLE_M = 0.0022
"""Half the thickness of glasses' temples."""
_HINGE, _OVER_EYE_M = 0.93, 0.006
"""How far apart they begin, as a share of the head's breadth between eyes and ears; and how far above the eyes they run."""
_BRIDGE_M = 0.008
"""So near the middle between the eyes only glasses are unlike skin."""

Points = NDArray[np.floating]


def details(
    names: Sequence[str],
    body: Body,
    head: Skin,
    poses: list[Pose],
    seen: list[Seeing],
    pictures: Sequence[Float[NDArray[np.floating], "height width 3"]],
) -> list[Piece]:
    """The pieces of these names (of `settings.DETAILS`), in the zero pose; they turn with the head.

    `head`: the head's surface in the zero pose. `poses` (one frame each), `seen` and `pictures` of the photos, the front
    first. Where the front alone is there, a knot is put where most are.
    """
    found: list[Piece] = []
    for name in sorted(set(names)):
        behind = name == "bun"
        index = len(seen) - 1 if behind else 0
        one, picture = seen[index], seen[index].plane.read(pictures[index])
        if name == "glasses":
            colour = _bridge(one, picture)
            found += [_piece(name, rings, colour) for rings in _temples(body, head)]
            continue
        z = depths(pose_skin(head, poses[index])[0], head.faces, one.plane)[behind]
        z = z[tuple(nearest(np.isfinite(z)))]
        rings = _bun(one, z, picture) if behind else _visor(one, z)
        if rings is not None:
            stands = poses[index].transforms[0, Joint.HEAD].numpy()
            colour = None if behind else _edge_colour(one, picture)
            found.append(_piece(name, (rings - stands[:, 3]) @ stands[:, :3], colour))
    return found


def _bun(seen: Seeing, z: Points, picture: Points) -> Points:
    """A flattened ball behind the head, where brightness changes most along a circle in the photo."""
    row, column, radius = _knot(seen, picture)
    polar, turn = np.linspace(0, np.pi, 25)[:, None], np.linspace(0, 2 * np.pi, 49)[:-1]
    ball = [np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), -np.cos(polar) + 0 * turn]
    middle = _on_head(seen.plane, z, np.array([[row, column]]))[0] - [0, 0, _KNOT_OFF * radius]
    return middle + np.stack(ball, -1) * radius * [1, 1, _KNOT_DEEP]


def _knot(seen: Seeing, picture: Points) -> tuple[float, float, float]:
    """Row and column (cells) and radius (metres) of the likeliest circle in the hair."""
    row, column = seen.joints[Joint.HEAD]
    within = depth(seen.labels == HAIR)
    steep = ndimage.gaussian_gradient_magnitude(picture.mean(-1), 1.0)
    turn = np.linspace(0, 2 * np.pi, 49)[:-1]
    circle = np.stack([np.sin(turn), np.cos(turn)])
    best, found = _RIM, (row - _KNOT_UP_M / CELL_M, column, float(_KNOT_RADII_M.mean()))
    for up in np.arange(-2, 2.1, 0.25):
        for aside in np.arange(-2, 2.1, 0.5):
            middle = (
                row - (_KNOT_UP_M + up * _KNOT_UP_SPREAD_M) / CELL_M,
                column + aside * _KNOT_ASIDE_SPREAD_M / CELL_M,
            )
            for radius in _KNOT_RADII_M:
                ring = np.reshape(middle, (2, 1)) + circle * radius / CELL_M
                if ndimage.map_coordinates(within, ring, order=1).min() < 1:
                    continue
                rim = np.median(ndimage.map_coordinates(steep, ring, order=1))
                score = float(rim * np.exp(-(up**2 + aside**2) / 2))
                if score > best:
                    best, found = score, (*middle, float(radius))
    return found


def _visor(seen: Seeing, z: Points) -> Points | None:
    """A curved sheet whose front edge is the lower edge of the hat in the photo; None where there is no hat."""
    hat = _hat(seen)
    columns = np.flatnonzero(hat.any(0))
    if len(columns) < 2:
        return None
    lowest = len(hat) - 1 - hat[::-1].argmax(0)[columns]
    turn = np.linspace(-_VISOR_TURN, _VISOR_TURN, 65)
    column = columns.mean() + (columns[-1] - columns[0]) / 2 * np.sin(turn)
    edge = np.interp(column, columns, ndimage.median_filter(lowest, 9, mode="nearest"))
    edge = ndimage.gaussian_filter1d(edge, 3.0, mode="nearest")
    reach = 1 - (turn / _VISOR_TURN) ** 4
    root = _on_head(seen.plane, z, np.stack([edge - reach * _VISOR_BAND_M / CELL_M, column], -1))
    root[:, 2] -= _VISOR_THICK_M
    ahead = root[:, 2] + _VISOR_M * reach
    flat = seen.plane.points(np.stack([edge, column], -1))
    tip = np.column_stack([seen.plane.seen_at(flat, ahead), ahead])
    tip[:, 0] += _VISOR_WIDENS * _VISOR_M * reach * np.sin(turn)
    out = np.linspace(0, 1, 13)[:, None]
    share = np.stack([out, out**1.5, out], -1)  # it leaves the hat level and bends down
    above = root + (tip - root) * share
    below = above - [0, _VISOR_THICK_M, 0] * (1 - out[..., None] ** 4)
    return np.concatenate([above, below[::-1]]).transpose(1, 0, 2)


def _hat(seen: Seeing) -> Mask:
    hat = seen.labels == HAIR if seen.hat is None else seen.hat
    return hat & (np.arange(len(hat))[:, None] < seen.joints[Joint.HEAD, 0])


def _edge_colour(seen: Seeing, picture: Points) -> Points:
    """The hat's median colour (3) along its lower edge."""
    hat = _hat(seen)
    below = np.roll(~hat, -round(2 * _VISOR_BAND_M / CELL_M), axis=0)
    inner = hat & below & (depth(hat) > 1.5)
    return np.median(picture[inner if inner.any() else hat], axis=0)


def _temples(body: Body, head: Skin) -> list[Points]:
    """Thin bars from beside the eyes to the ears, close to the head, in the zero pose."""
    verts = head.verts.numpy()
    ears = find_ears(verts, head.faces.numpy())
    bars: list[Points] = []
    for eye, ear in zip(body.joints[EYES].numpy(), ears, strict=True):
        side, y = np.sign(eye[0]), eye[1] + _OVER_EYE_M
        level = verts[(np.abs(verts[:, 1] - y) < 0.01) & ~np.any(ears, axis=0)]
        z = np.linspace(eye[2], verts[ear, 2].mean(), 24)
        near = np.abs(level[:, 2] - z[:, None]) < 0.01
        broad = np.where(near, side * level[:, 0], 0).max(1)
        x = np.maximum.accumulate(np.maximum(broad, _HINGE * broad.max())) + _TEMPLE_M
        x, z = np.r_[broad[0], x], np.r_[z[0], z]  # from the face out to the hinge
        thick = _TEMPLE_M * np.r_[np.ones(len(z) - 1), 0]
        turn = np.linspace(0, 2 * np.pi, 9)[:-1]
        ring = thick[:, None, None] * np.stack([np.cos(turn), np.sin(turn), 0 * turn], -1)
        bars.append(np.stack([side * x, np.full(len(z), y), z], -1)[:, None] + ring)
    return bars


def _bridge(seen: Seeing, picture: Points) -> Points:
    """The colour (3) between the eyes that is least like the face: that of glasses."""
    row, column = seen.joints[EYES].mean(0)
    near = round(_BRIDGE_M / CELL_M)
    at = np.s_[
        round(row) - near : round(row) + near + 1, round(column) - near : round(column) + near + 1
    ]
    face = seen.labels == FACE
    usual = np.median(picture[face if face.any() else seen.labels > 0], axis=0)
    colours = picture[at].reshape(-1, 3)
    return colours[np.linalg.norm(colours - usual, axis=1).argmax()]


def _on_head(plane: Plane, z: Points, cells: Float[NDArray[np.floating], "n 2"]) -> Points:
    """Points (n 3, metres) of the head, whose depth on the plane is `z`, that the photo shows in these cells."""
    deep = ndimage.map_coordinates(z, cells.T, order=1, mode="nearest")
    return np.column_stack([plane.seen_at(plane.points(cells), deep), deep])


def _piece(name: str, rings: Points, colour: Points | None = None) -> Piece:
    """Rings of points (rings around 3, zero pose), each joined to the next, as a piece that turns with the head."""
    verts = rings.reshape(-1, 3)
    here = np.arange(len(verts)).reshape(rings.shape[:2])
    beside = np.roll(here, -1, 1)
    a, b, c, d = here[:-1], beside[:-1], here[1:], beside[1:]
    faces = np.concatenate([np.stack(three, -1).reshape(-1, 3) for three in ((a, b, c), (b, d, c))])
    if np.linalg.det(verts[faces] - verts.mean(0)).sum() < 0:  # inside out
        faces = faces[:, ::-1]
    weights = np.zeros((len(verts), 55))
    weights[:, Joint.HEAD] = 1
    return Piece(
        name=name,
        skin=skin_of(verts, faces, weights, influences=1),
        part=Part.FACE if name == "glasses" else Part.HAIR,
        regions=(0,),
        kind=np.zeros(len(verts), np.int64),
        colour=colour,
    )
