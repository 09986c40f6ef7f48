"""Fabrics: what cloth looks like, from coordinates on it. Each is a colour for every point, sRGB, without light."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.synth.noise import clouds, noise

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dye:
    """What a fabric is made in."""

    base: Colour
    light: Colour
    dark: Colour
    seed: int
    size: float = 1.0
    """Of the pattern; 1 is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloth:
    """Points on cloth."""

    rest: Float[Tensor, "points 3"]
    """In the zero pose, metres at a height of 1.7 m."""
    uv: Float[Tensor, "points 2"]
    """Along and around the cloth, metres."""
    front: Float[Tensor, "points 2"]
    """From the middle of the chest: the wearer's left and up, metres; beyond 1 where it is not the chest."""


Fabric = Callable[[Dye, Cloth], Tensor]


def edge(inside: Tensor, width: float = 0.0012) -> Tensor:
    """1 where positive, softened over `width`."""
    return (inside / width + 0.5).clamp(0, 1)


def mix(base: Tensor, colour: Colour, share: Tensor) -> Tensor:
    """Another colour where `share` is 1."""
    return torch.lerp(base, torch.tensor(colour).expand_as(base), share.clamp(0, 1)[:, None])


def _flat(dye: Dye, cloth: Cloth) -> Tensor:
    return torch.tensor(dye.base).expand(len(cloth.uv), 3).clone()


def _grain(base: Tensor, cloth: Cloth, dye: Dye, strength: float) -> Tensor:
    fine = noise(cloth.rest * 450, seed=dye.seed) + clouds(cloth.rest * 30, seed=dye.seed + 1)
    return base * (1 + strength * fine)[:, None]


def _wave(values: Tensor, period: float) -> Tensor:
    return (values / period) % 1


def _plain(dye: Dye, cloth: Cloth) -> Tensor:
    return _grain(_flat(dye, cloth), cloth, dye, 0.03)


def _smooth(dye: Dye, cloth: Cloth) -> Tensor:
    return _grain(_flat(dye, cloth), cloth, dye, 0.008)


def _stripes(axis: int, period: float, share: float) -> Fabric:
    def paint(dye: Dye, cloth: Cloth) -> Tensor:
        phase = _wave(cloth.uv[:, axis], period * dye.size)
        base = mix(
            _flat(dye, cloth), dye.light, edge(share - phase, 0.04) * edge(phase - 0.02, 0.04)
        )
        return _grain(base, cloth, dye, 0.025)

    return paint


def _plaid(dye: Dye, cloth: Cloth) -> Tensor:
    base = _flat(dye, cloth)
    for axis in (0, 1):
        phase = _wave(cloth.uv[:, axis], 0.08 * dye.size)
        base = mix(base, dye.dark, 0.55 * edge(0.20 - (phase - 0.5).abs(), 0.02))
        base = mix(base, dye.light, 0.6 * edge(0.03 - (phase - 0.08).abs(), 0.015))
    return _grain(base, cloth, dye, 0.035)


def _gingham(dye: Dye, cloth: Cloth) -> Tensor:
    base = _flat(dye, cloth)
    for axis in (0, 1):
        base = mix(
            base, dye.light, 0.5 * edge(0.5 - _wave(cloth.uv[:, axis], 0.03 * dye.size), 0.05)
        )
    return _grain(base, cloth, dye, 0.02)


def _dots(dye: Dye, cloth: Cloth) -> Tensor:
    period = 0.05 * dye.size
    row = (cloth.uv[:, 1] / period).floor()
    u = _wave(cloth.uv[:, 0] + 0.5 * period * (row % 2), period) - 0.5
    v = _wave(cloth.uv[:, 1], period) - 0.5
    return _grain(
        mix(_flat(dye, cloth), dye.light, edge(0.24 - (u**2 + v**2).sqrt(), 0.05)), cloth, dye, 0.02
    )


