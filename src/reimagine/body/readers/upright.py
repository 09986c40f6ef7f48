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
    places: Float[np.ndarray, "frames joints 3"],
    at: dict[str, int],
    usual: Float[np.ndarray, "3"],
    leg: float,
) -> Float[np.ndarray, "3"]:
    """The axis that is up.

    It is the usual one (the rest pose's, or the format's) unless trunks clearly stand along another one over the clip and
    the person does not lie on a floor at 0 by the usual one. Who lies, or stands on their hands, stays so. `leg` is a
    leg's length in the file's unit.
    """
    shoulders, hips = (
        places[:, [at[f"left_{joint}"], at[f"right_{joint}"]]].mean(1)
        for joint in ("shoulder", "hip")
    )
    trunk = unit(shoulders - hips).mean(0)
    up = nearest_axis(trunk)
    if trunk @ up < STANDS or up @ usual > 0.5:
        return usual
    if up @ usual < -0.5:  # on their hands, unless the floor is above their heads
        return usual if float((places @ usual).min()) > -0.25 * leg else up
    return usual if lies(places, at, usual, up, leg) else up


def lies(
    places: Float[np.ndarray, "frames joints 3"],
    at: dict[str, int],
    usual: Float[np.ndarray, "3"],
    along: Float[np.ndarray, "3"],
    leg: float,
) -> bool:
    """Whether the person lies on a floor at 0 by the usual up, and does not stand on one by the axis of their trunk."""
    low, high = (places @ usual).min(), float(np.median(places[:, at["pelvis"]] @ usual))
    stands = abs(float((places @ along).min())) < 0.15 * leg
    return bool(-0.05 * leg < low and 0.03 * leg < high < 0.6 * leg and not stands)


def starts_bound(skeleton: Skeleton, at: dict[str, int]) -> bool:
    """Whether the first frame is a lone bind pose: straight limbs, and a jump from there into the motion."""
    if len(skeleton) < 4 or not is_stance(skeleton.places[0], at, strict=True):
        return False
    turns = [skeleton.turns[place] for place in at.values()]
    steps = np.max([(turn[1:] * turn[:-1].inv()).magnitude() for turn in turns], axis=0)
    usual = float(np.percentile(steps[1:], 95))
    return bool(steps[0] > max(np.radians(15), 3 * usual))
