"""`reimagine backends`: what is installed, what is missing and how to get it."""

from importlib.metadata import PackageNotFoundError, version

from reimagine.request import InputError

_HELP = """usage: reimagine backends

Lists the image backends (--image), refiners (--refiner) and bodies (--body): what is installed, where
weights are looked for, what is missing and how to get it."""

_ABOUT = {
    "atlas": "the person's own photos, carried by the body's surface; no weights, any machine",
    "none": "leaves the pictures as painted",
    "flow": "averages along exact mesh flow; no weights, any machine",
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
            print(f"  {name:<10} ready     {_ABOUT.get(name, place)}")
        print("  module:factory       your own; see docs/backends.md")
    print("bodies (--body)")
    print("  anny       ready     ships with the package")
    print(
        "  smplx      yours     --body smplx --body-model SMPLX_NEUTRAL.npz, from https://smpl-x.is.tue.mpg.de"
    )
    print("device (--device)")
    print(f"  {_device()}")
    return 0


def _device() -> str:
    import torch

    try:
        installed = version("torch")
    except PackageNotFoundError:
        installed = torch.__version__
    if torch.cuda.is_available():
        return f"cuda       {torch.cuda.get_device_name()}, torch {installed}"
    return f"cpu        torch {installed} finds no CUDA device"
