import torch
from torch import nn

from reimagine.frames.eight_bits import EightBits, store_in_eight_bits
from reimagine.frames.flux.lora import LowRank, fuse
from reimagine.frames.flux.tiny import tiny_transformer


def whole(layer):
    return layer.weight.float() * layer.scale[:, None]


def layer_of(outputs=8, inputs=5, *, bias=True):
    made = nn.Linear(inputs, outputs, bias=bias)
    generator = torch.Generator().manual_seed(0)
    for one in made.parameters():
        one.data = torch.randn(one.shape, generator=generator)
    return made


def test_no_weight_is_off_by_more_than_half_a_step_of_its_row():
    layer = layer_of()
    stored = EightBits(layer)
    step = layer.weight.abs().amax(dim=1) / 127
    assert bool(((whole(stored) - layer.weight).abs() <= step[:, None] * 0.5001).all())
    assert stored.weight.dtype == torch.int8


def test_whole_numbers_are_stored_exactly_and_give_exact_results_in_bfloat16_too():
    for bias in (True, False):
        layer = layer_of(bias=bias)
        layer.weight.data = (layer.weight * 40).round().clamp(-126, 126)
        layer.weight.data[:, 0] = 127
        inputs = torch.eye(5)[None]
        assert torch.allclose(EightBits(layer)(inputs), layer(inputs))
        half = layer.bfloat16()
        assert torch.equal(EightBits(half)(inputs.bfloat16()), half(inputs.bfloat16()))


def test_a_row_of_zeros_stays_zero():
    layer = layer_of(bias=False)
    layer.weight.data[2] = 0
    assert float(EightBits(layer)(torch.ones(1, 5))[0, 2]) == 0


def test_a_transformer_keeps_its_blocks_in_a_byte_a_weight_and_answers_nearly_the_same():
    model = tiny_transformer(torch.Generator().manual_seed(0), doubles=1, singles=1)
    before = {
        n: m.weight.detach().clone() for n, m in model.named_modules() if isinstance(m, nn.Linear)
    }
    store_in_eight_bits(model)
    stored = {n: m for n, m in model.named_modules() if isinstance(m, EightBits)}
    assert len(stored) > 15
    assert not any("blocks." in n for n, m in model.named_modules() if isinstance(m, nn.Linear))
    for name, layer in stored.items():
        off = (whole(layer) - before[name]).norm() / before[name].norm()
        assert 0 < float(off) < 0.01


def test_int8_is_nearer_than_float8():
    weight = layer_of(64, 64).weight
    layer = nn.Linear(64, 64)
    layer.weight.data = weight.data
    coarse = weight.to(torch.float8_e4m3fn).float()
    assert (whole(EightBits(layer)) - weight).norm() < 0.5 * (coarse - weight).norm()


def test_a_lora_is_in_what_is_stored():
    name = "transformer_blocks.0.attn.to_q"
    part = LowRank(layer=name, down=torch.ones(1, 64), up=torch.ones(64, 1), scale=1.0)
    model = tiny_transformer(torch.Generator().manual_seed(0), doubles=1, singles=1)
    plain = model.get_submodule(name).weight.detach().clone()
    fuse(model, (part,), 0.5)
    store_in_eight_bits(model)
    assert float((whole(model.get_submodule(name)) - plain - 0.5).abs().max()) < 0.01
