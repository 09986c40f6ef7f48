"""Normals, neighbours, hollows and faces of a mesh, cut and made finer."""

import numpy as np
import pytest
import torch

from reimagine.appearance.mesh import averaging, cut, faces_within, hollows, normals_of, subdivide

SQUARE = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
"""0 and 2 lie beside all others, 1 and 3 not beside each other."""


def test_normals_of_a_body_point_outwards(body, signed_volume):
    verts = body.skin.verts.numpy()
    normals = normals_of(verts, body.skin.faces.numpy())
    grown = signed_volume(verts + 0.01 * normals, body.skin.faces.numpy())
    assert grown > signed_volume(verts, body.skin.faces.numpy())


def test_the_mean_over_neighbours_counts_each_once_and_the_vertex_itself():
    mean = averaging(5, SQUARE) @ np.array([4.0, 0, 0, 8, 7])
    assert np.allclose(mean, [3, 4 / 3, 3, 4, 7])


def test_faces_within_have_all_their_vertices_there():
    chosen = np.array([True, False, True, True])
    assert faces_within(torch.from_numpy(SQUARE), chosen).tolist() == [[0, 2, 3]]


def test_hollows_are_what_lies_below_its_neighbours():
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 21), np.linspace(-1, 1, 21)), -1).reshape(-1, 2)
    at = np.arange(440)[np.arange(440) % 21 < 20]
    faces = np.concatenate(
        [np.stack([at, at + 1, at + 21], 1), np.stack([at + 1, at + 22, at + 21], 1)]
    )
    faces = faces[(faces < 441).all(1)]
    for sign in (1, -1):
        bowl = np.concatenate([grid, sign * (grid**2).sum(1, keepdims=True)], 1)
        inside = np.abs(grid).max(1) < 0.9
        assert (sign * hollows(bowl, faces)[inside] > 0.01).all()
    flat = np.concatenate([grid, 0 * grid[:, :1]], 1)
    assert np.abs(hollows(flat, faces)).max() < 1e-6


def test_a_cut_parts_faces_along_the_line_where_values_are_zero():
    verts = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    values = verts[:, 0] - 0.25
    area = 0.0
    for sign, part in ((1, 0.75), (-1, 0.25)):
        faces, ends, share = cut(SQUARE, sign * values)
        new = verts[ends[:, 0]] + share[:, None] * (verts[ends[:, 1]] - verts[ends[:, 0]])
        assert np.allclose(new[:, 0], 0.25)
        corners = np.concatenate([verts, new])[faces]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2]
        assert (across > 0).all()  # faces keep their side
        assert across.sum() / 2 == pytest.approx(part)
        area += across.sum() / 2
    assert area == pytest.approx(1)


@pytest.mark.parametrize(("sign", "kept"), [(1, 2), (-1, 0)])
def test_a_cut_beside_the_mesh_keeps_all_or_nothing(sign, kept):
    faces, ends, share = cut(SQUARE, np.full(4, float(sign)))
    assert (len(faces), len(ends), len(share)) == (kept, 0, 0)


def test_finer_faces_are_rounder():
    octahedron = np.array(
        [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float
    )
    faces = np.array(
        [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    )
    finer, ends, placed = subdivide(octahedron, faces)
    assert (len(finer), len(ends), len(placed)) == (32, 12, 12)
    assert finer.max() == 17
    radius = np.linalg.norm(placed, axis=1)
    assert (radius > np.sqrt(0.5) + 0.2).all()
    assert (radius < 1.2).all()
    normals = normals_of(np.concatenate([octahedron, placed]), finer)
    assert ((normals * np.concatenate([octahedron, placed])).sum(1) > 0.9).all()
