"""Normals, neighbours and faces of a mesh."""

import numpy as np
import torch

from reimagine.appearance.mesh import averaging, faces_within, normals_of

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
