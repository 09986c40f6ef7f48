"""What each lever costs in exactness, on tiny random weights and a CPU."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from safetensors.torch import save_file

from reimagine.errors import InputError
from reimagine.frames.load import load_backend
from reimagine.pictures import over
from reimagine.settings import Lora

SIZE = {"width": 32}


@pytest.fixture(scope="module")
def paint(settings, known, scene):
    """Pictures of two frames with other settings, each painted once."""
    conditions = scene(known, 2, step_m=0.1, **SIZE)

    @cache
    def painted(**change):
        made = load_backend("flux-kontext", "cpu", replace(settings, **change))
        pictures = made.paint(known, conditions, 43)
        return torch.stack([over(one, torch.ones(3, 1, 1)) for one in pictures])

    return painted


def gap(one, other):
    return float((one - other).abs().max())


def test_eight_bit_weights_paint_nearly_the_same(paint):
    exact, coarse, coarser = paint(), paint(vram="24"), paint(quantize="fp8")
    assert 0 < gap(exact, coarse) < gap(exact, coarser) < 0.2
    assert torch.equal(coarse, paint(quantize="int8"))
    assert torch.equal(exact, paint(vram="24", quantize="none"))


def test_the_lora_is_added_before_weights_are_stored_in_eight_bits(paint, tmp_path):
    pair = {"A": torch.ones(2, 64), "B": torch.ones(256, 2)}
    stored = {f"blocks.0.ff_a.0.lora_{side}.weight": one for side, one in pair.items()}
    save_file(stored, tmp_path / "lora.safetensors")
    loras = (Lora(path=str(tmp_path / "lora.safetensors")),)
    for quantize in ("int8", "fp8"):
        off = gap(paint(loras=loras), paint(loras=loras, quantize=quantize))
        assert off < 0.5 * gap(paint(loras=loras), paint())


def test_fetching_blocks_one_by_one_changes_nothing(paint):
    assert gap(paint(vram="24"), paint(vram="16")) < 1e-5
    assert gap(paint(vram="16"), paint(vram="12")) < 1e-5


def test_compiled_blocks_paint_the_same(paint):
    assert gap(paint(), paint(compile=True)) < 1e-4


def test_an_attention_backend_can_be_chosen(paint):
    assert gap(paint(), paint(attention="native")) < 1e-5
    for name in ("sage", "warp-drive"):
        with pytest.raises(InputError, match=f"attention is '{name}', which diffusers cannot"):
            paint(attention=name)


def test_extrapolated_steps_are_near_and_begin_after_the_third(paint):
    assert gap(paint(steps=3), paint(steps=3, cache="taylorseer")) < 1e-5
    exact, fast = paint(steps=6), paint(steps=6, cache="taylorseer")
    assert 0 < gap(exact, fast) < 0.3


@pytest.mark.parametrize("change", [{"cache": "taylorseer"}, {"reference_reuse": 2}], ids=str)
def test_what_is_kept_from_one_frame_does_not_leak_into_the_next(settings, known, scene, change):
    settings = replace(settings, steps=5, **change)
    conditions = scene(known, 1, **SIZE)
    other = scene(known, 1, behind=True, step_m=0.3, **SIZE)
    made = load_backend("flux-kontext", "cpu", settings)
    first = made.paint(known, conditions, 43)
    made.paint(known, other, 43)
    assert torch.equal(first, made.paint(known, conditions, 43))


def test_the_reference_is_reused_for_its_own_person_alone(settings, known, scene):
    settings = replace(settings, reference_reuse=1)
    conditions = scene(known, 1, **SIZE)
    other = replace(known, reference=1 - known.reference)
    made = load_backend("flux-kontext", "cpu", settings)
    first = made.paint(known, conditions, 43)
    assert gap(first, made.paint(other, conditions, 43)) > 1e-3
    assert torch.equal(first, made.paint(known, conditions, 43))


def test_a_reused_reference_is_nearer_the_truth_than_another_one(settings, known, scene):
    conditions = scene(known, 1, **SIZE)

    def painted(person, **change):
        made = load_backend("flux-kontext", "cpu", replace(settings, steps=4, **change))
        return made.paint(person, conditions, 43)

    exact = painted(known)
    reused = painted(known, reference_reuse=4)
    other = painted(replace(known, reference=1 - known.reference))
    assert 0 < float((reused - exact).abs().mean()) < float((other - exact).abs().mean())


def test_two_approximations_at_once_are_refused(paint):
    with pytest.raises(InputError, match="expected one of them"):
        paint(cache="taylorseer", reference_reuse=1)
