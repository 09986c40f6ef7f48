"""Which SMPL-X joint each joint of another skeleton is: by its name in the usual schemes, and by what hangs on what.

Known spellings: Mixamo, CMU, MotionBuilder, Rokoko, LaFAN1, Xsens, Daz, Reallusion, Unreal, Unity and VRM, Valve, 3ds Max,
Rigify, MakeHuman, DeepMotion, ARKit, SMPL, SOMA.
"""

import re
from collections import Counter

SIDES = {"left": ("left", "l"), "right": ("right", "r")}
LIMBS = {
    "hip": ("upleg", "upperleg", "thigh", "thighbend", "upperleg01", "hip"),
    "knee": ("leg", "lowerleg", "shin", "calf", "knee", "lowleg", "lowerleg01"),
    "ankle": ("ankle", "foot"),
    "foot": ("toebase", "toe", "toes", "ball", "toe0", "toe21"),
    "collar": ("collar", "clavicle", "shoulder", "shoulder1"),
    "shoulder": ("upperarm", "uparm", "arm", "shldr", "shldrbend", "upperarm01"),
    "elbow": ("forearm", "lowerarm", "elbow", "lowarm", "forearmbend", "lowerarm01"),
    "wrist": ("wrist", "hand"),
}
SMPL_LIMBS = {name: (name, *others) for name, others in LIMBS.items()}
SMPL_MARKS = tuple(
    {f"{form}{limb}" for limb in ("collar", "hip", "knee", "ankle", "shoulder", "elbow")}
    for form in ("left", "l")
)
"""A skeleton with one of these sets of names is called as SMPL's: LeftFoot is the toes, LeftShoulder the arm."""
PELVIS = ("hips", "pelvis", "hip")
HEAD = ("head", "head1", "spine006")
NECK = ("neck", "neck1", "lowerneck", "necklower", "neck01", "necktwist01", "spine004")
FINGERS = {
    "index": ("index", "findex", "finger2"),
    "middle": ("middle", "mid", "fmiddle", "finger3"),
    "pinky": ("pinky", "little", "fpinky", "finger5"),
    "ring": ("ring", "fring", "finger4"),
    "thumb": ("thumb", "finger1"),
}
PARTS = (("proximal", "metacarpal"), ("intermediate", "proximal"), ("distal", "distal"))
"""Unity's names of a finger's three bones, and of the thumb's in VRM 1.0."""
SHARED = 0.7
"""What so many of the names begin or end with says nothing."""


def plain_names(names: list[str]) -> list[str]:
    """The names without what most of them share, rig prefixes, case, blanks and signs: 'mixamorig:LeftUpLeg' is 'leftupleg'."""
    short = [re.split(r"[:|]", name)[-1] for name in names]
    starts = Counter(start for name in short for start in _starts(name))
    common = [s for s, count in starts.items() if count >= SHARED * len(short)]
    prefix = max(common, key=len, default="")
    short = [name.removeprefix(prefix) for name in short]
    for ending in (r"[_ ]\d{1,4}$", r"[_ .-](jnt|joint|bone|bind|def)$"):
        held = [re.search(ending, name, re.IGNORECASE) for name in short]
        if sum(found is not None for found in held) >= SHARED * len(short):
            short = [re.sub(ending, "", name, flags=re.IGNORECASE) for name in short]
    lone = r"^(mixamorig\d*|bip0*1?|def|org|bone|ccbase|b|c)[_\- ]"
    short = [re.sub(lone, "", name, flags=re.IGNORECASE) for name in short]
    return [re.sub(r"[^a-z0-9]", "", name.lower()) for name in short]


def _starts(name: str) -> list[str]:
    """Every beginning of a name that ends in a sign, but not in a side."""
    ends = (sign.end() for sign in re.finditer(r"[_\-. ]+", name))
    side = r"(^|[_\-. ])(l|r|left|right)[_\-. ]+$"
    return [
        name[:k] for k in ends if k < len(name) and not re.search(side, name[:k], re.IGNORECASE)
    ]


def name_joints(names: list[str], parents: list[int]) -> dict[str, int]:
    """SMPL-X joint name (left_hip, neck, ...) to its place in `names`. Spine joints are not among them."""
    found = {name: i for i, name in reversed(list(enumerate(plain_names(names))))}
    smpl = any(marks <= set(found) for marks in SMPL_MARKS)
    joints: dict[str, int] = {}
    for side, spelt in SIDES.items():
        for joint, limb_names in (SMPL_LIMBS if smpl else LIMBS).items():
            place = _first(found, [form for limb in limb_names for form in _sided(spelt, limb)])
            if place is not None:
                joints[f"{side}_{joint}"] = place
        if not smpl:
            _settle_doubtful(joints, found, side, spelt)
        joints |= _fingers(found, side, spelt)
    joints |= _trunk(found, joints, parents)
    return joints


