"""Hair that falls over shoulders, back and chest, told from the clothes under it."""

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from reimagine.appearance.grid import label
from reimagine.appearance.part_colours import Colours, density, learn, rows_of
from reimagine.appearance.regions import Region

_WHERE = (0, 1, 2, 5)
"""Body regions over which hair may fall: head, torso, upper arms."""
_BELOW_HAIR = (0.55, 0.95)
"""Rows of the torso, as shares of its height, that say what colours the clothes have."""
_LIKELIER = 3.0
"""So much better hair's colours must explain a place than those of clothes and skin."""
_LOCK = 0.006
"""Half the breadth of what is too thin to be falling hair (stripes of a shirt), in heights of the person."""


def falling(
    points: Float[np.ndarray, "height width 4"],
    inside: Bool[np.ndarray, "height width"],
    regions: Int[np.ndarray, "height width"],
    hair: Bool[np.ndarray, "height width"],
    skin: Colours,
) -> Bool[np.ndarray, "height width"]:
    """Where hair goes on below the head: in its colours, and joined to it.

    `points` are colour features, `regions` the body's, `hair` what was taken for hair so far, `skin` the skin's colours.
    """
    disc = cv2.getStructuringElement(
        cv2.MORPH_ELLIPSE, (2 * max(1, round(_LOCK * inside.shape[0])) + 1,) * 2
    )
    head = hair & (regions == Region.HEAD)
    own = learn(points[cv2.erode(head.astype(np.uint8), disc) > 0])
    clothes = learn(points[inside & rows_of(regions == Region.TORSO, *_BELOW_HAIR)])
    other = np.maximum(density(clothes, points), density(skin, points))
    like = inside & np.isin(regions, _WHERE) & (density(own, points) > _LIKELIER * other)
    whole = cv2.morphologyEx((like | head).astype(np.uint8), cv2.MORPH_OPEN, disc) > 0
    pieces = label(whole)
    joined = np.isin(pieces, np.unique(pieces[whole & head]))
    return joined & whole & ~head