def _diamonds(dye: Dye, cloth: Cloth) -> Tensor:
    u, v = (_wave(cloth.uv[:, k], (0.12, 0.16)[k] * dye.size) - 0.5 for k in (0, 1))
    inside = 0.5 - u.abs() - v.abs()
    base = mix(_flat(dye, cloth), dye.dark, edge(inside, 0.02) * edge(cloth.uv[:, 0] * 0 + 0.5))
    line = edge(0.012 - ((u + v) % 1 - 0.5).abs(), 0.01) + edge(
        0.012 - ((u - v) % 1 - 0.5).abs(), 0.01
    )
    return _grain(mix(base, dye.light, line), cloth, dye, 0.03)


def _zigzag(dye: Dye, cloth: Cloth) -> Tensor:
    teeth = (_wave(cloth.uv[:, 0], 0.06 * dye.size) - 0.5).abs() * 0.05 * dye.size
    phase = _wave(cloth.uv[:, 1] + teeth, 0.09 * dye.size)
    base = mix(_flat(dye, cloth), dye.light, edge(0.3 - phase, 0.03))
    return _grain(mix(base, dye.dark, edge(0.12 - (phase - 0.65).abs(), 0.03)), cloth, dye, 0.025)


def _denim(dye: Dye, cloth: Cloth) -> Tensor:
    twill = noise(cloth.rest * 700, seed=dye.seed)
    slub = noise(cloth.rest * torch.tensor([500.0, 60.0, 500.0]), seed=dye.seed + 3)
    base = _flat(dye, cloth) * (1 + 0.10 * twill + 0.08 * slub)[:, None]
    worn = clouds(cloth.rest * 5, seed=dye.seed + 4).clamp_min(0)
    return mix(base, (0.55, 0.62, 0.72), 0.28 * worn)


def _knit(dye: Dye, cloth: Cloth) -> Tensor:
    u, v = cloth.uv[:, 0] / 0.006, cloth.uv[:, 1] / 0.005
    loops = 0.5 + 0.5 * torch.cos(2 * torch.pi * (v + 0.35 * (2 * (u % 1) - 1).abs()))
    return _grain(_flat(dye, cloth) * (0.84 + 0.2 * loops)[:, None], cloth, dye, 0.03)


def _cables(dye: Dye, cloth: Cloth) -> Tensor:
    base = _knit(dye, cloth)
    u = _wave(cloth.uv[:, 0], 0.08) - 0.5
    rope = u - 0.12 * torch.sin(cloth.uv[:, 1] / 0.05 * 2 * torch.pi)
    other = u + 0.12 * torch.sin(cloth.uv[:, 1] / 0.05 * 2 * torch.pi)
    shade = 0.22 * (
        edge(0.04 - (rope.abs() - 0.07).abs(), 0.03) + edge(0.04 - (other.abs() - 0.07).abs(), 0.03)
    )
    return base * (1 - shade.clamp(0, 0.35))[:, None]


def _ribbed(dye: Dye, cloth: Cloth) -> Tensor:
    ribs = 0.5 + 0.5 * torch.cos(cloth.uv[:, 0] / 0.008 * 2 * torch.pi)
    return _grain(_flat(dye, cloth) * (0.86 + 0.16 * ribs)[:, None], cloth, dye, 0.02)


def _corduroy(dye: Dye, cloth: Cloth) -> Tensor:
    wales = (0.5 + 0.5 * torch.cos(cloth.uv[:, 0] / 0.005 * 2 * torch.pi)).sqrt()
    return _grain(_flat(dye, cloth) * (0.78 + 0.24 * wales)[:, None], cloth, dye, 0.03)


def _leather(dye: Dye, cloth: Cloth) -> Tensor:
    pores = noise(cloth.rest * 260, seed=dye.seed)
    creases = clouds(cloth.rest * torch.tensor([40.0, 70.0, 40.0]), octaves=2, seed=dye.seed + 1)
    shine = clouds(cloth.rest * torch.tensor([16.0, 30.0, 16.0]), octaves=2, seed=dye.seed + 2)
    base = _flat(dye, cloth) * (1 + 0.06 * pores - 0.2 * (creases > 0.55))[:, None]
    return mix(base, (0.85, 0.85, 0.88), 0.16 * (shine - 0.2).clamp_min(0))


