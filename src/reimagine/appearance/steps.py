"""Which steps of making a person are taken: all, but for measuring what each one brings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Each can be left out alone; `python -m benchmarks.appearance --steps` prints what that costs."""

    nod: bool = True
    """Bend the head as the face shows."""
    balance: bool = True
    """Bring the back photo's colours to the front photo's light."""
    hems: bool = True
    """End garments behind where the back photo shows it, and let trousers come from within them."""
    settle: bool = True
    """Stance and camera once more, now that the clothes are known."""
    lay: bool = True
    """Lay the head's outline onto the photo's, row by row, so that ears meet ears."""
    fold: bool = True
    """Fold photos back around the sides, for cloth and hair; else sides are guessed from what is near."""
    even: bool = True
    """Let folded photos of plain cloth mostly give way to an even colour."""
    prints: bool = True
    """Keep prints and other odd colours from being carried on to the sides."""


ALL = Steps()
