"""Skin, face, hair, clothes and shoes are found where the photo has them."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from reimagine.appearance.parts import label_parts
from reimagine.records import PARTS

HEIGHT, WIDTH = 700, 420
SKIN, FACE, HAIR, UPPER, LOWER, SHOES = range(1, 7)
COLOURS = {
    SKIN: (200, 150, 125),
    FACE: (205, 155, 130),
    HAIR: (45, 32, 28),
    UPPER: (70, 100, 150),
    LOWER: (120, 110, 90),
    SHOES: (225, 225, 228),
}
Labels = NDArray[np.int64]


def person(
    *, hem: int = 340, sleeve: int = 250, trouser: int = 620, side: str = "front"
) -> tuple[Labels, Labels]:
    """True labels of a person who stands upright, and the regions of the body under the clothes."""
    truth, guide = np.zeros((HEIGHT, WIDTH), np.int64), np.full((HEIGHT, WIDTH), -1)
    front = side == "front"

    def box(rows: slice, columns: slice, region: int) -> None:
        guide[rows, columns] = region

    box(slice(40, 140), slice(170, 250), 0)
    box(slice(140, 320), slice(150, 270), 1)
    left, right = slice(272, 310), slice(110, 148)
    if not front:
        left, right = right, left
    for columns, first in ((left, 2), (right, 5)):
        box(slice(150, 250), columns, first)
        box(slice(250, 340), columns, first + 1)
        box(slice(340, 390), columns, first + 2)
    box(slice(320, 370), slice(150, 270), 8)
    left, right = slice(215, 270), slice(150, 205)
    if not front:
        left, right = right, left
    for columns, first in ((left, 9), (right, 12)):
        box(slice(370, 490), columns, first)
        box(slice(490, 620), columns, first + 1)
        box(slice(620, 660), columns, first + 2)
    row = np.arange(HEIGHT)[:, None] + np.zeros((1, WIDTH), int)
    truth[guide == 0] = FACE if front else HAIR
    truth[(guide == 0) & (row < 75)] = HAIR
    truth[(guide == 0) & (row >= 130)] = SKIN
    arms = (guide >= 2) & (guide <= 7)
    truth[arms] = np.where(row < sleeve, UPPER, SKIN)[arms]
    truth[guide >= 8] = np.where(row < trouser, LOWER, SKIN)[guide >= 8]
    truth[((guide == 1) | (guide == 8) | (guide == 9) | (guide == 12)) & (row < hem)] = UPPER
    truth[(guide == 11) | (guide == 14)] = SHOES
    return truth, guide


def paint(
    truth: Labels,
    *,
    seed: int = 2,
    hair: tuple[int, int, int] = COLOURS[HAIR],
    trousers: tuple[int, int, int] = COLOURS[LOWER],
) -> tuple[Tensor, Tensor]:
    pixels = np.full((HEIGHT, WIDTH, 3), 235.0)
    for part, colour in {**COLOURS, HAIR: hair, LOWER: trousers}.items():
        pixels[truth == part] = colour
    pixels += np.random.default_rng(seed).normal(0, 5, pixels.shape)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    pixels *= (1 - 0.12 * np.abs(x - WIDTH / 2) / WIDTH - 0.08 * y / HEIGHT)[..., None]
    pixels = cv2.GaussianBlur(pixels, (0, 0), 0.8)
    rgb = torch.from_numpy((pixels / 255).clip(0, 1).astype(np.float32)).permute(2, 0, 1)
    return rgb.contiguous(), torch.from_numpy((truth > 0).astype(np.float32))


def shifted(guide: Labels, dx: int, dy: int) -> Labels:
    moved = np.full_like(guide, -1)
    source = guide[max(0, -dy) : HEIGHT - max(0, dy), max(0, -dx) : WIDTH - max(0, dx)]
    moved[max(0, dy) : HEIGHT - max(0, -dy), max(0, dx) : WIDTH - max(0, -dx)] = source
    return moved


def agreement(found: Tensor, truth: Labels) -> float:
    """Share of the person's pixels that are right; face and other skin of the head count as one."""
    inside = truth > 0
    names = found.numpy()
    same = (names == truth) | ((names <= FACE) & (truth <= FACE) & (names > 0))
    return float(same[inside].mean())


@pytest.mark.parametrize("side", ["front", "back"])
@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (9, -8), (-8, 10)])
def test_parts_lie_where_the_photo_has_them(side: str, dx: int, dy: int):
    truth, guide = person(side=side)
    rgb, alpha = paint(truth)
    moved = torch.from_numpy(shifted(guide, dx, dy))
    assert agreement(label_parts(rgb, alpha, side=side, guide=moved), truth) > 0.96


def test_hair_that_falls_over_the_back_is_hair():
    truth, guide = person(side="back")
    truth[60:240, 165:255] = HAIR
    rgb, alpha = paint(truth)
    found = label_parts(rgb, alpha, side="back", guide=torch.from_numpy(guide)).numpy()
    assert (found[150:235, 170:250] == HAIR).mean() > 0.98
    assert (found[250:310, 170:250] == UPPER).mean() > 0.98


