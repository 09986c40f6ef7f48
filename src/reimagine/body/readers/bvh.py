"""BVH of any skeleton with recognisable names, worn by SMPL-X: world rotations are carried over bone by bone.

A bone's rotation in the file turns the file's rest pose; ours turns the T-pose. The difference of the two rest
poses is the smallest rotation that takes our bone onto the file's, and is put in once for each joint.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.bones import REST_JOINTS
from reimagine.body.model import JOINTS, PARENTS
from reimagine.body.readers.bvh_file import BvhFile, local_places, local_turns, parse_bvh
from reimagine.body.readers.bvh_names import is_smpl_skeleton, name_joints
from reimagine.body.readers.checked import checked_motion
from reimagine.body.readers.hands import NO_HANDS_NOTE, relaxed_hands
from reimagine.body.turn import MEAN_PELVIS, smallest_turn
from reimagine.errors import InputError
from reimagine.records import Motion

SIDES = ("left", "right")
NEEDED = tuple(
    f"{side}_{limb}"
    for limb in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    for side in SIDES
)
LEG_M = sum(float((REST_JOINTS[j] - REST_JOINTS[j + 3]).norm()) / 2 for j in (1, 2, 4, 5))
"""Hip to knee to ankle on the mean SMPL-X body."""
BONES = {
    f"{side}_{start}": f"{side}_{end}"
    for side in SIDES
    for start, end in (
        ("hip", "knee"),
        ("knee", "ankle"),
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
    )
}
"""Bones whose rest direction counts, and where they end."""


def read_bvh(path: Path) -> Motion:
    """The motion of a BVH file, scaled so that its legs are as long as the mean SMPL-X body's.

    Whatever the file's unit (cm, m, inches), strides then fit the body. The up axis is found from the
    skeleton. Raises InputError for a skeleton without hips, legs or arms that we can name.
    """
    file = parse_bvh(path)
    names = [joint.name for joint in file.joints]
    places = name_joints(names)
    if "pelvis" not in places:
        raise InputError(
            f"{path.name} has no hips among its joints ({', '.join(names[:6])}, ...); expected a joint called Hips or "
            "pelvis. Rename it."
        )
    missing = [name for name in NEEDED if name not in places]
    if missing:
        raise InputError(
            f"{path.name} lacks {', '.join(missing[:4])}; expected a whole body with names as LeftUpLeg, LeftLeg, "
            "LeftFoot, LeftArm, LeftForeArm, LeftHand. Rename the joints."
        )
    turns, pelvis = _world(file, places["pelvis"])
    rest = _rest(file)
    smpl = is_smpl_skeleton(names)
    rest_up = np.eye(3) if smpl else _upright(places, rest)
    world_up = rest_up if smpl else _world_upright(file, places, turns, rest, rest_up)
    notes = [f"scaled by {_scale(places, rest):.4g}, so that the legs are {LEG_M:.2f} m long"]
    ours = {
        joint: Rotation.from_matrix(world_up)
        * turns[place]
        * Rotation.from_matrix(rest_up.T)
        * (Rotation.identity() if smpl else _difference(joint, places, rest, rest_up))
        for joint, place in places.items()
    }
    ours |= _spine(file, places, turns, rest_up, world_up)
    poses = _locals(ours, len(file.rows))
    if not any(joint.startswith("left_index") for joint in places):
        notes.append(NO_HANDS_NOTE)
        poses[:, 25:55] = relaxed_hands(len(poses))
    return checked_motion(
        path,
        poses=poses,
        transl=_scale(places, rest) * pelvis @ world_up.T - np.asarray(MEAN_PELVIS),
        fps=file.fps,
        betas=np.zeros(10),
        source="BVH",
        notes=tuple(notes),
    )


def _world(file: BvhFile, pelvis: int) -> tuple[list[Rotation], Float[np.ndarray, "frames 3"]]:
    """World rotations of all joints, and the pelvis' place, in the file's axes and units."""
    turns: list[Rotation] = []
    places: list[np.ndarray] = []
    for joint in file.joints:
        turn, place = local_turns(file, joint), local_places(file, joint)
        if joint.parent >= 0:
            place = places[joint.parent] + turns[joint.parent].apply(place)
            turn = turns[joint.parent] * turn
        turns.append(turn)
        places.append(place)
    return turns, places[pelvis]


def _rest(file: BvhFile) -> Float[np.ndarray, "joints 3"]:
    rest = np.zeros((len(file.joints), 3))
    for i, joint in enumerate(file.joints):
        rest[i] = joint.offset + (rest[joint.parent] if joint.parent >= 0 else 0.0)
    return rest


def _upright(
    places: dict[str, int], rest: Float[np.ndarray, "joints 3"]
) -> Float[np.ndarray, "3 3"]:
    """Rotation of the file's rest pose into ours (Y up, +X left), along the axes."""
    hips = (rest[places["left_hip"]] + rest[places["right_hip"]]) / 2
    shoulders = (rest[places["left_shoulder"]] + rest[places["right_shoulder"]]) / 2
    up = _nearest_axis(shoulders - hips)
    left = rest[places["left_shoulder"]] - rest[places["right_shoulder"]]
    left = _nearest_axis(left - (left @ up) * up)
    return np.stack([left, up, np.cross(left, up)])


