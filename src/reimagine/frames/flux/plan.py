"""What painting costs and how it is fitted into memory, known before anything is loaded. Imports no torch.

Counts are those of FLUX.1: 19 double and 38 single blocks of 3072 channels, 11.9 billion weights; the ControlNet has
5 double blocks and 1.79 billion. Only matrix products are counted; a multiplication with an addition is 2 FLOP. Bytes of
weights are those of the models as `frames.eight_bits.store` leaves them; a test counts them anew.
"""

from dataclasses import dataclass, replace

from reimagine.frames.flux.settings import check_settings, flux_steps
from reimagine.settings import ImageModel

_CHANNELS, _BLOCKS, _CONTROL_BLOCKS, _WORDS = 3072, 57, 5, 512
_REFERENCE = (1600, 1328)
"""Width and height of the reference that `reimagine person` makes."""
_BYTES_A_TOKEN = 24 * 2 * _CHANNELS
"""Activations of one block, as a guess: two dozen bfloat16 numbers a channel."""
_BYTES_A_PIXEL = 2500
"""The VAE's activations, as a guess."""
_TILE_PIXELS = 512 * 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Bytes of weights, as they are stored."""

    transformer: int
    block: int
    """Of the transformer's largest block."""
    around: int
    """Of the transformer without its blocks."""
    controlnet: int


STORED = {
    "bf16": Stored(
        transformer=23_802_816_640, block=679_662_592, around=128_249_984, controlnet=3_583_210_496
    ),
    "int8": Stored(
        transformer=11_974_658_176, block=340_108_288, around=128_249_984, controlnet=1_885_438_976
    ),
    "fp8": Stored(
        transformer=15_149_072_512, block=453_114_880, around=83_202_176, controlnet=2_358_023_168
    ),
}
TEXT_BYTES, VAE_BYTES = 9_770_742_888, 167_639_366
"""In bfloat16: both text encoders, and the VAE."""
_BLOCKS_AT_ONCE = 3
"""Of blocks that are fetched one by one: at work, on its way to the card, and just done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
    """How the models are kept on the card."""

    name: str
    """As --vram has it."""
    stored: str = "bf16"
    """How weights are stored: bf16; or int8 or fp8, computed with in 16 bits: less memory, not quite the same pictures."""
    offload: bool = False
    """The transformer's blocks wait in main memory and are fetched one by one."""
    tile_vae: bool = False
    """Large pictures go through the VAE in overlapping tiles."""
    text_on_cpu: bool = False


