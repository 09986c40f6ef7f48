"""Cloth may swing where there is room between it and the body."""

from dataclasses import replace

import pytest
import torch

from reimagine.appearance.loose import loose
from reimagine.appearance.plane import regions_of
from reimagine.body.facing import vertex_normals
from reimagine.body.library import built_in_motion
from reimagine.body.model import pose_body
from reimagine.records import PARTS, Body, Skin


def loosened(body: Body, off_m: torch.Tensor, part: str) -> torch.Tensor:
    """How loose the body's own skin is when it stands so far off it, and is all of one part."""
    skin = body.skin
    out = vertex_normals(skin.verts[None], skin.faces)[0]
    away = replace(skin, verts=skin.verts + off_m[:, None] * out)
    kind = torch.full((len(skin.verts),), PARTS.index(part))
    return loose(away, kind, body, pose_body(body, built_in_motion("apose", 1, 24.0)))


def test_tight_clothes_do_not_swing_and_wide_ones_do(body):
    shins = torch.from_numpy(regions_of(body.skin) == 10)
    tight = loosened(body, torch.full((len(shins),), 0.01), "lower")
    wide = loosened(body, torch.where(shins, 0.07, 0.01), "lower")
    assert float(tight.max()) < 1e-3
    assert float(wide[shins].median()) > 0.01
    assert float(wide.max()) <= 0.8 * (0.07 - 0.025) + 1e-3
    away = torch.from_numpy(regions_of(body.skin) == 3)
    assert float(wide[away].max()) < 1e-3


@pytest.mark.parametrize("part", ["skin", "face", "shoes"])
def test_only_cloth_and_hair_swing(body, part):
    assert float(loosened(body, torch.full((len(body.skin.verts),), 0.07), part).max()) == 0


def test_hair_swings_below_the_ears(body):
    height = body.skin.verts[:, 1]
    hair = loosened(body, torch.full((len(height),), 0.07), "hair")
    assert float(hair[height > body.joints[15, 1]].max()) == 0
    chest = (height - body.joints[9, 1]).abs() < 0.05
    assert float(hair[chest].median()) > 0.01


def test_a_tail_swings_from_the_tie_on_as_a_whole(body):
    joint = body.joints[15]
    back = float(body.skin.verts[torch.from_numpy(regions_of(body.skin) == 0), 2].min())
    rows, sides = 41, 12
    down = torch.linspace(0.04, -0.12, rows)[:, None].expand(rows, sides)
    turn = (torch.arange(sides) / sides * 2 * torch.pi).expand(rows, sides)
    ring = torch.stack([turn.sin(), 0 * turn, turn.cos()], -1) * 0.03
    verts = ring + torch.stack([0 * down, down + joint[1], 0 * down + back - 0.04], -1)
    here = torch.arange((rows - 1) * sides)
    right = here // sides * sides + (here + 1) % sides
    faces = [torch.stack([here, here + sides, right], 1)]
    faces += [torch.stack([right, here + sides, right + sides], 1)]
    surface = Skin(
        verts=verts.reshape(-1, 3),
        faces=torch.cat(faces).int(),
        weight_joints=torch.full((rows * sides, 1), 15, dtype=body.skin.weight_joints.dtype),
        weights=torch.ones(rows * sides, 1),
    )
    hair = torch.full((rows * sides,), PARTS.index("hair"))
    pose = pose_body(body, built_in_motion("apose", 1, 24.0))
    swings = loose(surface, hair, body, pose, hair > 0).view(rows, sides)
    still = loose(surface, hair, body, pose).view(rows, sides)
    assert float(swings[:2].max()) < 0.003
    assert float(swings[-8:].min()) > 0.01
    assert float(swings.std(1).max()) < 0.002
    assert float(swings.mean()) > 2 * float(still.mean())
