"""How fast is the dataset made, is it balanced, and is it hard enough?

Usage: python -m benchmarks.dataset [--views 8] [--memory-people 4] [--colour-people 8]

Times are of the processor where two renderers are compared, of the clock where one process is put beside two, which means
something only on a machine with two idle cores.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import torch
from einops import rearrange
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

from benchmarks.looks import MORE
from benchmarks.pipeline import peak_mib, seconds
from benchmarks.results import store
from reimagine.body.model import pose_skin
from reimagine.records import PARTS
from reimagine.resize import resize_to_cover
from reimagine.synth.canon.dataset import balance
from reimagine.synth.canon.human import make_human
from reimagine.synth.canon.layers import nearest
from reimagine.synth.canon.picture import moments, prepare, take
from reimagine.synth.canon.sample import Plan, person_samples, read_props
from reimagine.synth.canon.stances import photo_stance, pose_human
from reimagine.synth.canon.studio import draw_camera, draw_studio
from reimagine.synth.canon.traits import draw, stream
from reimagine.synth.dress import make_dressed, parts, stance
from reimagine.synth.looks import Look
from reimagine.synth.people import make_person_photo, render_truth, studio_camera

_SMALL = (256, 416)
_NEIGHBOURS = 9
_PIXELS = 3000
"""Of each person, for the neighbours."""
_SHARED = ("skin", "hair", "upper", "lower", "shoes")
"""The parts that both kinds of people have; the face is skin."""


def main() -> None:
    """Print every figure, and store them for docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=8)
    parser.add_argument("--memory-people", type=int, default=4)
    parser.add_argument("--colour-people", type=int, default=8)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = [
        *_speed(given.views),
        *_balance(1000),
        *_colours(given.colour_people),
        *_processes(given.memory_people),
    ]
    for name, figure in rows:
        print(f"{name}: {figure}")
    store("how-are-people-made", ["what", "measured"], [[name, figure] for name, figure in rows])


Rows = list[tuple[str, str]]


def _speed(views: int) -> Rows:
    """Pictures a second of one core: today's people alone, the dataset's pictures, and the dataset with all that is stored."""
    camera, person = studio_camera(0.0), make_dressed("alex")
    scale = _SMALL[1] / camera.height
    small = camera.K * torch.tensor([scale, scale, 1.0])[:, None]
    small[0, 0, 2] = _SMALL[0] / 2
    today = replace(camera, K=small, width=_SMALL[0], height=_SMALL[1])
    pose = stance(person.body)
    human = make_human(draw(0, 3))
    model, rng = prepare(human), stream(0, "benchmark", 0)
    frame = moments(model, pose_human(human, photo_stance("A-pose", rng)))[0]
    view = draw_camera(rng, frame.verts, 0.3, *_SMALL, plain=True)
    studio = draw_studio(rng, plain=True, busy=False)
    plan = Plan(people=1, views=views, canonical_height=0)
    props = read_props(plan)
    figures = {
        "today's render_truth, colours and alpha": _per_second(
            lambda: render_truth("alex", pose, today), 4
        ),
        "the dataset's take, with wall, floor and every label": _per_second(
            lambda: take(frame, view, studio), 4
        ),
        f"all of it: a person made, posed, {views} views packed": views
        * _per_second(lambda: list(person_samples(plan, props, 0)), 1),
    }
    return [(name, f"{rate:.2f} pictures a second of one core") for name, rate in figures.items()]


def _per_second(work: Callable[[], object], times: int) -> float:
    work()
    best = math.inf
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return 1 / best


def _balance(people: int) -> Rows:
    rows: Rows = []
    for name, row in balance(Plan(people=people)).items():
        low, high = min(row, key=row.__getitem__), max(row, key=row.__getitem__)
        figure = f"{len(row)} kinds, from {row[low]} ({low}) to {row[high]} ({high})"
        rows.append((f"balance of {people} people, {name}", figure))
    return rows


def _colours(people: int) -> Rows:
    """Right labels by colour alone, each person's from all the others' pixels, mean over parts and people."""
    groups = {
        "made people of the tests": [
            _look_pixels(look) for look in ("alex", "sam", *MORE.values())
        ],
        "people of the dataset": [_dataset_pixels(index) for index in range(people)],
    }
    rows: Rows = []
    for name, held in groups.items():
        rights = [_right(held, number) for number in range(len(held))]
        mean = sum(rights) / len(rights)
        rows.append((f"parts told by colour alone, {len(held)} {name}", f"{mean:.1%} right"))
    return rows


