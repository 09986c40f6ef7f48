"""How walk and run are timed: the numbers of which `gait` makes steps."""

from dataclasses import dataclass

Keys = tuple[tuple[float, float], ...]
"""(share of the stride since this foot landed, value)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gait:
    """How somebody goes; shares are of a stride (two steps), angles radians, lengths metres."""

    stride_m: float
    flat: tuple[float, float]
    """From when to when the whole sole is on the floor."""
    off: float
    """When the toes leave the floor."""
    lands_ahead: float
    """How far ahead of the pelvis a foot lands, as a share of the stride."""
    pitch: Keys
    toes: Keys
    knee: Keys
    """How far the knee is bent while the foot is in the air; 0 is straight."""
    leg: Keys
    """Inclination of the line from hip to ankle while the foot is in the air; ankle ahead positive."""
    half_width_m: float
    """Of each foot from the middle line."""
    bob_m: float
    """The pelvis rises and sinks by this, twice a stride."""
    highest: float
    """When it is highest after the left foot lands (and half a stride later)."""
    sway_m: float
    """The pelvis goes to the side of the foot that bears the weight."""
    yaw: float
    """The pelvis turns with the leg that goes ahead; the chest turns back."""
    roll: float
    """The pelvis sinks on the side of the leg in the air."""
    lean: float
    """Of the trunk, to the front."""
    arm_swing: float
    """To the front and to the back."""
    arm_mean: float
    """About which the arms swing; to the front positive."""
    elbow: tuple[float, float]
    """Mean flexion, and how much more of it in front."""
    curl: float
    """How far the fingers are bent (`Figure.curl`)."""
    straightest: float
    """Longest leg that bears weight, as a share of its reach."""


WALK = Gait(
    stride_m=1.22,
    flat=(0.09, 0.30),
    off=0.60,
    lands_ahead=0.199,
    pitch=(
        *((0.0, 0.37), (0.04, 0.09), (0.09, 0.0), (0.30, 0.0), (0.40, -0.06), (0.50, -0.29)),
        *((0.56, -0.65), (0.60, -1.02), (0.63, -1.22), (0.67, -1.27), (0.80, -0.33), (0.88, 0.09)),
        *((0.95, 0.31), (1.0, 0.37)),
    ),
    toes=(
        *((0.0, 0.15), (0.08, 0.0), (0.30, 0.0), (0.40, 0.055), (0.50, 0.26), (0.56, 0.58)),
        *((0.60, 0.91), (0.68, 0.66), (0.78, 0.25), (1.0, 0.15)),
    ),
    knee=((0.68, 1.01), (0.76, 0.985), (0.84, 0.66), (0.92, 0.20)),
    leg=((0.68, -0.575), (0.76, -0.235), (0.84, 0.08), (0.92, 0.362)),
    half_width_m=0.055,
    bob_m=0.012,
    highest=0.255,
    sway_m=0.022,
    yaw=0.08,
    roll=0.045,
    lean=0.03,
    arm_swing=0.36,
    arm_mean=0.04,
    elbow=(0.26, 0.14),
    curl=1.2,
    straightest=0.999,
)


RUN = Gait(
    stride_m=1.95,
    flat=(0.05, 0.14),
    off=0.35,
    lands_ahead=0.079,
    pitch=(
        *((0.0, 0.16), (0.05, 0.0), (0.14, 0.0), (0.22, -0.16), (0.28, -0.42), (0.32, -0.69)),
        *((0.35, -1.01), (0.39, -1.26), (0.45, -1.32), (0.58, -1.43), (0.70, -1.08), (0.80, -0.40)),
        *((0.92, 0.22), (1.0, 0.16)),
    ),
    toes=(
        *((0.0, 0.1), (0.05, 0.0), (0.14, 0.0), (0.22, 0.145), (0.28, 0.38), (0.32, 0.62)),
        *((0.35, 0.90), (0.42, 0.62), (0.55, 0.1), (1.0, 0.1)),
    ),
    knee=((0.43, 0.59), (0.54, 1.30), (0.65, 1.68), (0.76, 1.325), (0.86, 0.71), (0.94, 0.29)),
    leg=((0.43, -0.67), (0.54, -0.68), (0.65, -0.50), (0.76, -0.035), (0.86, 0.305), (0.94, 0.39)),
    half_width_m=0.04,
    bob_m=0.025,
    highest=0.425,
    sway_m=0.012,
    yaw=0.12,
    roll=0.05,
    lean=0.13,
    arm_swing=0.55,
    arm_mean=-0.15,
    elbow=(1.45, 0.2),
    curl=2.6,
    straightest=0.989,
)
