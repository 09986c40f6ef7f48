import dataclasses

import numpy as np
import pytest
import torch

from reimagine.records import CameraPath
from reimagine.render.view import view_mesh
from reimagine.scores.clip import on_white
from reimagine.scores.steadiness import Carry, change, drift, mean_colour, mesh_carry, optical_carry


def test_a_pattern_that_moves_with_its_surface_has_almost_no_warping_error(ball):
    a, b = ball.seen(0), ball.seen(4)
    first, second = (on_white(ball.picture(seen)) for seen in (a, b))
    carry = mesh_carry(a, b)
    along = change(first, second, carry)
    still = change(first, second, Carry(xy=_identity(first), mask=carry.mask))
    assert along.squared < 0.01 * still.squared
    assert carry.mask.sum() > 0.8 * (a.raster.face >= 0).sum()


def test_a_frame_that_is_a_tenth_brighter_has_a_warping_error_of_a_hundredth(ball):
    seen = ball.seen(0)
    first = np.full((160, 160, 3), 0.4, np.float32)
    changed = change(first, first + np.float32(0.1), mesh_carry(seen, seen))
    assert changed.squared == pytest.approx(0.01, rel=1e-3)
    assert changed.absolute == pytest.approx(25.5, rel=1e-3)


def test_optical_flow_finds_a_shift(ball):
    picture = on_white(ball.picture(ball.seen(0)))
    moved = np.roll(picture, (3, 2), axis=(0, 1))
    foreground = (ball.seen(0).raster.face[0] >= 0).numpy()
    carry = optical_carry(picture, moved, foreground)
    flow = (carry.xy - _identity(picture))[carry.mask]
    assert np.median(flow, axis=0) == pytest.approx([2, 3], abs=0.1)
    assert change(picture, moved, carry).squared < 1e-3


def test_nothing_in_sight_measures_nothing():
    picture = np.zeros((40, 40, 3), np.float32)
    nothing = Carry(xy=_identity(picture), mask=np.zeros((40, 40), bool))
    assert np.isnan(change(picture, picture, nothing).squared)


def test_drift_is_the_distance_in_lab_from_the_first_second():
    colours = np.zeros((50, 3))
    colours[25:, 0] = 3.0
    colours[25:, 1] = 4.0
    assert drift(colours, fps=25) == pytest.approx([5.0] * 25)


def test_drift_of_a_short_clip_compares_halves():
    assert len(drift(np.zeros((6, 3)), fps=25)) == 3


def test_white_has_lightness_one_hundred():
    white = np.ones((8, 8, 3), np.float32)
    assert mean_colour(white, np.ones((8, 8), bool)) == pytest.approx([100, 0, 0], abs=0.05)
    assert np.isnan(mean_colour(white, np.zeros((8, 8), bool))).all()


@dataclasses.dataclass(frozen=True)
class _Layers:
    """A small dark square that moves before a bright wall, each of one colour: nothing changes but what is hidden."""

    shift_m: float

    def seen(self, finer: int = 1):
        verts = torch.tensor(
            [
                [x, y, z]
                for r, z, s in ((2.0, 4.0, 0.0), (0.3, 3.0, self.shift_m))
                for x, y in [(s - r, -r), (s - r, r), (s + r, r), (s + r, -r)]
            ]
        )
        faces = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]).int()
        K = torch.tensor(
            [[100.0 * finer, 0, 50 * finer], [0, 100.0 * finer, 50 * finer], [0, 0, 1]]
        )
        camera = CameraPath(
            K=K[None],
            R=torch.eye(3)[None],
            t=torch.zeros(1, 3),
            width=100 * finer,
            height=100 * finer,
        )
        return view_mesh(verts[None], faces, camera)

    def picture(self) -> np.ndarray:
        face = self.seen(4).raster.face[0]
        colour = torch.where(face < 2, 0.9, 0.1).reshape(100, 4, 100, 4).mean((1, 3))
        return colour[..., None].expand(-1, -1, 3).contiguous().numpy()


def test_what_comes_into_view_from_behind_something_is_no_flicker():
    before, after = _Layers(shift_m=0.0), _Layers(shift_m=0.1)
    carry = mesh_carry(before.seen(), after.seen())
    assert carry.mask.sum() > 0.85 * 100 * 100
    assert change(before.picture(), after.picture(), carry).squared < 1e-5


def _identity(picture: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    return np.stack([columns, rows], -1)


def test_carrying_there_and_back_is_staying(ball):
    a, b = ball.seen(0), ball.seen(3)
    there, back = mesh_carry(a, b), mesh_carry(b, a)
    y, x = (k[::50] for k in there.mask.nonzero())
    landed = there.xy[y, x].round().astype(int)
    known = back.mask[landed[:, 1], landed[:, 0]]
    returned = back.xy[landed[:, 1], landed[:, 0]][known]
    assert torch.tensor(returned - np.stack([x, y], -1)[known]).abs().max() < 1.0
