import numpy as np
import pytest
import torch

from reimagine.render.flow import flow_between
from reimagine.scores.crop import (
    BEFORE_SCENERY,
    MARGIN,
    Crop,
    crop_around,
    cut_picture,
    cut_seen,
    moved_to,
)


def _person(top=70, bottom=80, left=60, right=66):
    picture = torch.zeros(4, 160, 200)
    picture[:, top:bottom, left:right] = 1
    return picture


def test_a_crop_holds_what_any_picture_shows_and_a_margin():
    crop = crop_around([_person(), _person(top=50, right=90)], None)
    assert crop == Crop(top=50 - MARGIN, bottom=80 + MARGIN, left=60 - MARGIN, right=90 + MARGIN)


def test_a_person_before_scenery_has_more_around():
    scenery = torch.rand(3, 160, 200, generator=torch.Generator().manual_seed(0))
    plain = torch.full((3, 160, 200), 0.5)
    assert crop_around([_person(), plain], None).top == 70 - MARGIN
    assert crop_around([_person(), scenery], None).top == 70 - BEFORE_SCENERY


def test_where_nothing_says_who_the_person_is_all_is_taken():
    whole = Crop(top=0, bottom=160, left=0, right=200)
    assert crop_around([torch.rand(3, 160, 200)], None) == whole
    assert crop_around([torch.zeros(4, 160, 200)], None) == whole


def test_a_crop_moved_to_another_one_is_that_part_of_the_frame():
    frame = np.ones((40, 50, 3), np.float32)
    frame[15:20, 20:25] = 0.3
    own = Crop(top=10, bottom=30, left=5, right=40)
    other = Crop(top=0, bottom=25, left=12, right=50)
    assert np.array_equal(moved_to(frame[own.inside], own, other), frame[other.inside])
    far = Crop(top=32, bottom=40, left=42, right=50)
    assert np.array_equal(moved_to(frame[own.inside], own, far), frame[far.inside])


def test_flow_between_crops_is_that_between_the_frames_they_are_of(ball):
    frames = ball.seen(), ball.seen(4.0)
    crops = (
        Crop(top=8, bottom=150, left=4, right=140),
        Crop(top=0, bottom=160, left=10, right=160),
    )
    cut = [cut_seen(seen, crop) for seen, crop in zip(frames, crops, strict=True)]
    whole, part = flow_between(*frames), flow_between(*cut)
    corner = torch.tensor([crops[1].left, crops[1].top])
    expected = whole.target[crops[0].inside] - corner
    seen = part.visible
    assert bool(seen.any())
    assert (part.target - expected)[seen].abs().max().item() == pytest.approx(0, abs=1e-3)
    # What lies beyond the second crop is not in sight there.
    inside = expected[..., 0] > 0
    assert torch.equal(seen, whole.visible[crops[0].inside] & inside)


def test_a_cut_picture_is_that_part():
    picture = torch.rand(4, 20, 30)
    crop = Crop(top=3, bottom=9, left=5, right=6)
    assert torch.equal(cut_picture(picture, crop), picture[:, 3:9, 5:6])
