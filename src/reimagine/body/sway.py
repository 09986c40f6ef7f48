"""What hangs loosely swings: a damped pendulum on every place that the joints carry.

A loose point feels only how its support p(t) speeds up and slows down: d'' + 2 z w d' + w^2 d = -p''. Steady motion
leaves no trace, and what is fast stays behind. The equation is linear and so is skinning: solved for the joints'
transforms, it holds for every point that they carry.
"""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.signal import bilinear, lfilter

from reimagine.records import Pose

_HERTZ, _DAMPING = 1.4, 0.6
"""Of a hem: how often it swings in a second when let go, and how soon it stops; 1 stops without swinging."""
_LIFT = 0.3
"""Share of the swing along the vertical, where cloth is held by what it hangs on."""
_LEAST_FPS = 10.0
"""A clip with fewer frames does not show how cloth swings."""
_LEAD_S = 3.0
"""What happened longer ago is forgotten."""
_SEAM = 1.2
"""A clip repeats whose last frames run on into its first no rougher than it runs within, times this."""
_MOVED = np.array([1.0, -3.0, 3.0, -1.0])
"""By how much fourth differences across a seam grow with a step there."""


def swung(pose: Pose, fps: float, sway: float) -> Pose:
    """The pose with what hangs on each joint swinging `sway` times as far as it would; 0 leaves it as it is.

    A clip that repeats swings without a seam; any other starts as if it had moved on steadily until then.
    """
    if sway == 0 or fps < _LEAST_FPS or len(pose) < 8:
        return pose
    moves = pose.transforms.double().numpy()
    up = moves[:, 0, :, 1].mean(0)
    up /= max(np.linalg.norm(up), 1e-9)
    lead = _lead(moves, round(_LEAD_S * fps))
    path = np.concatenate([lead, moves])
    steady = path[0] + (path[1] - path[0]) * np.arange(len(path))[:, None, None, None]
    w = 2 * np.pi * _HERTZ
    swing = lfilter(*bilinear([-1, 0, 0], [1, 2 * _DAMPING * w, w * w], fps), path - steady, axis=0)
    swing = swing[len(lead) :]
    held = (1 - _LIFT) * np.outer(up, up)
    swing = sway * (swing - np.einsum("ij,fkjc->fkic", held, swing))
    return replace(pose, swing=torch.from_numpy(swing).float())


def _lead(
    moves: Float[NDArray[np.float64], "frames 55 3 4"], frames: int
) -> Float[NDArray[np.float64], "lead 55 3 4"]:
    """What came before a clip that repeats, moved so that it runs into it; nothing for another."""
    turns = np.concatenate([moves, moves[:3]])[..., :3]
    rough = np.abs(np.diff(turns, 3, axis=0)).max((1, 2, 3))
    # The last three run across the seam.
    if rough[-3:].max() > _SEAM * rough[:-3].max() + 1e-3:
        return moves[:0]
    # How far a repeat goes on: so far that the path's fourth differences across the seam are least.
    path = moves[..., 3].mean(1)
    across = np.diff(np.concatenate([path[-4:], path[:4]]), 4, axis=0)
    step = np.zeros((3, 4))
    step[:, 3] = -_MOVED @ across / (_MOVED @ _MOVED)
    whole = [moves - step * (k + 1) for k in reversed(range(-(-frames // len(moves))))]
    return np.concatenate(whole)[-frames:]
