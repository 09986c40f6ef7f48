from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reimagine.appearance.store import load_person
from reimagine.errors import InputError
from reimagine.people import (
    SURFACE,
    cache_folder,
    check_surface,
    find_person,
    keep_surface,
    person_for,
    shipped_people,
    with_height,
)
from reimagine.pictures import write_picture
from reimagine.progress import Progress
from reimagine.records import Person
from reimagine.request import Request
from reimagine.runs import open_run
from reimagine.settings import Photos


@pytest.fixture
def made(plain_person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Photos]:
    """The photos of every person that had to be made, in a cache of the test's own."""
    asked: list[Photos] = []

    def build(photos: Photos, **_: object) -> Person:
        asked.append(photos)
        return load_person(plain_person)

    monkeypatch.setenv("REIMAGINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("reimagine.people.build_person", build)
    write_picture(tmp_path / "a.png", load_person(plain_person).photos[0].rgb)
    write_picture(tmp_path / "b.png", load_person(plain_person).photos[0].rgb * 0.5)
    return asked


def test_the_same_photos_are_fitted_once_whatever_they_are_called(
    made: list[Photos], tmp_path: Path
):
    find_person(Photos(front=str(tmp_path / "a.png")))
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes())
    find_person(Photos(front=str(tmp_path / "c.png")))
    assert len(made) == 1
    find_person(Photos(front=str(tmp_path / "b.png")))
    find_person(Photos(front=str(tmp_path / "a.png"), back=str(tmp_path / "b.png")))
    assert len(made) == 3


@pytest.mark.usefixtures("made")
def test_a_person_whose_gender_was_told_is_another_one_and_what_was_told_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_person: Path
):
    told: list[object] = []

    def build(_photos: Photos, *, gender: float | None, **_: object) -> Person:
        told.append(gender)
        return load_person(plain_person)

    monkeypatch.setattr("reimagine.people.build_person", build)
    photos = Photos(front=str(tmp_path / "a.png"))
    for gender in (None, 0.0, 1.0, None, 0.0):
        find_person(photos, gender=gender)
    assert told == [None, 0.0, 1.0]
    for wrong in (1.5, float("nan")):
        with pytest.raises(InputError, match="gender is"):
            find_person(photos, gender=wrong)
    person_for(Request(photos=photos, gender=0.25))
    assert told[-1] == 0.25


def test_details_make_another_person_in_whatever_order_they_are_told(
    made: list[Photos], tmp_path: Path
):
    photos = Photos(front=str(tmp_path / "a.png"))
    for detail in ((), ("bun",), ("visor", "glasses"), ("glasses", "visor"), ("bun", "bun"), ()):
        find_person(replace(photos, detail=detail))
    assert [photos.detail for photos in made] == [(), ("bun",), ("visor", "glasses")]
    with pytest.raises(InputError, match="detail is 'hat'; expected bun, visor, glasses"):
        find_person(replace(photos, detail=("bun", "hat")))


def test_corrected_parts_and_further_photos_make_another_person(made: list[Photos], tmp_path: Path):
    names = [str(tmp_path / f"{name}.png") for name in ("f", "s", "p")]
    for name in names:
        write_picture(name, torch.zeros(3, 64, 64))
    front, side, parts = names
    every = [
        Photos(front=front),
        Photos(front=front, photo=(side,)),
        Photos(front=front, photo=(side, side)),
        Photos(front=front, photo=(side,), photo_azimuth_deg=(90.0,)),
        Photos(front=front, front_parts=parts),
    ]
    for photos in (*every, *every):
        find_person(photos)
    assert made == every
    Path(parts).write_bytes(Path(parts).read_bytes() + b" ")
    find_person(every[-1])
    assert made == [*every, every[-1]]


def test_another_matting_makes_another_person_and_so_does_a_change_of_its_code(
    made: list[Photos], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(str(tmp_path))
    code = tmp_path / "matting_of_mine.py"
    code.write_text("def make(device): return abs\n")
    plain = Photos(front=str(tmp_path / "a.png"))
    every = [plain, replace(plain, matting="grabcut")]
    every.append(replace(plain, matting="matting_of_mine:make"))
    for photos in (*every, *every):
        find_person(photos)
    assert made == every
    code.write_text("def make(device): return round\n")
    find_person(every[-1])
    assert made == [*every, every[-1]]
    with pytest.raises(InputError, match="matting is 'none'"):
        find_person(replace(plain, matting="none"))


def test_a_damaged_memory_is_made_again(made: list[Photos], tmp_path: Path):
    photos, said = Photos(front=str(tmp_path / "a.png")), list[str]()
    find_person(photos)
    next(cache_folder().rglob("person.json")).write_text("{")
    find_person(photos, Progress(say=said.append))
    assert len(made) == 2
    assert "damaged" in said[0]


def test_a_cache_that_cannot_be_written_costs_only_the_memory(made: list[Photos], tmp_path: Path):
    (tmp_path / "cache").write_text("a file where a folder should be")
    said: list[str] = []
    person = find_person(Photos(front=str(tmp_path / "a.png")), Progress(say=said.append))
    assert person.notes == ("A person made for a test.",)
    assert "not remembered" in said[0]
    assert len(made) == 1


def test_a_run_is_held_to_the_surface_that_it_was_begun_with(plain_person: Path, tmp_path: Path):
    person = load_person(plain_person)
    check_surface(tmp_path, person)  # of a run from before surfaces were kept nobody knows
    with open_run(tmp_path, {}) as run:
        keep_surface(run, person)
        before = (tmp_path / SURFACE).read_bytes()
        keep_surface(run, person)
        check_surface(tmp_path, with_height(person, person.body.height_m + 0.001))
        assert (tmp_path / SURFACE).read_bytes() == before
        for other in (
            with_height(person, person.body.height_m + 0.01),
            replace(person, surface=replace(person.surface, verts=person.surface.verts[:-1])),
        ):
            with pytest.raises(InputError, match="was begun with another person than is there now"):
                keep_surface(run, other)
    (tmp_path / SURFACE).write_text("[3")
    with pytest.raises(InputError, match="expected what a run keeps of its surface"):
        check_surface(tmp_path, person)


def test_of_everybody_who_ships_gender_and_details_are_told(
    monkeypatch: pytest.MonkeyPatch, plain_person: Path, tmp_path: Path
):
    told: list[object] = []

    def build(photos: Photos, *, gender: float | None, **_: object) -> Person:
        told.append((gender, photos.detail))
        return load_person(plain_person)

    monkeypatch.setenv("REIMAGINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("reimagine.people.build_person", build)
    for name in shipped_people():
        find_person(Photos(person=name))
    assert told == [(0.0, ()), (1.0, ("bun",))]