def _lace(dye: Dye, cloth: Cloth) -> Tensor:
    u, v = (_wave(cloth.uv[:, k], 0.022 * dye.size) - 0.5 for k in (0, 1))
    rings = ((u**2 + v**2).sqrt() - 0.33).abs()
    return mix(_flat(dye, cloth), dye.dark, 0.5 * edge(rings - 0.09, 0.05))


def _quilting(dye: Dye, cloth: Cloth) -> Tensor:
    a, b = cloth.uv[:, 0] + cloth.uv[:, 1], cloth.uv[:, 0] - cloth.uv[:, 1]
    seam = torch.minimum((_wave(a, 0.09) - 0.5).abs(), (_wave(b, 0.09) - 0.5).abs())
    return _smooth(dye, cloth) * (1 - 0.4 * edge(0.018 - seam, 0.02))[:, None]


def _camouflage(dye: Dye, cloth: Cloth) -> Tensor:
    base = _flat(dye, cloth)
    for k, colour in enumerate((dye.dark, dye.light, (0.12, 0.12, 0.10))):
        blot = clouds(
            cloth.rest * torch.tensor([9.0, 14.0, 9.0]) / dye.size, octaves=2, seed=dye.seed + 7 * k
        )
        base = mix(base, colour, edge(blot - 0.32, 0.03))
    return _grain(base, cloth, dye, 0.03)


def _marble(dye: Dye, cloth: Cloth) -> Tensor:
    """As many colours as a photograph printed on cloth."""
    fields = [
        clouds(cloth.rest * 12 / dye.size, octaves=4, seed=dye.seed + 11 * k) for k in range(3)
    ]
    swing = torch.stack(fields, dim=1) * 0.35
    return (_flat(dye, cloth) + swing).clamp(0.03, 0.95)


def _flowers(dye: Dye, cloth: Cloth) -> Tensor:
    period = 0.085 * dye.size
    cell = (cloth.uv / period).floor()
    at = (cloth.uv / period - cell) - 0.5
    lattice = torch.cat([cell, torch.zeros(len(cell), 1)], dim=1)
    shift = torch.stack([noise(lattice + 0.5, seed=dye.seed + k) for k in (0, 1)], dim=1) * 0.18
    away = at - shift
    turn, far = torch.atan2(away[:, 1], away[:, 0]), away.norm(dim=1)
    petals = 0.26 * (0.72 + 0.28 * torch.cos(5 * turn + 6 * shift[:, 0] * 10)) - far
    base = mix(_flat(dye, cloth), dye.light, edge(petals, 0.03))
    return _grain(mix(base, dye.dark, edge(0.07 - far, 0.03)), cloth, dye, 0.02)


def _leaves(dye: Dye, cloth: Cloth) -> Tensor:
    warped = cloth.rest * torch.tensor([22.0, 9.0, 22.0]) / dye.size
    warped = warped + 1.4 * clouds(cloth.rest * 8, seed=dye.seed)[:, None]
    base = mix(
        _flat(dye, cloth), dye.dark, edge(clouds(warped, octaves=2, seed=dye.seed + 2) - 0.25, 0.04)
    )
    return mix(base, dye.light, edge(clouds(warped + 9, octaves=2, seed=dye.seed + 3) - 0.42, 0.04))


def _gradient(dye: Dye, cloth: Cloth) -> Tensor:
    share = (cloth.rest[:, 1] * 1.6 + 0.9).clamp(0, 1)
    return _grain(mix(_flat(dye, cloth), dye.light, 1 - share), cloth, dye, 0.02)


def _blocks(dye: Dye, cloth: Cloth) -> Tensor:
    y = cloth.front[:, 1]
    base = mix(_flat(dye, cloth), dye.light, edge(0.02 - y.abs()) + edge(0.10 - (y + 0.14).abs()))
    return _grain(mix(base, dye.dark, edge(-0.24 - y)), cloth, dye, 0.02)


