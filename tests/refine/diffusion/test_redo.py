"""The drift guard on a model that makes a face another, and on one that does not."""

from dataclasses import dataclass, replace

import pytest
import torch
from einops import rearrange

from reimagine.refine.diffusion.clip import Plan, VideoRefiner
from reimagine.refine.diffusion.guard import MOST_COLOUR
from reimagine.refine.diffusion.places import Marks
from reimagine.refine.diffusion.sample import Hold, Span
from reimagine.refine.diffusion.schedule import flow_matching

PLAN = Plan(
    levels=flow_matching(0.5, 4, 3.0),
    span=Span(window=3, overlap=1),
    hold=Hold(outside=1.0),
    pixels=10**6,
    seed=1,
    surface=False,
)


@dataclass(frozen=True)
class Shifts:
    """Latents are 4 x 4 pixels of every second frame; the estimate is what was encoded, plus `by` from a frame on."""

    originals: torch.Tensor
    by: float
    since: int = 0
    stride: int = 2
    multiple: int = 8

    def encode(self, video):
        return rearrange(video[:, :: self.stride], "c t (h p) (w q) -> (c p q) t h w", p=4, q=4)

    def decode(self, latents):
        frames = rearrange(latents, "(c p q) t h w -> c t (h p) (w q)", p=4, q=4)
        return frames.repeat_interleave(self.stride, dim=1)[:, self.stride - 1 :]

    def denoise(self, noised, level):
        # A place that gets nothing but its own is told by its noise: here the shift is on all of it.
        del level
        return torch.full_like(noised, 0.5) + self.by


@pytest.fixture
def marks(turning):
    top = turning.seen.verts[0, :, 1] > 0.15
    return Marks(regions={"face": top}, seen=torch.ones(len(top)))


def refined(turning, marks, by, start=0, **others):
    model = Shifts(originals=turning.pictures, by=by)
    refiner = VideoRefiner(load=lambda: model, plan=replace(PLAN, **others), marks=marks)
    pictures = grey(turning)
    frames = list(refiner.steady(pictures.__getitem__, turning.see, len(pictures), start))
    return torch.stack(frames), refiner.notes


def grey(turning):
    """A model that believes in grey leaves it as it is."""
    return torch.cat([torch.full_like(turning.pictures[:, :3], 0.5), turning.pictures[:, 3:]], 1)


def in_face(turning, marks, pictures, frame):
    face = turning.seen.raster.face[frame]
    corner = turning.seen.faces.long()[face.clamp_min(0).long()]
    shown = (face >= 0) & marks.regions["face"][corner].all(dim=-1)
    return (pictures - grey(turning))[frame, :3][:, shown]


def test_a_face_that_drifts_is_brought_back_and_the_log_says_so(turning, marks):
    free, silent = refined(turning, marks, 0.07, guard=False)
    held, notes = refined(turning, marks, 0.07)
    assert silent == []
    assert notes[0].startswith("frames 0 to ")
    assert "face drifted by up to 0.07 in colour" in notes[0]
    for frame in range(len(held)):
        assert in_face(turning, marks, free, frame).median() > MOST_COLOUR
        assert in_face(turning, marks, held, frame).median() < MOST_COLOUR


def test_what_is_no_face_stays_refined(turning, marks):
    free, _ = refined(turning, marks, 0.07, guard=False)
    held, _ = refined(turning, marks, 0.07)
    below = slice(80, 100)
    assert torch.allclose(free[:, :, below], held[:, :, below], atol=1e-5)
    assert not torch.allclose(held[:, :, below], grey(turning)[:, :, below], atol=0.02)


def test_where_nothing_drifts_the_guard_changes_no_bit(turning, marks):
    free, _ = refined(turning, marks, 0.02, guard=False)
    held, notes = refined(turning, marks, 0.02)
    assert torch.equal(free, held)
    assert notes == []


def test_taken_up_in_the_middle_the_guarded_clip_is_the_same(turning, marks):
    whole, _ = refined(turning, marks, 0.07)
    for start in (3, 6):
        found, _ = refined(turning, marks, 0.07, start)
        assert torch.equal(found, whole[start:])


def test_held_altogether_the_guard_ends_after_two_times(turning, marks):
    """Where even the first time does not suffice, the second gives the originals."""
    held, notes = refined(turning, marks, 0.4)
    assert "2 of 2 times" in notes[0]
    assert all(in_face(turning, marks, held, k).abs().max() < 1e-3 for k in range(len(held)))


def test_without_a_surface_nothing_is_watched(turning):
    _, notes = refined(turning, None, 0.07)
    assert notes == []
