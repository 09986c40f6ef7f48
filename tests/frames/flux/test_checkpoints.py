from random import Random

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from safetensors.torch import save_file

from reimagine.errors import InputError
from reimagine.frames.flux.checkpoints import bfl_to_diffusers, read_transformer, read_vae
from reimagine.frames.flux.naming import bfl_norms, layers
from reimagine.frames.flux.tiny import tiny_transformer, tiny_vae


def to_bfl(state, doubles, singles):
    """The reverse of what is tested, from the same table."""
    norms = {name: bfl for bfl, name in bfl_norms(doubles, singles).items()}
    stored = {norms[name]: one for name, one in state.items() if name in norms}
    for name in BFL:
        for kind in ("weight", "bias"):
            layer = layers(doubles, singles)[name.replace(".", "_")]
            whole = torch.cat([state[f"{part}.{kind}"] for part in layer.parts])
            whole = torch.cat(whole.chunk(2)[::-1]) if layer.swapped else whole
            stored[f"model.diffusion_model.{name}.{kind}"] = whole
    return stored


BFL = [
    *(f"double_blocks.{n}.{side}_{end}" for n in range(2) for side in ("img", "txt")
      for end in ("mod.lin", "attn.qkv", "attn.proj", "mlp.0", "mlp.2")),
    *(f"single_blocks.{n}.{end}" for n in range(2) for end in ("modulation.lin", "linear1", "linear2")),
    *(f"{one}_in.{end}" for one in ("time", "guidance", "vector") for end in ("in_layer", "out_layer")),
    *("img_in", "txt_in", "final_layer.adaLN_modulation.1", "final_layer.linear"),
]  # fmt: skip


def test_a_single_file_is_the_model_that_the_folder_holds(tmp_path):
    model = tiny_transformer(torch.Generator().manual_seed(0), doubles=2, singles=2)
    stored = to_bfl(model.state_dict(), 2, 2)
    save_file({key: one.contiguous() for key, one in stored.items()}, tmp_path / "one.safetensors")
    read = read_transformer(tmp_path / "one.safetensors", torch.float32)
    sizes = [name for name in model.config if not name.startswith("_")]
    assert [read.config[name] for name in sizes] == [model.config[name] for name in sizes]
    for name, weight in model.state_dict().items():
        assert torch.equal(read.state_dict()[name], weight), name


def test_names_and_rows_are_those_of_diffusers_own_converter():
    """With columns cut away, so that the full-size file of 19 and 38 blocks is small."""
    from diffusers.loaders.single_file_utils import convert_flux_transformer_checkpoint_to_diffusers

    rows = {"mod.lin": 6, "qkv": 3, "proj": 1, "mlp.0": 4, "mlp.2": 1}
    rows |= {"modulation.lin": 3, "linear1": 7, "linear2": 1, "layer": 1, "adaLN_modulation.1": 2}
    generator = torch.Generator().manual_seed(0)
    stored = {}
    for name in BFL:
        count = next((n for end, n in rows.items() if name.endswith(end)), 1)
        stored[f"{name}.weight"] = torch.randn(count * 3072, 1, generator=generator)
        stored[f"{name}.bias"] = torch.randn(count * 3072, generator=generator)
    for name in bfl_norms(2, 2):
        stored[name] = torch.randn(128, generator=generator)
    theirs = convert_flux_transformer_checkpoint_to_diffusers(dict(stored))
    ours = bfl_to_diffusers(stored, 2, 2, width=3072)
    assert ours.keys() == theirs.keys()
    for name, weight in theirs.items():
        assert torch.equal(ours[name], weight), name


def vae_as_single_file(folder, path):
    """The VAE of a folder, written under the names of ae.safetensors."""
    stored = {}
    for name, one in AutoencoderKL.from_pretrained(folder).state_dict().items():
        old_name = name
        for new, old in (
            ("mid_block.resnets.0.", "mid.block_1."),
            ("mid_block.resnets.1.", "mid.block_2."),
            ("mid_block.attentions.0.group_norm.", "mid.attn_1.norm."),
            ("mid_block.attentions.0.to_out.0.", "mid.attn_1.proj_out."),
            ("mid_block.attentions.0.to_", "mid.attn_1."),
            ("conv_norm_out.", "norm_out."),
            ("conv_shortcut.", "nin_shortcut."),
            ("downsamplers.0.", "downsample."),
            ("upsamplers.0.", "upsample."),
            (".resnets.", ".block."),
            ("down_blocks.", "down."),
            *((f"up_blocks.{n}.", f"up.{3 - n}.") for n in range(4)),
        ):
            old_name = old_name.replace(new, old)
        is_attention = "attn_1" in old_name and one.ndim == 2
        stored[old_name] = (one[:, :, None, None] if is_attention else one).contiguous()
    save_file(stored, path)


