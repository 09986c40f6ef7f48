"""People made by the program itself, with known truth."""

from typing import Any


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """`read`, which needs torch, is imported when it is asked for."""
    if name == "read":
        from reimagine.synth.canon.read import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
