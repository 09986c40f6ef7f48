"""Animations written here as glTF, in the ways that exporters do, read back by world directions."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from tests.body.readers.test_bvh import MIXAMO, NAMES, bones, places_of, t_pose, walking, world

from reimagine.body.model import JOINTS, PARENTS
from reimagine.body.readers.read import read_motion
from reimagine.errors import InputError
from reimagine.records import Body

FRAMES = 24
TURNS, PLACES = walking(FRAMES)
TRUE = bones(world(t_pose(), TURNS, PLACES))
VRM = {
    "hips": "pelvis",
    "spine": "spine1",
    "chest": "spine2",
    "upperChest": "spine3",
    "neck": "neck",
    "head": "head",
    **{
        f"{side}{bone}": f"{side}_{joint}"
        for side in ("left", "right")
        for bone, joint in (
            *(("UpperLeg", "hip"), ("LowerLeg", "knee"), ("Foot", "ankle"), ("Toes", "foot")),
            *(
                ("Shoulder", "collar"),
                ("UpperArm", "shoulder"),
                ("LowerArm", "elbow"),
                ("Hand", "wrist"),
            ),
        )
    },
}
PARENT = {name: JOINTS[PARENTS[JOINTS.index(name)]] for name in NAMES if name != "pelvis"}


class _Writer:
    """The numbers of a file: one buffer, an accessor each."""

    def __init__(self) -> None:
        self.data = b""
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: np.ndarray, kind: str) -> int:
        raw = values.tobytes()
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw)})
        types = {np.dtype("f4"): 5126, np.dtype("i2"): 5122}
        accessor = {"bufferView": len(self.views) - 1, "componentType": types[values.dtype]}
        self.accessors.append(accessor | {"count": len(values), "type": kind})
        self.data += raw + b"\0" * (-len(raw) % 4)
        return len(self.accessors) - 1


def document(
    *,
    own: dict[str, Rotation] | None = None,
    armature: Rotation | None = None,
    scale: float = 0.01,
    interpolation: str = "LINEAR",
    integers: bool = False,
    names: dict[str, str] = MIXAMO,
) -> tuple[dict[str, Any], bytes]:
    """The walk of 30 frames a second: JSON and buffer.

    `own` are the joints' axes at rest; `armature` turns all, as exporters from other worlds have it, and `scale` is its scale.
    """
    own = own or {name: Rotation.identity() for name in NAMES}
    armature = armature or Rotation.identity()
    write = _Writer()
    times = write.add((np.arange(FRAMES) / 30).astype("f4"), "SCALAR")
    nodes: list[dict[str, Any]] = [
        {
            "name": "Armature",
            "rotation": armature.as_quat().tolist(),
            "scale": [scale] * 3,
            "children": [1],
        }
    ]
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def move(node: int, path: str, values: np.ndarray) -> None:
        if interpolation == "CUBICSPLINE":
            slopes = np.gradient(values, 1 / 30, axis=0)
            values = np.stack([slopes, values, slopes], 1).reshape(-1, values.shape[1])
        small = integers and path == "rotation"
        raw = np.round(values * 32767).astype("i2") if small else values.astype("f4")
        output = write.add(raw, "VEC4" if path == "rotation" else "VEC3")
        samplers.append({"input": times, "output": output, "interpolation": interpolation})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": path}})

    for k, name in enumerate(NAMES, start=1):
        above = own[PARENT[name]] if name in PARENT else Rotation.identity()
        rest = above.inv() * own[name]
        place = above.inv().apply(t_pose()[name])
        children = [k for k, child in enumerate(NAMES, start=1) if PARENT.get(child) == name]
        nodes.append(
            {
                "name": names[name],
                "rotation": rest.as_quat().tolist(),
                "translation": place.tolist(),
            }
            | ({"children": children} if children else {})
        )
        quaternions = (above.inv() * TURNS[name] * own[name]).as_quat()
        signs = np.where((quaternions[1:] * quaternions[:-1]).sum(1) < 0, -1, 1)
        quaternions[1:] *= np.cumprod(signs)[:, None]
        move(k, "rotation", quaternions)
    move(1, "translation", PLACES)
    animation = {"name": "walk", "samplers": samplers, "channels": channels}
    content = {
        "asset": {"version": "2.0"},
        "nodes": nodes,
        "animations": [animation],
        "accessors": write.accessors,
        "bufferViews": write.views,
        "buffers": [{"byteLength": len(write.data)}],
    }
    return content, write.data


def glb(path: Path, content: dict[str, Any], data: bytes) -> Path:
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    whole = 12 + 8 + len(text) + 8 + len(data)
    head = struct.pack("<4sIIII", b"glTF", 2, whole, len(text), 0x4E4F534A)
    path.write_bytes(head + text + struct.pack("<II", len(data), 0x004E4942) + data)
    return path


def off_deg(body: Body, path: Path) -> float:
    ours = bones(places_of(body, read_motion(path)))
    return float(np.degrees(np.arccos(np.clip((ours * TRUE).sum(-1), -1, 1))).max())


@pytest.mark.parametrize(
    ("interpolation", "integers"),
    [("LINEAR", False), ("LINEAR", True), ("STEP", False), ("STEP", True), ("CUBICSPLINE", False)],
)
def test_limbs_point_as_in_the_file(
    tmp_path: Path, plain_body: Body, interpolation: str, integers: bool
):
    file = glb(tmp_path / "m.glb", *document(interpolation=interpolation, integers=integers))
    assert off_deg(plain_body, file) < 0.5
    motion = read_motion(file)
    assert (motion.fps, len(motion.poses), motion.source) == (30.0, FRAMES, "glTF")


def test_joints_with_axes_of_their_own_and_an_armature_on_its_back_change_nothing(
    tmp_path: Path, plain_body: Body
):
    random = Rotation.from_quat(np.random.default_rng(1).normal(size=(len(NAMES), 4)))
    own = {name: random[k] for k, name in enumerate(NAMES)}
    plain = read_motion(glb(tmp_path / "a.glb", *document()))
    file = glb(tmp_path / "b.glb", *document(own=own, scale=1.0))
    assert off_deg(plain_body, file) < 0.5
    assert np.allclose(read_motion(file).transl, plain.transl, atol=1e-3)
    lying = Rotation.from_euler("x", 90, degrees=True)
    content, data = document(own=own, armature=lying)
    content["nodes"].append(
        {"name": "world", "rotation": lying.inv().as_quat().tolist(), "children": [0]}
    )
    assert off_deg(plain_body, glb(tmp_path / "c.glb", content, data)) < 0.5


def test_a_rest_pose_that_is_no_stance_is_found_from_the_motion(tmp_path: Path, plain_body: Body):
    content, data = document()
    content["nodes"][1]["rotation"] = [0.6, 0, 0, 0.8]
    for node in content["nodes"][2:]:
        node["rotation"] = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_quat().tolist()
    assert off_deg(plain_body, glb(tmp_path / "m.glb", content, data)) < 3


@pytest.mark.parametrize("form", ["VRMC_vrm_animation", "VRMC_vrm", "VRM"])
def test_vrm_s_own_list_of_bones_is_used_whatever_nodes_are_called(
    tmp_path: Path, plain_body: Body, form: str
):
    content, data = document(names={name: f"Knochen.{k}" for k, name in enumerate(NAMES)}, scale=1)
    at = {bone: NAMES.index(joint) + 1 for bone, joint in VRM.items()}
    listed: Any = {bone: {"node": node} for bone, node in at.items()}
    if form == "VRM":
        listed = [{"bone": bone, "node": node} for bone, node in at.items()]
    content["extensions"] = {form: {"humanoid": {"humanBones": listed}}}
    file = glb(tmp_path / "m.vrma", content, data)
    assert off_deg(plain_body, file) < 0.5
    assert read_motion(file).source == ("VRM animation" if form.endswith("animation") else "VRM")


def test_a_gltf_with_its_numbers_inside_or_beside_reads_the_same(tmp_path: Path):
    content, data = document()
    whole = read_motion(glb(tmp_path / "m.glb", content, data))
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    (tmp_path / "m.bin").write_bytes(data)
    for given in (uri, "m.bin"):
        content["buffers"][0]["uri"] = given
        (tmp_path / "m.gltf").write_text(json.dumps(content))
        assert read_motion(tmp_path / "m.gltf").poses.equal(whole.poses)
    content["buffers"][0]["uri"] = "../m.bin"
    (tmp_path / "m.gltf").write_text(json.dumps(content))
    with pytest.raises(
        InputError, match=r"needs \.\./m\.bin; expected that file in the same folder"
    ):
        read_motion(tmp_path / "m.gltf")


def test_of_several_animations_the_first_is_used_and_said(tmp_path: Path):
    content, data = document()
    content["animations"].append(content["animations"][0] | {"name": "other"})
    motion = read_motion(glb(tmp_path / "m.glb", content, data))
    assert any("2 animations; the first is used, 'walk'" in note for note in motion.notes)


def broken(change: str) -> tuple[dict[str, Any], bytes]:
    content, data = document()
    if change == "still":
        content["animations"] = []
    elif change == "loop":
        content["nodes"][3]["children"] = [1]
    elif change == "short":
        data = data[:-400]
    elif change == "packed":
        content["extensionsRequired"] = ["EXT_meshopt_compression"]
    elif change == "sparse":
        content["accessors"][0]["sparse"] = {}
    elif change == "count":
        content["accessors"][2]["count"] = 3
    elif change == "index":
        content["accessors"][2]["bufferView"] = 999
    return content, data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("still", "m.glb has no animation that turns bones"),
        ("loop", "nodes are no tree"),
        ("short", "reaches to byte"),
        ("packed", "is packed with EXT_meshopt_compression; expected plain glTF"),
        ("sparse", "accessor 0 is sparse"),
        ("count", "has 3 values for 24 times"),
        ("index", "cannot be read"),
    ],
)
def test_files_that_do_not_hold_together_are_refused_in_one_line(
    tmp_path: Path, change: str, message: str
):
    with pytest.raises(InputError, match=message) as refused:
        read_motion(glb(tmp_path / "m.glb", *broken(change)))
    assert "\n" not in str(refused.value)


def test_a_file_that_ends_early_is_refused(tmp_path: Path):
    file = glb(tmp_path / "m.glb", *document())
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="expected a whole file of version 2"):
        read_motion(file)


@pytest.mark.parametrize("start", [b"Kaydara FBX Binary  \x00", b"; FBX 7.4.0 project file\n"])
def test_fbx_is_refused_with_the_way_by_blender(tmp_path: Path, start: bytes):
    (tmp_path / "m.fbx").write_bytes(start * 4)
    with pytest.raises(
        InputError, match=r"is FBX.*by way of Blender: blender --background"
    ) as refused:
        read_motion(tmp_path / "m.fbx")
    assert "\n" not in str(refused.value)
