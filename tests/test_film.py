"""Frame by frame: what is painted together, and what is carried from painted neighbours."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch

from reimagine.appearance.store import load_person
from reimagine.errors import InputError
from reimagine.film import paint
from reimagine.frames.backends.atlas import make
from reimagine.pictures import over, read_picture
from reimagine.pipeline import generate
from reimagine.progress import SILENT
from reimagine.request import Clip, Request
from reimagine.runs import open_run
from reimagine.scene import find_motion, make_scene
from reimagine.settings import Photos

FRAMES = 8
CLIP = Clip(frames=FRAMES, size="64x96", motion="walk", camera="orbit", device="cpu")
KEYS = (0, 3, 6, 7)


def asked(person: Path, out: Path, keyframes: int) -> Request:
    return Request(
        photos=Photos(person=str(person)),
        clip=CLIP,
        out=str(out),
        refiner="none",
        video="png",
        keyframes=keyframes,
    )


@pytest.fixture(scope="module")
def runs(plain_person, tmp_path_factory):
    """A run with every frame painted, and one with every third."""
    folder = tmp_path_factory.mktemp("runs")
    for every in (1, 3):
        generate(asked(plain_person, folder / str(every), every))
    return folder


def picture(folder, frame):
    return read_picture(folder / f"frames/{frame:06d}.png", least_side=1)


def files(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").glob("*.png"))}


def test_key_frames_are_painted_and_those_between_are_carried_near_to_what_painting_gives(runs):
    whole, carried = files(runs / "1"), files(runs / "3")
    assert whole.keys() == carried.keys()
    assert tuple(n for n, name in enumerate(whole) if whole[name] == carried[name]) == KEYS
    white = torch.ones(3, 1, 1)
    for frame in set(range(FRAMES)) - set(KEYS):
        true, made = (over(picture(runs / name, frame), white) for name in ("1", "3"))
        key = over(picture(runs / "1", min(KEYS, key=lambda one: abs(one - frame))), white)
        assert float((made - true).abs().mean()) < 0.25 * float((key - true).abs().mean())
    assert len(list((runs / "3" / "conditions/normals").iterdir())) == FRAMES


def test_a_stopped_run_goes_on_to_the_same_pixels(runs, plain_person, tmp_path):
    whole = files(runs / "3")
    out = tmp_path / "run"
    generate(asked(plain_person, out, 3))
    for frame in (3, 4):
        (out / f"frames/{frame:06d}.png").unlink()
    generate(asked(plain_person, out, 3))
    assert files(out) == whole


@pytest.mark.parametrize("keyframes", [0, -1, 2000])
def test_a_stride_that_is_none_is_refused(plain_person, tmp_path, keyframes):
    with pytest.raises(InputError, match=f"keyframes is {keyframes}; expected a whole number"):
        generate(asked(plain_person, tmp_path / "run", keyframes))


@dataclass(slots=True, kw_only=True)
class Counting:
    """The atlas, which writes down how many frames it was given together."""

    batch: int
    multiple: int = 1
    given: list[int] = field(default_factory=list[int])

    def paint(self, person, conditions, seed):
        self.given.append(len(conditions))
        return make().paint(person, conditions, seed)


@pytest.mark.parametrize(
    ("room", "batch", "given"),
    [(1, 4, [4, 4]), (1, 1, [1] * 8), (5, 3, [3, 3, 2])],
)
def test_a_backend_is_given_whole_batches_whatever_the_size_of_the_pictures(
    plain_person, tmp_path, monkeypatch, room, batch, given
):
    """With 800 x 1328 pixels a chunk has room for one frame."""
    monkeypatch.setattr("reimagine.film._CHUNK_PIXELS", room * 64 * 96)
    person = load_person(plain_person)
    clip = replace(CLIP, size="64x96")
    scene = make_scene(clip, find_motion(clip), person.body, person.surface)
    backend = Counting(batch=batch)
    with open_run(str(tmp_path / "run"), {"command": "test"}) as run:
        paint(run, person, scene, backend, seed=0, listener=SILENT)
    assert backend.given == given
