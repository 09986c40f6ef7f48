"""How sharp `detail` flicker leaves even a perfect average: python -m benchmarks.refine_oracle [PERSON ...].

An oracle knows by how much each frame's detail is too strong at each place and leaves of it the mean over all nine
frames along the true flow, seed by seed: what differs from 1 there is chance that no refiner of these frames can see.
"""

import argparse

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from benchmarks.flicker import carried_outwards, fine_of, halved, more_or_less
from benchmarks.refine_flow import Truth, make_truth, part, warp_and_sharp
from reimagine.cameras.flow import flow_between
from reimagine.refine.resample import lanczos


def mean_along(fields: Tensor, truth: Truth, frame: int) -> Tensor:
    """Of all frames' fields (frames height width), at the points that a frame sees."""
    total, count = torch.zeros_like(fields[0]), torch.zeros_like(fields[0])
    for other, field in enumerate(fields):
        flow = flow_between(*(part(truth.seen, k, k + 1) for k in (frame, other)))
        seen = flow.visible & torch.isfinite(flow.target[..., 0])
        at = torch.where(seen[..., None], flow.target, torch.zeros(())).reshape(-1, 2)
        total += lanczos(field[..., None], at).reshape(field.shape) * seen
        count += seen
    return total / count.clamp_min(1)


def oracle(truth: Truth, seed: int) -> float:
    """Sharpness over the truth's."""
    chance = torch.Generator().manual_seed(seed)
    fields = torch.cat([more_or_less(chance, one.shape[1:]) for one in truth.fine])
    small = avg_pool2d(fields[None], 2)[0]
    fine = truth.fine.clone()
    for frame, picture in enumerate(fine):
        left = interpolate(mean_along(small, truth, frame)[None, None], scale_factor=2)[0]
        colours = carried_outwards(picture)
        picture[:3] = colours + left * fine_of(colours)
    sharp, true = (warp_and_sharp(one, truth)[1] for one in (halved(fine), truth.pictures))
    return sharp / true


def main() -> None:
    """Print a line for each person."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("people", nargs="*", default=["alex", "sam"])
    chosen = parser.parse_args()
    for who in chosen.people:
        truth = make_truth(who, 9, 256)
        found = [oracle(truth, seed + 1) for seed in range(chosen.seeds)]
        print(f"{who}: {' '.join(f'{one:.3f}' for one in found)}", end="; ")
        print(f"{np.mean(found):.3f} ± {np.std(found):.3f}", flush=True)


if __name__ == "__main__":
    main()
