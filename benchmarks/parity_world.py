"""The tiny models, pictures and settings that DiffSynth's pipeline and ours are compared on (image_parity.py)."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from safetensors.torch import save_file
from torch import Tensor, nn

from reimagine.frames.flux.sampler import Text
from reimagine.frames.flux.tiny import fill, tiny_controlnet, tiny_transformer

WIDTH, HEIGHT = 48, 64
STEPS, SEED = 4, 43
DOUBLES, SINGLES = 5, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is varied."""

    control_scale: float = 1.0
    true_cfg: float = 1.0
    lora_strength: float = 1.0
    start: bool = False
    """Whether sampling starts from a picture, at strength 0.6."""

    def __str__(self) -> str:
        text = f"control {self.control_scale:g}, CFG {self.true_cfg:g}, LoRA {self.lora_strength:g}"
        return text + (", from a picture" if self.start else "")


CASES = (
    Case(),
    Case(control_scale=0.8),
    Case(control_scale=0),
    Case(lora_strength=0.7),
    Case(true_cfg=2.0, control_scale=0.8, lora_strength=0.7),
    Case(start=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """What came out."""

    latents: Tensor
    picture: Tensor
    """0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The weights and pictures that both sides get."""

    transformer: Any
    controlnet: Any
    vae: Any
    texts: list[Text]
    lora: Path
    """In DiffSynth's own layout, over all its layers."""
    normal_map: Tensor
    reference: Tensor
    start: Tensor


@cache
def make_world() -> World:
    """The same random weights and pictures every time."""
    generator = torch.Generator().manual_seed(0)
    transformer = tiny_transformer(generator, doubles=DOUBLES, singles=SINGLES)
    controlnet = tiny_controlnet(generator, doubles=2, singles=1)
    vae = fill(full_vae(), generator, size=0.02)
    vae.encode = remembered(vae.encode)
    texts = [
        Text(
            words=torch.randn(1, 24, 32, generator=generator),
            pooled=torch.randn(1, 32, generator=generator),
        )
        for _ in range(2)
    ]
    folder = Path(tempfile.mkdtemp(prefix="parity"))
    save_file(_native_lora(generator), folder / "lora.safetensors")

    def picture(width: int) -> Tensor:
        return torch.randint(0, 256, (3, HEIGHT, width), generator=generator) / 255

    return World(
        transformer=transformer,
        controlnet=controlnet,
        vae=vae,
        texts=texts,
        lora=folder / "lora.safetensors",
        normal_map=picture(WIDTH),
        reference=picture(2 * WIDTH),
        start=picture(WIDTH),
    )


def remembered(encode: Callable[..., Any]) -> Callable[..., Any]:
    """The full-size VAE takes most of the time, and encodes the same pictures in every case."""
    known: dict[bytes, Any] = {}

    def encode_once(picture: Tensor, **options: Any) -> Any:  # noqa: ANN401
        key = picture.numpy().tobytes()
        if key not in known:
            known[key] = encode(picture, **options)
        return known[key]

    return encode_once


def full_vae() -> nn.Module:
    """FLUX's VAE in its full size, fresh."""
    return cast("Any", AutoencoderKL)(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        latent_channels=16,
        scaling_factor=0.3611,
        shift_factor=0.1159,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def _native_lora(generator: torch.Generator, rank: int = 4) -> dict[str, Tensor]:
    """Both factors of all 13 kinds of layers that DiffSynth's trainer knows, named as it names them."""
    wide = 64
    double = {
        **{f"norm1_{side}.linear": (wide, 6 * wide) for side in "ab"},
        **{f"attn.{side}_to_qkv": (wide, 3 * wide) for side in "ab"},
        **{f"attn.{side}_to_out": (wide, wide) for side in "ab"},
        **{f"ff_{side}.0": (wide, 4 * wide) for side in "ab"},
        **{f"ff_{side}.2": (4 * wide, wide) for side in "ab"},
    }
    single = {
        "norm.linear": (wide, 3 * wide),
        "to_qkv_mlp": (wide, 7 * wide),
        "proj_out": (5 * wide, wide),
    }
    named = {
        f"{kind}.{block}.{name}": sizes
        for kind, count, table in (
            ("blocks", DOUBLES, double),
            ("single_blocks", SINGLES, single),
        )
        for block in range(count)
        for name, sizes in table.items()
    }
    tensors: dict[str, Tensor] = {}
    for name, (inputs, outputs) in named.items():
        down = torch.randn(rank, inputs, generator=generator) * 0.1
        tensors[f"{name}.lora_A.default.weight"] = down
        up = torch.randn(outputs, rank, generator=generator) * 0.1
        tensors[f"{name}.lora_B.default.weight"] = up
    return tensors