def _nearest_axis(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    axis = int(np.abs(vector).argmax())
    unit = np.zeros(3)
    unit[axis] = 1.0 if vector[axis] >= 0 else -1.0
    return unit


def _world_upright(
    file: BvhFile,
    places: dict[str, int],
    turns: list[Rotation],
    rest: Float[np.ndarray, "joints 3"],
    rest_up: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "3 3"]:
    """Rotation of the file's world to Y up: the rest pose's, unless the body clearly stands along another axis."""
    spine = turns[places["pelvis"]].apply(rest_up[1]).mean(axis=0)
    up = _nearest_axis(spine)
    if len(file.rows) < 2 or spine @ up < 0.8 or np.allclose(up, rest_up[1]) or len(rest) == 0:
        return rest_up
    return smallest_turn(up, np.array([0.0, 1.0, 0.0])).as_matrix()


def _scale(places: dict[str, int], rest: Float[np.ndarray, "joints 3"]) -> float:
    length = 0.0
    for side in ("left", "right"):
        hip, knee, ankle = (rest[places[f"{side}_{joint}"]] for joint in ("hip", "knee", "ankle"))
        length += (np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee)) / 2
    if length <= 0:
        raise InputError(
            "the BVH's legs have no length; expected OFFSETs between hip, knee and ankle. Export it again."
        )
    return float(LEG_M / length)


def _difference(
    joint: str,
    places: dict[str, int],
    rest: Float[np.ndarray, "joints 3"],
    rest_up: Float[np.ndarray, "3 3"],
) -> Rotation:
    """Smallest rotation of our rest bone onto the file's, in our axes. Hands go with the forearm, feet stay flat."""
    side, _, limb = joint.partition("_")
    bone = (
        f"{side}_elbow"
        if limb == "wrist" or limb[:-1] in ("index", "middle", "pinky", "ring", "thumb")
        else joint
    )
    if bone not in BONES:
        return Rotation.identity()
    there = rest_up @ (rest[places[BONES[bone]]] - rest[places[bone]])
    if not there.any():
        return Rotation.identity()
    arm = bone.endswith(("shoulder", "elbow"))
    sign = 1.0 if side == "left" else -1.0
    here = np.array([sign, 0.0, 0.0]) if arm else np.array([0.0, -1.0, 0.0])
    return smallest_turn(here, there)


def _spine(
    file: BvhFile,
    places: dict[str, int],
    turns: list[Rotation],
    rest_up: Float[np.ndarray, "3 3"],
    world_up: Float[np.ndarray, "3 3"],
) -> dict[str, Rotation]:
    """Our three spine joints from however many the file has between pelvis and arms."""
    chain: list[int] = []
    at = file.joints[places.get("neck", places.get("left_collar", places["left_shoulder"]))].parent
    while at >= 0 and at != places["pelvis"]:
        chain.append(at)
        at = file.joints[at].parent
    chain = chain[::-1] if at == places["pelvis"] else []
    chain = [place for place in chain if place not in places.values()]
    back = Rotation.from_matrix(rest_up.T)
    steps = [
        Rotation.from_matrix(world_up) * turns[place] * back for place in (places["pelvis"], *chain)
    ]
    if len(steps) == 1:
        return {}
    at_joint = np.linspace(0.0, len(steps) - 1, 4)[1:] if len(steps) != 4 else np.arange(1, 4)
    return {f"spine{k + 1}": _between(steps, float(where)) for k, where in enumerate(at_joint)}


def _between(steps: list[Rotation], where: float) -> Rotation:
    """The rotation at a fractional place of the chain, frame by frame."""
    low = min(int(where), len(steps) - 1)
    share = where - low
    if share < 1e-9:
        return steps[low]
    change = (steps[low].inv() * steps[low + 1]).as_rotvec()
    return steps[low] * Rotation.from_rotvec(change * share)


def _locals(ours: dict[str, Rotation], frames: int) -> Float[np.ndarray, "frames 55 3"]:
    """Local rotations; a joint that the file lacks goes with its parent."""
    poses = np.zeros((frames, 55, 3))
    world: list[Rotation] = []
    for i, (name, parent) in enumerate(zip(JOINTS, PARENTS, strict=True)):
        turn = ours.get(name, world[parent] if parent >= 0 else ours["pelvis"])
        world.append(turn)
        poses[:, i] = (turn if parent < 0 else world[parent].inv() * turn).as_rotvec()
    return poses
