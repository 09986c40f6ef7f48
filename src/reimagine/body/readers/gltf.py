"""Animations of glTF (.gltf, .glb), of VRM models and of VRM animations (.vrma).

Bones are nodes; VRM files say which node is which bone, others by the nodes' names.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.readers.checked import MAX_FRAMES
from reimagine.body.readers.gltf_file import GltfFile, numbers, parse_gltf
from reimagine.body.readers.joint_map import find_joints
from reimagine.body.readers.skeleton import Skeleton
from reimagine.body.readers.worn import worn_by_smplx
from reimagine.body.turn import slerp
from reimagine.errors import InputError
from reimagine.records import Motion

MAX_NODES = 5000
MAX_PLACES = 10_000_000
"""Nodes times frames."""
USUAL_FPS = 30.0
RATES = (10.0, 240.0)
"""Keys that lie farther apart or nearer together are no frames: the animation is then sampled at the usual rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What moves one part of one node."""

    times: Float[np.ndarray, " keys"]
    """Seconds, rising."""
    values: Float[np.ndarray, "keys width"]
    """Quaternions (x, y, z, w) or places."""
    interpolation: str
    """LINEAR, STEP or CUBICSPLINE, whose values come in threes: tangent in, value, tangent out."""


def is_gltf(content: object) -> bool:
    """Whether this JSON is a .gltf's."""
    return isinstance(content, dict) and "asset" in content


def read_gltf(path: Path, bone_map: Path | None = None) -> Motion:
    """The motion of the file's first animation that turns nodes, worn by SMPL-X (see `worn.py`).

    Raises InputError for a file without one, and for a skeleton whose bones we or `bone_map` cannot name.
    """
    file = parse_gltf(path)
    moving = [one for one in file.listed("animations") if _channels(one, "rotation")]
    if not moving:
        raise InputError(
            f"{path.name} has no animation that turns bones; expected one. Export it with its animation."
        )
    notes: tuple[str, ...] = ()
    if len(moving) > 1:
        notes = (
            f"the file has {len(moving)} animations; the first is used, {moving[0].get('name', 'without a name')!r}",
        )
    skeleton = gltf_skeleton(file, moving[0])
    at = find_joints(path, skeleton, bone_map)
    return worn_by_smplx(path, skeleton, at, source=_source(file), notes=notes)


def gltf_skeleton(file: GltfFile, animation: dict[str, Any]) -> Skeleton:
    """Where the nodes are and how they have turned, in frames of the animation's own rate."""
    nodes = file.listed("nodes")
    order, parents = _tree(file, nodes)
    tracks = {
        path: {
            node: _track(file, animation, channel)
            for node, channel in _channels(animation, path).items()
        }
        for path in ("rotation", "translation")
    }
    every = [track for part in tracks.values() for track in part.values()]
    times, fps = _frames(file, every)
    if len(times) * len(order) > MAX_PLACES:
        raise InputError(
            f"{file.name} has {len(order)} nodes in {len(times)} frames; expected at most {MAX_PLACES} of both together. Cut it "
            "into parts."
        )
    still = [Rotation.identity()] * len(order)
    rest, turns, places = (
        np.zeros((len(order), 3)),
        list(still),
        np.zeros((len(times), len(order), 3)),
    )
    scales = np.ones(len(order))
    for k, (index, parent) in enumerate(zip(order, parents, strict=True)):
        place, quaternion, scale = _own(nodes[index])
        moved = np.broadcast_to(place, (len(times), 3))
        turned = np.broadcast_to(quaternion, (len(times), 4))
        if index in tracks["translation"]:
            moved = _sampled(tracks["translation"][index], times)
        if index in tracks["rotation"]:
            turned = _sampled(tracks["rotation"][index], times)
        turn, standing = Rotation.from_quat(turned), Rotation.from_quat(quaternion)
        if parent >= 0:
            rest[k] = rest[parent] + still[parent].apply(scales[parent] * place)
            places[:, k] = places[:, parent] + turns[parent].apply(scales[parent] * moved)
            turn, standing, scale = (
                turns[parent] * turn,
                still[parent] * standing,
                scales[parent] * scale,
            )
        else:
            rest[k], places[:, k] = place, moved
        turns[k], still[k], scales[k] = turn, standing, scale
    return Skeleton(
        names=_names(file, nodes, order),
        parents=tuple(parents),
        rest=rest,
        tips=np.full_like(rest, np.nan),
        turns=tuple(turn * standing.inv() for turn, standing in zip(turns, still, strict=True)),
        places=places,
        fps=fps,
    )


def _channels(animation: dict[str, Any], path: str) -> dict[int, dict[str, Any]]:
    """The channels that move this part of nodes, by node."""
    return {
        channel["target"]["node"]: channel
        for channel in animation.get("channels", [])
        if channel["target"].get("path") == path and "node" in channel["target"]
    }


def _track(file: GltfFile, animation: dict[str, Any], channel: dict[str, Any]) -> Track:
    sampler = animation["samplers"][channel["sampler"]]
    interpolation = sampler.get("interpolation", "LINEAR")
    times, values = numbers(file, sampler["input"])[:, 0], numbers(file, sampler["output"])
    keys = 3 * len(times) if interpolation == "CUBICSPLINE" else len(times)
    width = 4 if channel["target"]["path"] == "rotation" else 3
    finite = np.isfinite(times).all() and np.isfinite(values).all()
    if values.shape != (keys, width) or (np.diff(times) <= 0).any() or not finite:
        raise InputError(
            f"{file.name}: the {channel['target']['path']} of node {channel['target']['node']} has {len(values)} values for "
            f"{len(times)} times; expected as many finite ones, at rising times. Export it again."
        )
    return Track(times=times, values=values, interpolation=interpolation)


