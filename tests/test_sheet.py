import itertools

import torch

from reimagine.sheet import contact_sheet, sheet_frames


def test_the_sheet_shows_first_and_last_frame_and_what_lies_evenly_between():
    assert sheet_frames(5) == [0, 1, 2, 3, 4]
    chosen = sheet_frames(48)
    steps = {b - a for a, b in itertools.pairwise(chosen)}
    assert (len(chosen), chosen[0], chosen[-1]) == (12, 0, 47)
    assert max(steps) - min(steps) <= 1


def test_the_sheet_crops_what_all_pictures_leave_plain():
    pictures = [torch.ones(3, 200, 100) for _ in range(4)]
    for index, picture in enumerate(pictures):
        picture[:, 50:150, 30 + 5 * index : 50 + 5 * index] = 0
    sheet = contact_sheet(pictures, columns=4)
    air = 200 // 40
    tile_height, tile_width = 100 + 2 * air, 35 + 2 * air
    assert sheet.shape == (3, tile_height + 8, 4 * (tile_width + 4) + 4)
    assert float((sheet == 0).all(0).sum()) == 4 * 100 * 20


def test_a_sheet_of_plain_pictures_shows_them_whole():
    assert contact_sheet([torch.full((3, 40, 30), 0.5)] * 2).shape == (3, 48, 72)


def test_a_sheet_of_large_pictures_stays_a_page_wide():
    generator = torch.Generator().manual_seed(0)
    pictures = [torch.rand(3, 300, 900, generator=generator) for _ in range(12)]
    assert contact_sheet(pictures).shape[2] <= 1920
