"""SMPL-X parameters by the names of the smplx package's forward call, as MVHumanNet++ and others save them.

The world is the file's own: it is left as it is, because a capture's cameras lie in the same world.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from reimagine.arrays import array_names, read_arrays
from reimagine.body.readers.checked import (
    DEFAULT_FPS,
    FPS_NOTE,
    checked_motion,
    frame_rate,
    shape_numbers,
    shaped,
)
from reimagine.body.readers.hands import MEAN_HAND_NOTE, NO_HANDS_NOTE, PCA_NOTE, relaxed_hands
from reimagine.errors import InputError
from reimagine.records import Motion

OPTIONAL = (
    "transl",
    "betas",
    "jaw_pose",
    "leye_pose",
    "reye_pose",
    "left_hand_pose",
    "right_hand_pose",
)
RATES = ("fps", "mocap_framerate", "mocap_frame_rate")
IGNORED = {"expression", "pose", "scale", "gender", "flat_hand_mean"}


def is_smplx_parameters(names: list[str]) -> bool:
    """Whether these are the names of SMPL-X parameters."""
    return {"global_orient", "body_pose"} <= set(names)


def read_smplx_parameters(path: Path) -> Motion:
    """The motion of an .npz of SMPL-X parameters; see `motion_from_parameters`."""
    arrays = read_arrays(
        path, ["global_orient", "body_pose", *OPTIONAL, *RATES, "scale", "flat_hand_mean"]
    )
    notes: list[str] = []
    known = {"global_orient", "body_pose", *OPTIONAL, *RATES, *IGNORED}
    unknown = sorted(set(array_names(path)) - known)
    if unknown:
        notes.append("not used: " + ", ".join(unknown))
    if "scale" in arrays:
        scale = shaped(path, "scale", arrays["scale"], -1)
        if not np.allclose(scale, 1.0):
            notes.append(f"the file's scale {scale[0]:g} is not applied; give `height_m` instead")
    return motion_from_parameters(
        path, arrays, source="SMPL-X parameters (.npz)", up="unknown", notes=notes
    )


def motion_from_parameters(
    path: Path,
    arrays: dict[str, np.ndarray],
    *,
    source: str,
    up: str,
    notes: list[str],
) -> Motion:
    """The motion of SMPL-X parameters by name.

    Rotations may be frames x 3n or frames x n x 3. Full hands (45 numbers) are plain rotations from the flat
    hand; PCA hands (6 or 12) become relaxed hands, with a note. Raises InputError.
    """
    root = shaped(path, "global_orient", arrays["global_orient"], -1, 3)
    frames = len(root)
    body = arrays["body_pose"]
    if np.asarray(body).size == frames * 69:  # SMPL's body has two hand joints more
        body = shaped(path, "body_pose", body, frames, 69)[:, :63]
    body = shaped(path, "body_pose", body, frames, 63)
    face = [
        _each(path, name, arrays.get(name, np.zeros((1, 3))), frames, 3)
        for name in ("jaw_pose", "leye_pose", "reye_pose")
    ]
    poses = np.concatenate([root, body, *face, _hands(path, arrays, frames, notes)], axis=1)
    rate = next((arrays[name] for name in RATES if name in arrays), None)
    fps = _guessed_rate(body, notes) if rate is None else frame_rate(path, rate)
    return checked_motion(
        path,
        poses=poses.reshape(frames, 55, 3),
        transl=_each(path, "transl", arrays.get("transl", np.zeros((1, 3))), frames, 3),
        fps=fps,
        betas=shape_numbers(path, arrays.get("betas", np.zeros((1, 10))), frames),
        source=source,
        up=up,
        notes=tuple(notes),
    )


def _guessed_rate(body: Float[np.ndarray, "frames 63"], notes: list[str]) -> float:
    """30 per second, unless limbs would then turn faster than people can: the file holds every 25th frame."""
    if len(body) > 3 and np.isfinite(body).all():
        steps = np.linalg.norm(np.diff(body.reshape(len(body), 21, 3), axis=0), axis=-1)
        if steps.mean(axis=0).max() * DEFAULT_FPS > 15.0:
            notes.append(
                "the file does not say its frame rate and its frames lie far apart; taken as every 25th of 30 "
                "per second"
            )
            return DEFAULT_FPS / 25
    notes.append(FPS_NOTE)
    return DEFAULT_FPS


def _each(
    path: Path, name: str, values: np.ndarray, frames: int, width: int
) -> Float[np.ndarray, "frames width"]:
    """One row a frame; a single row stands for all frames."""
    if np.asarray(values).size == width:
        values = np.broadcast_to(np.asarray(values).reshape(1, width), (frames, width))
    return shaped(path, name, values, frames, width)


def _hands(
    path: Path, arrays: dict[str, np.ndarray], frames: int, notes: list[str]
) -> Float[np.ndarray, "frames 90"]:
    relaxed = relaxed_hands(frames).reshape(frames, 2, 45)
    from_mean = "flat_hand_mean" in arrays and not np.any(arrays["flat_hand_mean"])
    both: list[np.ndarray] = []
    for side, name in enumerate(("left_hand_pose", "right_hand_pose")):
        hand = arrays.get(name)
        numbers = 0 if hand is None else np.asarray(hand).size / max(frames, 1)
        if hand is not None and np.asarray(hand).size in (45, frames * 45):
            both.append(_each(path, name, hand, frames, 45) + from_mean * relaxed[:, side])
            if from_mean and MEAN_HAND_NOTE not in notes:
                notes.append(MEAN_HAND_NOTE)
        elif hand is None or numbers in (6, 12):
            both.append(relaxed[:, side])
            note = NO_HANDS_NOTE if hand is None else PCA_NOTE.format(int(numbers))
            if note not in notes:
                notes.append(note)
        else:
            raise InputError(
                f"{path.name}: '{name}' has the shape {np.shape(hand)}; expected {frames} x 45 rotations, or 6 or "
                "12 PCA numbers a frame. Check how it was saved."
            )
    return np.concatenate(both, axis=1)
