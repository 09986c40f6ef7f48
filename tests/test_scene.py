import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reimagine.body.library import built_in_motion
from reimagine.body.model import joint_positions
from reimagine.cameras.project import project
from reimagine.errors import InputError
from reimagine.request import Clip
from reimagine.scene import HEIGHT_M, check_clip, check_shape, make_scene, plain_body
from reimagine.settings import Shape

WALK = built_in_motion("walk", 1, 24.0)


def height_m(shape: Shape, height_m: float | None = None) -> float:
    return plain_body(WALK.betas, shape, height_m=height_m).height_m


def test_nobody_in_particular_has_the_usual_height():
    assert height_m(Shape()) == pytest.approx(HEIGHT_M)


def test_children_and_women_are_shorter_and_tall_men_taller():
    child, woman, man = Shape(age=0.33), Shape(gender=1.0), Shape(gender=0.0)
    tall = Shape(gender=0.0, height=0.8)
    heights = [height_m(shape) for shape in (child, woman, Shape(), man, tall)]
    assert heights == sorted(heights)
    assert heights[0] < 1.4 < 1.55 < heights[1]
    assert heights[3] < 1.85 < heights[4] < 2.2


def test_height_in_metres_wins():
    assert height_m(Shape(age=0.2, weight=1.0), height_m=1.9) == pytest.approx(1.9)


def test_every_number_changes_the_body_and_weight_makes_it_deeper():
    usual = plain_body(WALK.betas, Shape()).skin.verts
    for name in ("gender", "age", "muscle", "weight", "height", "proportions"):
        assert not torch.equal(plain_body(WALK.betas, Shape(**{name: 0.2})).skin.verts, usual)
    slim, stout = (
        plain_body(WALK.betas, Shape(weight=weight), height_m=1.7).skin.verts
        for weight in (0.0, 1.0)
    )
    belly = (usual[:, 1] > -0.35) & (usual[:, 1] < -0.1) & (usual[:, 0].abs() < 0.2)
    depths = [float(verts[belly, 2].max() - verts[belly, 2].min()) for verts in (slim, stout)]
    assert depths[1] > 1.05 * depths[0]


def test_the_motion_s_shape_numbers_count_where_nothing_was_asked():
    large = replace(WALK, betas=torch.tensor([2.0]))
    assert plain_body(large.betas, Shape()).height_m > HEIGHT_M + 0.1
    assert plain_body(large.betas, Shape(weight=0.5)).height_m == pytest.approx(HEIGHT_M)


def test_a_shape_is_refused_for_a_body_that_has_none():
    with pytest.raises(InputError, match="muscle came with body smplx"):
        check_shape(Shape(muscle=0.9), "smplx")


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (Shape(weight=1.5), "weight is 1.5; expected 0 to 1"),
        (Shape(age=float("nan")), "age is nan"),
        (Shape(height=1.8), "Give height_m for metres"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(shape: Shape, says: str):
    with pytest.raises(InputError, match=says):
        check_shape(shape, "anny")


def z_up_file(path: Path) -> str:
    """A nerfstudio camera 4 m before the person in a world with Z up, level."""
    matrix = [[1, 0, 0, 0], [0, 0, -1, -4], [0, 1, 0, 1], [0, 0, 0, 1]]
    lens = {"w": 640, "h": 1024, "fl_x": 600.0}
    path.write_text(
        json.dumps({**lens, "frames": [{"file_path": "a", "transform_matrix": matrix}]})
    )
    return str(path)


def test_a_camera_file_with_z_up_sees_the_person_stand_and_says_what_it_did(tmp_path: Path):
    clip = Clip(motion="apose", frames=1, camera=z_up_file(tmp_path / "t.json"), size="320x512")
    motion = built_in_motion("apose", 1, 24.0)
    body = plain_body(motion.betas, Shape())
    scene = make_scene(clip, motion, body, body.skin)
    at = project(scene.camera, joint_positions(body, scene.pose))[0]
    assert float(at[15, 1]) < float(at[0, 1]) - 20 < float(at[7, 1]) - 60
    assert float(at[16, 0]) > float(at[17, 0]) + 20  # seen from the front
    assert any("Z is up in the camera file" in note for note in scene.camera.notes)
    as_it_is = make_scene(replace(clip, camera_up="y"), motion, body, body.skin)
    flat = project(as_it_is.camera, joint_positions(body, as_it_is.pose))[0]
    assert abs(float(flat[15, 1] - flat[0, 1])) < 20
    assert as_it_is.camera.notes == ()


def test_a_captured_motion_and_its_camera_share_a_world(tmp_path: Path):
    clip = Clip(motion="apose", frames=1, camera=z_up_file(tmp_path / "t.json"), size="320x512")
    motion = replace(built_in_motion("apose", 1, 24.0), up="unknown")
    body = plain_body(motion.betas, Shape())
    scene = make_scene(clip, motion, body, body.skin)
    assert torch.equal(scene.motion.poses, motion.poses)
    assert scene.camera.notes == ()


def test_an_up_that_is_no_axis_is_refused():
    with pytest.raises(InputError, match="camera_up is 'up'; expected y, z, -y"):
        check_clip(Clip(camera_up="up"))
