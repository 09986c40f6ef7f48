"""Wan as a video model: encode, denoise to the clean estimate, decode."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.pipelines.wan.pipeline_wan import WanPipeline
from jaxtyping import Float
from torch import Tensor

from reimagine.errors import InputError
from reimagine.refine.diffusion.links import Links
from reimagine.refine.diffusion.schedule import Level
from reimagine.refine.wan.propagate import CarryingProcessor, carrying, hook


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What the video is told to be."""

    prompt: str
    negative: str
    guidance: float
    """Classifier-free guidance; 1 is none, at half the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wan:
    """A loaded model."""

    pipe: Any
    """diffusers' WanPipeline, its text encoder let go."""
    prompt: Tensor
    """Encoded, 1 x 512 x channels."""
    negative: Tensor | None
    guidance: float
    device: str
    carriers: list[CarryingProcessor] = field(default_factory=list)
    """Hooks that carry features; none where that is off."""

    @property
    def stride(self) -> int:
        """Frames a latent stands for."""
        return int(self.pipe.vae_scale_factor_temporal)

    @property
    def multiple(self) -> int:
        """Sides of pictures are multiples of this."""
        return int(self.pipe.vae_scale_factor_spatial) * int(
            self.pipe.transformer.config.patch_size[1]
        )

    @torch.no_grad()
    def encode(
        self, video: Float[Tensor, "3 frames height width"]
    ) -> Float[Tensor, "channels latents rows columns"]:
        """The mode of the posterior, normalised."""
        vae = self.pipe.vae
        given = (video * 2 - 1)[None].to(self.device, vae.dtype)
        mean, std = self._statistics()
        return ((vae.encode(given).latent_dist.mode().float() - mean) / std)[0].cpu()

    @torch.no_grad()
    def denoise(
        self, noised: Float[Tensor, "channels latents rows columns"], level: Level
    ) -> Float[Tensor, "channels latents rows columns"]:
        """Clean = noised - noise * velocity, as noised = (1 - noise) clean + noise * gaussian."""
        latents = noised[None].to(self.device, torch.float32)
        model = self._expert(level)
        velocity = self._velocity(model, latents, self.prompt, level)
        if self.negative is not None:
            other = self._velocity(model, latents, self.negative, level)
            velocity = other + self.guidance * (velocity - other)
        return (latents - level.noise * velocity.float())[0].to(noised)

    def denoise_along(
        self, noised: Float[Tensor, "channels latents rows columns"], level: Level, links: Links
    ) -> Float[Tensor, "channels latents rows columns"]:
        """The same with features carried along the links."""
        with carrying(self.carriers, links):
            return self.denoise(noised, level)

    @torch.no_grad()
    def decode(
        self, latents: Float[Tensor, "channels latents rows columns"]
    ) -> Float[Tensor, "3 frames height width"]:
        """The video, 0..1."""
        vae = self.pipe.vae
        mean, std = self._statistics()
        given = (latents[None].to(self.device, torch.float32) * std + mean).to(vae.dtype)
        return (vae.decode(given, return_dict=False)[0][0].float().cpu() / 2 + 0.5).clamp(0, 1)

    def _statistics(self) -> tuple[Tensor, Tensor]:
        config = self.pipe.vae.config
        mean, std = (
            torch.tensor(values, device=self.device).view(1, -1, 1, 1, 1)
            for values in (config.latents_mean, config.latents_std)
        )
        return mean, std

    def _expert(self, level: Level) -> Any:  # noqa: ANN401
        """Wan 2.2 A14B has a second transformer for low noise."""
        boundary = self.pipe.config.boundary_ratio
        low = getattr(self.pipe, "transformer_2", None)
        if boundary is None or low is None or level.time >= boundary * 1000:
            return self.pipe.transformer
        return low

    def _velocity(self, model: Any, latents: Tensor, text: Tensor, level: Level) -> Tensor:  # noqa: ANN401
        time = torch.tensor([level.time], device=self.device)
        if self.pipe.config.expand_timesteps:  # Wan 2.2 5B has a time for each token
            _, down, right = model.config.patch_size
            _, _, count, rows, columns = latents.shape
            time = time.expand(1, count * (rows // down) * (columns // right))
        return model(
            hidden_states=latents.to(model.dtype),
            timestep=time,
            encoder_hidden_states=text.to(model.dtype),
            return_dict=False,
        )[0]


def load_wan(folder: Path, text: Text, *, device: str, memory: str, propagate: float = 0.0) -> Wan:
    """The model of a folder in diffusers' layout; the text encoder is in memory only while the prompt is encoded.

    With `propagate` above 0 its self-attention is hooked, for features to be carried.

    Raises:
        InputError: where its files cannot be read.
    """
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    files = {"local_files_only": True, "use_safetensors": True}
    try:
        vae = cast("Any", AutoencoderKLWan).from_pretrained(
            folder, subfolder="vae", dtype=torch.float32, **files
        )
        pipe = cast("Any", WanPipeline).from_pretrained(folder, vae=vae, dtype=dtype, **files)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"`refiner` wan: {folder} cannot be loaded ({reason}); expected a whole Wan model. Download it again."
        ) from None
    pipe.text_encoder.to(device)
    guided = text.guidance > 1
    with torch.no_grad():
        prompt, negative = pipe.encode_prompt(
            prompt=text.prompt,
            negative_prompt=text.negative,
            do_classifier_free_guidance=guided,
            device=torch.device(device),
            max_sequence_length=512,  # what the model was trained with; encode_prompt's own default is 226
        )
    pipe.text_encoder = None
    if memory == "low":
        pipe.vae.enable_tiling()
    if memory == "low" and device == "cuda":
        pipe.enable_model_cpu_offload()
    else:
        pipe.to(device)
    experts = [pipe.transformer, getattr(pipe, "transformer_2", None)]
    return Wan(
        carriers=[
            one
            for model in experts
            if model is not None and propagate
            for one in hook(model, propagate)
        ],
        pipe=pipe,
        prompt=prompt,
        negative=negative if guided else None,
        guidance=text.guidance,
        device=device,
    )
