import json

import pytest
import torch
from safetensors.torch import save_file

from reimagine.errors import InputError
from reimagine.frames.flux.lora import fuse, read_lora
from reimagine.frames.flux.tiny import tiny_transformer

RANK = 2
PARTS = {
    "attn.to_q": ("blocks.0.attn.a_to_qkv", "double_blocks.0.img_attn.qkv", 0),
    "attn.to_k": ("blocks.0.attn.a_to_qkv", "double_blocks.0.img_attn.qkv", 1),
    "attn.to_v": ("blocks.0.attn.a_to_qkv", "double_blocks.0.img_attn.qkv", 2),
}


@pytest.fixture(scope="module")
def model():
    return tiny_transformer(torch.Generator().manual_seed(0), doubles=2, singles=2)


@pytest.fixture
def fused():
    """A LoRA of a double block's query, key and value and of a single block's first layer, by fused rows."""
    generator = torch.Generator().manual_seed(1)

    def pair(outputs):
        shapes = (RANK, 64), (outputs, RANK)
        return tuple(torch.randn(shape, generator=generator) for shape in shapes)

    return {"qkv": pair(3 * 64), "first": pair(7 * 64), "last": pair(2 * 64)}


def native(fused):
    names = {"qkv": "blocks.0.attn.a_to_qkv", "first": "single_blocks.1.to_qkv_mlp"}
    names["last"] = "final_norm_out.linear"
    return {
        f"{names[part]}.lora_{side}.default.weight": tensor
        for part, pair in fused.items()
        for side, tensor in zip("AB", pair, strict=True)
    }


def bfl(fused):
    names = {"qkv": "double_blocks.0.img_attn.qkv", "first": "single_blocks.1.linear1"}
    names["last"] = "final_layer.adaLN_modulation.1"
    down, up = fused["last"]
    turned = {**fused, "last": (down, torch.cat(up.chunk(2)[::-1]))}
    return {
        f"diffusion_model.{names[part]}.lora_{side}.weight": tensor
        for part, pair in turned.items()
        for side, tensor in zip("AB", pair, strict=True)
    }


def kohya(fused, alpha: float = RANK):
    names = {"qkv": "double_blocks_0_img_attn_qkv", "first": "single_blocks_1_linear1"}
    names["last"] = "final_layer_adaLN_modulation_1"
    down, up = fused["last"]
    turned = {**fused, "last": (down, torch.cat(up.chunk(2)[::-1]))}
    tensors = {}
    for part, (down, up) in turned.items():
        tensors[f"lora_unet_{names[part]}.lora_down.weight"] = down
        tensors[f"lora_unet_{names[part]}.lora_up.weight"] = up
        tensors[f"lora_unet_{names[part]}.alpha"] = torch.tensor(alpha)
    return tensors


def diffusers(fused):
    double, single = "transformer.transformer_blocks.0", "transformer.single_transformer_blocks.1"
    rows = {
        "qkv": [f"{double}.attn.to_{one}" for one in "qkv"],
        "first": [*(f"{single}.attn.to_{one}" for one in "qkv"), f"{single}.proj_mlp"],
        "last": ["transformer.norm_out.linear"],
    }
    sizes = {"qkv": [64] * 3, "first": [64, 64, 64, 256], "last": [128]}
    tensors = {}
    for part, (down, up) in fused.items():
        for name, own in zip(rows[part], up.split(sizes[part]), strict=True):
            tensors[f"{name}.lora_A.weight"] = down.clone()
            tensors[f"{name}.lora_B.weight"] = own.contiguous()
    return tensors


def onetrainer(fused):
    return {
        "lora_transformer_"
        + name.removeprefix("transformer.").replace(f".lora_{side}.weight", "").replace(".", "_")
        + f".lora_{way}.weight": tensor
        for name, tensor in diffusers(fused).items()
        for side, way in (("A", "down"), ("B", "up"))
        if f".lora_{side}." in name
    }


def write(folder, tensors, **metadata):
    path = folder / "lora.safetensors"
    save_file({key: one.contiguous() for key, one in tensors.items()}, path, metadata or None)
    return path


def added(model, path, strength=1.0):
    """What the file adds to each weight."""
    other = tiny_transformer(torch.Generator().manual_seed(0), doubles=2, singles=2)
    fuse(other, read_lora(path, other), strength)
    before, after = model.state_dict(), other.state_dict()
    return {
        name: after[name] - before[name] for name in after if (after[name] != before[name]).any()
    }


