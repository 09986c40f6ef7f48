import torch

from reimagine.refine.optical import optical_flow


def texture(height=96, width=128):
    chance = torch.Generator().manual_seed(2)
    coarse = torch.rand(1, 3, height // 4, width // 4, generator=chance)
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")[0].clamp(0, 1)


def test_a_shift_is_found_and_exposure_is_not_taken_for_motion():
    wide = texture(96, 160)
    a, b = wide[:, :, 10:138], 0.8 * wide[:, :, 7:135]
    flow = optical_flow(a, b)
    x = torch.arange(128) + 0.5
    moved = flow.target[20:-20, 20:-20, 0] - x[20:-20]
    assert (moved.median() - 3).abs() < 0.1
    assert flow.visible[20:-20, 20:-20].float().mean() > 0.9


def test_what_is_covered_is_less_visible_than_the_rest():
    a = texture()
    b = a.clone()
    b[:, 30:66, 40:88] = texture().flip(2)[:, 30:66, 40:88].flip(1)
    visible = optical_flow(a, b).visible
    assert visible[40:56, 50:78].float().mean() < 0.8
    assert visible[:20].float().mean() > 0.95


def test_tiny_pictures_are_left_alone():
    assert not bool(optical_flow(torch.rand(3, 8, 8), torch.rand(3, 8, 8)).visible.any())
