"""Where the joints of SMPL-X's mean body are, and what that says about a file's world."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.bones import REST_JOINTS
from reimagine.body.model import JOINTS, PARENTS
from reimagine.body.readers.upright import find_up

AT = {joint: place for place, joint in enumerate(JOINTS[:22])}
LEG_M = 0.83
"""About as long as a mean leg is; only to compare with."""
FRAMES = 600
FASTEST_M_S = 15.0
"""Nobody's hips go faster."""


def mean_places(
    poses: Float[np.ndarray, "frames 55 3"], transl: Float[np.ndarray, "frames 3"]
) -> Float[np.ndarray, "frames 22 3"]:
    """The 22 body joints, turned about the pelvis; metres."""
    rest = REST_JOINTS.double().numpy()
    turns: list[Rotation] = []
    places: list[np.ndarray] = []
    for joint, parent in enumerate(PARENTS[:22]):
        turn = Rotation.from_rotvec(poses[:, joint])
        if parent < 0:
            turns.append(turn)
            places.append(transl + rest[0])
        else:
            places.append(places[parent] + turns[parent].apply(rest[joint] - rest[parent]))
            turns.append(turns[parent] * turn)
    return np.stack(places, axis=1)


def up_of(
    poses: Float[np.ndarray, "frames 55 3"],
    transl: Float[np.ndarray, "frames 3"],
    usual: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "3"]:
    """The axis that is up: the usual one, unless the person clearly stands along another."""
    if len(poses) < 2:
        return usual
    some = np.unique(np.linspace(0, len(poses) - 1, min(len(poses), FRAMES)).astype(int))
    return find_up(mean_places(poses[some], transl[some]), AT, usual, LEG_M)


def unit_of(transl: Float[np.ndarray, "frames 3"], fps: float) -> float:
    """How many metres the file's unit is: 1, or 0.01 or 0.001 where people would else be faster than anybody."""
    if len(transl) < 3 or not np.isfinite(transl).all():
        return 1.0
    speed = float(np.percentile(np.linalg.norm(np.diff(transl, axis=0), axis=1), 90)) * fps
    far = float(np.abs(transl - np.median(transl, axis=0)).max())
    fitting = (unit for unit in (1.0, 0.01, 0.001) if speed * unit < FASTEST_M_S)
    return next(fitting, 1.0) if far > 3 else 1.0