def test_stripes_in_hairs_colour_are_cloth():
    truth, guide = person(side="back")
    drawn = truth.copy()
    for row in range(145, 330, 20):
        drawn[row : row + 5][truth[row : row + 5] == UPPER] = HAIR
    drawn[150:300, 205:211] = HAIR  # joins them to the head
    rgb, alpha = paint(drawn)
    found = label_parts(rgb, alpha, side="back", guide=torch.from_numpy(guide)).numpy()
    assert (found[165:320, 155:265] == UPPER).mean() > 0.98


def test_a_collar_in_hairs_colour_beneath_a_bare_nape_is_cloth():
    truth, guide = person(side="back")
    truth[115:134, 170:250] = SKIN
    truth[134:146, 170:250] = UPPER
    drawn = np.where((truth == UPPER) & (np.arange(HEIGHT)[:, None] < 146), HAIR, truth)
    rgb, alpha = paint(drawn)
    found = label_parts(rgb, alpha, side="back", guide=torch.from_numpy(guide)).numpy()
    assert (found[136:144, 172:248] == UPPER).mean() > 0.95
    assert (found[60:100, 172:248] == HAIR).mean() > 0.98


def test_long_hair_beside_the_face_is_not_skin():
    truth, guide = person()
    truth[50:150, 150:175] = truth[50:150, 245:270] = HAIR
    rgb, alpha = paint(truth, hair=(95, 62, 40))  # of skin's hue
    found = label_parts(rgb, alpha, side="front", guide=torch.from_numpy(guide)).numpy()
    assert (found[60:145, 152:168] == HAIR).mean() > 0.95
    assert (found[80:125, 180:240] == FACE).mean() > 0.98


@pytest.mark.parametrize("hem", [325, 350, 410])
def test_hem_lies_on_the_row_of_the_photo(hem: int):
    truth, guide = person(hem=hem)
    rgb, alpha = paint(truth)
    found = label_parts(rgb, alpha, side="front", guide=torch.from_numpy(guide)).numpy()
    for column in (165, 190, 235, 260):
        assert abs(int(np.flatnonzero(found[:, column] == UPPER)[-1]) + 1 - hem) <= 3


@pytest.mark.parametrize("side", ["front", "back"])
def test_trousers_in_skins_shaded_hue_are_told_from_a_long_shirt_and_from_skin(side: str):
    truth, guide = person(hem=480, side=side)
    rgb, alpha = paint(truth, trousers=(112, 84, 70))
    found = label_parts(rgb, alpha, side=side, guide=torch.from_numpy(guide)).numpy()
    assert (found[330:470, 155:200] == UPPER).mean() > 0.98
    assert (found[490:610, 155:200] == LOWER).mean() > 0.98


@pytest.mark.parametrize("sleeve", [210, 250, 335])
def test_sleeve_ends_on_the_row_of_the_photo(sleeve: int):
    truth, guide = person(sleeve=sleeve)
    rgb, alpha = paint(truth)
    found = label_parts(rgb, alpha, side="front", guide=torch.from_numpy(guide)).numpy()
    for column in (130, 290):
        assert abs(int(np.flatnonzero(found[:, column] == SKIN)[0]) - sleeve) <= 3


def test_shins_below_shorts_are_skin():
    truth, guide = person(trouser=470)
    rgb, alpha = paint(truth)
    found = label_parts(rgb, alpha, side="front", guide=torch.from_numpy(guide)).numpy()
    assert (found[480:610, 155:200] == SKIN).mean() > 0.98
    assert (found[400:460, 155:200] == LOWER).mean() > 0.98


def test_socks_count_as_shoes():
    truth, guide = person(trouser=470)
    truth[560:620][truth[560:620] > 0] = SHOES
    rgb, alpha = paint(truth)
    found = label_parts(rgb, alpha, side="front", guide=torch.from_numpy(guide)).numpy()
    assert (found[570:615, 155:200] == SHOES).mean() > 0.98


def test_nothing_off_the_person_has_a_part():
    truth, guide = person()
    rgb, alpha = paint(truth)
    found = label_parts(rgb, alpha, side="front", guide=torch.from_numpy(guide))
    assert int(found[alpha <= 0.5].max()) == 0
    assert int(found[alpha > 0.5].min()) >= 1
    assert int(found.max()) <= len(PARTS)


def test_there_is_no_face_from_behind():
    truth, guide = person(side="back")
    rgb, alpha = paint(truth)
    found = label_parts(rgb, alpha, side="back", guide=torch.from_numpy(guide))
    assert not bool((found == FACE).any())


def test_empty_silhouette_has_no_parts():
    truth, guide = person()
    rgb, alpha = paint(truth)
    found = label_parts(rgb, alpha * 0, side="front", guide=torch.from_numpy(guide))
    assert int(found.max()) == 0
