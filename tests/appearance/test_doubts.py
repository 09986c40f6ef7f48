"""Swapped photos and photos of two people are noticed."""

from dataclasses import replace
from pathlib import Path

import pytest

from reimagine.appearance.doubts import front_back_swapped, same_person_warning
from reimagine.appearance.matte import silhouette
from reimagine.appearance.photos import Picture, read_photos
from reimagine.request import Photos

Pairs = list[tuple[Picture, ...]]


@pytest.fixture(scope="module")
def people(shared_data: Path) -> Pairs:
    folder = shared_data / "references"
    return [
        tuple(
            replace(picture, mask=silhouette(picture))
            for picture in read_photos(Photos(reference=str(folder / f"{name}_kontext.png")))
        )
        for name in ("101812", "101936", "103729")
    ]


def test_swapped_photos_are_noticed(people: Pairs):
    for front, back in people:
        assert not front_back_swapped(front, back)
        assert front_back_swapped(back, front)


def test_one_person_gives_no_warning(people: Pairs):
    for front, back in people:
        assert same_person_warning(front, back) is None


def test_two_people_give_one_line(people: Pairs):
    for i, (front, _) in enumerate(people):
        _, back = people[(i + 1) % 3]
        warning = same_person_warning(front, back)
        assert warning is not None
        assert "look like different people" in warning
        assert "\n" not in warning
