import torch

from reimagine.frames.matte import key_white


def over_white(rgba):
    return rgba[:, :3] * rgba[:, 3:] + 1 - rgba[:, 3:]


def test_over_white_any_picture_is_itself_again():
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(2, 3, 8, 8, generator=generator)
    near, inside = (torch.rand(2, 8, 8, generator=generator).round() for _ in range(2))
    assert torch.allclose(over_white(key_white(pictures, near, inside)), pictures, atol=1e-5)


def test_white_far_from_the_person_is_transparent_and_within_it_opaque():
    white = torch.ones(1, 3, 2, 2)
    none, whole = torch.zeros(1, 2, 2), torch.ones(1, 2, 2)
    assert float(key_white(white, none, none)[:, 3].max()) == 0
    assert float(key_white(white, whole, none)[:, 3].max()) == 0
    assert float(key_white(white, whole, whole)[:, 3].min()) == 1


def test_skin_near_the_person_is_opaque_and_a_shadow_far_away_is_not():
    skin = torch.tensor([0.9, 0.75, 0.7])[None, :, None, None].expand(1, 3, 2, 2)
    shadow = torch.full((1, 3, 2, 2), 0.8)
    none, whole = torch.zeros(1, 2, 2), torch.ones(1, 2, 2)
    assert float(key_white(skin, whole, none)[:, 3].min()) == 1
    rgba = key_white(shadow, none, none)
    assert torch.allclose(rgba[:, 3], torch.tensor(0.2), atol=1e-5)
    assert float(rgba[:, :3].max()) < 1e-5
