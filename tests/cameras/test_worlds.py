"""Camera files whose world has another axis up than the motion's."""

from dataclasses import replace

import pytest
import torch

from reimagine.cameras.path import make_camera
from reimagine.cameras.project import project
from reimagine.cameras.worlds import UPS, camera_up, with_y_up
from reimagine.records import CameraPath
from reimagine.request import View

AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
# Where X, Y and Z of our world lie in a world with this axis up.
TURNS = {
    "y": ("x", "y", "z"),
    "z": ("x", "z", "-y"),
    "-y": ("x", "-y", "-z"),
    "-z": ("x", "-z", "y"),
    "x": ("-y", "x", "z"),
    "-x": ("y", "-x", "z"),
}
PERSON = torch.tensor([[[0.0, 0.1, 0.0], [0.0, 1.6, 0.0], [0.3, 1.2, 0.0]]])
"""Feet, head, left hand."""


def level(elevation_deg: float = 4.0) -> CameraPath:
    points = PERSON.expand(5, 3, 3)
    view = View(elevation_deg=elevation_deg, turns=0.4)
    return make_camera("orbit", view, points, 320, 512)


def theirs_from_ours(up: str) -> torch.Tensor:
    signed = [torch.tensor(AXES[name[-1]]) * (-1 if name[0] == "-" else 1) for name in TURNS[up]]
    return torch.stack(signed, 1)


@pytest.mark.parametrize("up", UPS)
def test_cameras_of_any_world_see_the_person_upright_again(up: str):
    camera = level()
    turn = theirs_from_ours(up)
    assert float(torch.linalg.det(turn)) == pytest.approx(1)
    theirs = replace(camera, R=camera.R @ turn.T, world="captured")
    assert camera_up(theirs) == up
    for found in (with_y_up(theirs, None), with_y_up(theirs, up)):
        points = PERSON.expand(5, 3, 3)
        assert torch.allclose(project(found, points), project(camera, points), atol=1e-3)
    notes = with_y_up(theirs, None).notes
    assert notes == () if up == "y" else f"{up.upper()} is up in the camera file" in notes[0]


def test_cameras_that_look_straight_down_do_not_tell_and_say_so():
    camera = level(60.0)
    assert camera_up(camera) is None
    same = with_y_up(camera, None)
    assert torch.equal(same.R, camera.R)
    assert "`camera_up` z" in same.notes[0]
    assert with_y_up(camera, "y") == camera
