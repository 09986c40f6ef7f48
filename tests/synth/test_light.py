import math

import torch

from reimagine.synth.light import BOUNCE, shine, sphere, unshadowed


def test_directions_are_even():
    directions = sphere(500)
    assert torch.allclose(directions.norm(dim=1), torch.ones(500))
    assert directions.mean(dim=0).abs().max() < 0.01


def test_with_nothing_in_the_way_all_light_arrives():
    far = torch.tensor([[0.0, 50, 0], [1, 50, 0], [0, 50, 1]])
    normals = torch.nn.functional.normalize(torch.tensor([[0.3, 0.4, 1.0], [0, 0, -1]]), dim=1)
    got = shine(far, torch.tensor([[0, 1, 2]]), torch.zeros(2, 3), normals, 0.0)
    assert torch.allclose(got, unshadowed(normals, 0.0), atol=1e-5)


def test_in_a_closed_box_only_the_bounce_is_left():
    corners = torch.tensor([[x, y, z] for x in (-1.0, 1) for y in (-1.0, 1) for z in (-1.0, 1)])
    quads = [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
    faces = torch.tensor([f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))])
    normal = torch.tensor([[0.0, 0, 1]])
    got = shine(corners, faces, torch.zeros(1, 3), normal, 0.0)
    assert torch.allclose(got, unshadowed(normal, 0.0) * torch.tensor(BOUNCE), atol=1e-4)


def test_the_light_turns_with_the_camera():
    front, back = torch.tensor([[0.0, 0, 1]]), torch.tensor([[0.0, 0, -1]])
    assert torch.allclose(unshadowed(front, 0.0), unshadowed(back, math.pi), rtol=0.05)
