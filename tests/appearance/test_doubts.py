"""Swapped photos and photos of two people are noticed."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from reimagine.appearance.doubts import (
    front_back_swapped,
    not_whole_warning,
    same_person_warning,
    upside_down_warning,
)
from reimagine.appearance.matte import silhouette
from reimagine.appearance.photos import Picture, read_photos
from reimagine.settings import Photos

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


@pytest.fixture(scope="module")
def shipped() -> Picture:
    folder = resources.files("reimagine") / "data" / "people" / "sam"
    (front,) = read_photos(Photos(front=str(folder / "front.png")))
    return replace(front, mask=silhouette(front))


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


def test_a_person_who_runs_out_of_the_picture_is_noticed(shipped: Picture):
    assert shipped.mask is not None
    assert not_whole_warning(shipped) is None
    tall = shipped.rgb.shape[1]
    waist = replace(shipped, rgb=shipped.rgb[:, : tall // 2], mask=shipped.mask[: tall // 2])
    line = not_whole_warning(waist)
    assert line is not None
    assert "front.png: the person runs out of the picture at the bottom" in line
    no_head = replace(shipped, rgb=shipped.rgb[:, tall // 4 :], mask=shipped.mask[tall // 4 :])
    assert "at the top" in str(not_whole_warning(no_head))


def test_a_photo_upside_down_is_noticed(shipped: Picture):
    assert shipped.mask is not None
    assert upside_down_warning(shipped) is None
    turned = replace(shipped, rgb=shipped.rgb.flip((1, 2)), mask=shipped.mask.flip((0, 1)))
    assert "upside down" in str(upside_down_warning(turned))


def test_real_photos_raise_no_doubt(people: Pairs):
    for front, back in people:
        assert upside_down_warning(front) is None
        assert not_whole_warning(front) is None
        assert not_whole_warning(back) is None
