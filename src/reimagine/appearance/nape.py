"""A collar that hair hangs over goes straight on beneath it: seen between dark strands, cloth passes for skin."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage

from reimagine.appearance.grid import label
from reimagine.appearance.outline import HAIR, SKIN, UPPER, grown
from reimagine.appearance.plane import CELL_M
from reimagine.body.joints import Joint

_ASIDE_M = 0.09
"""Half the breadth in which a collar's highest places are looked for, on either side of the neck."""
_BESIDE_M, _DEEPEST_M = 0.006, 0.07
"""So near hair skin may be cloth between strands; an open back goes deeper than that."""
_SMALLEST_M2 = 5e-4
"""Less than this is a ragged edge."""


def under_hair(
    labels: NDArray[np.int64], joints: Float[NDArray[np.floating], "55 2"]
) -> NDArray[np.int64]:
    """The labels of a photo from behind, on its plane, with skin beside hair taken for cloth below the collar's line.

    The line joins the highest cloth on the left of the neck with that on its right; `joints` row and column of each joint.
    """
    _, middle = joints[Joint.NECK]
    columns = np.arange(labels.shape[1])
    corners: list[tuple[int, int]] = []
    for side in (-1, 1):
        beside = (side * (columns - middle) > 0) & (np.abs(columns - middle) < _ASIDE_M / CELL_M)
        rows, found = np.nonzero((labels == UPPER) & beside)
        if len(rows) == 0:
            return labels
        corners.append((int(found[rows.argmin()]), int(rows.min())))
    (left, left_row), (right, right_row) = sorted(corners)
    line = np.interp(columns, [left, right], [left_row, right_row])
    below = np.arange(len(labels))[:, None] > line
    between = (columns >= left) & (columns <= right)
    pieces = label((labels == SKIN) & below & between)
    near = set(np.unique(pieces[grown(labels == HAIR, _BESIDE_M)]))
    found = labels.copy()
    for index, part in enumerate(ndimage.find_objects(pieces), start=1):
        here = pieces == index
        shallow = (part[0].stop - part[0].start) * CELL_M < _DEEPEST_M
        if index in near and shallow and here.sum() * CELL_M**2 > _SMALLEST_M2:
            found[here] = UPPER
    return found