@pytest.mark.parametrize("layout", [native, bfl, kohya, diffusers, onetrainer])
def test_every_layout_adds_the_same(model, fused, layout, tmp_path):
    got = added(model, write(tmp_path, layout(fused)))
    whole = {part: up @ down for part, (down, up) in fused.items()}
    double, single = "transformer_blocks.0", "single_transformer_blocks.1"
    wanted = {f"{double}.attn.to_{one}.weight": own
              for one, own in zip("qkv", whole["qkv"].split(64), strict=True)}  # fmt: skip
    names = [*(f"{single}.attn.to_{one}.weight" for one in "qkv"), f"{single}.proj_mlp.weight"]
    wanted |= dict(zip(names, whole["first"].split([64, 64, 64, 256]), strict=True))
    wanted["norm_out.linear.weight"] = whole["last"]
    assert got.keys() == wanted.keys()
    for name, change in wanted.items():
        assert torch.allclose(got[name], change, atol=1e-5), name


def test_strength_scales_what_is_added(model, fused, tmp_path):
    path = write(tmp_path, native(fused))
    half, whole = added(model, path, 0.5), added(model, path, 1.0)
    for name in whole:
        assert torch.allclose(2 * half[name], whole[name], atol=1e-5)


def test_kohya_alpha_over_rank_scales_what_is_added(model, fused, tmp_path):
    whole = added(model, write(tmp_path, kohya(fused)))
    half = added(model, write(tmp_path, kohya(fused, alpha=RANK / 2)))
    for name in whole:
        assert torch.allclose(2 * half[name], whole[name], atol=1e-5)


def test_alpha_in_the_header_of_diffusers_counts(model, fused, tmp_path):
    header = json.dumps({"transformer.r": RANK, "transformer.lora_alpha": 2 * RANK})
    plain = added(model, write(tmp_path, diffusers(fused)))
    scaled = added(model, write(tmp_path, diffusers(fused), lora_adapter_metadata=header))
    for name in plain:
        assert torch.allclose(2 * plain[name], scaled[name], atol=1e-5)


def test_fusing_is_what_peft_computes(model, fused, tmp_path):
    """The adapter of diffusers, which is not added into the weights, gives the same answer."""
    adapted = tiny_transformer(torch.Generator().manual_seed(0), doubles=2, singles=2)
    tensors = diffusers({"qkv": fused["qkv"], "first": fused["first"], "last": fused["last"]})
    adapted.load_lora_adapter({key: one.clone() for key, one in tensors.items()})
    merged = tiny_transformer(torch.Generator().manual_seed(0), doubles=2, singles=2)
    fuse(merged, read_lora(write(tmp_path, native(fused)), merged), 1.0)
    generator = torch.Generator().manual_seed(5)
    inputs = {
        "hidden_states": torch.randn(1, 4, 64, generator=generator),
        "encoder_hidden_states": torch.randn(1, 3, 32, generator=generator),
        "pooled_projections": torch.randn(1, 32, generator=generator),
        "timestep": torch.tensor([0.5]),
        "guidance": torch.tensor([3.5]),
        "img_ids": torch.zeros(4, 3),
        "txt_ids": torch.zeros(3, 3),
        "return_dict": False,
    }
    with torch.no_grad():
        plain, one, other = (made(**inputs)[0] for made in (model, adapted, merged))
    assert float((one - plain).abs().max()) > 0.01
    assert torch.allclose(one, other, atol=2e-5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"blocks.7.attn.a_to_qkv.lora_A.default.weight": (2, 64),
          "blocks.7.attn.a_to_qkv.lora_B.default.weight": (192, 2)}, "has not .blocks.7.attn.a_to_qkv"),
        ({"lora_te1_text_model_encoder.lora_down.weight": (2, 64),
          "lora_te1_text_model_encoder.lora_up.weight": (64, 2)}, "has not .lora_te1_text_model_encoder"),
        ({"blocks.0.ff_a.0.lora_A.default.weight": (2, 32),
          "blocks.0.ff_a.0.lora_B.default.weight": (256, 2)}, "this model's layer is 256x64"),
        ({"blocks.0.ff_a.0.lora_A.default.weight": (2, 64)}, "has only half of 1 pairs .blocks.0.ff_a.0"),
        ({"blocks.0.ff_a.0.dora_scale": (2, 64)}, "belong to no plain LoRA .blocks.0.ff_a.0.dora_scale"),
    ],
)  # fmt: skip
def test_a_lora_for_another_model_is_refused_by_name(model, fused, tmp_path, change, says):
    tensors = native(fused) | {name: torch.ones(shape) for name, shape in change.items()}
    with pytest.raises(InputError, match=says) as caught:
        read_lora(write(tmp_path, tensors), model)
    assert "lora.safetensors" in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("blocks.0.attn.a_to_qkv", "pipe.blocks.0.attn.a_to_qkv"),
        ("blocks.0.attn.a_to_qkv", "double_blocks.0.img_attn.qkv"),
        ("diffusion_model.double_blocks.0.img_attn.qkv", "lora_unet_double_blocks_0_img_attn_qkv"),
        ("blocks.0.attn.a_to_qkv", "transformer.transformer_blocks.0.attn.to_q"),
    ],
    ids=["two prefixes", "two layouts", "dots and underscores", "fused and split"],
)
def test_a_layer_that_is_changed_twice_is_refused_by_name(model, tmp_path, first, second):
    tensors = {}
    for name in (first, second):
        outputs = 64 if name.endswith("to_q") else 192
        tensors[f"{name}.lora_A.weight"] = torch.ones(RANK, 64)
        tensors[f"{name}.lora_B.weight"] = torch.ones(outputs, RANK)
    with pytest.raises(InputError, match=r"changes .* twice: .*expected each layer once") as caught:
        read_lora(write(tmp_path, tensors), model)
    assert "\n" not in str(caught.value)


