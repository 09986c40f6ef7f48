import pytest
import torch

from reimagine.scores.articulated import explain

K = torch.tensor([[1000.0, 0, 256], [0, 1000.0, 416], [0, 0, 1]])
ARM = 13
"""Of 22 joints, whose chain is 9, 13, 16, 18, 20."""


def figure() -> torch.Tensor:
    """22 joints as of a person 4 m away, y down, and points beside them all."""
    x = [0, 0.1, -0.1, 0, 0.1, -0.1, 0, 0.1, -0.1, 0, 0.1, -0.1, 0, 0.06, -0.06, 0, 0.18, -0.18]
    y = [
        0,
        0.08,
        0.08,
        -0.1,
        0.5,
        0.5,
        -0.25,
        0.9,
        0.9,
        -0.35,
        0.95,
        0.95,
        -0.5,
        -0.42,
        -0.42,
        -0.6,
    ]
    x, y = [*x, 0.45, -0.45, 0.7, -0.7], [*y, -0.45, -0.45, -0.45, -0.45, -0.45, -0.45]
    z = [4.0] * 10 + [3.9, 3.9] + [4.0] * 10
    return torch.tensor([x, y, z]).T


def around(joints: torch.Tensor) -> torch.Tensor:
    """Points of the surface: at each joint, and at four places around it."""
    off = torch.tensor([[0, 0], [0.04, 0.01], [-0.04, 0.02], [0.01, 0.05], [-0.02, -0.05]])
    off = torch.cat([off, torch.full((5, 1), -0.05)], dim=1)
    return (joints[:, None] + off).reshape(-1, 3)


def pixels(points: torch.Tensor) -> torch.Tensor:
    on_plane = points @ K.T
    return on_plane[:, :2] / on_plane[:, 2:]


def certain(count: int) -> torch.Tensor:
    return torch.eye(2).expand(count, 2, 2).clone()


def test_a_move_of_the_whole_is_explained():
    points = around(figure())
    shift = pixels(points + torch.tensor([0.03, -0.02, 0.0])) - pixels(points)
    got = explain(points, figure(), shift, certain(len(points)), K)
    assert (got - shift).norm(dim=1).max() < 0.1


def test_a_turned_arm_is_explained_and_moves_nothing_else():
    joints, points = figure(), around(figure())
    angle = torch.tensor(0.05)
    turn = torch.eye(3)
    turn[0, 0] = turn[1, 1] = angle.cos()
    turn[0, 1], turn[1, 0] = -angle.sin(), angle.sin()
    arm = torch.arange(len(points)) // 5
    arm = (arm == 16) | (arm == 18) | (arm == 20)
    moved = points.clone()
    moved[arm] = (points[arm] - joints[16]) @ turn.T + joints[16]
    shift = pixels(moved) - pixels(points)
    got = explain(points, joints, shift, certain(len(points)), K)
    assert (got - shift)[arm].norm(dim=1).mean() < 0.1 * shift[arm].norm(dim=1).mean()
    assert got[~arm].norm(dim=1).mean() < 0.3


def test_a_belly_that_rises_while_hips_and_neck_stay_is_outvoted():
    points = around(figure())
    shift = torch.zeros(len(points), 2)
    shift[:5] = torch.tensor([0.0, -30.0])
    got = explain(points, figure(), shift, certain(len(points)), K)
    assert got.norm(dim=1).max() < 3


def test_what_is_unknown_goes_with_the_rest():
    points = around(figure())
    shift = pixels(points + torch.tensor([0.02, 0.0, 0.0])) - pixels(points)
    information = certain(len(points))
    information[-5:] = 0
    wrong = shift.clone()
    wrong[-5:] = 100
    got = explain(points, figure(), wrong, information, K)
    assert got == pytest.approx(shift, abs=0.2)


def test_nothing_known_moves_nothing():
    points = around(figure())
    nothing = torch.zeros(len(points), 2, 2)
    assert not explain(points, figure(), torch.ones(len(points), 2), nothing, K).any()
