import pytest

from reimagine.frames.flux.plan import describe, frame_cost, memory_plan, peak_gb
from reimagine.settings import ImageModel


def test_tokens_are_those_of_the_official_size():
    cost = frame_cost(800, 1328, ImageModel())
    assert (cost.target_tokens, cost.reference_tokens, cost.tokens) == (4150, 8300, 12962)


def test_flop_is_what_the_matrix_products_of_one_block_add_up_to():
    """A single block by hand: 12 d^2 weights a token, and scores and sums over all pairs."""
    cost = frame_cost(800, 1328, ImageModel(control_scale=0.0))
    tokens, wide = 12962, 3072
    block = 2 * 12 * wide**2 * tokens + 2 * (2 * tokens**2 * wide)
    assert cost.flop_a_step == pytest.approx(57 * block)
    assert cost.flop_a_step / 1e12 == pytest.approx(285, abs=1)
    assert cost.flop_a_frame == 20 * cost.flop_a_step


def test_guidance_doubles_the_cost_and_a_smaller_reference_lowers_it():
    plain = frame_cost(800, 1328, ImageModel())
    assert frame_cost(800, 1328, ImageModel(true_cfg=2.0)).flop_a_step == 2 * plain.flop_a_step
    half = frame_cost(800, 1328, ImageModel(reference_height=664))
    assert half.reference_tokens == pytest.approx(plain.reference_tokens / 4, rel=0.02)
    reused = frame_cost(800, 1328, ImageModel(reference_reuse=2))
    assert reused.flop_a_step < 0.4 * plain.flop_a_step


@pytest.mark.parametrize(
    ("card_gb", "name"), [(141.0, "48"), (48.0, "48"), (24.0, "24"), (16.0, "16"), (12.0, "12")]
)
def test_the_plan_fits_the_card(card_gb, name):
    plan = memory_plan("auto", card_gb)
    assert plan.name == name
    assert peak_gb(plan, 800, 1328, ImageModel()) < card_gb


def test_without_a_card_nothing_is_saved():
    assert memory_plan("auto", None).name == "full"
    assert memory_plan("12", None).offload


def test_quantize_overrules_the_plan():
    for vram, quantize, stored in (
        ("16", "auto", "int8"),
        ("16", "fp8", "fp8"),
        ("16", "none", "bf16"),
        ("full", "int8", "int8"),
        ("48", "auto", "bf16"),
    ):
        assert memory_plan(vram, None, quantize).stored == stored
    peaks = [
        peak_gb(memory_plan("full", None, q), 800, 1328, ImageModel()) for q in ("none", "int8")
    ]
    assert peaks[1] < 0.6 * peaks[0]


def test_smaller_plans_take_less():
    peaks = [
        peak_gb(memory_plan(name, None), 800, 1328, ImageModel())
        for name in ("full", "24", "16", "12")
    ]
    assert peaks == sorted(peaks, reverse=True)
    assert len(set(peaks)) == len(peaks)


def test_cost_and_memory_are_said_in_words():
    lines = " ".join(describe(ImageModel(vram="16"), 800, 1328, None))
    for said in (
        "12962 tokens",
        "292 TFLOP a step",
        "--vram 16",
        "block by block",
        "estimated peak",
    ):
        assert said in lines
