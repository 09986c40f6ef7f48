"""Shoes are as broad as feet, and smooth."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial import ConvexHull

from reimagine.appearance.piece import Piece
from reimagine.appearance.plane import regions_of
from reimagine.appearance.shoes import shoe, sink_foot
from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body


def below_own_hull(verts: np.ndarray) -> np.ndarray:
    """How deep each vertex lies inside the convex hull of all, metres."""
    *normals, offset = ConvexHull(verts).equations.T
    return -(verts @ np.stack(normals) + offset).max(1)


@pytest.fixture(scope="module")
def foot() -> Piece:
    skin = anny_body(DEFAULT_PHENOTYPE, 1.7).skin
    faces = skin.faces.long()
    own = torch.from_numpy(regions_of(skin) == 11)
    kept, index = faces[own[faces].all(1)].unique(return_inverse=True)
    patch = type(skin)(
        verts=skin.verts[kept],
        faces=index.int(),
        weight_joints=skin.weight_joints[kept],
        weights=skin.weights[kept],
    )
    return Piece(name="left_foot", skin=patch, part=5, regions=(11,))


def test_shoes_have_no_toes_and_hold_the_foot(foot):
    bare, shod = (piece.skin.verts.numpy() for piece in (foot, shoe(foot)))
    low = bare[:, 1] < bare[:, 1].min() + 0.05
    assert np.quantile(below_own_hull(bare[low]), 0.8) > 0.004  # between the toes, under the arch
    assert np.quantile(below_own_hull(shod[low]), 0.8) < 0.004
    assert (np.ptp(shod, axis=0) > np.ptp(bare, axis=0)).all()
    assert abs(shod[:, 2].max() - bare[:, 2].max()) < 0.01
    # Where toes are flat, a shoe is as high as four centimetres.
    tip = shod[shod[:, 2] > shod[:, 2].max() - 0.03]
    assert 0.03 < np.ptp(tip[:, 1]) < 0.06
    # The leg above the ankle stays.
    high = bare[:, 1] > bare[:, 1].min() + 0.10
    assert np.abs(shod[high] - bare[high]).max() < 0.005


def test_a_foot_keeps_inside_the_trousers_that_cover_it(foot):
    verts = foot.skin.verts
    hem = float(verts[:, 1].min()) + 0.05
    leg = replace(foot.skin, verts=torch.tensor([[0.1, hem, 0.0], [0.1, 0.5, 0.0]]))
    drawn = sink_foot(foot, leg).skin.verts
    moved = (drawn - verts).norm(dim=1)
    assert moved[verts[:, 1] < hem].max() == 0
    high = verts[:, 1] > hem + 0.02
    assert torch.allclose(moved[high], torch.tensor(0.015), atol=1e-4)
    middle = verts[high].mean(0)
    assert (
        (drawn - middle)[high].norm(dim=1) < (verts - middle)[high].norm(dim=1)
    ).float().mean() > 0.95
