"""Who a made person is: plain numbers and names, drawn so that every block of people is balanced."""

import hashlib
from dataclasses import dataclass

import numpy as np

from reimagine.synth.canon.fabrics import FABRICS
from reimagine.synth.canon.footwear import SHOES
from reimagine.synth.canon.headwear import STYLES
from reimagine.synth.canon.wardrobe import GARMENTS, Outfit, outfit

MONK = (
    "f6ede4",
    "f3e7db",
    "f7ead0",
    "eadaba",
    "d7bd96",
    "a07e56",
    "825c43",
    "604134",
    "3a312a",
    "292420",
)
"""The ten tones of the Monk Skin Tone scale (E. Monk, CC BY 4.0), sRGB."""
AGES = ((5, 12), (13, 17), (18, 29), (30, 44), (45, 59), (60, 74), (75, 90))
BUILDS = ("slim", "average", "strong", "stout")
FOOTWEAR = (*SHOES, "socks", "bare feet")
BEARDS = ("none", "stubble", "short beard", "full beard")
CLASHES = ("free", "white on white", "skin-coloured", "dark on dark", "one colour")
"""What makes colours hard to tell apart: a third of people have one of the last four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """All that a person of the dataset is made from. JSON-able."""

    index: int
    age_years: int
    gender: float
    """0 male, 1 female."""
    build: str
    phenotype: tuple[float, float, float, float, float, float]
    """Anny's gender, age, muscle, weight, height, proportions, 0..1."""
    monk: int
    """Skin tone, 1 to 10."""
    hair_style: str
    hair_colour: tuple[float, float, float]
    beard: str
    glasses: bool
    outfit: Outfit
    fit: float
    """-1 tight to 1 loose."""
    fabrics: tuple[str, str, str]
    """Of top, bottom and outer layer."""
    colours: tuple[tuple[float, float, float], ...]
    """Nine: base, light and dark of top, bottom and outer layer, sRGB."""
    footwear: str
    shoe_colour: tuple[float, float, float]
    bag: bool
    scarf: bool
    clash: str
    seed: int


