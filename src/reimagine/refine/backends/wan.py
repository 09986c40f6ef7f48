"""Wan, a frozen text-to-video model, as a refiner (`refine.diffusion` has the method)."""

from typing import TYPE_CHECKING

from reimagine.errors import InputError
from reimagine.refine.diffusion.clip import Plan, VideoRefiner
from reimagine.refine.diffusion.sample import Hold, Span
from reimagine.refine.diffusion.schedule import flow_matching
from reimagine.refine.wan.files import find_wan
from reimagine.settings import Refinement

if TYPE_CHECKING:
    from reimagine.refine.diffusion.model import VideoModel

STRIDE = 4
"""Frames a latent of Wan's stands for."""
SHIFT = 3.0
"""Of the noise levels, as Wan's authors advise for 480p."""
OVER_TIME = 5
"""Latents over whose mean coarse colour is held."""


def make(device: str, settings: Refinement) -> VideoRefiner:
    """The refiner; checks the settings and that there are weights, and loads them when first needed.

    Raises:
        InputError: naming the flag that cannot be used, or what is missing.
    """
    plan = _plan(settings)
    folder = find_wan(settings.refine_weights)
    loaded: list[VideoModel] = []

    def load() -> "VideoModel":
        if not loaded:
            try:
                from reimagine.refine.wan.model import Text, load_wan
            except ImportError as error:
                raise InputError(
                    f"--refiner wan needs the package {error.name}. Install it: pip install 'reimagine[diffusion]'"
                ) from None
            text = Text(
                prompt=settings.refine_prompt,
                negative=settings.refine_negative,
                guidance=settings.refine_guidance,
            )
            model = load_wan(
                folder,
                text,
                device=device,
                memory=settings.refine_memory,
                propagate=settings.refine_propagate,
            )
            loaded.append(model)
        return loaded[0]

    return VideoRefiner(load=load, plan=plan)


def _plan(settings: Refinement) -> Plan:
    for name, value in (
        ("--refine-hold-low", settings.refine_hold_low),
        ("--refine-hold-high", settings.refine_hold_high),
        ("--refine-hold-guessed", settings.refine_hold_guessed),
        ("--refine-propagate", settings.refine_propagate),
    ):
        if not 0 <= value <= 1:
            raise InputError(f"{name} is {value:g}; expected 0 (not at all) to 1 (altogether).")
    if settings.refine_noise not in ("surface", "plain"):
        raise InputError(f"--refine-noise is {settings.refine_noise!r}; expected surface or plain.")
    if settings.refine_memory not in ("full", "low"):
        raise InputError(f"--refine-memory is {settings.refine_memory!r}; expected full or low.")
    window = 1 + -(-(settings.refine_window - 1) // STRIDE)
    overlap = -(-settings.refine_overlap // STRIDE)
    if not 0 <= overlap < window:
        raise InputError(
            f"--refine-overlap is {settings.refine_overlap} and --refine-window {settings.refine_window}; "
            "expected windows longer than what they share. Give --refine-window 81 --refine-overlap 16."
        )
    if settings.refine_pixels < 1024:
        raise InputError(
            f"--refine-pixels is {settings.refine_pixels}; expected at least 1024. Give 399360."
        )
    return Plan(
        levels=flow_matching(settings.refine_strength, settings.refine_steps, SHIFT),
        span=Span(window=window, overlap=overlap),
        hold=Hold(
            low=settings.refine_hold_low,
            high=settings.refine_hold_high,
            outside=1.0,
            easing=0.5,
            over_time=OVER_TIME,
            guessed=settings.refine_hold_guessed,
        ),
        pixels=settings.refine_pixels,
        seed=settings.refine_seed,
        surface=settings.refine_noise == "surface",
        guard=settings.refine_guard,
        linked=settings.refine_propagate > 0,
    )
