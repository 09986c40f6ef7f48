"""Which way is up in a file's world, and whether its first frame is only the pose that the skeleton was bound in."""

import numpy as np
from jaxtyping import Float

from reimagine.body.readers.skeleton import Skeleton, unit
from reimagine.body.readers.stance import is_stance

STANDS = 0.8
"""Mean of the upward part of trunks that stand."""


def nearest_axis(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """The axis, with its sign, that a direction is nearest to."""
    axis = int(np.abs(vector).argmax())
    return np.eye(3)[axis] * (1.0 if vector[axis] >= 0 else -1.0)


def find_up(
    skeleton: Skeleton, at: dict[str, int], usual: Float[np.ndarray, "3"], leg: float
) -> Float[np.ndarray, "3"]:
    """The axis that is up.

    It is the usual one (the rest pose's, or Y) unless trunks clearly stand along another one over the clip and the
    person does not lie on a floor at 0 by the usual one. Who lies, or stands on their hands, stays so. `leg` is a leg's
    length in the file's unit.
    """
    shoulders, hips = (
        skeleton.places[:, [at[f"left_{joint}"], at[f"right_{joint}"]]].mean(1)
        for joint in ("shoulder", "hip")
    )
    trunk = unit(shoulders - hips).mean(0)
    up = nearest_axis(trunk)
    if len(skeleton) < 2 or trunk @ up < STANDS or up @ usual > 0.5:
        return usual
    if up @ usual < -0.5:  # on their hands, unless the floor is above their heads
        return usual if _lowest(skeleton, usual) > -0.25 * leg else up
    stands = abs(_lowest(skeleton, up)) < 0.15 * leg
    pelvis = float(np.median(skeleton.places[:, at["pelvis"]] @ usual))
    lies = -0.05 * leg < _lowest(skeleton, usual) and 0.03 * leg < pelvis < 0.45 * leg
    return usual if lies and not stands else up


def _lowest(skeleton: Skeleton, up: Float[np.ndarray, "3"]) -> float:
    return float((skeleton.places @ up).min())


def starts_bound(skeleton: Skeleton, at: dict[str, int]) -> bool:
    """Whether the first frame is a lone bind pose: straight limbs, and a jump from there into the motion."""
    if len(skeleton) < 4 or not is_stance(skeleton.places[0], at, strict=True):
        return False
    turns = [skeleton.turns[place] for place in at.values()]
    steps = np.max([(turn[1:] * turn[:-1].inv()).magnitude() for turn in turns], axis=0)
    usual = float(np.percentile(steps[1:], 95))
    return bool(steps[0] > max(np.radians(15), 3 * usual))