def _herringbone(dye: Dye, cloth: Cloth) -> Tensor:
    side = 2 * (((cloth.uv[:, 0] / 0.022).floor() % 2) - 0.5)
    phase = _wave(cloth.uv[:, 1] + side * cloth.uv[:, 0], 0.012)
    return _grain(mix(_flat(dye, cloth), dye.light, 0.5 * edge(0.5 - phase, 0.2)), cloth, dye, 0.03)


def _fleece(dye: Dye, cloth: Cloth) -> Tensor:
    curls = clouds(cloth.rest * 120, octaves=2, seed=dye.seed)
    return _flat(dye, cloth) * (0.94 + 0.16 * curls)[:, None]


_LETTERS = {
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "G": "01111 10000 10000 10111 10001 10001 01110",
    "I": "01110 00100 00100 00100 00100 00100 01110",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "N": "10001 11001 10101 10101 10011 10001 10001",
    "O": "01110 10001 10001 10001 10001 10001 01110",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "T": "11111 00100 00100 00100 00100 00100 00100",
}
_WORDS = (
    "REGATTA",
    "ORION",
    "TRAIL",
    "ASTRAL",
    "ROAST",
    "LION",
    "GRAIN",
    "TERRA",
    "SALON",
    "NORTE",
)


def _letters(dye: Dye, cloth: Cloth) -> Tensor:
    """A word on the chest, a band under it."""
    word = [one for one in _WORDS[dye.seed % len(_WORDS)] if one in _LETTERS]
    bits = torch.zeros(7, 6 * len(word) - 1)
    for k, letter in enumerate(word):
        rows = [[float(bit) for bit in row] for row in _LETTERS[letter].split()]
        bits[:, 6 * k : 6 * k + 5] = torch.tensor(rows)
    cell = min(0.22 / bits.shape[1], 0.012) * dye.size
    # The word reads from the viewer's left, which is the wearer's right.
    column = (cloth.front[:, 0] / cell + bits.shape[1] / 2).floor().long()
    row = (3.5 - cloth.front[:, 1] / cell).floor().long()
    inside = (column >= 0) & (column < bits.shape[1]) & (row >= 0) & (row < 7)
    ink = bits[row.clamp(0, 6), column.clamp(0, bits.shape[1] - 1)] * inside
    under = edge(0.006 - (cloth.front[:, 1] + 5.5 * cell).abs()) * edge(
        0.11 - cloth.front[:, 0].abs()
    )
    return _grain(mix(_flat(dye, cloth), dye.light, ink + under), cloth, dye, 0.03)


def _emblem(dye: Dye, cloth: Cloth) -> Tensor:
    """A badge with a shape in it."""
    u, v = (cloth.front / dye.size).unbind(dim=1)
    far = (u**2 + v**2).sqrt()
    turn = torch.atan2(v, u)
    star = 0.055 * (0.72 + 0.28 * torch.cos((3 + dye.seed % 4) * turn)) - far
    base = mix(_flat(dye, cloth), dye.light, edge(0.09 - far))
    base = mix(base, dye.dark, edge(star))
    return _grain(mix(base, dye.dark, edge(0.003 - (far - 0.082).abs())), cloth, dye, 0.03)


FABRICS: dict[str, Fabric] = {
    "plain": _plain,
    "satin": _smooth,
    "pinstripe": _stripes(0, 0.024, 0.12),
    "wide stripes": _stripes(0, 0.06, 0.5),
    "hoops": _stripes(1, 0.05, 0.5),
    "thin hoops": _stripes(1, 0.025, 0.3),
    "plaid": _plaid,
    "gingham": _gingham,
    "dots": _dots,
    "argyle": _diamonds,
    "zigzag": _zigzag,
    "denim": _denim,
    "knit": _knit,
    "cable knit": _cables,
    "ribbed": _ribbed,
    "corduroy": _corduroy,
    "leather": _leather,
    "lace": _lace,
    "quilting": _quilting,
    "camouflage": _camouflage,
    "photograph": _marble,
    "flowers": _flowers,
    "leaves": _leaves,
    "gradient": _gradient,
    "blocks": _blocks,
    "herringbone": _herringbone,
    "fleece": _fleece,
    "letters": _letters,
    "emblem": _emblem,
}
