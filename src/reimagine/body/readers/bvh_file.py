"""The text of a BVH file: a skeleton's joints and the numbers of each frame."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from reimagine.body.readers.checked import MAX_FRAMES
from reimagine.errors import InputError

MAX_FILE_BYTES = 1 << 30
MAX_JOINTS = 1000
CHANNELS = ("Xposition", "Yposition", "Zposition", "Xrotation", "Yrotation", "Zrotation")


@dataclass(slots=True)
class BvhJoint:
    """One joint of the file."""

    name: str
    parent: int
    """Its place in the list; -1 for the root."""
    offset: Float[np.ndarray, "3"] = field(default_factory=lambda: np.zeros(3))
    """From the parent at rest, the file's units."""
    tip: Float[np.ndarray, "3"] = field(default_factory=lambda: np.full(3, np.nan))
    """From the joint to where its bone ends, where the file has an end site; else NaN."""
    channels: list[str] = field(default_factory=list)
    first: int = 0
    """Column of its first channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BvhFile:
    """A parsed file."""

    joints: list[BvhJoint]
    """Parents before children."""
    rows: Float[np.ndarray, "frames channels"]
    fps: float


def parse_bvh(path: Path) -> BvhFile:
    """The joints and rows of the file.

    Raises InputError where the text breaks off or does not hold together.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(f"{path.name} is over 1 GiB; expected a BVH motion. Cut it into parts.")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    parts = re.split(r"^\s*MOTION\s*$", text, maxsplit=1, flags=re.MULTILINE | re.IGNORECASE)
    if len(parts) < 2:
        raise InputError(
            f"{path.name} has no MOTION section; expected a whole BVH file. Export it again."
        )
    try:
        joints = _joints(parts[0].split())
        rows, frame_time = _rows(parts[1])
    except InputError:
        raise
    except (ValueError, IndexError):
        raise InputError(
            f"{path.name} is not well-formed BVH; expected HIERARCHY, MOTION, Frames and Frame Time. Export it again."
        ) from None
    wanted = sum(len(joint.channels) for joint in joints)
    if rows.ndim != 2 or rows.shape[1] != wanted or len(rows) == 0:
        raise InputError(
            f"{path.name} has {rows.shape[1] if rows.ndim == 2 else 'unequal'} numbers in {len(rows)} frames; expected "
            f"{wanted} in each of at least one. Export it again."
        )
    if not np.isfinite(rows).all():
        bad = int((~np.isfinite(rows)).any(axis=1).argmax())
        raise InputError(
            f"{path.name}: frame {bad} holds NaN or infinity; expected finite numbers. Repair that part."
        )
    if not 0 < frame_time <= 10:
        raise InputError(
            f"{path.name}: the frame time is {frame_time:g} s; expected more than 0, as 0.0333333. Correct it."
        )
    return BvhFile(joints=joints, rows=rows, fps=_round_rate(1.0 / frame_time))


def _round_rate(fps: float) -> float:
    """Frame times are written with few digits: 0.0333333 means 30, 0.008333 means 120."""
    return float(round(fps)) if math.isclose(fps, round(fps), rel_tol=5e-4) else fps


def _joints(words: list[str]) -> list[BvhJoint]:
    """The joints of the HIERARCHY section; raises ValueError or IndexError where it is not well-formed."""
    joints: list[BvhJoint] = []
    open_joints: list[int] = []  # -1 stands for an end site
    at = 0
    while at < len(words):
        word = words[at].upper()
        if word in ("ROOT", "JOINT", "END"):
            name_end = words.index("{", at)
            if word != "END":
                parent = open_joints[-1] if open_joints else -1
                joints.append(BvhJoint(" ".join(words[at + 1 : name_end]), parent))
            open_joints.append(-1 if word == "END" else len(joints) - 1)
            if len(joints) > MAX_JOINTS:
                raise ValueError
            at = name_end + 1
        elif word in ("OFFSET", "CHANNELS"):
            is_end = open_joints[-1] < 0
            joint = joints[open_joints[-2] if is_end else open_joints[-1]]
            if word == "OFFSET":
                offset = _three(words, at)
                joint.tip, joint.offset = (offset, joint.offset) if is_end else (joint.tip, offset)
                at += 4
            else:
                at = _channels(words, at, joint, joints)
        elif word in ("}", "HIERARCHY"):
            if word == "}":
                open_joints.pop()
            at += 1
        else:
            raise ValueError
    return joints


def _three(words: list[str], at: int) -> Float[np.ndarray, "3"]:
    offset = np.array([float(x) for x in words[at + 1 : at + 4]])
    if offset.shape != (3,):
        raise ValueError
    return offset


def _channels(words: list[str], at: int, joint: BvhJoint, joints: list[BvhJoint]) -> int:
    count = int(words[at + 1])
    joint.first = sum(len(other.channels) for other in joints)
    joint.channels = [word.capitalize() for word in words[at + 2 : at + 2 + count]]
    if len(set(joint.channels)) != count or not set(joint.channels) <= set(CHANNELS):
        raise ValueError
    return at + 2 + count


def _rows(tail: str) -> tuple[Float[np.ndarray, "frames channels"], float]:
    lines = [line for line in tail.splitlines() if line.strip()]
    frames = int(lines[0].split(":")[1])
    frame_time = float(lines[1].split(":")[1])
    if frames > MAX_FRAMES:
        raise InputError(
            f"the BVH has {frames} frames; expected at most {MAX_FRAMES}. Cut it into parts."
        )
    rows = np.array([line.split() for line in lines[2:][:frames]], dtype=float)
    if len(rows) != frames:
        raise ValueError
    return rows, frame_time


def local_turns(file: BvhFile, joint: BvhJoint) -> Rotation:
    """The joint's rotation against its parent in every frame; the first channel named is applied last."""
    turning = [c for c in joint.channels if c.endswith("rotation")]
    if not turning:
        return Rotation.from_matrix(np.broadcast_to(np.eye(3), (len(file.rows), 3, 3)))
    columns = [joint.first + joint.channels.index(c) for c in turning]
    order = "".join(c[0] for c in turning)
    angles = file.rows[:, columns]
    return Rotation.from_euler(order, angles if len(order) > 1 else angles[:, 0], degrees=True)


def local_places(file: BvhFile, joint: BvhJoint) -> Float[np.ndarray, "frames 3"]:
    """The joint's place in its parent in every frame: its position channels, else its offset."""
    places = np.broadcast_to(joint.offset, (len(file.rows), 3)).copy()
    for axis, channel in enumerate(CHANNELS[:3]):
        if channel in joint.channels:
            places[:, axis] = file.rows[:, joint.first + joint.channels.index(channel)]
    return places
