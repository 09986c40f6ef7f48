"""How a skeleton's joints are turned against SMPL-X's, told from a pose in which it stands with straight limbs."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.bones import REST_JOINTS
from reimagine.body.model import JOINTS
from reimagine.body.readers.rest_directions import ARMS, DIRECTIONS, ENDS, LEGS, SIDES
from reimagine.body.readers.skeleton import Skeleton, unit
from reimagine.body.turn import smallest_turn

SNAP = 0.94
"""A trunk within 20 degrees of the file's axes is meant to stand along them."""


def trunk_frame(
    places: Float[np.ndarray, "joints 3"], at: dict[str, int]
) -> Float[np.ndarray, "3 3"] | None:
    """Rows are left, up and front of the trunk in the file's axes; None where hips or shoulders say nothing."""
    hips = places[at["left_hip"]] - places[at["right_hip"]]
    shoulders = places[at["left_shoulder"]] - places[at["right_shoulder"]]
    up = unit(
        places[[at["left_shoulder"], at["right_shoulder"]]].mean(0)
        - places[[at["left_hip"], at["right_hip"]]].mean(0)
    )
    left = unit(hips) + unit(shoulders)
    left = unit(left - (left @ up) * up)
    if not up.any() or not left.any() or unit(hips) @ unit(shoulders) < 0.7:
        return None
    return np.stack([left, up, np.cross(left, up)])


def is_stance(
    places: Float[np.ndarray, "joints 3"], at: dict[str, int], *, strict: bool = False
) -> bool:
    """Whether a person could stand so: legs below the trunk, arms straight and not behind, before or above it.

    `strict` asks for the straight, even pose in which skeletons are bound to their skin.
    """
    frame = trunk_frame(places, at)
    if frame is None:
        return False
    bone = {
        joint: frame @ unit(places[at[ENDS[joint]]] - places[at[joint]]) for joint in LEGS + ARMS
    }
    straight = 0.97 if strict else 0.7
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        thigh, shin = bone[f"{side}_hip"], bone[f"{side}_knee"]
        upper, fore = bone[f"{side}_shoulder"], bone[f"{side}_elbow"]
        legs = min(-thigh[1], -shin[1]) > (0.94 if strict else 0.8) and thigh @ shin > straight
        arms = (
            upper[0] * sign > -0.2 and upper[1] < 0.5 and abs(upper[2]) < (0.3 if strict else 0.5)
        )
        if not (legs and arms and upper @ fore > straight and _foot_ahead(places, at, frame, side)):
            return False
    return True


def _foot_ahead(
    places: Float[np.ndarray, "joints 3"],
    at: dict[str, int],
    frame: Float[np.ndarray, "3 3"],
    side: str,
) -> bool:
    foot = at.get(f"{side}_foot")
    if foot is None:
        return True
    bone = frame @ unit(places[foot] - places[at[f"{side}_ankle"]])
    return not bone.any() or bool(bone[2] > 0.2)


def from_stance(posed: Skeleton, at: dict[str, int]) -> list[Rotation]:
    """Of each joint, the rotation from SMPL-X's zero pose to the joint's own axes, by one frame in which it stands.

    Limbs and fingers are turned as little as brings our bones onto the file's; the trunk, the feet and all else stand.
    """
    places = posed.places[0]
    frame = trunk_frame(places, at)
    assert frame is not None
    axes = _along_axes(frame)
    stand = Rotation.from_matrix(axes.T)
    turned = [stand] * len(posed.names)
    if not is_smplx(places, at, axes):
        for joint, place in at.items():
            there = axes @ bone(posed, at, joint)[0]
            if joint in DIRECTIONS and there.any() and not joint.endswith(("collar", "ankle")):
                turned[place] = stand * smallest_turn(DIRECTIONS[joint], there)
    return [now[0].inv() * turn for now, turn in zip(posed.turns, turned, strict=True)]


def is_smplx(
    places: Float[np.ndarray, "joints 3"], at: dict[str, int], axes: Float[np.ndarray, "3 3"]
) -> bool:
    """Whether the limbs lie as in SMPL-X's own zero pose, so that rotations are SMPL-X's own."""
    rest = REST_JOINTS.double().numpy()
    for joint in LEGS + ARMS:
        start, end = JOINTS.index(joint), JOINTS.index(ENDS[joint])
        bone = axes @ unit(places[at[ENDS[joint]]] - places[at[joint]])
        if bone @ unit(rest[end] - rest[start]) < np.cos(np.radians(0.5)):
            return False
    return True


def bone(skeleton: Skeleton, at: dict[str, int], joint: str) -> Float[np.ndarray, "frames 3"]:
    """Direction of a joint's bone in the file's world; a hand without fingers goes on as the forearm does.

    Zero where the file does not say.
    """
    end = bone_end(joint, at)
    if end is not None:
        return unit(skeleton.between(at[joint], end))
    tip = unit(np.nan_to_num(skeleton.tip(at[joint])))
    before = unit(skeleton.between(skeleton.parents[at[joint]], at[joint]))
    if (tip * before).sum(1).mean() > 0.5:  # many files end bones anywhere
        return tip
    if joint.endswith("wrist"):
        return bone(skeleton, at, joint.replace("wrist", "elbow"))
    return np.zeros_like(tip)


def bone_end(joint: str, at: dict[str, int]) -> int | None:
    """The joint at which a joint's bone ends; for a hand, the knuckle nearest to its middle."""
    if joint.endswith("wrist"):
        side = joint.removesuffix("wrist")
        knuckles = (f"{side}{finger}1" for finger in ("middle", "ring", "index"))
        return next((at[knuckle] for knuckle in knuckles if knuckle in at), None)
    return at.get(ENDS.get(joint, ""))


def _along_axes(frame: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """The frame along the file's axes where it nearly is."""
    nearest = np.where(
        np.abs(frame) == np.abs(frame).max(axis=1, keepdims=True), np.sign(frame), 0.0
    )
    if (np.abs(frame).max(axis=1) > SNAP).all() and abs(np.linalg.det(nearest) - 1) < 1e-9:
        return nearest
    return frame
