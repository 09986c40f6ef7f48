"""Which joint of a file each SMPL-X joint follows: by name and hierarchy, and by the user's own map."""

import json
from difflib import get_close_matches
from pathlib import Path

from reimagine.body.model import JOINTS
from reimagine.body.readers.joint_names import broken_chains, name_joints
from reimagine.body.readers.skeleton import Skeleton
from reimagine.errors import InputError

NEEDED = (
    "pelvis",
    *(
        f"{side}_{limb}"
        for limb in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
        for side in ("left", "right")
    ),
)
HOW = (
    'Rename the joints, or say which is which with `bone_map`, a JSON file as {"left_hip": "LeftUpLeg"}; '
    "`reimagine motion inspect` prints the map that was found"
)


def find_joints(path: Path, skeleton: Skeleton, bone_map: Path | None) -> dict[str, int]:
    """SMPL-X joint name to its place in the skeleton.

    Raises InputError where hips, legs or arms are missing or do not hang on one another, and for a map that names what
    is not there.
    """
    names, parents = list(skeleton.names), list(skeleton.parents)
    at = name_joints(names, parents)
    if bone_map is not None:
        at = _overridden(at, bone_map, names, path)
    missing = [joint for joint in NEEDED if joint not in at]
    if missing:
        some = ", ".join(name for name in names[:6])
        raise InputError(
            f"{path.name}: no joint is known as {', '.join(missing[:4])} among {some}, ...; expected a whole body with "
            f"names as Hips, LeftUpLeg, LeftLeg, LeftFoot, LeftArm, LeftForeArm, LeftHand. {HOW}."
        )
    broken = broken_chains(at, parents)
    if broken:
        lower, _, upper = broken[0].partition(" on ")
        raise InputError(
            f"{path.name}: {lower} ({names[at[lower]]}) does not hang on {upper} ({names[at[upper]]}); expected arms and "
            f"legs whose joints follow one another. {HOW}."
        )
    return at


def _overridden(at: dict[str, int], bone_map: Path, names: list[str], path: Path) -> dict[str, int]:
    """The joints found, with what the user's file says instead; null takes a joint out."""
    try:
        held = json.loads(bone_map.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        held = None
    if not isinstance(held, dict):
        raise InputError(
            f"`bone_map`: {bone_map} cannot be read as JSON; expected a file that holds "
            '{"left_hip": "name of the bone", ...}. Check the path and the file.'
        )
    for joint, name in held.items():
        if joint not in JOINTS:
            near = get_close_matches(joint, JOINTS, n=1)
            hint = f"Did you mean {near[0]}?" if near else "Take it out."
            raise InputError(
                f"`bone_map`: {joint!r} in {bone_map.name} is no joint of SMPL-X; expected names as left_hip. {hint}"
            )
        if name is not None and name not in names:
            near = get_close_matches(str(name), names, n=1, cutoff=0.4)
            hint = f"Did you mean {near[0]}?" if near else "Take it out."
            raise InputError(
                f"`bone_map`: {path.name} has no joint {name!r} for {joint}; expected one of its {len(names)}. {hint}"
            )
    taken = {joint: names.index(name) for joint, name in held.items() if name is not None}
    kept = {
        joint: place
        for joint, place in at.items()
        if joint not in held and place not in taken.values()
    }
    return kept | taken
