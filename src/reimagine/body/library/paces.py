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
    lift: Keys
    """Height of the ankle in the air."""
    reach: Keys
    """Share of the way to the next foothold, in the air."""
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
    """Longest leg as a share of its reach."""


WALK = Gait(
    stride_m=1.26,
    flat=(0.10, 0.38),
    off=0.62,
    lands_ahead=0.245,
    pitch=(
        *((0.0, 0.30), (0.05, 0.12), (0.10, 0.0), (0.38, 0.0), (0.50, -0.30), (0.62, -0.95)),
        *((0.69, -1.02), (0.80, -0.35), (0.88, 0.08), (0.95, 0.30), (1.0, 0.30)),
    ),
    toes=(
        *((0.0, 0.15), (0.08, 0.0), (0.38, 0.0), (0.50, 0.27), (0.62, 0.85), (0.68, 0.66)),
        *((0.80, 0.15), (1.0, 0.15)),
    ),
    lift=((0.71, 0.228), (0.84, 0.148), (0.94, 0.120)),
    reach=((0.945, 0.985),),
    half_width_m=0.055,
    bob_m=0.02,
    highest=0.31,
    sway_m=0.022,
    yaw=0.08,
    roll=0.045,
    lean=0.03,
    arm_swing=0.36,
    arm_mean=0.04,
    elbow=(0.26, 0.14),
    curl=1.2,
    straightest=0.996,
)


RUN = Gait(
    stride_m=1.95,
    flat=(0.06, 0.16),
    off=0.35,
    lands_ahead=0.13,
    pitch=(
        *((0.0, 0.12), (0.06, 0.0), (0.16, 0.0), (0.26, -0.35), (0.35, -0.95)),
        *((0.45, -1.45), (0.58, -1.35), (0.75, -0.45), (0.9, 0.1), (1.0, 0.12)),
    ),
    toes=(
        *((0.0, 0.1), (0.06, 0.0), (0.16, 0.0), (0.26, 0.31), (0.35, 0.85), (0.42, 0.62)),
        *((0.55, 0.1), (1.0, 0.1)),
    ),
    lift=((0.52, 0.42), (0.62, 0.43), (0.80, 0.25), (0.93, 0.130)),
    reach=((0.94, 0.975),),
    half_width_m=0.04,
    bob_m=0.035,
    highest=0.425,
    sway_m=0.012,
    yaw=0.12,
    roll=0.05,
    lean=0.13,
    arm_swing=0.55,
    arm_mean=-0.15,
    elbow=(1.45, 0.2),
    curl=2.6,
    straightest=0.985,
)
