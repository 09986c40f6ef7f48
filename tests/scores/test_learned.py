"""The face of a ball: what its front photo shows of it."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from reimagine.errors import InputError
from reimagine.records import PARTS
from reimagine.scores.clip import Clip
from reimagine.scores.learned import Networks, with_pairs
from reimagine.scores.measure import Scores
from reimagine.scores.networks import load_network

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
NOTHING = Scores(name="ball", clips=1, frames=3, fps=24.0, figures={}, joints_mm={})


class Thumb(nn.Module):
    """A picture of 8 x 8, less its mean."""

    def forward(self, faces: Tensor) -> Tensor:
        small = torch.nn.functional.adaptive_avg_pool2d(faces, 8).flatten(1)
        return small - small.mean(dim=1, keepdim=True)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "thumb.pt"
    torch.jit.script(Thumb()).save(str(path))
    return Networks(identity=load_network(path, "--identity-weights"))


@pytest.fixture
def clip(ball, person):
    """SurfaceView from the front, a little aside, and from behind; its face is the middle of the front."""
    degrees = (0.0, 10.0, 180.0)
    face = ball.verts[:, 2] < -0.4
    part = torch.where(face, PARTS.index("face"), PARTS.index("skin"))
    return Clip(
        name="ball",
        frames=3,
        fps=24.0,
        painted=lambda frame: ball.picture(ball.seen(degrees[frame])),
        see=lambda start, _: ball.seen(degrees[start]),
        person=dataclasses.replace(person, part=part),
    )


def _values(clip, networks):
    return with_pairs(NOTHING, clip, networks).figures["perceptual.identity"].values


def test_the_own_face_is_known_again_and_the_back_of_the_head_left_out(clip, networks):
    front, aside, behind = _values(clip, networks)
    assert front > 0.95
    assert front > aside > 0.3
    assert behind != behind


def test_another_face_is_not_known_again(clip, networks, ball):
    other = dataclasses.replace(
        clip, painted=lambda _: ball.picture(ball.seen(0.0), ball.colours.flip(1, 0))
    )
    assert _values(other, networks)[0] < 0.5


def test_a_person_without_a_face_is_refused(clip, networks):
    bare = dataclasses.replace(clip.person, part=torch.zeros_like(clip.person.part))
    with pytest.raises(InputError, match="shows a face"):
        _values(dataclasses.replace(clip, person=bare), networks)


def test_a_clip_that_never_shows_the_face_is_refused(clip, networks, ball):
    behind = dataclasses.replace(clip, see=lambda *_: ball.seen(180.0))
    with pytest.raises(InputError, match="no frame of ball shows the face"):
        _values(behind, networks)
