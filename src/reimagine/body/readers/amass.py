"""AMASS: SMPL-H (`*_poses.npz`) and SMPL-X (`*_stageii.npz`), https://amass.is.tue.mpg.de; Z up, metres.

BEAT2 and EMAGE save the same arrays with Y up; AIST++, WHAM and TRAM, once converted, have others that mean the same.
"""

from dataclasses import replace
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
from reimagine.body.readers.hands import NO_HANDS_NOTE, relaxed_hands
from reimagine.body.readers.mean_body import unit_of, up_of
from reimagine.body.turn import smallest_turn, turn_world
from reimagine.errors import InputError
from reimagine.records import Motion

Y_UP_FROM_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
Y, Z = np.eye(3)[1:]
AIST_FPS = 60.0
OTHERS = {
    "smpl_poses": ("poses", "AIST++"),
    "smpl_trans": ("trans", "AIST++"),
    "pose_world": ("poses", "WHAM or TRAM (world)"),
    "trans_world": ("trans", "WHAM or TRAM (world)"),
}
"""Names of the same arrays elsewhere, and of whom."""
KNOWN = {
    *OTHERS,
    *("smpl_scaling", "smpl_loss", "expressions", "model", "gender", "pose", "verts", "frame_ids"),
    *(
        "poses",
        "trans",
        "betas",
        "gender",
        "mocap_framerate",
        "mocap_frame_rate",
        "dmpls",
        "num_betas",
    ),
    *("marker_data", "marker_labels", "surface_model_type", "mocap_time_length", "markers_latent"),
    *("root_orient", "pose_body", "pose_hand", "pose_jaw", "pose_eye", "latent_labels", "labels"),
    *("markers", "markers_obs", "markers_sim", "labels_obs", "marker_meta", "num_markers"),
}


def is_amass(names: list[str]) -> bool:
    """Whether an .npz with these arrays is in AMASS' form."""
    ours = {OTHERS[name][0] if name in OTHERS else name for name in names}
    return "trans" in ours and ("poses" in ours or {"root_orient", "pose_body"} <= ours)


def read_amass(path: Path) -> Motion:
    """An AMASS motion, turned to Y up.

    The hands are plain rotations from the flat hand. Both spellings of the frame rate are known. Raises InputError.
    """
    wanted = ["poses", "trans", "betas", "mocap_framerate", "mocap_frame_rate", "smpl_scaling"]
    parts = ["root_orient", "pose_body", "pose_hand", "pose_jaw", "pose_eye"]
    arrays = read_arrays(path, [*wanted, *parts, *OTHERS])
    usual = Z
    other = next((OTHERS[name][1] for name in arrays if name in OTHERS), None)
    if other is not None:
        usual = Y
        arrays |= {OTHERS[name][0]: held for name, held in arrays.items() if name in OTHERS}
    transl = shaped(path, "trans", arrays["trans"], -1, 3)
    notes: list[str] = []
    poses, source = _poses(path, arrays, notes)
    fps = _rate(path, arrays, other, notes)
    transl = _metres(path, arrays, transl, fps, notes)
    unknown = sorted(set(array_names(path)) - KNOWN)
    if unknown:
        notes.append("not used: " + ", ".join(unknown))
    motion = checked_motion(
        path,
        poses=poses,
        transl=transl,
        fps=fps,
        betas=shape_numbers(path, arrays.get("betas", np.zeros(10)), len(poses)),
        source=other or source,
        notes=tuple(notes),
    )
    up = up_of(poses, transl, usual)
    if up @ usual < 0.5:
        said = f"{'-' if up.sum() < 0 else ''}{'XYZ'[int(np.abs(up).argmax())]} is up in the file"
        motion = replace(motion, notes=(*motion.notes, f"{said}, as the person stands along it"))
    to_y_up = Y_UP_FROM_Z_UP if up @ Z > 0.5 else smallest_turn(up, Y).as_matrix()
    turned, places = turn_world(motion, to_y_up)
    return replace(motion, poses=turned, transl=places)


def _rate(path: Path, arrays: dict[str, np.ndarray], other: str | None, notes: list[str]) -> float:
    rate = arrays.get("mocap_framerate", arrays.get("mocap_frame_rate"))
    if rate is not None:
        return frame_rate(path, rate)
    if other == "AIST++":
        notes.append("AIST++'s usual 60 frames per second")
        return AIST_FPS
    notes.append(FPS_NOTE + "; where it is another, add it to the file as mocap_frame_rate")
    return DEFAULT_FPS


def _metres(
    path: Path,
    arrays: dict[str, np.ndarray],
    transl: Float[np.ndarray, "frames 3"],
    fps: float,
    notes: list[str],
) -> Float[np.ndarray, "frames 3"]:
    """Places in metres: AIST++ gives its own scale; anything faster than people go is in centimetres or millimetres."""
    if "smpl_scaling" in arrays:
        scale = float(shaped(path, "smpl_scaling", arrays["smpl_scaling"], -1)[0])
        if scale > 0:
            return transl / scale
    unit = unit_of(transl, fps)
    if unit != 1:
        name = "centimetres" if unit == 0.01 else "millimetres"
        notes.append(f"places taken as {name}: in metres nobody would be so fast")
    return transl * unit


def _poses(
    path: Path, arrays: dict[str, np.ndarray], notes: list[str]
) -> tuple[Float[np.ndarray, "frames 55 3"], str]:
    """The 55 joints' rotations, and the format's name."""
    if "poses" not in arrays:
        root = shaped(path, "root_orient", arrays["root_orient"], -1, 3)
        zeros = {name: np.zeros((len(root), n)) for name, n in (("pose_jaw", 3), ("pose_eye", 6))}
        body = shaped(path, "pose_body", arrays["pose_body"], len(root), 63)
        face = [shaped(path, n, arrays.get(n, z), len(root), z.shape[1]) for n, z in zeros.items()]
        hands = arrays.get("pose_hand", relaxed_hands(len(root)))
        hand = shaped(path, "pose_hand", hands, len(root), 90)
        return np.concatenate([root, body, *face, hand], 1).reshape(
            -1, 55, 3
        ), "AMASS SMPL-X (stageii)"
    poses = arrays["poses"]
    width = int(np.prod(poses.shape[1:])) if poses.ndim > 1 else 0
    if width == 165:
        return shaped(path, "poses", poses, -1, 165).reshape(-1, 55, 3), "AMASS SMPL-X (stageii)"
    if width == 156:
        flat = shaped(path, "poses", poses, -1, 156).reshape(-1, 52, 3)
        face = np.zeros((len(flat), 3, 3))
        return np.concatenate([flat[:, :22], face, flat[:, 22:]], 1), "AMASS SMPL-H"
    if width in (66, 72):
        flat = shaped(path, "poses", poses, -1, width).reshape(-1, width // 3, 3)[:, :22]
        notes.append(NO_HANDS_NOTE)
        face = np.zeros((len(flat), 3, 3))
        return np.concatenate([flat, face, relaxed_hands(len(flat))], 1), "AMASS SMPL"
    raise InputError(
        f"{path.name}: 'poses' has the shape {poses.shape}; expected frames x 156 (SMPL-H), 165 (SMPL-X) or 72 "
        "(SMPL). Check how it was saved."
    )
