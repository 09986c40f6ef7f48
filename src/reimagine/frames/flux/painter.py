"""Frames from normal maps: what is the same for a whole clip is computed once."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.frames.flux.files import FluxFiles
from reimagine.frames.flux.levers import make_velocity, place
from reimagine.frames.flux.load import Models, load_models, load_text
from reimagine.frames.flux.pictures import decode, encode, encode_reference
from reimagine.frames.flux.plan import memory_plan
from reimagine.frames.flux.sampler import (
    Reference,
    Steering,
    Text,
    Velocity,
    from_tokens,
    sample,
    to_tokens,
    token_ids,
)
from reimagine.frames.flux.schedule import noise_levels, noised
from reimagine.frames.flux.settings import flux_steps
from reimagine.frames.memory import card_gb
from reimagine.settings import ImageModel


@dataclass(slots=True, kw_only=True)
class KontextPainter:
    """The loaded models, the encoded prompts, and the reference of the person who was painted last."""

    settings: ImageModel
    models: Models
    texts: list[Text]
    """The prompt, and the negative prompt where there is classifier-free guidance."""
    velocity: Velocity
    _reference: tuple[Tensor, Reference] | None = field(default=None, repr=False)

    def paint(
        self,
        maps: Float[Tensor, "frames 3 height width"],
        reference: Float[Tensor, "3 reference_height reference_width"],
        noise: Float[Tensor, "frames 16 rows columns"],
        start: Float[Tensor, "frames 3 height width"] | None = None,
    ) -> Float[Tensor, "frames 3 height width"]:
        """Pictures, 0..1, on the CPU; each depends on its own map, noise and start alone.

        Args:
            maps: Normal maps in the official colours, 0..1.
            reference: The wide picture of the person, 0..1.
            noise: Unit noise, as many rows and columns as an eighth of the picture's pixels.
            start: Pictures to start from instead of pure noise, 0..1.
        """
        pictures: list[Tensor] = []
        for first in range(0, len(maps), self.settings.batch):
            part = slice(first, first + self.settings.batch)
            begin = None if start is None else start[part]
            latents = self.denoise(maps[part], reference, noise[part], begin)
            pictures.append(decode(self.models.vae, latents))
        return torch.cat(pictures)

    def denoise(
        self,
        maps: Float[Tensor, "frames 3 height width"],
        reference: Float[Tensor, "3 reference_height reference_width"],
        noise: Float[Tensor, "frames 16 rows columns"],
        start: Float[Tensor, "frames 3 height width"] | None = None,
    ) -> Float[Tensor, "frames 16 rows columns"]:
        """The latents of these frames, all at once; arguments as for `paint`."""
        settings, vae = self.settings, self.models.vae
        rows, columns = noise.shape[2:]
        latents = noise.to(vae.device, vae.dtype)
        levels = noise_levels(flux_steps(settings), 1.0 if start is None else settings.strength)
        if start is not None:
            latents = noised(encode(vae, start), latents, levels[0])
        steering = Steering(
            text=self.texts[0],
            negative=self.texts[1] if settings.true_cfg != 1 else None,
            reference=self._encoded(reference),
            control=to_tokens(encode(vae, maps)),
            ids=token_ids(rows, columns, picture=0).to(vae.device),
            control_scale=settings.control_scale,
            guidance=settings.guidance,
            true_cfg=settings.true_cfg,
        )
        return from_tokens(sample(self.velocity, steering, to_tokens(latents), levels), rows)

    def _encoded(self, picture: Tensor) -> Reference:
        if self._reference is None or self._reference[0] is not picture:
            encoded = encode_reference(self.models.vae, picture, self.settings.reference_height)
            self._reference = (picture, encoded)
        return self._reference[1]


def load_painter(files: FluxFiles, settings: ImageModel, device: str) -> KontextPainter:
    """The painter with all its weights on the device: bfloat16 on a GPU, as officially; float32 on a CPU.

    Raises:
        InputError: where a file holds another model, or the LoRA does not fit.
    """
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    plan = memory_plan(settings.vram, card_gb(device), settings.quantize)
    prompts = (settings.prompt, settings.negative_prompt)
    wanted = prompts if settings.true_cfg != 1 else prompts[:1]
    texts = load_text(files, wanted, device="cpu" if plan.text_on_cpu else device, dtype=dtype)
    models = load_models(files, dtype)
    place(models, plan, device, dtype)
    return KontextPainter(
        settings=settings,
        models=models,
        texts=[Text(words=one.words.to(device), pooled=one.pooled.to(device)) for one in texts],
        velocity=make_velocity(models, settings),
    )