_STORED = {
    "bf16": "weights in 16 bits",
    "int8": "weights in 8 bits (int8)",
    "fp8": "weights in 8 bits (float8), a quarter of them in 16",
}
_PLANS = {
    "full": MemoryPlan(name="full"),
    "48": MemoryPlan(name="48"),
    "24": MemoryPlan(name="24", stored="int8"),
    "16": MemoryPlan(name="16", stored="int8", offload=True, tile_vae=True),
    "12": MemoryPlan(name="12", stored="int8", offload=True, tile_vae=True, text_on_cpu=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one frame."""

    target_tokens: int
    reference_tokens: int
    flop_a_step: float
    flop_a_frame: float

    @property
    def tokens(self) -> int:
        """All in the sequence, with the text."""
        return self.target_tokens + self.reference_tokens + _WORDS


def memory_plan(vram: str, card_gb: float | None, quantize: str = "auto") -> MemoryPlan:
    """The plan of that name; "auto" is the roomiest that the card holds, and everything where there is no card.

    Args:
        vram: As --vram has it.
        card_gb: Memory of the card; None for a CPU.
        quantize: As --quantize has it; "auto" is what the plan does by itself.
    """
    if vram == "auto":
        fits = [
            name
            for name, least in (("48", 38), ("24", 22), ("16", 14.5))
            if (card_gb or 0) >= least
        ]
        vram = "full" if card_gb is None else [*fits, "12"][0]
    plan = _PLANS[vram]
    if quantize == "auto":
        return plan
    return replace(plan, stored="bf16" if quantize == "none" else quantize)


def peak_gb(plan: MemoryPlan, width: int, height: int, settings: ImageModel) -> float:
    """The most memory that painting should take, in GB of 10^9 bytes: weights exactly, the rest a guess."""
    weights = weights_bytes(plan)
    cost = frame_cost(width, height, settings)
    pixels = max(256 * cost.target_tokens, 256 * cost.reference_tokens)
    vae = _BYTES_A_PIXEL * (min(pixels, _TILE_PIXELS) if plan.tile_vae else pixels)
    painting = weights + max(_BYTES_A_TOKEN * cost.tokens * settings.batch, vae)
    texts = 0 if plan.text_on_cpu else TEXT_BYTES
    bank = 4 * _CHANNELS * cost.reference_tokens * _BLOCKS * settings.reference_reuse
    return max(painting + bank, texts) / 1e9


def weights_bytes(plan: MemoryPlan) -> int:
    """What the weights take on the card while frames are painted."""
    stored = STORED[plan.stored]
    transformer = stored.transformer
    if plan.offload:
        transformer = stored.around + _BLOCKS_AT_ONCE * stored.block
    return transformer + stored.controlnet + VAE_BYTES


def frame_cost(width: int, height: int, settings: ImageModel) -> Cost:
    """What one frame costs, for a reference of 1600 x 1328 pixels or of --reference-height."""
    wide, high = _REFERENCE
    if settings.reference_height is not None and settings.reference_height < high:
        wide, high = wide * settings.reference_height // high, settings.reference_height
    target = (width // 16) * (height // 16)
    reference = -(-wide // 16) * -(-high // 16)
    own, whole = target + _WORDS, target + reference + _WORDS
    # With the reference's keys at hand, only the others ask.
    asking = own if settings.reference_reuse else whole
    step = _flop(asking, whole, _BLOCKS)
    if settings.control_scale != 0:
        step += _flop(own, own, _CONTROL_BLOCKS) + 2 * _CHANNELS**2 * target * _CONTROL_BLOCKS
    if settings.true_cfg != 1:
        step *= 2
    return Cost(
        target_tokens=target,
        reference_tokens=reference,
        flop_a_step=step,
        flop_a_frame=step * flux_steps(settings),
    )


def describe(settings: ImageModel, width: int, height: int, card_gb: float | None) -> list[str]:
    """Cost and memory in words.

    Raises:
        InputError: where the settings make no sense.
    """
    check_settings(settings)
    cost = frame_cost(width, height, settings)
    plan = memory_plan(settings.vram, card_gb, settings.quantize)
    kept = [
        _STORED[plan.stored],
        *(["the transformer fetched block by block"] if plan.offload else []),
        *(["the VAE in tiles"] if plan.tile_vae else []),
        *(["text encoders on the CPU"] if plan.text_on_cpu else []),
    ]
    return [
        f"{cost.tokens} tokens: {cost.target_tokens} of the picture, {cost.reference_tokens} of the reference, "
        f"{_WORDS} of text",
        f"{cost.flop_a_step / 1e12:.0f} TFLOP a step, {cost.flop_a_frame / 1e15:.1f} PFLOP a frame: "
        f"at best {cost.flop_a_frame / 1e14:.0f} s a frame on a card of 100 TFLOP/s",
        f"memory for `vram` {plan.name}: {', '.join(kept)}; {weights_bytes(plan) / 1e9:.1f} GB of weights on the card, "
        f"estimated peak {peak_gb(plan, width, height, settings):.0f} GB",
    ]


def _flop(asking: int, asked: int, blocks: int) -> float:
    """Of so many tokens asking so many in attention: 12 channels^2 weights a token, and two products a pair."""
    return blocks * (24 * _CHANNELS**2 * asking + 4 * _CHANNELS * asking * asked)
