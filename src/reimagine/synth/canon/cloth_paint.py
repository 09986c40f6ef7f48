"""What gives points of cloth their colours: a fabric laid out along the limb that it covers."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.synth.canon.fabrics import FABRICS, Cloth, Dye
from reimagine.synth.canon.traits import Traits
from reimagine.synth.noise import noise
from reimagine.synth.wardrobe import L_ANKLE, L_ELBOW, L_HIP, L_SHOULDER, L_WRIST, leg_axis

Painter = Callable[[Float[Tensor, "points 3"]], Tensor]
"""Points in the zero pose at the height at which everything is tailored to sRGB."""


def cloth_painter(
    traits: Traits, place: int, layout: str, joints: Tensor | None, middle_z: float = 0.0
) -> Painter:
    """Paints the fabric of a person's top, bottom or outer layer (`place` 0, 1, 2), laid out as a shirt, legs or a tube."""
    base, light, dark = traits.colours[3 * place : 3 * place + 3]
    generator = torch.Generator().manual_seed(traits.seed + place)
    size = float(torch.rand(1, generator=generator)) * 0.9 + 0.6
    dye = Dye(base=base, light=light, dark=dark, seed=traits.seed % 9973 + place, size=size)
    fabric = FABRICS[traits.fabrics[place]]

    def paint(points: Tensor) -> Tensor:
        return fabric(dye, _cloth(points, layout, joints, middle_z))

    return paint


def _cloth(points: Tensor, layout: str, joints: Tensor | None, middle_z: float) -> Cloth:
    """Coordinates on cloth: along and around the limb that it covers."""
    x, y, z = points.unbind(dim=1)
    around = torch.atan2(x * 0.75, z - middle_z) / (2 * torch.pi) * 0.96
    uv, front = torch.stack([around, y], dim=1), torch.full((len(points), 2), 9.0)
    if joints is None:
        return Cloth(rest=points, uv=uv, front=front)
    if layout == "legs":
        axis = leg_axis(joints, 1, float(joints[L_HIP, 1]), float(joints[L_ANKLE, 1]) - 0.1)
        row = ((float(joints[L_HIP, 1]) - y) / 0.01).long().clamp(0, len(axis) - 1)
        centre = axis[row]
        turn = torch.atan2(x.abs() - centre[:, 0], z - centre[:, 1]) / (2 * torch.pi) * 0.48
        return Cloth(rest=points, uv=torch.stack([turn, y], dim=1), front=front)
    shoulder = joints[L_SHOULDER]
    if layout == "shirt":
        elbow, wrist = joints[L_ELBOW], joints[L_WRIST]
        upper = ((x.abs() - shoulder[0]) / (elbow[0] - shoulder[0])).clamp(0, 1)[:, None]
        lower = ((x.abs() - elbow[0]) / (wrist[0] - elbow[0])).clamp(0, 1)[:, None]
        bone = torch.lerp(torch.lerp(shoulder, elbow, upper), wrist, lower)
        sleeve = torch.atan2(y - bone[:, 1], z - bone[:, 2]) / (2 * torch.pi) * 0.36
        arm = (x.abs() > float(shoulder[0]) + 0.005) & (y > float(shoulder[1]) - 0.17)
        uv = torch.where(arm[:, None], torch.stack([sleeve, x.abs()], dim=1), uv)
        chest = (z > middle_z) & ~arm
        at = torch.stack([x, y - (shoulder[1] - 0.19)], dim=1)
        front = torch.where(chest[:, None], at, front)
    return Cloth(rest=points, uv=uv, front=front)


def even(colour: tuple[float, float, float]) -> Painter:
    """Paints one colour with a fine grain."""

    def paint(points: Tensor) -> Tensor:
        grain = 1 + 0.04 * noise(points * 450, seed=5)
        return torch.tensor(colour).expand(len(points), 3) * grain[:, None]

    return paint