def _frames(file: GltfFile, tracks: list[Track]) -> tuple[Float[np.ndarray, " frames"], float]:
    """The times of the frames, from the first key to the last, and how many are in a second."""
    start = min(track.times[0] for track in tracks)
    end = max(track.times[-1] for track in tracks)
    steps = [float(np.median(np.diff(track.times))) for track in tracks if len(track.times) > 2]
    fps = 1 / min(steps) if steps else 0.0
    fps = float(round(fps)) if abs(fps - round(fps)) < 0.005 * fps else fps
    fps = fps if RATES[0] <= fps <= RATES[1] else USUAL_FPS
    count = int(np.floor((end - start) * fps + 1e-3)) + 1
    if count > MAX_FRAMES:
        raise InputError(
            f"{file.name} lasts {end - start:.0f} s; expected at most {MAX_FRAMES} frames. Cut it into parts."
        )
    return start + np.arange(count) / fps, fps


def _sampled(
    track: Track, times: Float[np.ndarray, " frames"]
) -> Float[np.ndarray, "frames width"]:
    """The values at these times; before the first key and after the last they stay."""
    last = len(track.times) - 1
    low = np.clip(np.searchsorted(track.times, times + 1e-6, side="right") - 1, 0, last)
    high = np.minimum(low + 1, last)
    span = np.where(high > low, track.times[high] - track.times[low], 1.0)
    share = np.clip((times - track.times[low]) / span, 0.0, 1.0)
    if track.interpolation == "CUBICSPLINE":
        return _spline(track.values.reshape(last + 1, 3, -1), low, high, span, share)
    if track.interpolation == "STEP":
        return track.values[low]
    first, second = track.values[low], track.values[high]
    if first.shape[1] == 4:
        return slerp(first, second, share)
    return first + (second - first) * share[:, None]


def _spline(
    values: Float[np.ndarray, "keys 3 width"],
    low: np.ndarray,
    high: np.ndarray,
    span: Float[np.ndarray, " frames"],
    share: Float[np.ndarray, " frames"],
) -> Float[np.ndarray, "frames width"]:
    """GlTF 2.0, appendix C.5: a cubic Hermite spline."""
    t, span = share[:, None], span[:, None]
    start, end = values[low, 1], values[high, 1]
    leaving, arriving = span * values[low, 2], span * values[high, 0]
    ahead = (2 * t**3 - 3 * t**2 + 1) * start + (t**3 - 2 * t**2 + t) * leaving
    return ahead + (3 * t**2 - 2 * t**3) * end + (t**3 - t**2) * arriving


def _tree(file: GltfFile, nodes: list[dict[str, Any]]) -> tuple[list[int], list[int]]:
    """The nodes, parents before children, and each one's parent's place in that order."""
    above = {child: i for i, node in enumerate(nodes) for child in node.get("children", [])}
    waiting = [(i, -1) for i in reversed(range(len(nodes))) if i not in above]
    order: list[int] = []
    parents: list[int] = []
    while waiting and len(order) <= len(nodes):
        index, parent = waiting.pop()
        order.append(index)
        parents.append(parent)
        children = nodes[index].get("children", [])
        waiting += [(child, len(order) - 1) for child in reversed(children)]
    if len(order) != len(nodes) or len(nodes) > MAX_NODES or len(set(order)) != len(order):
        raise InputError(
            f"{file.name}: its {len(nodes)} nodes are no tree; expected one of at most {MAX_NODES}. Export it again."
        )
    return order, parents


def _own(
    node: dict[str, Any],
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "4"], float]:
    """A node's place, quaternion (x, y, z, w) and scale at rest."""
    if "matrix" in node:
        matrix = np.array(node["matrix"], dtype=float).reshape(4, 4).T
        scale = float(np.cbrt(np.linalg.det(matrix[:3, :3])))
        return matrix[:3, 3], Rotation.from_matrix(matrix[:3, :3] / scale).as_quat(), scale
    place = np.array(node.get("translation", [0, 0, 0]), dtype=float)
    quaternion = np.array(node.get("rotation", [0, 0, 0, 1]), dtype=float)
    return place, quaternion, float(np.mean(node.get("scale", [1, 1, 1])))


def _humanoid(file: GltfFile) -> dict[int, str]:
    """Which node is which bone, of VRM 1.0, VRM 0 and VRM animations; empty for other files."""
    extensions = file.content.get("extensions", {})
    held = next(
        (extensions[n] for n in ("VRMC_vrm_animation", "VRMC_vrm", "VRM") if n in extensions), {}
    )
    bones = held.get("humanoid", {}).get("humanBones", {})
    if isinstance(bones, list):
        return {bone["node"]: bone["bone"] for bone in bones}
    return {bone["node"]: name for name, bone in bones.items()}


def _names(file: GltfFile, nodes: list[dict[str, Any]], order: list[int]) -> tuple[str, ...]:
    humanoid = _humanoid(file)
    if humanoid:
        return tuple(humanoid.get(index, f"other{index}") for index in order)
    joints = {joint for skin in file.listed("skins") for joint in skin.get("joints", [])}
    return tuple(
        str(nodes[index].get("name", f"other{index}"))
        if index in joints or not joints
        else f"other{index}"
        for index in order
    )


def _source(file: GltfFile) -> str:
    extensions = file.content.get("extensions", {})
    if "VRMC_vrm_animation" in extensions:
        return "VRM animation"
    return "VRM" if {"VRMC_vrm", "VRM"} & set(extensions) else "glTF"