def test_the_vae_of_a_single_file_is_the_one_of_the_folder(tmp_path):
    vae = tiny_vae(torch.Generator().manual_seed(0))
    vae.save_pretrained(tmp_path)
    vae_as_single_file(tmp_path, tmp_path / "ae.safetensors")
    read = read_vae(tmp_path / "ae.safetensors", torch.float32)
    for name, weight in vae.state_dict().items():
        assert torch.equal(read.state_dict()[name], weight), name
    assert (read.config.scaling_factor, read.config.shift_factor) == (0.3611, 0.1159)


def test_the_single_vae_has_the_names_that_diffusers_knows():
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    from reimagine.frames.flux.checkpoints import _vae_name  # pyright: ignore[reportPrivateUsage]

    names = [
        *(f"encoder.down.{n}.block.1.conv2.weight" for n in range(4)),
        *(f"decoder.up.{n}.block.2.conv1.bias" for n in range(4)),
        *("encoder.down.1.block.0.nin_shortcut.weight", "encoder.down.0.downsample.conv.weight"),
        *("decoder.up.3.upsample.conv.bias", "decoder.up.1.block.0.nin_shortcut.bias"),
        *("encoder.mid.block_1.norm1.weight", "decoder.mid.block_2.conv1.weight"),
        *("encoder.mid.attn_1.q.bias", "decoder.mid.attn_1.proj_out.bias"),
        *("decoder.mid.attn_1.norm.weight", "encoder.norm_out.weight", "decoder.conv_out.bias"),
        *("encoder.conv_in.weight", "decoder.conv_in.weight", "encoder.conv_in.bias"),
        *("encoder.conv_out.weight", "encoder.conv_out.bias", "encoder.norm_out.bias"),
        *("decoder.conv_in.bias", "decoder.conv_out.weight", "decoder.norm_out.weight"),
        *("decoder.norm_out.bias", "decoder.up.3.upsample.conv.weight"),
    ]
    stored = {name: torch.full((1,), float(at)) for at, name in enumerate(names)}
    config = {"down_block_types": [""] * 4, "up_block_types": [""] * 4}
    theirs = convert_ldm_vae_checkpoint(dict(stored), config)
    ours = {_vae_name(name, 4): one for name, one in stored.items()}
    assert {name: float(one) for name, one in ours.items()} == {
        name: float(one) for name, one in theirs.items() if one is not None
    }


def damaged(path, seed):
    """The file with a few bytes changed, most of them in its header, which says what and how large its tensors are."""
    random, data = Random(seed), bytearray(path.read_bytes())
    header = int.from_bytes(data[:8], "little")
    for _ in range(random.choice((1, 1, 2, 5))):
        data[random.randrange(8 + header if random.random() < 0.9 else len(data))] = random.choice(
            b'0123456789"[]{},.:_Fabz\xff\x00'
        )
    broken = path.with_name("broken.safetensors")
    broken.write_bytes(data)
    return broken


@pytest.mark.parametrize("read", [read_transformer, read_vae], ids=lambda read: read.__name__)
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path, read):
    generator = torch.Generator().manual_seed(0)
    if read is read_vae:
        tiny_vae(generator).save_pretrained(tmp_path)
        vae_as_single_file(tmp_path, tmp_path / "whole.safetensors")
    else:
        stored = to_bfl(tiny_transformer(generator, doubles=2, singles=2).state_dict(), 2, 2)
        save_file(
            {n: one.contiguous() for n, one in stored.items()}, tmp_path / "whole.safetensors"
        )
    refused = 0
    for seed in range(60):
        try:
            read(damaged(tmp_path / "whole.safetensors", seed), torch.float32)
        except InputError as error:
            refused += "broken.safetensors" in str(error) and "\n" not in str(error)
    assert refused > 40


def test_a_number_in_a_name_is_not_taken_for_a_count(tmp_path):
    """Else a name of the file's choosing would decide how many blocks are made."""
    model = tiny_transformer(torch.Generator().manual_seed(0), doubles=2, singles=2)
    stored = to_bfl(model.state_dict(), 2, 2)
    stored["double_blocks.99999999.img_attn.proj.bias"] = torch.zeros(1)
    save_file({name: one.contiguous() for name, one in stored.items()}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="is another model's"):
        read_transformer(tmp_path / "a.safetensors", torch.float32)


def test_a_single_file_of_another_model_is_refused(tmp_path):
    save_file({"model.weight": torch.ones(3)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="is another model's"):
        read_transformer(tmp_path / "other.safetensors", torch.float32)
    with pytest.raises(InputError, match="is another model's"):
        read_vae(tmp_path / "other.safetensors", torch.float32)
