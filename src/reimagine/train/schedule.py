"""Which noise level, which noise and which triple each step sees, and how much each level counts.

The levels and weights are those of DiffSynth's FlowMatchScheduler in training (`diffsynth/schedulers/flow_match.py` and
`FluxImagePipeline.training_loss` of github.com/Taited/ReImagine): one of 1000 levels of a schedule shifted by 3, all
equally likely, weighted by a bell around the middle. Every draw follows from the seed and the step's number alone, so
that a training which was stopped sees what one that was not would have seen, on any number of GPUs.
"""

from hashlib import sha256

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reimagine.frames.flux.schedule import noise_levels

LEVELS = 1000


def training_levels() -> Float[Tensor, " levels"]:
    """The noise levels of training, from 1 down."""
    return noise_levels(LEVELS)[:-1]


def training_weights() -> Float[Tensor, " levels"]:
    """How much each level's loss counts, 1 on average.

    exp(-2 (level - 1/2)^2), less its least value.
    """
    bell = torch.exp(-2 * (training_levels() - 0.5) ** 2)
    above = bell - bell.min()
    return above * (LEVELS / above.sum())


def drawn_level(generator: torch.Generator, dtype: torch.dtype) -> Int[Tensor, ""]:
    """Number of a level; all are equally likely but for rounding.

    As in the reference trainer the model is told its level as a number of this type, and the level that lies nearest to
    what it is told is the one that is used.
    """
    drawn = torch.randint(0, LEVELS, (), generator=generator)
    told = (training_levels()[drawn] * 1000).to(dtype).float()
    return (training_levels() * 1000 - told).abs().argmin()


def generator_for(seed: int, *what: int | str) -> torch.Generator:
    """The random numbers of one thing, such as ("noise", step, triple): always the same, whatever was drawn before."""
    text = " ".join(str(part) for part in (seed, *what))
    number = int.from_bytes(sha256(text.encode()).digest()[:8], "little")
    return torch.Generator("cpu").manual_seed(number % 2**63)


def chosen_triple(seed: int, position: int, triples: int) -> int:
    """Which triple comes at this position of an endless row, in which every `triples` hold each once, shuffled anew."""
    turn, place = divmod(position, triples)
    return int(torch.randperm(triples, generator=generator_for(seed, "order", turn))[place])


def learning_rate(rate: float, step: int) -> float:
    """The rate of a step counted from 0: a third in the first five (ConstantLR's default, which the trainer uses)."""
    return rate / 3 if step < 5 else rate
