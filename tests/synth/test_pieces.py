import torch

from reimagine.synth.pieces import (
    Piece,
    clip,
    components,
    smooth,
    subdivide,
    turn_in,
    vertex_normals,
)


def sheet(side=9):
    """A flat square from 0 to 1 in x and y, facing +Z, moved left by joint 0 and right by joint 1."""
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    verts = torch.stack([x, y, torch.zeros_like(x)], dim=-1).reshape(-1, 3)
    a = (torch.arange(side - 1)[:, None] * side + torch.arange(side - 1)).reshape(-1)
    faces = [torch.stack([a, a + 1, a + side], 1), torch.stack([a + 1, a + side + 1, a + side], 1)]
    weights = torch.zeros(len(verts), 55)
    weights[:, 0], weights[:, 1] = 1 - verts[:, 0], verts[:, 0]
    return Piece(verts=verts, faces=torch.cat(faces), weights=weights)


def area(piece):
    a, b, c = piece.verts[piece.faces].unbind(dim=1)
    return float(torch.linalg.cross(b - a, c - a)[:, 2].sum() / 2)


def test_a_cut_is_straight_and_the_two_sides_make_the_whole():
    piece = sheet()
    value = piece.verts[:, 0] * 0.8 + piece.verts[:, 1] * 0.3 - 0.41
    kept, rest = clip(piece, value), clip(piece, -value)
    assert abs(area(kept) + area(rest) - 1) < 1e-5
    there = kept.verts[:, 0] * 0.8 + kept.verts[:, 1] * 0.3 - 0.41
    assert there.min() > -1e-6


def test_cutting_keeps_what_vertices_carry_in_step_with_where_they_are():
    kept = clip(sheet(), sheet().verts[:, 0] - 0.33)
    assert torch.allclose(kept.weights[:, 1], kept.verts[:, 0], atol=1e-6)
    assert torch.allclose(kept.weights.sum(dim=1), torch.ones(len(kept.verts)))


def test_subdividing_makes_four_of_each_face_and_moves_nothing():
    piece = sheet()
    finer = subdivide(piece)
    assert len(finer.faces) == 4 * len(piece.faces)
    assert abs(area(finer) - 1) < 1e-5
    assert torch.allclose(finer.weights[:, 1], finer.verts[:, 0], atol=1e-6)


def test_a_flat_sheet_faces_one_way():
    piece = sheet()
    normals = vertex_normals(piece.verts, piece.faces)
    assert torch.allclose(normals, torch.tensor([0.0, 0, 1]).expand_as(normals))


def test_smoothing_flattens_a_bump_and_heeds_only_the_rim_along_the_rim():
    piece = sheet()
    bumped = piece.verts.clone()
    bumped[40, 2] = 0.5
    soft = smooth(Piece(verts=bumped, faces=piece.faces, weights=piece.weights), 10)
    assert soft[:, 2].max() < 0.1
    flat = smooth(piece, 10)
    rim = (piece.verts[:, :2].remainder(1) == 0).any(dim=1)
    assert torch.equal(soft[rim], flat[rim])


def test_rims_are_turned_in_behind_the_sheet():
    piece = sheet()
    turned = turn_in(piece, 0.01)
    rim = 4 * 8
    assert len(turned.verts) == len(piece.verts) + rim
    assert torch.allclose(turned.verts[len(piece.verts) :, 2], torch.tensor(-0.01))


def test_pieces_that_do_not_hang_together_are_told_apart():
    one = sheet(4)
    two = Piece(
        verts=torch.cat([one.verts, one.verts + 5]),
        faces=torch.cat([one.faces, one.faces + 16]),
        weights=one.weights.repeat(2, 1),
    )
    assert components(two).tolist() == [0] * 16 + [1] * 16
