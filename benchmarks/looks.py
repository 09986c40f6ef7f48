"""More made people, unlike alex and sam.

A long tunic, wide clothes on a broad body, light sleeves on dark skin, a dress and long hair, a cap with glasses, a
ponytail with an open jacket.
"""

from dataclasses import replace

from benchmarks.outfits import CAP, GLASSES, JACKET, PONYTAIL
from reimagine.synth.looks import LOOKS

_ALEX, _SAM = LOOKS["alex"], LOOKS["sam"]

MORE = {
    "tunic": replace(
        _SAM,
        phenotype=(0.9, 0.6, 0.4, 0.62, 0.5, 0.6),
        height_m=1.63,
        skin=(0.86, 0.68, 0.58),
        hair=(0.42, 0.28, 0.15),
        cloth=((0.80, 0.78, 0.70), (0.30, 0.45, 0.35), (0.55, 0.62, 0.50)),
        trousers=(0.45, 0.36, 0.30),
        cut=replace(_SAM.cut, sleeve=1.1, hem_below_hips=0.26, shirt_slack=0.030, shirt_taper=0.02),
    ),
    "loose": replace(
        _ALEX,
        phenotype=(0.1, 0.5, 0.45, 0.78, 0.5, 0.55),
        height_m=1.74,
        cloth=((0.16, 0.16, 0.17), (0.85, 0.20, 0.20), (0.93, 0.90, 0.85)),
        trousers=(0.50, 0.47, 0.40),
        denim=False,
        shoe=(0.15, 0.15, 0.16),
        cut=replace(
            _ALEX.cut,
            sleeve=1.0,
            hem_below_hips=0.12,
            shirt_slack=0.035,
            trouser_slack=0.035,
            trouser_taper=0.03,
        ),
    ),
    "slim": replace(
        _ALEX,
        phenotype=(0.7, 0.7, 0.35, 0.25, 0.7, 0.8),
        height_m=1.72,
        skin=(0.42, 0.28, 0.21),
        hair=(0.06, 0.05, 0.05),
        stubble=0.0,
        cloth=((0.86, 0.85, 0.83), (0.20, 0.30, 0.60), (0.95, 0.75, 0.30)),
        trousers=(0.10, 0.11, 0.14),
        shoe=(0.80, 0.78, 0.74),
        cut=replace(_ALEX.cut, sleeve=1.9, hem_below_hips=0.05, trouser_slack=0.008),
        haircut=replace(_ALEX.haircut, top_m=0.014, sides_m=0.006),
    ),
    "dress": replace(
        _SAM,
        skin=(0.80, 0.60, 0.48),
        hair=(0.33, 0.20, 0.10),
        shirt="print",
        cloth=((0.62, 0.12, 0.20), (0.93, 0.90, 0.85), (0.90, 0.70, 0.30)),
        trousers=(0.80, 0.60, 0.48),
        cut=replace(
            _SAM.cut,
            sleeve=0.5,
            hem_below_hips=0.36,
            shirt_taper=-0.05,
            trouser_slack=0.0,
        ),
        haircut=replace(_SAM.haircut, bun=False, length_m=0.42),
    ),
    "cap": replace(
        _ALEX,
        phenotype=(0.15, 0.55, 0.5, 0.5, 0.5, 0.6),
        skin=(0.78, 0.58, 0.46),
        hair=(0.36, 0.24, 0.14),
        cloth=((0.62, 0.60, 0.57), (0.93, 0.90, 0.82), (0.80, 0.30, 0.20)),
        haircut=replace(_ALEX.haircut, top_m=0.012, sides_m=0.009, lower_m=0.01),
        worn=(CAP, GLASSES),
    ),
    "jacket": replace(
        _SAM,
        phenotype=(0.9, 0.55, 0.5, 0.42, 0.55, 0.7),
        skin=(0.84, 0.65, 0.54),
        hair=(0.40, 0.25, 0.12),
        shirt="print",
        cloth=((0.92, 0.91, 0.89), (0.85, 0.45, 0.40), (0.90, 0.70, 0.30)),
        trousers=(0.20, 0.27, 0.42),
        denim=True,
        cut=replace(_SAM.cut, sleeve=0.6, hem_below_hips=0.07),
        haircut=replace(_SAM.haircut, bun=False),
        worn=(PONYTAIL, JACKET),
    ),
}
"""Looks for `synth.dress.make_dressed`, by a name for each."""

DETAILS = {"sam": ("bun",), "cap": ("visor", "glasses")}
"""What no photo from front or back shows of them, as a user would tell it."""
