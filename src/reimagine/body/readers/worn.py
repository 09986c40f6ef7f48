"""The motion of another skeleton, worn by SMPL-X: world rotations are carried over joint by joint.

In each joint's own axes a constant rotation says how SMPL-X's zero pose lies there. It comes from a pose in which the
skeleton stands, where the file has one (its rest pose, or its first frame), else from how limbs point and bend over the clip.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.bones import REST_JOINTS
from reimagine.body.joints import ANKLES, FINGERS, HIPS, KNEES
from reimagine.body.model import JOINTS, PARENTS
from reimagine.body.readers.bends import from_clip, turned_against
from reimagine.body.readers.checked import checked_motion
from reimagine.body.readers.hands import NO_HANDS_NOTE, relaxed_hands
from reimagine.body.readers.skeleton import Skeleton
from reimagine.body.readers.stance import from_stance, is_stance, trunk_frame
from reimagine.body.readers.upright import find_up, nearest_axis, starts_bound
from reimagine.body.turn import smallest_turn
from reimagine.errors import InputError
from reimagine.records import MEAN_PELVIS, Motion

LEG_M = sum(
    float((REST_JOINTS[upper] - REST_JOINTS[lower]).norm()) / 2
    for upper, lower in zip((*HIPS, *KNEES), (*KNEES, *ANKLES), strict=True)
)
"""Hip to knee to ankle on the mean SMPL-X body."""
LIMBS = {
    "hip": ("hip", "knee", "ankle", "foot"),
    "shoulder": ("shoulder", "elbow", "wrist", "index", "middle", "pinky", "ring", "thumb"),
}
BIND_NOTE = "the first frame is the pose that the skeleton was bound in, and is left out"


def worn_by_smplx(
    path: Path, skeleton: Skeleton, at: dict[str, int], *, source: str, notes: tuple[str, ...] = ()
) -> Motion:
    """The motion, scaled so that the legs are as long as the mean SMPL-X body's, in a world with Y up.

    Whatever the file's unit (cm, m, inches), strides then fit the body. `at` says which joint of the file each SMPL-X
    joint is. Raises InputError for legs without length.
    """
    said = list(notes)
    leg = _leg(path, skeleton, at)
    spine = _spine_joints(skeleton, at)
    if starts_bound(skeleton, at):
        first = skeleton.at(np.zeros(1, dtype=int))
        skeleton = skeleton.at(np.arange(1, len(skeleton)))
        said.append(BIND_NOTE)
        own = _own_axes(skeleton, at, spine, said, first)
    else:
        own = _own_axes(skeleton, at, spine, said, None)
    ours = [turn * axes for turn, axes in zip(skeleton.turns, own, strict=True)]
    world = _world(skeleton, at, leg, said)
    joints = _spine([world * ours[place] for place in (at["pelvis"], *spine)])
    joints |= {joint: world * ours[place] for joint, place in at.items()}
    poses = _locals(joints, len(skeleton))
    if not any(joint.startswith(("left_index", "right_index")) for joint in at):
        said.append(NO_HANDS_NOTE)
        poses[:, FINGERS] = relaxed_hands(len(poses))
    scale = LEG_M / leg
    said.insert(0, f"scaled by {scale:.4g}, so that the legs are {LEG_M:.2f} m long")
    return checked_motion(
        path,
        poses=poses,
        transl=world.apply(scale * skeleton.places[:, at["pelvis"]]) - np.asarray(MEAN_PELVIS),
        fps=skeleton.fps,
        betas=np.zeros(10),
        source=source,
        notes=tuple(said),
        bones=_bones(skeleton, at, spine),
    )


def _own_axes(
    skeleton: Skeleton,
    at: dict[str, int],
    spine: list[int],
    notes: list[str],
    first: Skeleton | None,
) -> list[Rotation]:
    """Of each joint, the rotation from SMPL-X's zero pose to the joint's own axes."""
    stances = [skeleton.resting(), *([] if first is None else [first])]
    stance = next((s for s in stances if is_stance(s.places[0], at)), None)
    if stance is None:
        notes.append(
            "the file's zero pose is no stance; how its joints are turned was found from the motion"
        )
        return from_clip(skeleton, at, spine)
    own = from_stance(stance, at)
    wrong = turned_against(skeleton, at, own)
    if wrong:
        notes.append(
            f"the zero pose of {', '.join(wrong)} does not fit the way that the limbs bend; they were turned by that"
        )
        bent = from_clip(skeleton, at, spine)
        for limb in wrong:
            side, _, upper = limb.partition("_")
            for joint, place in at.items():
                if joint.startswith(tuple(f"{side}_{part}" for part in LIMBS[upper])):
                    own[place] = bent[place]
    return own


def _world(skeleton: Skeleton, at: dict[str, int], leg: float, notes: list[str]) -> Rotation:
    """Rotation of the file's world into ours, Y up."""
    frame = trunk_frame(skeleton.rest, at) if is_stance(skeleton.rest, at) else None
    usual = np.array([0.0, 1.0, 0.0]) if frame is None else nearest_axis(frame[1])
    up = find_up(skeleton.places, at, usual, leg) if len(skeleton) > 1 else usual
    if up[1] < 0.5:
        axis = int(np.abs(up).argmax())
        notes.append(
            f"{'-' if up[axis] < 0 else ''}{'XYZ'[axis]} is up in the file; turned to Y up"
        )
    if frame is not None and up @ usual > 0.5:
        left = nearest_axis(frame[0] - (frame[0] @ up) * up)
        return Rotation.from_matrix(np.stack([left, up, np.cross(left, up)]))
    return smallest_turn(up, np.array([0.0, 1.0, 0.0]))


def _bones(skeleton: Skeleton, at: dict[str, int], spine: list[int]) -> tuple[str, ...]:
    """Which of the file's joints each SMPL-X joint follows."""
    named = [f"{joint} {skeleton.names[at[joint]]}" for joint in JOINTS if joint in at]
    chain = ", ".join(skeleton.names[place] for place in spine)
    return (*named, *([f"spine {chain}"] if spine else []))


def _leg(path: Path, skeleton: Skeleton, at: dict[str, int]) -> float:
    """Mean length from hip to knee to ankle, the file's unit."""
    length = 0.0
    for side in ("left", "right"):
        hip, knee, ankle = (skeleton.rest[at[f"{side}_{j}"]] for j in ("hip", "knee", "ankle"))
        length += float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee)) / 2
    if length <= 0:
        raise InputError(
            f"{path.name}: the legs have no length; expected places of hip, knee and ankle that differ. Export it again."
        )
    return length


def _spine_joints(skeleton: Skeleton, at: dict[str, int]) -> list[int]:
    """The joints from above the pelvis to below the neck or the arms, upwards."""
    chain: list[int] = []
    place = skeleton.parents[at.get("neck", at.get("left_collar", at["left_shoulder"]))]
    while place >= 0 and place != at["pelvis"]:
        chain.append(place)
        place = skeleton.parents[place]
    chain = chain[::-1] if place == at["pelvis"] else []
    return [place for place in chain if place not in at.values()]


def _spine(steps: list[Rotation]) -> dict[str, Rotation]:
    """Our three spine joints from however many the file has; the first of `steps` is the pelvis."""
    if len(steps) == 1:
        return {}
    at_joint = np.linspace(0.0, len(steps) - 1, 4)[1:]
    return {f"spine{k + 1}": _between(steps, float(where)) for k, where in enumerate(at_joint)}


def _between(steps: list[Rotation], where: float) -> Rotation:
    """The rotation at a fractional place of the chain, frame by frame."""
    low = min(int(where + 1e-9), len(steps) - 1)
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