def _settle_doubtful(
    joints: dict[str, int], found: dict[str, int], side: str, spelt: tuple[str, str]
) -> None:
    """LeftShoulder is a collar bone where there is a LeftArm, else the arm; LeftFoot after a LeftAnkle is the toes.

    LeftLeg before a LeftShin is the thigh, where nothing else is (SOMA).
    """
    shoulder = _first(found, _sided(spelt, "shoulder"))
    if f"{side}_shoulder" not in joints and shoulder is not None:
        joints[f"{side}_shoulder"] = shoulder
        if joints[f"{side}_collar"] == shoulder:
            del joints[f"{side}_collar"]
    foot = _first(found, _sided(spelt, "foot"))
    if f"{side}_foot" not in joints and foot not in (None, joints.get(f"{side}_ankle")):
        assert foot is not None
        joints[f"{side}_foot"] = foot
    shin = _first(found, [form for limb in ("shin", "calf") for form in _sided(spelt, limb)])
    if f"{side}_hip" not in joints and shin is not None and joints[f"{side}_knee"] != shin:
        joints[f"{side}_hip"], joints[f"{side}_knee"] = joints[f"{side}_knee"], shin


def _trunk(found: dict[str, int], joints: dict[str, int], parents: list[int]) -> dict[str, int]:
    """Pelvis, neck and head by name, where what hangs on them bears it out; else where legs, arms and head meet."""
    trunk: dict[str, int] = {}
    head = _first(found, list(HEAD))
    limbs = [joints[f"{s}_{j}"] for s in SIDES for j in ("hip", "shoulder") if f"{s}_{j}" in joints]
    named = [found[name] for name in PELVIS if name in found]
    if len(limbs) == 4:
        paths = [_ancestors(limb, parents) for limb in limbs]
        shared = [place for place in paths[0] if all(place in path for path in paths)]
        fitting = [place for place in named if place in shared]
        if fitting or shared:
            trunk["pelvis"] = (fitting or shared)[0]
    elif named:
        trunk["pelvis"] = named[0]
    if head is not None:
        trunk["head"] = head
    neck = _first(found, list(NECK))
    if neck is None and head is not None and len(limbs) == 4:
        arms = [_ancestors(joints[f"{side}_shoulder"], parents) for side in SIDES]
        free = [p for p in _ancestors(head, parents) if not any(p in path for path in arms)]
        neck = free[-1] if free else None
    if neck is not None and neck != head:
        trunk["neck"] = neck
    return trunk


def _ancestors(place: int, parents: list[int]) -> list[int]:
    """What a joint hangs on, nearest first."""
    found: list[int] = []
    while parents[place] >= 0:
        place = parents[place]
        found.append(place)
    return found


def broken_chains(joints: dict[str, int], parents: list[int]) -> list[str]:
    """Limbs whose joints do not hang on one another, "left_knee on left_hip"."""
    chains = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
    return [
        f"{side}_{lower} on {side}_{upper}"
        for side in SIDES
        for upper, lower in chains
        if joints[f"{side}_{upper}"] not in _ancestors(joints[f"{side}_{lower}"], parents)
    ]


def _sided(spelt: tuple[str, str], limb: str) -> list[str]:
    long, short = spelt
    return [f"{long}{limb}", f"{limb}{long}", f"{short}{limb}", f"{limb}{short}"]


def _first(found: dict[str, int], spellings: list[str]) -> int | None:
    return next((found[name] for name in spellings if name in found), None)


def _fingers(found: dict[str, int], side: str, spelt: tuple[str, str]) -> dict[str, int]:
    joints: dict[str, int] = {}
    for finger, stems in FINGERS.items():
        # SOMA counts the bones within the palm, too, and ends in HandIndexEnd.
        ends = [form for stem in stems for form in _sided(spelt, f"hand{stem}end")]
        palm = _first(found, ends) is not None and finger != "thumb"
        for k in (1, 2, 3):
            place = _finger_bone(found, spelt, stems, k + palm)
            if place is not None:
                joints[f"{side}_{finger}{k}"] = place
    return joints


def _finger_bone(
    found: dict[str, int], spelt: tuple[str, str], stems: tuple[str, ...], k: int
) -> int | None:
    """The place of the k-th bone of a finger."""
    forms = [f"{hand}{stem}{n}" for stem in stems for hand in ("hand", "") for n in (k, f"0{k}")]
    if k <= 3:
        vrm = stems[0] == "thumb" and f"{spelt[0]}thumbmetacarpal" in found
        forms += [f"{stem}{PARTS[k - 1][vrm]}" for stem in stems]
    return _first(found, [sided for form in forms for sided in _sided(spelt, form)])
