"""Hairlines that thin out where they are guessed, and hair that tapers towards them, instead of ending like a cap's rim."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import KDTree

from reimagine.appearance.grid import ramp

_WIDTH_M = 0.007
"""Within so much of the hairline hair thins out."""
_HALF = 0.5
"""Of hair and of skin on the line itself."""
_LEAST = 0.3
"""Share of that which even the barest places get: it goes hair by hair."""
_TAPER_M = 0.07
"""So far from where it ends hair is as thick as it gets."""


def tapered(
    verts: Float[np.ndarray, "verts 3"], bare: Bool[np.ndarray, " verts"]
) -> Float[np.ndarray, " verts"]:
    """How much of its thickness hair has at each of a head's vertices (metres), 0..1; `bare`: which have none."""
    if not bare.any():
        return np.ones(len(verts))
    away, _ = KDTree(verts[bare]).query(verts)
    # A little is left where it ends.
    return ramp(away, -_TAPER_M / 4, _TAPER_M)


def thinned_out(
    verts: Float[np.ndarray, "verts 3"],
    hairy: Bool[np.ndarray, " verts"],
    colour: Float[np.ndarray, "verts 3"],
) -> Float[np.ndarray, "verts 3"]:
    """Colours (0..1) of a head, hair's going over into skin's within some millimetres on either side of the line.

    `verts` in metres; the same head gives the same colours.
    """
    if not hairy.any() or hairy.all():
        return colour
    mixed = colour.copy()
    some = np.random.default_rng(0).uniform(_LEAST, 1.0, len(verts)).astype(np.float32)
    for own in (hairy, ~hairy):
        away, near = KDTree(verts[~own]).query(verts[own])
        share = _HALF * np.exp(-((away / _WIDTH_M) ** 2)) * some[own]
        mixed[own] += share[:, None].astype(np.float32) * (colour[~own][near] - colour[own])
    return mixed
