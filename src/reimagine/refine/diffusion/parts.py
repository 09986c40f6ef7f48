"""Encoding and decoding a clip in parts that fit memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from reimagine.refine.diffusion.model import VideoModel

LEAD = 2
"""Latents before a part that are encoded or decoded with it and thrown away: video encoders look back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPart:
    """Latents that are decoded at once, and the frames they stand for."""

    latents: range
    frames: range


def parts_of(latents: int, window: int, stride: int, frames: int) -> Iterator[ClipPart]:
    """Parts of at most `window` latents; frames beyond the clip are left out."""
    for first in range(0, latents, window):
        stop = min(first + window, latents)
        begin = 0 if first == 0 else stride * (first - 1) + 1
        end = min(stride * (stop - 1) + 1, frames)
        if begin < end:
            yield ClipPart(latents=range(first, stop), frames=range(begin, end))


def encode_parts(
    model: VideoModel,
    shown: Callable[[int], Float[Tensor, "4 height width"]],
    latents: int,
    window: int,
) -> tuple[Float[Tensor, "channels latents rows columns"], Float[Tensor, "latents rows columns"]]:
    """All latents, part by part, and where the person is in them."""
    parts: list[Tensor] = []
    persons: list[Tensor] = []
    for first in range(0, latents, window):
        stop, lead = min(first + window, latents), max(first - LEAD, 0)
        frames = range(model.stride * lead, model.stride * (stop - 1) + 1)
        pictures = torch.stack([shown(frame) for frame in frames])
        rgb = pictures[:, :3] * pictures[:, 3:] + 1 - pictures[:, 3:]
        found = model.encode(rgb.movedim(1, 0)).float().cpu()
        parts.append(found[:, first - lead :])
        rows, columns = found.shape[2:]
        alpha = adaptive_avg_pool2d(pictures[:, 3:], (rows, columns))[:, 0]
        for latent in range(first, stop):
            at = model.stride * (latent - lead)
            persons.append(alpha[max(at - model.stride + 1, 0) : at + 1].amax(dim=0))
    return torch.cat(parts, dim=1), torch.stack(persons)


def decode_part(
    model: VideoModel, latents: Float[Tensor, "channels latents rows columns"], part: ClipPart
) -> Float[Tensor, "3 frames height width"]:
    """The part's frames from the latents of the whole clip."""
    lead = max(part.latents.start - LEAD, 0)
    video = model.decode(latents[:, lead : part.latents.stop]).float().cpu()
    begin = part.frames.start - model.stride * lead
    return video[:, begin : begin + len(part.frames)]
