"""The ball wears two photos: its front and its back, each seen from its own side."""

import dataclasses

import numpy as np
import pytest
import torch

from reimagine.scores.clip import Clip, on_white
from reimagine.scores.likeness import SURE, carry, lay, likeness
from reimagine.scores.measure import score_clip
from reimagine.scores.page import page
from reimagine.scores.report import markdown


def _found(person, ball, degrees, picture=None, photo=0):
    seen = ball.seen(degrees)
    painted = ball.picture(seen) if picture is None else picture
    return likeness(on_white(painted), carry(lay(person)[photo], seen))


def test_a_true_painting_is_like_the_photo_from_another_side_too(person, ball):
    for degrees in (0.0, 25.0):
        found = _found(person, ball, degrees)
        assert found.psnr_db > 30
        assert found.ssim > 0.95


def test_the_back_is_compared_with_the_back_photo(person, ball):
    assert _found(person, ball, 180.0, photo=1).psnr_db > 30
    assert np.isnan(_found(person, ball, 180.0, photo=0).psnr_db)
    assert np.isnan(_found(person, ball, 0.0, photo=1).ssim)


def test_a_painting_that_has_moved_is_less_like(person, ball):
    before = _found(person, ball, 0.0)
    moved = _found(person, ball, 0.0, ball.picture(ball.seen()).roll(4, 2))
    further = _found(person, ball, 0.0, ball.picture(ball.seen()).roll(8, 2))
    assert before.ssim - 0.1 > moved.ssim > further.ssim
    assert before.psnr_db - 5 > moved.psnr_db > further.psnr_db


def test_other_colours_are_less_like_by_as_much_as_they_differ(person, ball):
    picture = ball.picture(ball.seen())
    picture[:3] += 0.1
    assert _found(person, ball, 0.0, picture).psnr_db == pytest.approx(20, abs=0.5)


def test_what_no_photo_shows_does_not_count(person, ball):
    seen = ball.seen()
    carried = carry(lay(person)[0], seen)
    painted = on_white(ball.picture(seen))
    ruined = np.where(carried.shown[..., None], painted, 0.0).astype(np.float32)
    one, other = (likeness(picture, carried) for picture in (painted, ruined))
    assert (one.psnr_db, one.ssim) == (other.psnr_db, other.ssim)


def test_a_place_counts_only_where_the_photos_really_show_it(person, ball):
    seen = ball.seen()
    guessed = dataclasses.replace(person, seen=torch.full_like(person.seen, SURE - 0.01))
    assert carry(lay(person)[0], seen).shown.any()
    assert not carry(lay(guessed)[0], seen).shown.any()
    unknown = dataclasses.replace(person, photo_xy=torch.full_like(person.photo_xy, torch.nan))
    assert not carry(lay(unknown)[0], seen).shown.any()


def test_a_clip_has_figures_for_front_and_back_apart(person, ball):
    def painted(frame):
        return ball.picture(ball.seen(90.0 * frame))

    clip = Clip(
        name="ball",
        frames=3,
        fps=24.0,
        painted=painted,
        see=lambda start, _: ball.seen(90.0 * start),
        person=person,
    )
    scores = score_clip(clip)
    front, back = (scores.figures[f"likeness.{side}_psnr_db"] for side in ("front", "back"))
    assert front.values[0] > 30
    assert back.values[2] > 30
    assert np.isnan(front.values[2])
    assert "likeness.back_ssim" in markdown([scores])
    assert "likeness.front_ssim" in page([scores], [painted])
