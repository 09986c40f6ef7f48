"""A piece of the dressed surface."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reimagine.appearance.outline import FACE, HAIR, HAT, LOWER, SHOES, SKIN, UPPER
from reimagine.records import Skin

_BARE = (SKIN, FACE)
KINDS = {
    "head": ((HAIR,), (HAT,), _BARE),
    "throat": (_BARE,),
    "trunk": (_BARE, (UPPER,)),
    "hair": ((HAIR,),),
    "locks": ((HAIR,),),
    "tail": ((HAIR,),),
    "bun": ((HAIR,),),
    "left_leg": (_BARE, (SHOES,), (LOWER,)),
    "right_leg": (_BARE, (SHOES,), (LOWER,)),
    "left_foot": (_BARE, (SHOES,)),
    "right_foot": (_BARE, (SHOES,)),
    "left_arm": ((SKIN,), (UPPER,)),
    "right_arm": ((SKIN,), (UPPER,)),
    "left_hand": ((SKIN,),),
    "right_hand": ((SKIN,),),
}
"""Which labels of a photo may give a piece its colour, by kinds that take nothing from each other. What is labelled
otherwise, but enclosed, is of the last kind: buttons, prints, nostrils."""

LEGS = ("left_leg", "right_leg")
"""Pieces whose trousers come from under the trunk's."""

HAIRY, HATTED = 0, 1
"""The head's kinds that are hair and hat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One closed surface, or a patch of the body."""

    name: str
    skin: Skin
    part: int
    """Index into PARTS of what it is taken for where no photo shows it."""
    regions: tuple[int, ...]
    """Body regions it covers."""
    kind: NDArray[np.int64] | None = None
    """verts: of which of the piece's kinds each is, once it was cut along their borders."""
    colour: NDArray[np.floating] | None = None
    """3, 0..1: its colour, where photos are not asked."""
