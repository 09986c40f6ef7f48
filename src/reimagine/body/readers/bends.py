"""How a skeleton's joints are turned against SMPL-X's, told from how its limbs point and bend over the whole clip.

A bone's direction lies fixed in its joint's axes, and so does what it bends about: knees only bend backwards and elbows
only forwards. The two together are the joint's frame, whatever pose the file calls zero.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.bones import FINGER_OFFSETS
from reimagine.body.readers.rest_directions import DIRECTIONS, SIDES, X, Y, across_hand, hinge
from reimagine.body.readers.skeleton import Skeleton, onto, unit
from reimagine.body.readers.stance import bone

CLEAR = 0.05
"""Mean sine of the bend (3 degrees) from which a hinge is seen."""
STRONG = 0.1
"""From which it outweighs a stance."""
FRAMES = 600
"""So many frames, spread over the clip, tell enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A direction of the body in the file's world, and the same in SMPL-X's zero pose."""

    there: Float[np.ndarray, "frames 3"]
    """As long as it is clear."""
    ours: Float[np.ndarray, "3"]


def from_clip(skeleton: Skeleton, at: dict[str, int], spine: list[int]) -> list[Rotation]:
    """Of each joint, the rotation from SMPL-X's zero pose to the joint's own axes.

    `spine` are the joints between pelvis and neck. A joint that shows no direction of its own goes with its parent on
    average.
    """
    some = thinned(skeleton)
    found = _trunk(some, at, spine)
    for side in SIDES:
        found |= _leg(some, at, side)
        found |= _arm(some, at, side)
        found |= _fingers(some, at, side, found)
    turns: list[Rotation] = []
    for place, parent in enumerate(some.parents):
        lone = Rotation.identity() if parent < 0 else turns[parent]
        if place not in found and parent >= 0:
            lone = (some.turns[place].inv() * some.turns[parent] * turns[parent]).mean()
        turns.append(found.get(place, lone))
    return turns


def turned_against(skeleton: Skeleton, at: dict[str, int], turns: list[Rotation]) -> list[str]:
    """The limbs ("left_hip", "right_shoulder") that by these rotations would bend the wrong way over the clip."""
    some = thinned(skeleton)
    wrong: list[str] = []
    for upper, lower in (("hip", "knee"), ("shoulder", "elbow")):
        for side in SIDES:
            joint = f"{side}_{upper}"
            bends = np.cross(bone(some, at, joint), bone(some, at, f"{side}_{lower}"))
            axis = some.turns[at[joint]].inv().apply(bends).mean(0)
            clear = np.linalg.norm(axis) > max(STRONG, 0.7 * np.linalg.norm(bends, axis=1).mean())
            if clear and unit(axis) @ turns[at[joint]].apply(hinge(joint)) < np.cos(np.radians(70)):
                wrong.append(joint)
    return wrong


def thinned(skeleton: Skeleton) -> Skeleton:
    """At most FRAMES frames, evenly spread."""
    count = len(skeleton)
    return skeleton.at(np.unique(np.linspace(0, count - 1, min(count, FRAMES)).astype(int)))


def _settled(skeleton: Skeleton, place: int, along: Seen, *across: Seen) -> dict[int, Rotation]:
    """The joint's rotation by its bone, and by the first of the other directions that shows; none without a bone."""
    own = skeleton.turns[place].inv()
    first = unit(own.apply(along.there).mean(0))
    if not first.any():
        return {}
    for other in across:
        second = own.apply(other.there).mean(0)
        second = second - (second @ first) * first
        if np.linalg.norm(second) > CLEAR:
            return {place: onto((along.ours, other.ours), (first, second))}
    return {}


def _trunk(skeleton: Skeleton, at: dict[str, int], spine: list[int]) -> dict[int, Rotation]:
    """Pelvis, spine, neck and head: upright bones, and the hips' and the shoulders' line across them."""
    hips, shoulders = _line(skeleton, at, "hip"), _line(skeleton, at, "shoulder")
    up = unit(_middle(skeleton, at, "shoulder") - _middle(skeleton, at, "hip"))
    chain = [at["pelvis"], *spine, *([at["neck"]] if "neck" in at else [])]
    bones = [unit(skeleton.between(low, high)) for low, high in pairwise(chain)]
    first = up
    if len(chain) > 1:
        first = skeleton.places[:, chain[1]] - _middle(skeleton, at, "hip")
        thigh = np.linalg.norm(skeleton.between(at["left_hip"], at["left_knee"]), axis=1).mean()
        first = unit(first) if np.linalg.norm(first, axis=1).mean() > 0.1 * thigh else up
    found = _settled(skeleton, at["pelvis"], Seen(there=hips, ours=X), Seen(there=first, ours=Y))
    for k, place in enumerate(spine, start=1):
        along = bones[k] if k < len(bones) and bones[k].any() else up
        across = hips + (shoulders - hips) * (k / len(spine))
        found |= _settled(skeleton, place, Seen(there=along, ours=Y), Seen(there=across, ours=X))
    for joint in ("neck", "head"):
        if joint in at:
            along = Seen(there=bone(skeleton, at, joint), ours=DIRECTIONS.get(joint, Y))
            found |= _settled(skeleton, at[joint], along, Seen(there=shoulders, ours=X))
    return found