def test_one_half_under_two_endings_is_refused(model, fused, tmp_path):
    tensors = native(fused)
    tensors["blocks.0.attn.a_to_qkv.lora_A.weight"] = torch.zeros(RANK, 64)
    with pytest.raises(InputError, match=r"changes blocks.0.attn.a_to_qkv twice"):
        read_lora(write(tmp_path, tensors), model)


@pytest.mark.parametrize("alpha", [torch.inf, -torch.inf, torch.nan])
def test_an_alpha_that_is_no_number_is_refused(model, fused, tmp_path, alpha):
    with pytest.raises(InputError, match=r"numbers in .* that are none .*its alpha included"):
        read_lora(write(tmp_path, kohya(fused, alpha=alpha)), model)
    header = json.dumps({"transformer.lora_alpha": alpha})
    with pytest.raises(InputError, match=r"lora_alpha is '(-?inf|nan)' for"):
        read_lora(write(tmp_path, diffusers(fused), lora_adapter_metadata=header), model)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ('{"transformer.lora_alpha": [1]}', r"lora_alpha is '\[1\]'"),
        ('{"transformer.alpha_pattern": [1]}', r"alpha_pattern is '\[1\]'"),
        ('{"transformer.alpha_pattern": {"to_q": "much"}}', "lora_alpha is 'much'"),
        ('{"transformer.lora_alpha": 1' + "0" * 400 + "}", "lora_alpha is '1000"),
        ('{"transformer.lora_alpha": 1' + "0" * 5000 + "}", "cannot be read"),
        ("[" * 200_000, "cannot be read"),
        ("{", "cannot be read"),
    ],
    ids=lambda text: text[:40],
)
def test_a_header_that_makes_no_sense_is_one_line(model, fused, tmp_path, header, says):
    with pytest.raises(InputError, match=says) as caught:
        read_lora(write(tmp_path, diffusers(fused), lora_adapter_metadata=header), model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "tensor", "says"),
    [
        ("lora_down.weight", torch.ones(64), r"shape \(64,\) for .*; expected a matrix"),
        ("lora_up.weight", torch.tensor(1.0), r"shape \(\) for .*; expected a matrix"),
        ("lora_up.weight", torch.ones(192, RANK, dtype=torch.complex64), "complex64"),
        ("lora_down.weight", torch.ones(0, 64), "times 0x64"),
        ("alpha", torch.ones(3), r"alpha of shape \(3,\)"),
        ("alpha", torch.ones(0), r"alpha of shape \(0,\)"),
    ],
    ids=str,
)
def test_tensors_of_odd_shapes_are_refused(model, fused, tmp_path, key, tensor, says):
    tensors = kohya(fused)
    tensors[f"lora_unet_double_blocks_0_img_attn_qkv.{key}"] = tensor
    if "times" in says:
        tensors["lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight"] = torch.ones(192, 0)
    with pytest.raises(InputError, match=says):
        read_lora(write(tmp_path, tensors), model)


def test_a_lora_that_is_none_is_refused(model, fused, tmp_path):
    with pytest.raises(InputError, match="is empty"):
        read_lora(write(tmp_path, {}), model)
    nan = {name: one * torch.nan for name, one in native(fused).items()}
    with pytest.raises(InputError, match="NaN"):
        read_lora(write(tmp_path, nan), model)
    with pytest.raises(InputError, match="is not there"):
        read_lora(tmp_path / "none.safetensors", model)


def test_a_lora_that_is_cut_short_is_refused(model, fused, tmp_path):
    path = write(tmp_path, native(fused))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"has \d+ of \d+ bytes"):
        read_lora(path, model)
    path.write_bytes(b"\x80\x04pickled")
    with pytest.raises(InputError, match=r"cut short or no .safetensors"):
        read_lora(path, model)
