"""Skeletons of the usual makers, by their names and by what hangs on what."""

import json
import re
from pathlib import Path

import pytest
import torch

from reimagine.apps.cli import main
from reimagine.body.readers.joint_names import name_joints, plain_names
from reimagine.body.readers.read import read_motion
from reimagine.errors import InputError

REFERENCE = Path(__file__).parent / "cases" / "reference.bvh"
TREE = {
    "Hips": "",
    "Spine": "Hips",
    "Spine1": "Spine",
    "Neck": "Spine1",
    "Head": "Neck",
} | {
    f"{side}{name}": parent if parent in ("Hips", "Spine1") else f"{side}{parent}"
    for side in ("Left", "Right")
    for name, parent in (
        *(("UpLeg", "Hips"), ("Leg", "UpLeg"), ("Foot", "Leg"), ("ToeBase", "Foot")),
        *(("Shoulder", "Spine1"), ("Arm", "Shoulder"), ("ForeArm", "Arm"), ("Hand", "ForeArm")),
    )
}
ORDER = ("Hips", "Spine", "Spine1", "Neck", "Head")
LIMBS = ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "ToeBase")
SCHEMES = {
    "plain": (ORDER, LIMBS, "{Side}{limb}", "{}"),
    "mixamo": (ORDER, LIMBS, "{Side}{limb}", "mixamorig:{}"),
    "character1": (ORDER, LIMBS, "{Side}{limb}", "Character1_{}"),
    "robot": (ORDER, LIMBS, "{Side}{limb}", "Robot_{}"),
    "armature": (ORDER, LIMBS, "{Side}{limb}", "Armature_{}"),
    "sketchfab": (ORDER, LIMBS, "{Side}{limb}", "mixamorig:{}_07"),
    "soma": (
        ("Hips", "Spine1", "Chest", "Neck1", "Head"),
        ("Shoulder", "Arm", "ForeArm", "Hand", "Leg", "Shin", "Foot", "ToeBase"),
        "{Side}{limb}",
        "{}",
    ),
    "smpl": (
        ("Pelvis", "Spine1", "Spine3", "Neck", "Head"),
        ("Collar", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "Foot"),
        "{S}_{limb}",
        "m_avg_{}",
    ),
    "reallusion": (
        ("Hip", "Waist", "Spine02", "NeckTwist01", "Head"),
        ("Clavicle", "Upperarm", "Forearm", "Hand", "Thigh", "Calf", "Foot", "ToeBase"),
        "{S}_{limb}",
        "CC_Base_{}",
    ),
    "vrm": (
        ("C_Hips", "C_Spine", "C_Chest", "C_Neck", "C_Head"),
        ("Shoulder", "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot", "ToeBase"),
        "{S}_{limb}",
        "J_Bip_{}",
    ),
    "unity": (
        ("Hips", "Spine", "Chest", "Neck", "Head"),
        ("Shoulder", "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot", "Toes"),
        "{Side}{limb}",
        "{}",
    ),
    "rigify": (
        ("spine", "spine.001", "spine.003", "spine.004", "spine.006"),
        ("shoulder", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe"),
        "{limb}.{S}",
        "DEF-{}",
    ),
    "makehuman": (
        ("root", "spine05", "spine01", "neck01", "head"),
        (
            *("clavicle", "upperarm01", "lowerarm01", "wrist"),
            *("upperleg01", "lowerleg01", "foot", "toe2-1"),
        ),
        "{limb}.{S}",
        "{}",
    ),
    "unreal": (
        ("pelvis", "spine_01", "spine_03", "neck_01", "head"),
        ("clavicle", "upperarm", "lowerarm", "hand", "thigh", "calf", "foot", "ball"),
        "{limb}_{s}",
        "{}",
    ),
    "daz": (
        ("hip", "abdomenLower", "chestUpper", "neckLower", "head"),
        ("Collar", "ShldrBend", "ForearmBend", "Hand", "ThighBend", "Shin", "Foot", "Toe"),
        "{s}{limb}",
        "{}",
    ),
    "deepmotion": (
        ("hips", "spine", "spine1", "neck", "head"),
        ("shoulder", "arm", "forearm", "hand", "upleg", "leg", "foot", "toebase"),
        "{s}_{limb}",
        "{}_JNT",
    ),
    "valve": (
        ("Pelvis", "Spine", "Spine4", "Neck1", "Head1"),
        ("Clavicle", "UpperArm", "Forearm", "Hand", "Thigh", "Calf", "Foot", "Toe0"),
        "{S}_{limb}",
        "ValveBiped.Bip01_{}",
    ),
    "biped": (
        ("Pelvis", "Spine", "Spine1", "Neck", "Head"),
        ("Clavicle", "UpperArm", "Forearm", "Hand", "Thigh", "Calf", "Foot", "Toe0"),
        "{S} {limb}",
        "Bip001 {}",
    ),
    "xsens": (
        ("Pelvis", "L5", "T8", "Neck", "Head"),
        ("Shoulder", "UpperArm", "ForeArm", "Hand", "UpperLeg", "LowerLeg", "Foot", "Toe"),
        "{Side}{limb}",
        "{}",
    ),
    "arkit": (
        ("hips_joint", "spine_1_joint", "spine_7_joint", "neck_1_joint", "head_joint"),
        tuple(
            f"{limb}_joint"
            for limb in ("shoulder_1", "arm", "forearm", "hand", "upLeg", "leg", "foot", "toes")
        ),
        "{side}_{limb}",
        "{}",
    ),
    "elbows": (
        ("Hips", "Chest", "Chest4", "Neck", "Head"),
        ("Collar", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "Toe"),
        "{Side}{limb}",
        "{}",
    ),
}


def renamed(scheme: str) -> dict[str, str]:
    """What a scheme calls each joint of the reference."""
    trunk, limbs, sided, whole = SCHEMES[scheme]
    names: dict[str, str] = dict(zip(ORDER, trunk, strict=True))
    for side in ("Left", "Right"):
        for ours, limb in zip(LIMBS, limbs, strict=True):
            forms = {"Side": side, "side": side.lower(), "S": side[0], "s": side[0].lower()}
            names[side + ours] = sided.format(limb=limb, **forms)
    return {ours: whole.format(name) for ours, name in names.items()}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_files_of_every_scheme_are_read_as_the_reference(scheme: str, tmp_path: Path):
    names = renamed(scheme)
    text = re.sub(r"(ROOT|JOINT) (\S+)", lambda m: f"{m[1]} {names[m[2]]}", REFERENCE.read_text())
    path = tmp_path / "named.bvh"
    path.write_text(text)
    motion, right = read_motion(path), read_motion(REFERENCE)
    assert torch.equal(motion.poses, right.poses)
    assert torch.equal(motion.transl, right.transl)
    assert f"left_hip {names['LeftUpLeg']}" in motion.bones
    assert f"neck {names['Neck']}" in motion.bones


def test_what_names_share_says_nothing():
    assert plain_names(["Rig_A_Hips", "Rig_A_Left_Leg", "Rig_A_Right_Leg"]) == [
        *("hips", "leftleg", "rightleg")
    ]


def test_the_pelvis_is_where_legs_and_trunk_meet():
    names = ["Root", "Hip", "Pelvis", "L_Thigh", "R_Thigh", "Waist", "L_Upperarm", "R_Upperarm"]
    assert name_joints(names, [-1, 0, 1, 2, 2, 1, 5, 5])["pelvis"] == 1
    unnamed = ["A", "B", "C", "L_Thigh", "R_Thigh", "D", "L_Upperarm", "R_Upperarm"]
    assert name_joints(unnamed, [-1, 0, 1, 2, 2, 1, 5, 5])["pelvis"] == 1


@pytest.mark.parametrize("first", ["HandIndex1", "IndexProximal", "_index_01", "Index1"])
def test_fingers_have_many_names(first: str):
    at = name_joints(["Hips", f"Left{first}", f"Right{first}"], [-1, 0, 0])
    assert (at["left_index1"], at["right_index1"]) == (1, 2)


def test_soma_s_fingers_begin_within_the_palm():
    names = ["Hips", *(f"LeftHandIndex{k}" for k in (1, 2, 3, 4, "End"))]
    at = name_joints(names, [-1, 0, 1, 2, 3, 4])
    assert [at[f"left_index{k}"] for k in (1, 2, 3)] == [2, 3, 4]


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    path = tmp_path / "strange.bvh"
    path.write_text(REFERENCE.read_text().replace("LeftUpLeg", "Thing"))
    return path


def test_a_bone_map_names_what_names_do_not(strange: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"no joint is known as left_hip.*bone_map"):
        read_motion(strange)
    (tmp_path / "map.json").write_text(json.dumps({"left_hip": "Thing", "head": None}))
    motion = read_motion(strange, tmp_path / "map.json")
    assert torch.equal(motion.poses[:, :12], read_motion(REFERENCE).poses[:, :12])
    assert "left_hip Thing" in motion.bones
    assert not any(bone.startswith("head ") for bone in motion.bones)


def test_the_map_that_was_found_is_printed_and_can_be_given(
    strange: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "map.json").write_text(json.dumps({"left_hip": "Thing"}))
    assert main(["motion", "inspect", str(strange), "--bone-map", str(tmp_path / "map.json")]) == 0
    assert "left_hip Thing" in capsys.readouterr().out
    assert main(["motion", "inspect", str(strange), "--bone-map"]) == 2


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ("[1", "cannot be read as JSON"),
        ('{"left_hipp": "Thing"}', "is no joint of SMPL-X.*Did you mean left_hip"),
        ('{"left_hip": "Thin"}', "has no joint 'Thin' for left_hip.*Did you mean Thing"),
        ('{"left_hip": "Head"}', r"left_knee \(LeftLeg\) does not hang on left_hip \(Head\)"),
    ],
)
def test_maps_that_do_not_fit_are_refused(strange: Path, tmp_path: Path, held: str, message: str):
    (tmp_path / "map.json").write_text(held)
    with pytest.raises(InputError, match=message):
        read_motion(strange, tmp_path / "map.json")
