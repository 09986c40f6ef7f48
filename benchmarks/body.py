"""How long the body takes: loading, shaping, posing, skinning. `python benchmarks/body.py`."""

import time
from collections.abc import Callable

import torch

from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body, load_anny
from reimagine.body.model import pose_body, pose_skin
from reimagine.records import Motion

FRAMES = 96


def best_ms(job: Callable[[], object], repeats: int = 7) -> float:
    """The least disturbed of several runs, milliseconds."""
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def shape_step() -> None:
    """One step of a shape fit: the body and its gradient."""
    phenotype = DEFAULT_PHENOTYPE.clone().requires_grad_()
    load_anny().worn(phenotype).skin.verts.square().sum().backward()


def main() -> None:
    """Prints one line per figure."""
    start = time.perf_counter()
    load_anny()
    load_ms = (time.perf_counter() - start) * 1000
    body = anny_body(DEFAULT_PHENOTYPE)
    poses = torch.randn(FRAMES, 55, 3, generator=torch.Generator().manual_seed(0)) * 0.2
    motion = Motion(poses=poses, transl=torch.zeros(FRAMES, 3), fps=24.0, betas=torch.zeros(10))
    pose = pose_body(body, motion)
    rows = [
        ("load the body, first use", load_ms),
        ("shape, forward and backward", best_ms(shape_step)),
        (f"pose {FRAMES} frames", best_ms(lambda: pose_body(body, motion))),
        (
            f"skin {len(body.skin.verts)} vertices, per frame",
            best_ms(lambda: pose_skin(body.skin, pose)) / FRAMES,
        ),
    ]
    print(f"{torch.get_num_threads()} threads")
    for name, ms in rows:
        print(f"{name:40s}{ms:9.2f} ms")


if __name__ == "__main__":
    main()
