"""What memory FLUX.2 klein takes, known before anything is loaded. Imports no torch."""

from reimagine.frames.klein.settings import check_settings
from reimagine.settings import ImageModel

BYTES = {"bf16": 7_751_089_152, "int8": 4_072_492_032}
"""Of the transformer's weights as `frames.eight_bits.store` leaves them; a test counts them anew."""
TEXT_BYTES, VAE_BYTES = 8_044_936_192, 168_092_750
"""In bfloat16: the text encoder, which leaves the card once the prompt is encoded, and the VAE."""


def stored(settings: ImageModel) -> str:
    """How the transformer's weights are stored."""
    return "int8" if settings.vram == "12" else "bf16"


def describe(settings: ImageModel, width: int, height: int, _card_gb: float | None) -> list[str]:
    """Memory in words; it hangs neither on the picture's size, but for what comes on top, nor on the card.

    Raises:
        InputError: where the settings make no sense.
    """
    check_settings(settings)
    how = stored(settings)
    painting = BYTES[how] + VAE_BYTES
    bits = "8 bits (int8)" if how == "int8" else "16 bits"
    return [
        f"weights on the card: {TEXT_BYTES / 1e9:.1f} GB while the prompt is encoded, then {painting / 1e9:.1f} GB with "
        f"the transformer in {bits}; what is computed with for {width}x{height} comes on top"
    ]
