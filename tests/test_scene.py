from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reimagine.body.library import built_in_motion
from reimagine.errors import InputError
from reimagine.request import Clip
from reimagine.scene import HEIGHT_M, check_clip, plain_body
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


def test_a_shape_is_refused_for_a_body_that_has_none(smplx_file: Path):
    clip = Clip(body="smplx", body_model=str(smplx_file), shape=Shape(muscle=0.9))
    with pytest.raises(InputError, match="--muscle came with --body smplx"):
        check_clip(clip)