Pixels = tuple[Float[Tensor, "pixels 3"], Int[Tensor, " pixels"]]
"""Lab and index into `_SHARED`."""


def _right(held: list[Pixels], number: int) -> float:
    others = [one for k, one in enumerate(held) if k != number]
    known = torch.cat([one[1] for one in others])
    tree = KDTree(torch.cat([one[0] for one in others]).numpy())
    lab, label = held[number]
    near = torch.from_numpy(tree.query(lab.numpy(), _NEIGHBOURS)[1])
    told = known[near].mode(dim=1).values
    present = label.unique().tolist()
    return sum(float((told == label)[label == k].float().mean()) for k in present) / len(present)


def _look_pixels(who: str | Look) -> Pixels:
    person, camera = make_dressed(who), studio_camera(0.0)
    rgb = make_person_photo(who, 0.0)
    verts = pose_skin(person.skin, stance(person.body))[0]
    seen = nearest(verts, person.skin.faces, camera)
    label = torch.zeros(camera.height * camera.width, dtype=torch.int64)
    label[seen.seen] = 1 + parts(person)[seen.corners[:, 0]]
    return _sampled(rgb, label.view(camera.height, camera.width))


def _dataset_pixels(index: int) -> Pixels:
    human, rng = make_human(draw(0, index)), stream(0, "benchmark", index)
    frame = moments(prepare(human), pose_human(human, photo_stance("A-pose", rng)))[0]
    camera = draw_camera(rng, frame.verts, 0.0, *_SMALL, plain=True)
    picture = take(frame, camera, draw_studio(rng, plain=True, busy=False))
    return _sampled(picture.rgb, picture.part)


def _sampled(rgb: Float[Tensor, "3 height width"], part: Int[Tensor, "height width"]) -> Pixels:
    """Equally many pixels of each part, of a picture scaled to 416 high."""
    height, width = part.shape
    small = round(width * _SMALL[1] / height)
    rows = (torch.arange(_SMALL[1]) + 0.5) * height / _SMALL[1]
    columns = (torch.arange(small) + 0.5) * width / small
    part = part[rows.long()][:, columns.long()].reshape(-1)
    lab = cv2.cvtColor(
        rearrange(resize_to_cover(rgb, small, _SMALL[1]), "c h w -> h w c").contiguous().numpy(),
        cv2.COLOR_RGB2LAB,
    )
    flat = torch.from_numpy(lab).reshape(-1, 3)
    generator = torch.Generator().manual_seed(0)
    names = ("background", *PARTS)
    chosen, labels = [], []
    for k, name in enumerate(_SHARED):
        wanted = torch.tensor([names.index(one) for one in ((name, "face") if k == 0 else (name,))])
        mine = torch.isin(part, wanted).nonzero()[:, 0]
        if len(mine):
            picked = mine[torch.randint(len(mine), (_PIXELS // len(_SHARED),), generator=generator)]
            chosen.append(flat[picked])
            labels.append(torch.full((len(picked),), k))
    return torch.cat(chosen), torch.cat(labels)


def _processes(people: int) -> Rows:
    """Two processes beside one, and the peak of memory at so many people and at ten times as many."""
    small = ["--views", "1", "--size", "64x104", "--canonical-height", "0"]
    small += ["--people-per-shard", "1"]
    rows: Rows = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)

        def command(count: int, workers: int, out: str) -> list[str]:
            counts = ["--people", str(count), "--workers", str(workers)]
            return ["dataset", "make", *counts, *small, "--out", str(place / out)]

        for count in (people, 10 * people):
            peak = peak_mib(command(count, 1, f"memory{count}"), place / "cache")
            rows.append((f"peak memory at {count} people", f"{peak:.0f} MiB"))
        one, two = (
            seconds(command(10 * people, workers, f"time{workers}"), place / "cache")
            for workers in (1, 2)
        )
        rows.append(
            (f"{10 * people} people, two processes beside one", f"{one / two:.2f} times as fast")
        )
    return rows


if __name__ == "__main__":
    main()
