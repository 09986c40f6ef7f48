"""`reimagine backends`: what is installed, what is missing and how to get it."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from reimagine.errors import InputError

_HELP = """usage: reimagine backends

Lists the image backends (--image), refiners (--refiner) and bodies (--body): what is installed, where
weights are looked for, what is missing and how to get it."""

_ABOUT = {
    "flux-kontext": "FLUX.1 Kontext with normal maps and the ReImagine LoRA, as in the paper; non-commercial; GPU",
    "flux-klein": "FLUX.2 klein 4B, Apache-2.0; normal maps as a second reference, without a LoRA for them; GPU",
    "atlas": "the person's photos mapped onto the body; no weights, any machine",
    "none": "leaves the pictures as painted",
    "flow": "averages along exact mesh flow; no weights, any machine",
    "wan": "Wan, a frozen text-to-video model, the frames' look blended in at every step; GPU",
}


def main(arguments: list[str]) -> int:
    """Run `reimagine backends`; gives the exit code."""
    if arguments:
        if arguments[0] in ("--help", "-h"):
            print(_HELP)
            return 0
        raise InputError(f"backends got {arguments[0]!r}; expected no arguments.")
    from reimagine.frames.load import IMAGE_BACKENDS
    from reimagine.refine.load import REFINERS

    for title, table in (
        ("image backends (--image)", IMAGE_BACKENDS),
        ("refiners (--refiner)", REFINERS),
    ):
        print(title)
        for name, place in table.items():
            lines = _NEEDS[name]() if name in _NEEDS else ("ready",)
            print(f"  {name:<13} {lines[0]:<9} {_ABOUT.get(name, place)}")
            for line in lines[1:]:
                print(f"{'':<17}{line}")
        print("  module:factory          your own; see docs/backends.md")
    print("bodies (--body)")
    print("  anny       ready     ships with the package")
    print(
        "  smplx      yours     --body smplx --body-model SMPLX_NEUTRAL.npz, from https://smpl-x.is.tue.mpg.de"
    )
    print("device (--device)")
    print(f"  {_device()}")
    return 0


def _flux_kontext() -> tuple[str, ...]:
    """Whether its weights are there, else what is missing and what gets them."""
    from reimagine.frames.flux.files import download_commands, find_files
    from reimagine.frames.weights import weights_folder
    from reimagine.settings import ImageModel

    if find_spec("diffusers") is None:
        return ("missing", "pip install 'reimagine[diffusion]'")
    try:
        find_files(ImageModel())
    except InputError as error:
        return ("missing", _said(error), *download_commands(weights_folder(None)))
    return ("ready",)


def _wan() -> tuple[str, ...]:
    """Whether there is a Wan model, else what is missing and what gets it."""
    from reimagine.refine.wan.files import find_wan

    if find_spec("diffusers") is None:
        return ("missing", "pip install 'reimagine[diffusion]'")
    try:
        find_wan(None)
    except InputError as error:
        return ("missing", _said(error))
    return ("ready",)


def _flux_klein() -> tuple[str, ...]:
    """The same for the model that anybody may use."""
    from reimagine.frames.klein.settings import download_command, find_files
    from reimagine.frames.weights import weights_folder
    from reimagine.settings import ImageModel

    if find_spec("diffusers") is None:
        return ("missing", "pip install 'reimagine[diffusion]'")
    try:
        find_files(ImageModel())
    except InputError as error:
        return ("missing", _said(error), download_command(weights_folder(None)))
    return ("ready",)


def _said(error: InputError) -> str:
    """What is missing, without the hint to come here."""
    text = str(error)
    for hint in (
        " (reimagine backends prints the commands)",
        " See reimagine backends for the download command.",
    ):
        text = text.replace(hint, "")
    return text


_NEEDS = {"flux-kontext": _flux_kontext, "flux-klein": _flux_klein, "wan": _wan}
"""Backends that need more than the package: what says how it stands, and then what to do."""


def _device() -> str:
    import torch

    try:
        installed = version("torch")
    except PackageNotFoundError:
        installed = torch.__version__
    if torch.cuda.is_available():
        return f"cuda       {torch.cuda.get_device_name()}, torch {installed}"
    return f"cpu        torch {installed} finds no CUDA device"
