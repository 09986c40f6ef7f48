"""Which settings FLUX.1 Kontext can be given."""

import math

from reimagine.errors import InputError
from reimagine.settings import ImageModel

VRAM = ("auto", "12", "16", "24", "48", "full")
CACHES = ("none", "taylorseer")
_WRONG_CACHES = ("firstblock", "first_block", "fbc", "magcache", "mag", "teacache")


def flux_steps(settings: ImageModel) -> int:
    """Steps asked for, else the 20 of the official script."""
    return 20 if settings.steps is None else settings.steps


def check_settings(settings: ImageModel) -> None:
    """Nothing, where the settings make sense; looks at no file.

    Raises:
        InputError: naming the first flag that cannot be used.
    """
    _check_numbers(settings)
    for flag, value, allowed in (
        ("`vram`", settings.vram, VRAM),
        ("`quantize`", settings.quantize, ("auto", "none", "int8", "fp8")),
        ("`init`", settings.init, ("none", "atlas")),
        ("`noise`", settings.noise, ("plain", "surface")),
    ):
        if value not in allowed:
            raise InputError(f"{flag} is {value!r}; expected one of {', '.join(allowed)}.")
    if settings.cache.lower() in _WRONG_CACHES:
        raise InputError(
            f"`cache` is {settings.cache!r}, which is wrong with a ControlNet: what it says would be counted twice, "
            "once in the skipped blocks' result and once between them. Give `cache` taylorseer."
        )
    if settings.cache not in CACHES:
        raise InputError(f"`cache` is {settings.cache!r}; expected one of {', '.join(CACHES)}.")
    if settings.cache != "none" and settings.reference_reuse:
        raise InputError(
            f"`cache` {settings.cache} came with `reference_reuse`; expected one of them. Leave one out."
        )


def _check_numbers(settings: ImageModel) -> None:
    height = settings.reference_height
    for flag, value, least, most in (
        ("`steps`", flux_steps(settings), 1, 1000),
        ("`batch`", settings.batch, 1, 64),
        ("`guidance`", settings.guidance, 0, 100),
        ("`true_cfg`", settings.true_cfg, 1, 100),
        ("`control_scale`", settings.control_scale, 0, 10),
        ("`strength`", settings.strength, 0, 1),
        ("`reference_reuse`", settings.reference_reuse, 0, flux_steps(settings)),
        ("`reference_height`", 16 if height is None else height, 16, 8192),
    ):
        if not (math.isfinite(value) and least <= value <= most):
            raise InputError(f"{flag} is {value}; expected a number from {least} to {most}.")
