"""How often the scores' 95 % intervals hold the true mean: python -m benchmarks.scores_intervals [--trials N].

Within a clip: autoregressive series, whose neighbouring values correlate as the column says; of each cell, the share of
series that get an interval, and the share of those whose interval holds the true mean. Over clips: independent values.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from reimagine.scores.figures import Interval, mean_interval, series_interval

FRAMES = (48, 96, 240, 960)
ALIKE = (0.0, 0.3, 0.7, 0.8, 0.95)
CLIPS = (3, 5, 9)


def series(
    frames: int, alike: float, count: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """`count frames`: values of mean 0 and variance 1, each correlated so with the one before."""
    values = generator.normal(size=(count, frames))
    for frame in range(1, frames):
        values[:, frame] = alike * values[:, frame - 1] + (1 - alike**2) ** 0.5 * values[:, frame]
    return values


def coverage(made: list[Interval]) -> str:
    """Share of intervals given, and how many of these hold 0."""
    given = [one for one in made if not one.missing]
    held = sum(one.low <= 0 <= one.high for one in given)
    return f"{100 * len(given) / len(made):.0f}: {100 * held / max(len(given), 1):.1f}"


def main() -> None:
    """Print both tables of docs/benchmarks.md."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--trials", type=int, default=4000)
    trials = options.parse_args().trials
    generator = np.random.default_rng(0)
    print("| frames | " + " | ".join(f"correlation {alike:g}" for alike in ALIKE) + " |")
    print("|---|" + "---|" * len(ALIKE))
    for frames in FRAMES:
        cells = [
            coverage([series_interval(one) for one in series(frames, alike, trials, generator)])
            for alike in ALIKE
        ]
        print(f"| {frames} | {' | '.join(cells)} |", flush=True)
    print()
    print("| clips | given, %: hold, % |\n|---|---|")
    for clips in CLIPS:
        made = [mean_interval(one) for one in generator.normal(size=(trials, clips))]
        print(f"| {clips} | {coverage(made)} |")


if __name__ == "__main__":
    main()
