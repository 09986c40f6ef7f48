"""Kinds of flicker as a single-frame image model makes it, laid over pictures at twice the final size."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from reimagine.refine.resample import lanczos
from reimagine.resize import nearest_inside

Spoil = Callable[[Tensor, torch.Generator], None]
"""Alters a picture at twice the size in place."""


def smooth(chance: torch.Generator, shape: torch.Size, scale: int, channels: int) -> Tensor:
    """Noise of unit variance at grid points `scale` pixels apart."""
    size = [max(2, side // scale + 2) for side in shape]
    noise = torch.randn(1, channels, *size, generator=chance)
    return interpolate(noise, size=shape, mode="bicubic", align_corners=True)[0]


def boil(*scales: int, amount: float) -> Spoil:
    """Texture that is another in each frame; scales in pixels of the final picture."""

    def spoil(picture: Tensor, chance: torch.Generator) -> None:
        for scale in scales:
            picture[:3] += amount * smooth(chance, picture.shape[1:], 2 * scale, 3)

    return spoil


def gain(amount: float, channels: int) -> Spoil:
    """Exposure (one channel) or colour (three) that jumps."""

    def spoil(picture: Tensor, chance: torch.Generator) -> None:
        picture[:3] *= torch.exp(amount * torch.randn(channels, 1, 1, generator=chance))

    return spoil


def carried_outwards(picture: Tensor) -> Tensor:
    """The person's colours, and around them those of the nearest pixel that is the person's alone."""
    nearest = nearest_inside(picture[3] > 0.99)
    return picture[:3].reshape(3, -1)[:, nearest].reshape(picture[:3].shape)


def jitter(picture: Tensor, chance: torch.Generator) -> None:
    """Edges that move by about a pixel of the final picture."""
    moved = 1.6 * smooth(chance, picture.shape[1:], 40, 2) + torch.randn(2, 1, 1, generator=chance)
    picture[:3] = warped(picture, moved)


def warped(picture: Tensor, moved: Tensor) -> Tensor:
    """The colours at places that lie aside by two channels of pixels."""
    height, width = picture.shape[1:]
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    at = torch.stack([x + moved[0], y + moved[1]], dim=-1).reshape(-1, 2)
    carried = carried_outwards(picture).permute(1, 2, 0)
    return lanczos(carried, at).T.reshape(3, height, width)


def detail(picture: Tensor, chance: torch.Generator) -> None:
    """Detail that comes and goes from place to place."""
    carried = carried_outwards(picture)
    picture[:3] = carried + more_or_less(chance, picture.shape[1:]) * fine_of(carried)


def sharpening(picture: Tensor, chance: torch.Generator) -> None:
    """The whole picture sharper or softer, in each frame otherwise: -0.6 to 0.6 of an unsharp mask, none on average."""
    carried = carried_outwards(picture)
    picture[:3] = carried + 1.2 * (torch.rand(1, generator=chance) - 0.5) * fine_of(carried)


def more_or_less(chance: torch.Generator, shape: torch.Size) -> Tensor:
    """By how much detail is stronger from place to place: one channel, -0.96 to 0.96."""
    return 0.8 * smooth(chance, shape, 48, 1).clamp(-1.2, 1.2)


def fine_of(colours: Tensor) -> Tensor:
    """What the mean over four pixels of the final picture takes away."""
    return colours - avg_pool2d(colours[None], 9, 1, 4, count_include_pad=False)[0]


KINDS: dict[str, tuple[Spoil, ...]] = {
    "none": (),
    "texture 1-2 px": (boil(1, 2, amount=0.04),),
    "texture 4-8 px": (boil(4, 8, amount=0.04),),
    "texture 16-32 px": (boil(16, 32, amount=0.04),),
    "exposure": (gain(0.1, 1),),
    "colour": (gain(0.1, 3),),
    "edges": (jitter,),
    "detail": (detail,),
    "sharpening": (sharpening,),
    "wrong frame": (),
    "all": (jitter, detail, boil(1, 2, 4, 8, 16, 32, amount=0.02), gain(0.08, 1), gain(0.06, 3)),
}


def field(picture: Tensor, chance: torch.Generator) -> None:
    """Colours that drift over the picture by a twentieth, in each frame otherwise."""
    picture[:3] += 0.05 * smooth(chance, picture.shape[1:], 120, 3)


def elastic(picture: Tensor, chance: torch.Generator) -> None:
    """Shapes that bend by 0.7 pixels of the final picture."""
    picture[:3] = warped(picture, 1.4 * smooth(chance, picture.shape[1:], 60, 2))


UNSEEN: dict[str, tuple[Spoil, ...]] = {"field": (field,), "elastic": (elastic,), "wrong": ()}
"""Kinds that are taken out of pictures without a surface too. `wrong` is every 17th frame another one."""


def halved(fine: Tensor) -> Tensor:
    """At the final size, straight alpha, 8 bit."""
    alpha = avg_pool2d(fine[:, 3:], 2)
    colours = avg_pool2d(fine[:, :3].clamp(0, 1) * fine[:, 3:], 2) / alpha.clamp_min(1e-6)
    return (torch.cat([colours, alpha], dim=1).clamp(0, 1) * 255).round() / 255
