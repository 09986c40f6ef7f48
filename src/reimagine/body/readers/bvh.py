"""BVH of any skeleton with recognisable names."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from reimagine.body.readers.bvh_file import BvhFile, local_places, local_turns, parse_bvh
from reimagine.body.readers.joint_map import find_joints
from reimagine.body.readers.skeleton import Skeleton
from reimagine.body.readers.worn import worn_by_smplx
from reimagine.records import Motion


def read_bvh(path: Path, bone_map: Path | None = None) -> Motion:
    """The motion of a BVH file, worn by SMPL-X (see `worn.py`).

    Raises InputError for a skeleton without hips, legs or arms that we or `bone_map` can name.
    """
    skeleton = bvh_skeleton(parse_bvh(path))
    return worn_by_smplx(path, skeleton, find_joints(path, skeleton, bone_map), source="BVH")


def bvh_skeleton(file: BvhFile) -> Skeleton:
    """Where the joints are and how they have turned: forward kinematics, with the file's axes and unit."""
    turns: list[Rotation] = []
    places: list[np.ndarray] = []
    rest = np.zeros((len(file.joints), 3))
    for i, joint in enumerate(file.joints):
        turn, place = local_turns(file, joint), local_places(file, joint)
        rest[i] = joint.offset
        if joint.parent >= 0:
            place = places[joint.parent] + turns[joint.parent].apply(place)
            turn = turns[joint.parent] * turn
            rest[i] += rest[joint.parent]
        turns.append(turn)
        places.append(place)
    return Skeleton(
        names=tuple(joint.name for joint in file.joints),
        parents=tuple(joint.parent for joint in file.joints),
        rest=rest,
        tips=rest + np.stack([joint.tip for joint in file.joints]),
        turns=tuple(turns),
        places=np.stack(places, axis=1),
        fps=file.fps,
    )
