"""Which SMPL-X joint a BVH joint is, by its name: CMU, Mixamo, Rokoko, LAFAN, Daz, Blender and SMPL spellings."""

import re

SIDES = {"left": ("left", "l"), "right": ("right", "r")}
LIMBS = {
    "hip": ("upleg", "upperleg", "thigh", "hip"),
    "knee": ("leg", "lowerleg", "shin", "calf", "knee", "lowleg"),
    "ankle": ("ankle", "foot"),
    "foot": ("toebase", "toe", "toes", "ball", "toe0"),
    "collar": ("collar", "clavicle", "shoulder"),
    "shoulder": ("upperarm", "uparm", "arm", "shldr"),
    "elbow": ("forearm", "lowerarm", "elbow", "lowarm"),
    "wrist": ("wrist", "hand"),
}
SMPL_LIMBS = {name: (name,) for name in LIMBS}
PELVIS = ("hips", "pelvis", "hip")
HEAD = ("head",)
NECK = ("neck", "neck1", "lowerneck")
SMPL_MARK = {"leftcollar", "lefthip", "spine3"}
"""A skeleton with these names is SMPL's own."""
FINGERS = {
    "index": "index",
    "middle": "middle",
    "mid": "middle",
    "pinky": "pinky",
    "little": "pinky",
    "ring": "ring",
    "thumb": "thumb",
}


def plain(name: str) -> str:
    """The name without rig prefix, case, blanks and signs: 'mixamorig:LeftUpLeg' is 'leftupleg'."""
    name = re.split(r"[:|]", name)[-1]
    name = re.sub(r"^(mixamorig\d*|bip0*1?|def|bone|ccbase|b)[_\- ]", "", name, flags=re.IGNORECASE)
    return re.sub(r"[^a-z0-9]", "", name.lower())


def name_joints(names: list[str]) -> dict[str, int]:
    """SMPL-X joint name (left_hip, neck, ...) to its place in `names`. Spine joints are not among them."""
    found = {plain(name): i for i, name in reversed(list(enumerate(names)))}
    smpl = set(found) >= SMPL_MARK
    joints: dict[str, int] = {}
    for side, spelt in SIDES.items():
        for joint, limb_names in (SMPL_LIMBS if smpl else LIMBS).items():
            place = _first(found, [form for limb in limb_names for form in _sided(spelt, limb)])
            if place is not None:
                joints[f"{side}_{joint}"] = place
        if not smpl:
            _settle_doubtful(joints, found, side, spelt)
        joints |= _fingers(found, side, spelt)
    for joint, spellings in (("pelvis", PELVIS), ("neck", NECK), ("head", HEAD)):
        place = _first(found, list(spellings))
        if place is not None:
            joints[joint] = place
    return joints


def _settle_doubtful(
    joints: dict[str, int], found: dict[str, int], side: str, spelt: tuple[str, str]
) -> None:
    """LeftShoulder is a collar bone where there is a LeftArm, else the arm; LeftFoot after a LeftAnkle is the toes."""
    shoulder = _first(found, _sided(spelt, "shoulder"))
    if f"{side}_shoulder" not in joints and shoulder is not None:
        joints[f"{side}_shoulder"] = shoulder
        if joints[f"{side}_collar"] == shoulder:
            del joints[f"{side}_collar"]
    foot = _first(found, _sided(spelt, "foot"))
    if f"{side}_foot" not in joints and foot not in (None, joints.get(f"{side}_ankle")):
        assert foot is not None
        joints[f"{side}_foot"] = foot


def is_smpl_skeleton(names: list[str]) -> bool:
    """Whether the rest pose is SMPL's, so that rotations are SMPL's too."""
    return {plain(name) for name in names} >= SMPL_MARK


def _sided(spelt: tuple[str, str], limb: str) -> list[str]:
    long, short = spelt
    return [f"{long}{limb}", f"{limb}{long}", f"{short}{limb}", f"{limb}{short}"]


def _first(found: dict[str, int], spellings: list[str]) -> int | None:
    return next((found[name] for name in spellings if name in found), None)


def _fingers(found: dict[str, int], side: str, spelt: tuple[str, str]) -> dict[str, int]:
    joints: dict[str, int] = {}
    for name, finger in FINGERS.items():
        for k in (1, 2, 3):
            forms = [
                form
                for stem in (f"hand{name}{k}", f"{name}{k}", f"{name}0{k}")
                for form in _sided(spelt, stem)
            ]
            place = _first(found, [*forms, f"{name}{k}{spelt[1]}", f"{name}0{k}{spelt[1]}"])
            if place is not None:
                joints[f"{side}_{finger}{k}"] = place
    return joints
