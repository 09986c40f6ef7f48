"""Single-file checkpoints as Black Forest Labs publish them, as diffusers' models."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import init_empty_weights
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from safetensors.torch import load_file
from torch import Tensor, nn

from reimagine.errors import InputError
from reimagine.foreign import reads
from reimagine.frames.flux.naming import bfl_norms, layers

_FLUX_VAE: dict[str, Any] = {
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}
_VAE_NAMES = (
    (r"\.nin_shortcut\.", ".conv_shortcut."),
    (r"\.norm_out\.", ".conv_norm_out."),
    (r"\.mid\.block_1\.", ".mid_block.resnets.0."),
    (r"\.mid\.block_2\.", ".mid_block.resnets.1."),
    (r"\.mid\.attn_1\.norm\.", ".mid_block.attentions.0.group_norm."),
    (r"\.mid\.attn_1\.([qkv])\.", r".mid_block.attentions.0.to_\1."),
    (r"\.mid\.attn_1\.proj_out\.", ".mid_block.attentions.0.to_out.0."),
    (r"\.down\.(\d+)\.block\.", r".down_blocks.\1.resnets."),
    (r"\.down\.(\d+)\.downsample\.", r".down_blocks.\1.downsamplers.0."),
    (r"\.up\.(\d+)\.block\.", r".up_blocks.\1.resnets."),
    (r"\.up\.(\d+)\.upsample\.", r".up_blocks.\1.upsamplers.0."),
)


@reads("a FLUX.1 transformer")
def read_transformer(path: Path, dtype: torch.dtype) -> Any:  # noqa: ANN401
    """FluxTransformer2DModel from a file such as flux1-kontext-dev.safetensors.

    Raises:
        InputError: where the file holds another model.
    """
    stored = {
        key.removeprefix("model.diffusion_model."): tensor
        for key, tensor in load_file(path).items()
    }
    try:
        heads = stored["double_blocks.0.img_attn.norm.query_norm.scale"].shape[0]
        inner, channels = stored["img_in.weight"].shape
        sizes: dict[str, Any] = {
            "num_layers": _count(stored, r"double_blocks\.(\d+)\."),
            "num_single_layers": _count(stored, r"single_blocks\.(\d+)\."),
            "attention_head_dim": heads,
            "num_attention_heads": inner // heads,
            "in_channels": channels,
            "joint_attention_dim": stored["txt_in.weight"].shape[1],
            "pooled_projection_dim": stored["vector_in.in_layer.weight"].shape[1],
            "guidance_embeds": "guidance_in.in_layer.weight" in stored,
            "axes_dims_rope": (heads // 8, heads * 7 // 16, heads * 7 // 16),
        }
    except (KeyError, ValueError) as error:
        raise _wrong(path, f"lacks {error}") from None
    if channels != 64 or not sizes["guidance_embeds"]:
        raise _wrong(path, f"has {channels} input channels, guidance {sizes['guidance_embeds']}")
    state = bfl_to_diffusers(stored, sizes["num_layers"], sizes["num_single_layers"], width=inner)
    with init_empty_weights():
        model = cast("Any", FluxTransformer2DModel)(**sizes)
    return _filled(path, model, state, dtype)


@reads("FLUX.1's autoencoder")
def read_vae(path: Path, dtype: torch.dtype) -> Any:  # noqa: ANN401
    """AutoencoderKL from a file such as ae.safetensors.

    Raises:
        InputError: where the file holds another model.
    """
    stored = load_file(path)
    levels = _count(stored, r"encoder\.down\.(\d+)\.block\.")
    blocks = _count(stored, r"encoder\.down\.0\.block\.(\d+)\.")
    if not levels or "decoder.conv_in.weight" not in stored:
        raise _wrong(path, "has no encoder.down and decoder.conv_in")
    channels = [stored[f"encoder.down.{at}.block.0.conv1.weight"].shape[0] for at in range(levels)]
    with init_empty_weights():
        model = cast("Any", AutoencoderKL)(
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=channels,
            layers_per_block=blocks,
            latent_channels=stored["decoder.conv_in.weight"].shape[1],
            **_FLUX_VAE,
        )
    state = {_vae_name(key, levels): tensor for key, tensor in stored.items()}
    for key, tensor in state.items():
        # Attention is a 1 x 1 convolution there.
        if ".attentions." in key and tensor.ndim == 4:
            state[key] = tensor[:, :, 0, 0]
    return _filled(path, model, state, dtype)


def bfl_to_diffusers(
    stored: Mapping[str, Tensor], doubles: int, singles: int, *, width: int
) -> dict[str, Tensor]:
    """The tensors of a model with so many blocks and channels under diffusers' names; the unknown keep theirs."""
    known, norms = layers(doubles, singles), bfl_norms(doubles, singles)
    state: dict[str, Tensor] = {}
    for key, tensor in stored.items():
        name, _, kind = key.rpartition(".")
        layer = known.get(name.replace(".", "_"))
        if layer is None:
            state[norms.get(key, key)] = tensor
            continue
        whole = torch.cat(tensor.chunk(2)[::-1]) if layer.swapped else tensor
        # Query, key and value have the input's width; the rest is the MLP's.
        rows = [width] * min(3, len(layer.parts)) + [whole.shape[0] - 3 * width]
        parts = whole.split(rows[: len(layer.parts)]) if len(layer.parts) > 1 else (whole,)
        for part, own in zip(layer.parts, parts, strict=True):
            state[f"{part}.{kind}"] = own
    return state


def _filled(path: Path, model: nn.Module, state: dict[str, Tensor], dtype: torch.dtype) -> Any:  # noqa: ANN401
    """The model with these tensors, and no others."""
    exact = {key: tensor.to(dtype) for key, tensor in state.items()}
    try:
        model.load_state_dict(exact, strict=True, assign=True)
    except RuntimeError as error:
        raise _wrong(path, str(error).replace("\n", " ")[:200]) from None
    return model.eval().requires_grad_(requires_grad=False)


def _vae_name(key: str, levels: int) -> str:
    for pattern, replacement in _VAE_NAMES:
        key = re.sub(pattern, replacement, key)
    # Counted from the picture there, from the latents here.
    return re.sub(
        r"\.up_blocks\.(\d+)\.", lambda found: f".up_blocks.{levels - 1 - int(found[1])}.", key
    )


def _count(stored: Mapping[str, Tensor], pattern: str) -> int:
    """How many different numbers the pattern finds: a file that skips one lacks weights, which is noticed later."""
    found = (re.match(pattern, key) for key in stored)
    return len({one[1] for one in found if one})


def _wrong(path: Path, why: str) -> InputError:
    return InputError(
        f"`weights` {path} is another model's ({why}); expected FLUX.1 Kontext's. See reimagine backends."
    )
