"""The drift guard on a model that makes a face another, and on one that does not."""

from dataclasses import replace

import pytest
import torch

from reimagine.refine.diffusion.clip import VideoRefiner
from reimagine.refine.diffusion.guard import MOST_COLOUR
from reimagine.refine.diffusion.places import Marks


@pytest.fixture
def plan(make_plan):
    return make_plan(strength=0.5, window=3, overlap=1, surface=False)


@pytest.fixture
def marks(turning):
    top = turning.seen.verts[0, :, 1] > 0.15
    return Marks(regions={"face": top}, seen=torch.ones(len(top)))


@pytest.fixture
def refined(turning, halves, plan):
    def refine(marks, by, start=0, **others):
        refiner = VideoRefiner(
            load=lambda: halves(colour=by), plan=replace(plan, **others), marks=marks
        )
        pictures = grey(turning)
        frames = list(refiner.refine(pictures.__getitem__, turning.see, len(pictures), start))
        return torch.stack(frames), refiner.notes

    return refine


def grey(turning):
    """A model that believes in grey leaves it as it is."""
    return torch.cat([torch.full_like(turning.pictures[:, :3], 0.5), turning.pictures[:, 3:]], 1)


def in_face(turning, marks, pictures, frame):
    face = turning.seen.raster.face[frame]
    corner = turning.seen.faces.long()[face.clamp_min(0).long()]
    shown = (face >= 0) & marks.regions["face"][corner].all(dim=-1)
    return (pictures - grey(turning))[frame, :3][:, shown]


def test_a_face_that_drifts_is_brought_back_and_the_log_says_so(turning, marks, refined):
    free, silent = refined(marks, 0.07, guard=False)
    held, notes = refined(marks, 0.07)
    assert silent == []
    assert notes[0].startswith("frames 0 to ")
    assert "face drifted by up to 0.07 in colour" in notes[0]
    for frame in range(len(held)):
        assert in_face(turning, marks, free, frame).median() > MOST_COLOUR
        assert in_face(turning, marks, held, frame).median() < MOST_COLOUR


def test_what_is_no_face_stays_refined(turning, marks, refined):
    free, _ = refined(marks, 0.07, guard=False)
    held, _ = refined(marks, 0.07)
    below = slice(80, 100)
    assert torch.allclose(free[:, :, below], held[:, :, below], atol=1e-5)
    assert not torch.allclose(held[:, :, below], grey(turning)[:, :, below], atol=0.02)


def test_where_nothing_drifts_the_guard_changes_no_bit(marks, refined):
    free, _ = refined(marks, 0.02, guard=False)
    held, notes = refined(marks, 0.02)
    assert torch.equal(free, held)
    assert notes == []


def test_taken_up_in_the_middle_the_guarded_clip_is_the_same(marks, refined):
    whole, _ = refined(marks, 0.07)
    for start in (3, 6):
        found, _ = refined(marks, 0.07, start)
        assert torch.equal(found, whole[start:])


def test_held_altogether_the_guard_ends_after_two_times(turning, marks, refined):
    """Where even the first time does not suffice, the second gives the originals."""
    held, notes = refined(marks, 0.4)
    assert "2 of 2 times" in notes[0]
    assert all(in_face(turning, marks, held, k).abs().max() < 1e-3 for k in range(len(held)))


def test_without_a_surface_nothing_is_watched(refined):
    _, notes = refined(None, 0.07)
    assert notes == []
