"""A piece of the dressed surface."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reimagine.records import Skin


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One closed surface, or a patch of the body."""

    name: str
    skin: Skin
    part: int
    """Index into PARTS of what it is taken for where no photo shows it."""
    regions: tuple[int, ...]
    """Body regions it covers."""
    hairy: NDArray[np.float32] | None = None
    """verts: how much hair grows there, 0..1; None where none can."""
