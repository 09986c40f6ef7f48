"""Skeletons whose files hold numbers without names: their joints in the order in which the makers publish them.

SOMA and SMPL-X as Kimodo writes them: https://github.com/nv-tlabs/kimodo, kimodo/skeleton/definitions.py. MHR:
https://github.com/facebookresearch/MHR, the joints of its rig.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.model import JOINTS, PARENTS
from reimagine.body.readers.skeleton import Skeleton
from reimagine.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A skeleton's joints, parents before children."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    """-1 for the root."""


def posed_skeleton(
    path: Path,
    listed: Listed,
    turns: Float[np.ndarray, "frames joints 3 3"],
    places: Float[np.ndarray, "frames joints 3"],
    fps: float,
) -> Skeleton:
    """The skeleton by world rotations and places of its joints.

    Bones at rest are as long as they are on average: some of these bodies change their proportions from frame to frame.
    Raises InputError for places that are not finite.
    """
    if not np.isfinite(places).all():
        bad = int((~np.isfinite(places)).any(axis=(1, 2)).argmax())
        raise InputError(
            f"{path.name}: the joints' places hold NaN or infinity, first in frame {bad}; expected finite numbers. Repair or "
            "cut that part of the motion."
        )
    every = tuple(Rotation.from_matrix(turns[:, joint]) for joint in range(len(listed.names)))
    rest = np.zeros((len(listed.names), 3))
    for joint, parent in enumerate(listed.parents):
        if parent >= 0:
            bone = every[parent].inv().apply(places[:, joint] - places[:, parent])
            rest[joint] = rest[parent] + bone.mean(0)
    return Skeleton(
        names=listed.names,
        parents=listed.parents,
        rest=rest,
        tips=np.full_like(rest, np.nan),
        turns=every,
        places=places,
        fps=fps,
    )


def _listed(joints: list[tuple[str, str]]) -> Listed:
    """From each joint's name and its parent's, which is empty for the root."""
    names = [name for name, _ in joints]
    parents = [names.index(parent) if parent else -1 for _, parent in joints]
    return Listed(names=tuple(names), parents=tuple(parents))


def _chain(parent: str, form: str, parts: str) -> list[tuple[str, str]]:
    """Joints that hang on one another: `form` with each of `parts` for its star."""
    names = [form.replace("*", part) for part in parts.split()]
    return list(zip(names, [parent, *names], strict=False))


def _fan(parent: str, form: str, parts: str) -> list[tuple[str, str]]:
    """Joints that all hang on `parent`."""
    return [(form.replace("*", part), parent) for part in parts.split()]


def _soma(*, fingers: bool) -> Listed:
    head = "Hips Spine1 Spine2 Chest Neck1 Neck2 Head" + " HeadEnd" * fingers
    joints = _chain("", "*", head) + _fan("Head", "*", "Jaw LeftEye RightEye")
    for side in ("Left", "Right"):
        hand = f"{side}Hand"
        joints += _chain("Chest", f"{side}*", "Shoulder Arm ForeArm Hand")
        if fingers:
            joints += _chain(hand, f"{hand}Thumb*", "1 2 3 End")
            for finger in ("Index", "Middle", "Ring", "Pinky"):
                joints += _chain(hand, f"{hand}{finger}*", "1 2 3 4 End")
        else:
            joints += _fan(hand, f"{hand}*", "ThumbEnd MiddleEnd")
    for side in ("Left", "Right"):
        joints += _chain("Hips", f"{side}*", "Leg Shin Foot ToeBase" + " ToeEnd" * fingers)
    return _listed(joints)


def _mhr() -> Listed:
    joints = [("body_world", ""), ("root", "body_world")]
    for side in ("l_", "r_"):
        foot = "foot talocrural subtalar transversetarsal ball"
        joints += _chain("root", f"{side}*", f"upleg lowleg {foot}")
        joints += _fan(f"{side}lowleg", f"{side}lowleg_twist*_proc", "1 2 3 4")
        joints += _fan(f"{side}upleg", f"{side}upleg_twist*_proc", "0 1 2 3 4")
    joints += _chain("root", "c_spine*", "0 1 2 3")
    for side in ("r_", "l_"):
        joints += _chain("c_spine3", f"{side}*", "clavicle uparm lowarm wrist_twist wrist")
        joints += _chain(f"{side}wrist", f"{side}pinky*", "0 1 2 3 _null")
        for finger in ("ring", "middle", "index"):
            joints += _chain(f"{side}wrist", f"{side}{finger}*", "1 2 3 _null")
        joints += _chain(f"{side}wrist", f"{side}thumb*", "0 1 2 3 _null")
        joints += _fan(f"{side}lowarm", f"{side}lowarm_twist*_proc", "1 2 3 4")
        joints += _fan(f"{side}uparm", f"{side}uparm_twist*_proc", "0 1 2 3 4")
    joints += _chain("c_spine3", "c_*", "neck") + _fan("c_neck", "c_neck_twist*_proc", "1 0")
    joints += _chain("c_neck", "c_*", "head jaw") + _fan("c_jaw", "c_*", "teeth jaw_null")
    joints += _chain("c_jaw", "c_tongue*", "0 1 2 3 4")
    for side in ("r_", "l_"):
        joints += _chain("c_head", f"{side}*", "eye eye_null")
    joints += _fan("c_head", "c_*", "head_null")
    return _listed(joints)


SOMA_77, SOMA_30 = _soma(fingers=True), _soma(fingers=False)
SMPLX_22 = Listed(names=tuple(JOINTS[:22]), parents=tuple(PARENTS[:22]))
MHR_127 = _mhr()