def draw(seed: int, index: int) -> Traits:
    """The person of this number; the same for the same `seed`, whoever asks and in whichever order."""
    rng = stream(seed, "person", index)
    deal = _Deal(seed=seed, index=index)
    low, high = AGES[deal("age", len(AGES))]
    years = int(rng.integers(low, high + 1))
    child = years < 13
    gender = [0.0, 1.0][deal("gender", 2)] * 0.9 + 0.1 * float(rng.random())
    build = BUILDS[deal("build", len(BUILDS))]
    style = tuple(STYLES)[deal("hair", len(STYLES))]
    beard = BEARDS[deal("beard", len(BEARDS))] if gender < 0.5 and years > 17 else "none"
    lead = tuple(GARMENTS)[deal("garment", len(GARMENTS))]
    worn = outfit(lead, deal("other garment", 60), deal("layer", 20))
    names = tuple(FABRICS)
    fabrics = tuple(names[deal(f"fabric {k}", len(names))] for k in ("top", "bottom", "outer"))
    clash = CLASHES[max(0, deal("clash", 12) - 7)]
    shade = MONK[deal("skin", 10)]
    skin = tuple(int(shade[k : k + 2], 16) / 255 for k in (0, 2, 4))
    footwear = FOOTWEAR[deal("footwear", len(FOOTWEAR))]
    return Traits(
        index=index,
        age_years=years,
        gender=gender,
        build=build,
        phenotype=_phenotype(rng, years, gender, build),
        monk=MONK.index(shade) + 1,
        hair_style=style,
        hair_colour=_hair_colour(rng, years, MONK.index(shade)),
        beard=beard,
        glasses=deal("glasses", 5) == 0,
        outfit=worn,
        fit=float(rng.uniform(-1, 1)),
        fabrics=(fabrics[0], fabrics[1], fabrics[2]),
        colours=_palette(rng, clash, skin),
        footwear="trainers" if child and footwear == "heels" else footwear,
        shoe_colour=(0.93, 0.92, 0.90) if rng.random() < 0.25 else _colour(rng),
        bag=deal("bag", 8) == 0,
        scarf=deal("scarf", 10) == 0 and style != "hijab",
        clash=clash,
        seed=int(rng.integers(1 << 30)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deal:
    """Deals values like cards: among each run of as many people as there are values, every value comes once."""

    seed: int
    index: int

    def __call__(self, name: str, values: int) -> int:
        block, place = divmod(self.index, values)
        return int(stream(self.seed, name, block).permutation(values)[place])


def split_of(index: int) -> str:
    """The split of a person: every tenth is in "test" and never trained on, the others in "train"."""
    return "test" if index % 10 == 9 else "train"


def stream(seed: int, name: str, number: int) -> np.random.Generator:
    """Random numbers that depend on these three alone."""
    digest = hashlib.sha256(f"{seed}\0{name}\0{number}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def _phenotype(
    rng: np.random.Generator, years: int, gender: float, build: str
) -> tuple[float, float, float, float, float, float]:
    # Anny's age: 1/3 a child of about eleven, 2/3 a young adult of 25, 1 old.
    age = float(np.interp(years, (5, 11, 22, 90), (0.17, 1 / 3, 2 / 3, 1.0)))
    muscle, weight = {
        "slim": (0.40, 0.22),
        "average": (0.50, 0.48),
        "strong": (0.82, 0.58),
        "stout": (0.42, 0.86),
    }[build]
    muscle += float(rng.uniform(-0.1, 0.1))
    weight += float(rng.uniform(-0.1, 0.1))
    return (
        gender,
        age,
        muscle,
        weight,
        float(rng.uniform(0.42, 0.57)),
        float(rng.uniform(0.2, 0.9)),
    )


def _hair_colour(rng: np.random.Generator, years: int, monk: int) -> tuple[float, float, float]:
    natural = (
        (0.05, 0.04, 0.04),
        (0.12, 0.08, 0.06),
        (0.24, 0.15, 0.09),
        (0.40, 0.26, 0.14),
        (0.66, 0.50, 0.30),
        (0.45, 0.18, 0.08),
    )
    colour = np.array(natural[int(rng.integers(2 if monk > 5 else len(natural)))])
    if rng.random() < 0.06:
        colour = np.array(_colour(rng))
    grey = np.clip((years - 40) / 45 + rng.uniform(-0.3, 0.3), 0, 1) if years > 35 else 0.0
    return _triple(colour * (1 - grey) + np.array([0.68, 0.67, 0.66]) * grey)


def _colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """A dye: often grey, navy, beige or white, as cloth is, else any hue."""
    usual = (
        (0.06, 0.06, 0.07),
        (0.11, 0.14, 0.24),
        (0.35, 0.36, 0.38),
        (0.72, 0.64, 0.52),
        (0.92, 0.91, 0.89),
        (0.30, 0.22, 0.16),
    )
    if rng.random() < 0.4:
        return _triple(np.array(usual[int(rng.integers(len(usual)))]) + rng.uniform(-0.03, 0.03, 3))
    hue, chroma, value = rng.random(), rng.uniform(0.15, 0.75), rng.uniform(0.2, 0.9)
    wheel = np.clip(np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    return _triple(value * (1 - chroma + chroma * wheel))


def _palette(
    rng: np.random.Generator, clash: str, skin: tuple[float, ...]
) -> tuple[tuple[float, float, float], ...]:
    bases = [np.array(_colour(rng)) for _ in range(3)]
    if clash == "white on white":
        bases = [np.array([0.92, 0.91, 0.89]) + rng.uniform(-0.04, 0.04) for _ in range(3)]
    elif clash == "skin-coloured":
        bases[0] = np.array(skin) + rng.uniform(-0.05, 0.05, 3)
        bases[1] = np.array(skin) * rng.uniform(0.85, 1.1)
    elif clash == "dark on dark":
        bases = [np.array([0.06, 0.06, 0.07]) + rng.uniform(0, 0.05, 3) for _ in range(3)]
    elif clash == "one colour":
        bases = [bases[0] + rng.uniform(-0.03, 0.03) for _ in range(3)]
    out: list[tuple[float, float, float]] = []
    for base in bases:
        others = [np.array(_colour(rng)) for _ in range(2)]
        strength = 0.25 if clash != "free" else 1.0
        out += [_triple(base), *(_triple(base + (one - base) * strength) for one in others)]
    return tuple(out)


def _triple(colour: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (float(round(x, 4)) for x in np.clip(colour, 0.02, 0.97))
    return red, green, blue
