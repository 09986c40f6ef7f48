"""The garments that people of the dataset wear, and which go together."""

from dataclasses import dataclass, replace

from reimagine.synth.canon.garments import Garment

GARMENTS = {
    one.name: one
    for one in (
        Garment(name="T-shirt", part="upper", sleeve=0.72, hem=-0.1, ease=0.020),
        Garment(
            name="long-sleeved top",
            part="upper",
            sleeve=1.9,
            hem=-0.1,
            ease=0.014,
            sleeve_ease=0.008,
        ),
        Garment(
            name="blouse",
            part="upper",
            sleeve=1.85,
            hem=-0.05,
            ease=0.028,
            sleeve_ease=0.040,
            neck="v",
        ),
        Garment(
            name="collared shirt",
            part="upper",
            sleeve=1.92,
            hem=0.12,
            ease=0.022,
            sleeve_ease=0.014,
            neck="shirt",
        ),
        Garment(name="polo", part="upper", sleeve=0.66, hem=-0.05, ease=0.018, neck="shirt"),
        Garment(name="tank top", part="upper", sleeve=-0.20, hem=-0.1, ease=0.012, neck="deep"),
        Garment(
            name="jumper",
            part="upper",
            sleeve=1.95,
            hem=-0.1,
            ease=0.030,
            sleeve_ease=0.022,
            thick=0.010,
        ),
        Garment(
            name="roll-neck",
            part="upper",
            sleeve=1.95,
            hem=-0.1,
            ease=0.018,
            sleeve_ease=0.012,
            neck="roll",
        ),
        Garment(
            name="hoodie",
            part="upper",
            sleeve=1.93,
            hem=0.02,
            ease=0.038,
            sleeve_ease=0.028,
            neck="hood",
            thick=0.012,
        ),
        Garment(name="sports shirt", part="upper", sleeve=0.60, hem=0.05, ease=0.026, neck="v"),
        Garment(
            name="tunic",
            part="upper",
            sleeve=1.45,
            hem=0.55,
            ease=0.026,
            flare=0.03,
            sleeve_ease=0.020,
            neck="v",
            folds=5,
            fold_m=0.012,
        ),
        Garment(
            name="kurta",
            part="upper",
            sleeve=1.88,
            hem=0.92,
            ease=0.028,
            flare=0.05,
            sleeve_ease=0.022,
            neck="stand",
            folds=6,
            fold_m=0.012,
        ),
        Garment(
            name="padded jacket",
            part="upper",
            sleeve=1.94,
            hem=0.0,
            ease=0.050,
            sleeve_ease=0.040,
            neck="stand",
            quilt_m=0.010,
            thick=0.020,
        ),
        Garment(
            name="blazer",
            part="upper",
            sleeve=1.88,
            hem=0.18,
            ease=0.030,
            sleeve_ease=0.018,
            neck="lapel",
            open_m=0.028,
            thick=0.010,
        ),
        Garment(
            name="open jacket",
            part="upper",
            sleeve=1.86,
            hem=0.02,
            ease=0.032,
            sleeve_ease=0.022,
            neck="shirt",
            open_m=0.055,
            thick=0.010,
        ),
        Garment(
            name="cardigan",
            part="upper",
            sleeve=1.88,
            hem=0.30,
            ease=0.034,
            sleeve_ease=0.022,
            neck="v",
            open_m=0.045,
            thick=0.010,
        ),
        Garment(
            name="knee coat",
            part="upper",
            sleeve=1.92,
            hem=0.95,
            ease=0.042,
            flare=0.04,
            sleeve_ease=0.026,
            neck="lapel",
            open_m=0.020,
            thick=0.012,
            folds=4,
            fold_m=0.010,
        ),
        Garment(
            name="long coat",
            part="upper",
            sleeve=1.92,
            hem=1.72,
            ease=0.046,
            flare=0.06,
            sleeve_ease=0.030,
            neck="stand",
            thick=0.012,
            folds=5,
            fold_m=0.016,
        ),
        Garment(
            name="dress",
            part="upper",
            sleeve=0.5,
            hem=0.95,
            ease=0.014,
            flare=0.20,
            folds=9,
            fold_m=0.020,
        ),
        Garment(
            name="sleeveless dress",
            part="upper",
            sleeve=-0.22,
            hem=0.8,
            ease=0.012,
            flare=0.10,
            neck="wide",
            folds=6,
            fold_m=0.014,
        ),
        Garment(
            name="gown",
            part="upper",
            sleeve=1.8,
            hem=1.97,
            ease=0.014,
            flare=0.34,
            sleeve_ease=0.016,
            neck="wide",
            folds=12,
            fold_m=0.035,
        ),
        Garment(
            name="robe",
            part="upper",
            sleeve=1.75,
            hem=1.80,
            ease=0.034,
            flare=0.03,
            sleeve_ease=0.10,
            neck="wrap",
            overlap=True,
            belt=True,
            folds=4,
            fold_m=0.012,
        ),
        Garment(
            name="short robe",
            part="upper",
            sleeve=1.5,
            hem=0.75,
            ease=0.030,
            flare=0.02,
            sleeve_ease=0.08,
            neck="wrap",
            overlap=True,
            belt=True,
            folds=4,
            fold_m=0.010,
        ),
        Garment(
            name="sari drape",
            part="upper",
            sleeve=0.35,
            hem=1.95,
            ease=0.016,
            flare=0.06,
            neck="v",
            overlap=True,
            folds=11,
            fold_m=0.020,
        ),
        Garment(
            name="uniform",
            part="upper",
            sleeve=1.92,
            hem=0.10,
            ease=0.026,
            sleeve_ease=0.016,
            neck="shirt",
            belt=True,
        ),
        Garment(name="narrow trousers", part="lower", legs=1.94, ease=0.006, flare=-0.22),
        Garment(name="straight trousers", part="lower", legs=1.95, ease=0.014, flare=-0.10),
        Garment(name="wide trousers", part="lower", legs=1.97, ease=0.026, flare=0.03),
        Garment(name="very wide trousers", part="lower", legs=1.97, ease=0.032, flare=0.14),
        Garment(name="leggings", part="lower", legs=1.88, ease=0.002, thick=0.003),
        Garment(name="joggers", part="lower", legs=1.90, ease=0.026, flare=-0.10),
        Garment(name="short shorts", part="lower", legs=0.30, ease=0.016, flare=0.0),
        Garment(name="shorts", part="lower", legs=0.62, ease=0.020, flare=0.0),
        Garment(name="long shorts", part="lower", legs=1.06, ease=0.026, flare=0.0),
        Garment(
            name="short skirt",
            part="lower",
            hem=0.50,
            ease=0.012,
            flare=0.16,
            folds=7,
            fold_m=0.016,
        ),
        Garment(
            name="pleated skirt",
            part="lower",
            hem=0.95,
            ease=0.012,
            flare=0.16,
            folds=22,
            fold_m=0.018,
        ),
        Garment(name="pencil skirt", part="lower", hem=0.92, ease=0.010, flare=-0.03),
        Garment(
            name="long skirt",
            part="lower",
            hem=1.85,
            ease=0.014,
            flare=0.16,
            folds=10,
            fold_m=0.026,
        ),
        Garment(
            name="dungarees",
            part="lower",
            sleeve=-0.35,
            hem=-0.2,
            legs=1.93,
            ease=0.020,
            flare=-0.06,
            neck="bib",
        ),
    )
}
"""By name. A sleeve with legs is a bib that trousers go on from."""

