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
    folder = find_wan(settings.weights)
    loaded: list[VideoModel] = []

    def load() -> "VideoModel":
        if not loaded:
            try:
                from reimagine.refine.wan.model import Text, load_wan
            except ImportError as error:
                raise InputError(
                    f"`refiner` wan needs the package {error.name}. Install it: pip install 'reimagine[diffusion]'"
                ) from None
            text = Text(
                prompt=settings.prompt,
                negative=settings.negative,
                guidance=settings.guidance,
            )
            model = load_wan(
                folder,
                text,
                device=device,
                memory=settings.memory,
                propagate=settings.propagate,
            )
            loaded.append(model)
        return loaded[0]

    return VideoRefiner(load=load, plan=plan)


def _plan(settings: Refinement) -> Plan:
    for name, value in (
        ("`refinement.hold_low`", settings.hold_low),
        ("`refinement.hold_high`", settings.hold_high),
        ("`refinement.hold_guessed`", settings.hold_guessed),
        ("`refinement.propagate`", settings.propagate),
    ):
        if not 0 <= value <= 1:
            raise InputError(f"{name} is {value:g}; expected 0 (not at all) to 1 (altogether).")
    if settings.noise not in ("surface", "plain"):
        raise InputError(f"`refinement.noise` is {settings.noise!r}; expected surface or plain.")
    if settings.memory not in ("full", "low"):
        raise InputError(f"`refinement.memory` is {settings.memory!r}; expected full or low.")
    window = 1 + -(-(settings.window - 1) // STRIDE)
    overlap = -(-settings.overlap // STRIDE)
    if not 0 <= overlap < window:
        raise InputError(
            f"`refinement.overlap` is {settings.overlap} and `refinement.window` {settings.window}; "
            "expected windows longer than what they share. Give `refinement.window` 81 `refinement.overlap` 16."
        )
    if settings.pixels < 1024:
        raise InputError(
            f"`refinement.pixels` is {settings.pixels}; expected at least 1024. Give 399360."
        )
    return Plan(
        levels=flow_matching(settings.strength, settings.steps, SHIFT),
        span=Span(window=window, overlap=overlap),
        hold=Hold(
            low=settings.hold_low,
            high=settings.hold_high,
            outside=1.0,
            easing=0.5,
            over_time=OVER_TIME,
            guessed=settings.hold_guessed,
        ),
        pixels=settings.pixels,
        seed=settings.seed,
        surface=settings.noise == "surface",
        guard=settings.guard,
        linked=settings.propagate > 0,
    )
