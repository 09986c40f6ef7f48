import json
from collections import Counter
from dataclasses import asdict

from reimagine.synth.canon.footwear import SHOES
from reimagine.synth.canon.headwear import STYLES
from reimagine.synth.canon.traits import FOOTWEAR, MONK, draw, split_of
from reimagine.synth.canon.wardrobe import GARMENTS


def test_a_person_is_the_same_whoever_asks_and_others_for_another_seed():
    assert draw(3, 41) == draw(3, 41)
    assert draw(3, 41) != draw(4, 41)
    assert json.loads(json.dumps(asdict(draw(0, 0))))["index"] == 0


def test_every_block_of_people_has_each_tone_style_and_shoe_once():
    people = [draw(0, index) for index in range(len(STYLES) * 10)]
    assert set(Counter(one.monk for one in people).values()) == {len(people) // len(MONK)}
    assert set(Counter(one.hair_style for one in people).values()) == {10}
    shoes = Counter(one.footwear for one in people[: len(FOOTWEAR)])
    assert all(count <= 2 for count in shoes.values())  # children get no heels
    assert set(shoes) <= {*SHOES, "socks", "bare feet"}


def test_every_garment_is_worn_and_nobody_goes_without_clothes():
    people = [draw(1, index) for index in range(3 * len(GARMENTS))]
    worn = {
        name for one in people for name in (one.outfit.top, one.outfit.bottom, one.outfit.outer)
    }
    assert worn >= set(GARMENTS)
    for one in people:
        top, bottom = one.outfit.top, one.outfit.bottom
        assert top is not None
        assert bottom is not None or (GARMENTS[top].hem or 0) >= 0.7


def test_ages_run_from_five_to_ninety_and_a_third_of_the_colours_are_hard_to_tell_apart():
    people = [draw(2, index) for index in range(240)]
    ages = [one.age_years for one in people]
    assert min(ages) < 8
    assert max(ages) > 82
    assert all(5 <= age <= 90 for age in ages)
    assert sum(one.clash != "free" for one in people) == 80


def test_every_tenth_person_is_held_out():
    assert [split_of(index) for index in range(8, 11)] == ["train", "test", "train"]