TOPS = tuple(
    n for n, g in GARMENTS.items() if g.part == "upper" and g.open_m is None and (g.hem or 0) < 0.95
)
WHOLE = (
    "dress",
    "sleeveless dress",
    "gown",
    "robe",
    "short robe",
    "sari drape",
    "long coat",
    "knee coat",
)
OUTER = ("padded jacket", "blazer", "open jacket", "cardigan", "knee coat", "long coat")
BOTTOMS = tuple(n for n, g in GARMENTS.items() if g.part == "lower")
SKIRTS = ("short skirt", "pleated skirt", "pencil skirt", "long skirt")
_INNER = ("T-shirt", "long-sleeved top", "collared shirt", "roll-neck", "blouse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """What somebody wears, from the skin outwards."""

    top: str | None
    bottom: str | None
    outer: str | None


def outfit(lead: str, other: int, layer: int) -> Outfit:
    """An outfit led by one garment; `other` chooses what goes with it, `layer` whether something is worn over it."""
    if lead in OUTER:
        return Outfit(top=_INNER[other % len(_INNER)], bottom=_bottom(other, lead), outer=lead)
    if lead in BOTTOMS:
        top = TOPS[other % len(TOPS)]
        top = "T-shirt" if lead == "dungarees" or top == "padded jacket" else top
        return Outfit(top=top, bottom=lead, outer=_outer(top, layer))
    if lead in WHOLE:
        return Outfit(top=lead, bottom=None, outer=None)
    return Outfit(top=lead, bottom=_bottom(other, lead), outer=_outer(lead, layer))


def tailored(garment: Garment, fit: float) -> Garment:
    """The same cut, tighter (-1) or looser (1), sleeves and hem a little shorter or longer with it."""
    sleeve, hem, legs = garment.sleeve, garment.hem, garment.legs
    return replace(
        garment,
        ease=garment.ease * (1 + 0.4 * fit),
        sleeve=sleeve if sleeve is None or sleeve < 0.1 else min(sleeve + 0.06 * fit, 1.96),
        hem=hem if hem is None else min(hem + 0.06 * fit, 1.98),
        legs=legs if legs is None else min(legs + 0.04 * fit, 1.98),
    )


def _bottom(other: int, top: str) -> str:
    long_top = (GARMENTS[top].hem or 0) > 0.4
    names = (
        ("narrow trousers", "straight trousers", "leggings", "joggers")
        if long_top
        else BOTTOMS[:-1]
    )
    return names[other % len(names)]


def _outer(top: str, layer: int) -> str | None:
    """One person in five wears something open over a thin top."""
    if layer % 5 or top not in (
        "T-shirt",
        "long-sleeved top",
        "roll-neck",
        "tank top",
        "collared shirt",
    ):
        return None
    return OUTER[:4][layer // 5 % 4]
