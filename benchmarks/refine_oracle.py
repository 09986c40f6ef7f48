"""How sharp `detail` flicker leaves even a perfect average: python -m benchmarks.refine_oracle [--kind all] [PERSON ...].

An oracle knows by how much each frame's detail is too strong at each place and leaves of it the mean over all nine
frames along the true flow, seed by seed: what differs from 1 there is chance that no refiner of these frames can see.
Of the kind `all` it takes everything else away.
"""

import argparse

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from benchmarks.flicker import KINDS, carried_outwards, detail, fine_of, halved, more_or_less
from benchmarks.refine_flow import Truth, make_truth, part, warp_and_sharp
from reimagine.refine.resample import lanczos
from reimagine.render.flow import flow_between


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


def fields_of(truth: Truth, kind: str, seed: int) -> Tensor:
    """By how much detail is too strong in each frame that flickers so, at twice the size: frames height width."""
    chance = torch.Generator().manual_seed(seed)
    fields: list[Tensor] = []
    for picture in truth.fine.clone():
        for spoil in KINDS[kind]:
            if spoil is detail:
                fields.append(more_or_less(chance.clone_state(), picture.shape[1:]))
            spoil(picture, chance)
    return torch.cat(fields)


def oracle(truth: Truth, kind: str, seed: int) -> float:
    """Sharpness over the truth's."""
    small = avg_pool2d(fields_of(truth, kind, seed)[None], 2)[0]
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
    parser.add_argument("--kind", choices=["detail", "all"], default="detail")
    parser.add_argument("people", nargs="*", default=["alex", "sam"])
    chosen = parser.parse_args()
    for who in chosen.people:
        truth = make_truth(who, 9, 256)
        found = [oracle(truth, chosen.kind, seed + 1) for seed in range(chosen.seeds)]
        print(f"{who}: {' '.join(f'{one:.3f}' for one in found)}", end="; ")
        print(f"{np.mean(found):.3f} ± {np.std(found):.3f}", flush=True)


if __name__ == "__main__":
    main()
