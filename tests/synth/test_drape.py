import torch

from reimagine.synth.drape import hang, wrap


def barrel(radius_of_height, rows=200, spokes=200):
    y = torch.linspace(0, -0.5, rows)[:, None].expand(rows, spokes)
    turn = (torch.arange(spokes) / spokes * 2 * torch.pi).expand(rows, spokes)
    r = radius_of_height(y)
    return torch.stack([r * turn.sin(), y, r * turn.cos()], dim=-1).reshape(-1, 3)


def radii(points):
    return points[:, [0, 2]].norm(dim=1)


def test_cloth_on_a_cylinder_is_away_by_its_slack():
    body = barrel(lambda y: torch.full_like(y, 0.2))
    tube = hang(body, torch.zeros(48, 2), top_m=0.0, slack_m=0.015, taper=0.1)
    assert torch.allclose(radii(wrap(tube, body)), torch.tensor(0.215), atol=1e-3)


def test_cloth_does_not_follow_the_body_in():
    body = barrel(lambda y: 0.2 - 0.2 * (y < -0.25))
    tube = hang(body, torch.zeros(48, 2), top_m=0.0, slack_m=0.01, taper=0.1)
    low = torch.tensor([[0.05, -0.45, 0.0]])
    assert radii(wrap(tube, low)) > 0.21 - 0.1 * 0.3


def test_wrapping_keeps_heights_and_directions():
    body = barrel(lambda y: 0.2 + 0.1 * y)
    tube = hang(body, torch.zeros(48, 2), top_m=0.0, slack_m=0.01, taper=0.5)
    wrapped = wrap(tube, body)
    assert torch.equal(wrapped[:, 1], body[:, 1])
    sideways = wrapped[:, 0] * body[:, 2] - wrapped[:, 2] * body[:, 0]
    assert sideways.abs().max() < 1e-4