def _line(skeleton: Skeleton, at: dict[str, int], joint: str) -> Float[np.ndarray, "frames 3"]:
    """From the right to the left joint."""
    return unit(skeleton.between(at[f"right_{joint}"], at[f"left_{joint}"]))


def _middle(skeleton: Skeleton, at: dict[str, int], joint: str) -> Float[np.ndarray, "frames 3"]:
    return skeleton.places[:, [at[f"left_{joint}"], at[f"right_{joint}"]]].mean(1)


def _leg(skeleton: Skeleton, at: dict[str, int], side: str) -> dict[int, Rotation]:
    thigh, shin, foot = (bone(skeleton, at, f"{side}_{j}") for j in ("hip", "knee", "ankle"))
    knee = Seen(there=np.cross(thigh, shin), ours=X)
    ankle = Seen(there=np.cross(foot, shin), ours=X)
    hips = Seen(there=_line(skeleton, at, "hip"), ours=X)
    found: dict[int, Rotation] = {}
    for joint, along, order in (
        (f"{side}_hip", thigh, (knee, ankle, hips)),
        (f"{side}_knee", shin, (knee, ankle, hips)),
        (f"{side}_ankle", foot, (ankle, knee, hips)),
    ):
        seen = Seen(there=along, ours=DIRECTIONS[joint])
        found |= _settled(skeleton, at[joint], seen, *order)
    return found


def _arm(skeleton: Skeleton, at: dict[str, int], side: str) -> dict[int, Rotation]:
    upper, fore = (bone(skeleton, at, f"{side}_{j}") for j in ("shoulder", "elbow"))
    axis = hinge(f"{side}_shoulder")
    elbow = Seen(there=np.cross(upper, fore), ours=axis)
    found: dict[int, Rotation] = {}
    if f"{side}_collar" in at:
        up = unit(_middle(skeleton, at, "shoulder") - _middle(skeleton, at, "hip"))
        along = Seen(there=bone(skeleton, at, f"{side}_collar"), ours=DIRECTIONS[f"{side}_collar"])
        found |= _settled(skeleton, at[f"{side}_collar"], along, Seen(there=up, ours=Y))
    for joint, along in ((f"{side}_shoulder", upper), (f"{side}_elbow", fore)):
        ours = DIRECTIONS[joint]
        swung = Seen(there=_swung(skeleton, at, along, ours, axis), ours=axis)
        found |= _settled(skeleton, at[joint], Seen(there=along, ours=ours), elbow, swung)
    wrist, forearm = at[f"{side}_wrist"], at[f"{side}_elbow"]
    across = [
        Seen(there=unit(skeleton.between(at[b], at[a])), ours=across_hand(side))
        for a, b in ((f"{side}_index1", f"{side}_pinky1"),)
        if a in at and b in at
    ]
    if forearm in found:
        across.append(Seen(there=(skeleton.turns[forearm] * found[forearm]).apply(Y), ours=Y))
    along = Seen(there=bone(skeleton, at, f"{side}_wrist"), ours=DIRECTIONS[f"{side}_wrist"])
    return found | _settled(skeleton, wrist, along, *across)


def _swung(
    skeleton: Skeleton,
    at: dict[str, int],
    along: Float[np.ndarray, "frames 3"],
    ours: Float[np.ndarray, "3"],
    axis: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "frames 3"]:
    """Where `axis` of the zero pose lies when an arm has swung from the zero pose by the smallest rotation."""
    left = _line(skeleton, at, "shoulder")
    up = unit(_middle(skeleton, at, "shoulder") - _middle(skeleton, at, "hip"))
    up = unit(up - (up * left).sum(1, keepdims=True) * left)
    chest = np.stack([left, up, np.cross(left, up)], axis=2)
    start, carried = chest @ ours, chest @ axis
    about = np.cross(start, along)
    once = np.cross(about, carried)
    weight = 1 / np.maximum(1 + (start * along).sum(1, keepdims=True), 0.05)
    return carried + once + np.cross(about, once) * weight


def _fingers(
    skeleton: Skeleton, at: dict[str, int], side: str, found: dict[int, Rotation]
) -> dict[int, Rotation]:
    """Fingers along their bones, their backs on the back of the hand."""
    wrist = at[f"{side}_wrist"]
    if wrist not in found:
        return {}
    back = Seen(there=(skeleton.turns[wrist] * found[wrist]).apply(Y), ours=Y)
    fingers: dict[int, Rotation] = {}
    for name in (f"{side}_{finger}{k}" for finger in FINGER_OFFSETS for k in (1, 2, 3)):
        if name in at:
            along = Seen(there=bone(skeleton, at, name), ours=DIRECTIONS[name])
            fingers |= _settled(skeleton, at[name], along, back)
    return fingers
