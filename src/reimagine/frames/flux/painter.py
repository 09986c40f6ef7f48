"""Frames from conditions: what is the same for a whole clip is computed once."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.cameras.normal_colours import normals_picture
from reimagine.frames.flux.files import FluxFiles
from reimagine.frames.flux.load import Models, load_models, load_text
from reimagine.frames.flux.pictures import decode, encode, encode_reference
from reimagine.frames.flux.sampler import (
    Reference,
    Steering,
    Text,
    Velocity,
    from_tokens,
    kontext_velocity,
    sample,
    to_tokens,
    token_ids,
)
from reimagine.frames.flux.schedule import noise_levels, noised, starting_noise
from reimagine.records import Conditions, Person
from reimagine.request import ImageModel


@dataclass(slots=True, kw_only=True)
class Painter:
    """The loaded models, the encoded prompts, and the reference of the person who was painted last."""

    settings: ImageModel
    models: Models
    texts: list[Text]
    """The prompt, and the negative prompt where there is classifier-free guidance."""
    velocity: Velocity
    _reference: tuple[Tensor, Reference] | None = field(default=None, repr=False)

    def paint(
        self,
        person: Person,
        conditions: Conditions,
        *,
        seed: int,
        start: Float[Tensor, "frames 4 height width"] | None,
    ) -> Float[Tensor, "frames 3 height width"]:
        """Pictures, 0..1, on the CPU. Frames share the noise, and so do not depend on one another."""
        maps = normals_picture(conditions)
        noise = starting_noise(seed, conditions.camera.height, conditions.camera.width)
        noises = noise.expand(len(conditions), -1, -1, -1)
        reference = self._encoded_reference(person)
        pictures: list[Tensor] = []
        for first in range(0, len(conditions), self.settings.batch):
            part = slice(first, first + self.settings.batch)
            begin = (
                None if start is None else start[part, :3] * start[part, 3:] + 1 - start[part, 3:]
            )
            pictures.append(self._paint_batch(maps[part], noises[part], reference, begin))
        return torch.cat(pictures)

    def _paint_batch(
        self,
        maps: Float[Tensor, "frames 3 height width"],
        noise: Float[Tensor, "frames 16 rows columns"],
        reference: Reference,
        start: Float[Tensor, "frames 3 height width"] | None,
    ) -> Float[Tensor, "frames 3 height width"]:
        settings, vae = self.settings, self.models.vae
        rows, columns = noise.shape[2:]
        latents = noise.to(vae.device, vae.dtype)
        levels = noise_levels(settings.steps, 1.0 if start is None else settings.strength)
        if start is not None:
            latents = noised(encode(vae, start), latents, levels[0])
        steering = Steering(
            text=self.texts[0],
            negative=self.texts[1] if settings.true_cfg != 1 else None,
            reference=reference,
            control=to_tokens(encode(vae, maps)),
            ids=token_ids(rows, columns, picture=0).to(vae.device),
            control_scale=settings.control_scale,
            guidance=settings.guidance,
            true_cfg=settings.true_cfg,
        )
        tokens = sample(self.velocity, steering, to_tokens(latents), levels)
        return decode(vae, from_tokens(tokens, rows))

    def _encoded_reference(self, person: Person) -> Reference:
        picture = person.reference
        assert picture is not None
        if self._reference is None or self._reference[0] is not picture:
            encoded = encode_reference(self.models.vae, picture, self.settings.reference_height)
            self._reference = (picture, encoded)
        return self._reference[1]


def load_painter(files: FluxFiles, settings: ImageModel, device: str) -> Painter:
    """The painter with all its weights on the device: bfloat16 on a GPU, as officially; float32 on a CPU.

    Raises:
        InputError: where a file holds another model, or the LoRA does not fit.
    """
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    prompts = (settings.prompt, settings.negative_prompt)
    wanted = prompts if settings.true_cfg != 1 else prompts[:1]
    texts = load_text(files, wanted, device=device, dtype=dtype)
    models = load_models(files, settings.lora_strength, dtype)
    for model in (models.transformer, models.controlnet, models.vae):
        model.to(device)
    velocity = kontext_velocity(models.transformer, models.controlnet)
    return Painter(settings=settings, models=models, texts=texts, velocity=velocity)
