"""Starting noise that moves with the body. That each frame is white is tested in tests/cameras/test_surface_noise.py."""

import math

import torch

from reimagine.frames.noise import noise_on_surface

CHANNELS, SIDE = 16, 4
STEP_M = SIDE * 1.5 / (1.2 * 128)
"""One latent pixel a frame, at the distance of the ball's front."""


def noise(person, conditions, seed=0):
    return noise_on_surface(person, conditions, seed=seed, channels=CHANNELS, side=SIDE)


def alike(one, two):
    return float(torch.corrcoef(torch.stack([one.flatten(), two.flatten()]))[0, 1])


def test_it_moves_with_the_body_and_stays_elsewhere(person, scene):
    conditions = scene(person, 3, step_m=STEP_M)
    made = noise(person, conditions)
    assert made.shape == (3, CHANNELS, 32, 24)
    # The middle of its front, where all moves by a latent pixel a frame.
    middle, moved = made[0, :, 12:20, 10:14], made[2, :, 12:20, 12:16]
    assert alike(middle, moved) > 0.5
    assert abs(alike(middle, made[2, :, 12:20, 10:14])) < 0.2
    bare = (conditions.raster.face < 0).all(dim=0)
    bare = torch.nn.functional.avg_pool2d(bare[None].float(), SIDE)[0] == 1
    assert int(bare.sum()) > 50
    assert torch.equal(made[0][:, bare], made[2][:, bare])


def test_a_frame_has_the_same_noise_alone_and_among_others(person, scene):
    together = noise(person, scene(person, 3, step_m=STEP_M))
    assert torch.equal(together[:1], noise(person, scene(person, 1)))


def test_each_frame_is_white_and_each_seed_another(person, scene):
    made, other = (noise(person, scene(person), seed=seed) for seed in (0, 1))
    assert abs(float(made.var()) - 1) < 4 * math.sqrt(2 / made.numel())
    assert abs(alike(made, other)) < 4 / math.sqrt(made.numel())
    assert abs(alike(made[:, :, 1:], made[:, :, :-1])) < 4 / math.sqrt(made.numel())
