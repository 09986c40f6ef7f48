import math

import pytest
import torch

from reimagine.records import CameraPath
from reimagine.render.flow import mesh_flow
from reimagine.render.surface_noise import Grain, parts_needed, surface_noise
from reimagine.render.view import view_mesh

ROWS, COLUMNS = 56, 48


@pytest.fixture(scope="module")
def sliding():
    """A square wall of many small faces that moves by exactly one latent pixel (4 pixels) a frame."""
    cells, frames = 120, 4
    at = torch.linspace(-1.2, 1.2, cells + 1)
    y, x = torch.meshgrid(at, at, indexing="ij")
    rest = torch.stack([x, y, torch.zeros_like(x)], dim=-1).reshape(-1, 3)
    corner = (torch.arange(cells)[:, None] * (cells + 1) + torch.arange(cells)).reshape(-1)
    faces = torch.cat(
        [
            torch.stack([corner, corner + 1, corner + cells + 1], dim=1),
            torch.stack([corner + 1, corner + cells + 2, corner + cells + 1], dim=1),
        ]
    ).int()
    width, height, focal, away = COLUMNS * 4, ROWS * 4, 100.0, 1.5
    step = 4 * away / focal
    moved = torch.arange(frames)[:, None, None] * torch.tensor([step, 0, 0])
    K = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    camera = CameraPath(
        K=K.expand(frames, 3, 3),
        R=torch.diag(torch.tensor([1.0, -1, -1])).expand(frames, 3, 3),
        t=torch.tensor([0, 0, away]).expand(frames, 3),
        width=width,
        height=height,
    )
    return view_mesh(rest + moved, faces, camera)


def noise_of(seen, frame, seed=0, channels=16):
    parts = parts_needed(seen.raster, ROWS, COLUMNS)
    grain = Grain(seed=seed, channels=channels, rows=ROWS, columns=COLUMNS, parts=parts)
    return surface_noise(seen.raster, frame, frame, grain)


def test_each_frame_is_white(sliding):
    noise = noise_of(sliding, 1)
    numbers = noise.numel()
    assert abs(float(noise.mean())) < 4 / math.sqrt(numbers)
    assert abs(float(noise.var()) - 1) < 4 * math.sqrt(2 / numbers)
    # Fourth moment of a Gaussian: 3, with variance 96 / n.
    assert abs(float(noise.pow(4).mean()) - 3) < 4 * math.sqrt(96 / numbers)
    for down, right in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0)):
        one = noise[:, down:, right:]
        two = noise[:, : ROWS - down, : COLUMNS - right]
        assert abs(float((one * two).mean())) < 4 / math.sqrt(one.numel())
    across = torch.corrcoef(noise.flatten(1)) - torch.eye(len(noise))
    assert across.abs().max() < 5 / math.sqrt(ROWS * COLUMNS)


def test_a_point_of_the_body_takes_its_noise_along(sliding):
    before, after = noise_of(sliding, 0), noise_of(sliding, 2)
    flow = mesh_flow(sliding, 0, 2).target[2::4, 2::4] / 4
    known = torch.isfinite(flow).all(dim=-1)
    x = flow[..., 0].nan_to_num().floor().long().clamp(0, COLUMNS - 1)
    y = flow[..., 1].nan_to_num().floor().long().clamp(0, ROWS - 1)
    known &= (flow[..., 0] < COLUMNS) & (flow[..., 0] >= 0)
    carried = torch.corrcoef(
        torch.stack([before[:, known].flatten(), after[:, y, x][:, known].flatten()])
    )
    still = torch.corrcoef(torch.stack([before[:, known].flatten(), after[:, known].flatten()]))
    assert float(carried[0, 1]) > 0.6
    assert abs(float(still[0, 1])) < 0.05


def test_beyond_the_body_it_is_another_in_each_frame(sliding):
    bare = (sliding.raster.face[:2] < 0)[:, 2::4, 2::4].all(dim=0)
    one, two = (noise_of(sliding, frame)[:, bare].flatten() for frame in (0, 1))
    assert abs(float(torch.corrcoef(torch.stack([one, two]))[0, 1])) < 4 / math.sqrt(len(one))


def test_equal_seeds_give_equal_bits_and_others_other_noise(sliding):
    assert torch.equal(noise_of(sliding, 0, seed=7), noise_of(sliding, 0, seed=7))
    both = torch.stack([noise_of(sliding, 0, seed=k).flatten() for k in (7, 8)])
    assert abs(float(torch.corrcoef(both)[0, 1])) < 4 / math.sqrt(both.shape[1])


def test_faces_larger_than_a_latent_pixel_are_cut(sliding):
    large = Grain(seed=0, channels=4, rows=ROWS * 4, columns=COLUMNS * 4, parts=1)
    assert parts_needed(sliding.raster, ROWS * 4, COLUMNS * 4) > 1
    bare = surface_noise(sliding.raster, 0, 0, large)
    assert abs(float(bare.var()) - 1) < 4 * math.sqrt(2 / bare.numel())
