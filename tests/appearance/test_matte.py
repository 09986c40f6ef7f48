"""The silhouette of a person before a plain background."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from reimagine.appearance.matte import silhouette
from reimagine.appearance.photos import Picture, read_photos
from reimagine.errors import InputError
from reimagine.settings import Photos

HEIGHT, WIDTH = 640, 400
Mask = NDArray[np.bool_]


def truth() -> Mask:
    """A person with legs apart, as a mask."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(mask, (200, 90), 38, 255, -1)
    cv2.rectangle(mask, (140, 135), (260, 340), 255, -1)
    cv2.rectangle(mask, (180, 110), (220, 150), 255, -1)
    cv2.rectangle(mask, (145, 335), (190, 590), 255, -1)
    cv2.rectangle(mask, (210, 335), (255, 590), 255, -1)
    return mask > 0


def photo(
    mask: Mask,
    *,
    background: tuple[int, int, int] = (232, 234, 236),
    shirt: tuple[int, int, int] = (60, 90, 140),
    vignette: float = 12.0,
) -> Picture:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    falloff = vignette * ((x / WIDTH - 0.5) ** 2 + (y / HEIGHT - 0.5) ** 2) * 2
    pixels = np.array(background, np.float32) - falloff[..., None]
    person = np.full((HEIGHT, WIDTH, 3), (190, 140, 120), np.float32)
    person[130:340] = shirt
    person[340:] = (40, 40, 60)
    pixels = np.where(mask[..., None], person, pixels)
    noise = np.random.default_rng(3).normal(0, 1.0, pixels.shape)
    pixels = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), 0.7) + noise
    rgb = torch.from_numpy((pixels / 255).clip(0, 1).astype(np.float32)).permute(2, 0, 1)
    return Picture(rgb=rgb.contiguous(), mask=None, side="front", name="me.jpg")


def overlap(alpha: Tensor, mask: Mask) -> float:
    found = alpha.numpy() > 0.5
    return float((found & mask).sum() / (found | mask).sum())


def test_person_before_a_vignette_is_cut_out():
    mask = truth()
    assert overlap(silhouette(photo(mask)), mask) > 0.985


@pytest.mark.parametrize("background", [(232, 234, 236), (120, 160, 190), (40, 120, 60)])
def test_background_may_have_any_colour(background: tuple[int, int, int]):
    mask = truth()
    assert overlap(silhouette(photo(mask, background=background)), mask) > 0.98


def test_white_shirt_on_white_is_kept():
    mask = truth()
    alpha = silhouette(photo(mask, shirt=(212, 214, 218), vignette=6.0))
    assert overlap(alpha, mask) > 0.97
    assert float(alpha[200:320, 160:240].min()) > 0.9


@pytest.mark.parametrize("rim", [(237, 239, 238), (235, 233, 228)])
def test_cloth_a_shade_from_the_backgrounds_white_is_kept(rim: tuple[int, int, int]):
    mask = truth()
    picture = photo(mask, shirt=(205, 207, 211), vignette=2.0)
    # From the right, light takes the shirt's last difference.
    lit = np.zeros_like(mask)
    lit[150:330, 200:261] = True
    noise = np.random.default_rng(4).normal(0, 1.0, (3, HEIGHT, WIDTH))
    bright = torch.from_numpy((np.array(rim)[:, None, None] + noise).astype(np.float32) / 255)
    picture = replace(picture, rgb=torch.where(torch.from_numpy(lit), bright, picture.rgb))
    alpha = silhouette(picture)
    assert float(alpha[160:320, 205:255].mean()) > 0.95
    assert overlap(alpha, mask) > 0.97


def test_gap_between_the_legs_stays_open():
    mask = truth()
    cv2.rectangle(closed := mask.astype(np.uint8), (145, 560), (255, 590), 1, -1)
    alpha = silhouette(photo(closed > 0))
    assert float(alpha[380:540, 197:203].max()) < 0.1


def beside_an_arm() -> Mask:
    """The person with an arm whose gap to the body, three pixels broad, is closed here and there."""
    mask = truth().astype(np.uint8)
    cv2.rectangle(mask, (102, 145), (140, 165), 1, -1)
    cv2.rectangle(mask, (102, 150), (136, 390), 1, -1)
    cv2.rectangle(mask, (264, 150), (298, 390), 1, -1)
    cv2.rectangle(mask, (260, 145), (298, 165), 1, -1)
    for row in (165, 240, 268, 295, 322, 350):
        mask[row : row + 9, 130:150] = mask[row : row + 9, 250:270] = 1
    return mask > 0


def test_gap_beside_an_arm_that_touches_the_body_is_open():
    mask = beside_an_arm()
    found = silhouette(photo(mask, shirt=(30, 30, 35))).numpy() > 0.5
    gap = ~mask[282:290, 137:140]
    assert gap.all()
    assert not found[284:288, 138].any()
    assert overlap(silhouette(photo(mask, shirt=(30, 30, 35))), mask) > 0.97


def test_gap_between_the_legs_goes_on_below_cuffs_that_touch():
    mask = truth()
    mask[480:486, 185:215] = mask[500:590, 185:215] = True
    mask[486:500, 185:198] = mask[486:500, 203:215] = True
    found = silhouette(photo(mask)).numpy() > 0.5
    assert not found[489:497, 200].any()
    assert overlap(silhouette(photo(mask)), mask) > 0.985


def test_background_between_the_neck_and_a_strand_is_left_out():
    mask = truth().astype(np.uint8)
    cv2.ellipse(mask, (225, 112), (24, 26), 0, -100, 80, 1, 3)
    picture = photo(mask > 0, shirt=(30, 30, 35))
    hair = torch.from_numpy(mask[:130] > 0)
    picture.rgb[:, :130] = torch.where(hair, torch.full((3, 1, 1), 0.1), picture.rgb[:, :130])
    # Beside strong outlines photos are rough.
    rough = torch.from_numpy(np.random.default_rng(5).normal(0, 0.03, (3, 30, 30))).float()
    picture.rgb[:, 100:130, 222:252] += rough
    alpha = silhouette(picture)
    assert mask[115:125, 230:236].max() == 0
    assert float(alpha[115:125, 230:236].max()) < 0.1


def test_bright_halo_along_an_outline_is_left_out():
    mask = truth()
    picture = photo(mask, background=(232, 231, 238), shirt=(130, 105, 90), vignette=2.0)
    # To the right of the shirt, as sharpening and compression leave it.
    halo = cv2.resize(
        np.random.default_rng(6).uniform(0.6, 1.2, (12, 1)).astype(np.float32), (8, 160)
    )
    glow = torch.tensor([4.5, 6.0, -4.5])[:, None, None] / 255
    picture.rgb[:, 160:320, 261:269] += torch.from_numpy(halo) * glow
    found = silhouette(picture).numpy() > 0.5
    assert found[170:310, 262:270].mean() < 0.15
    assert overlap(silhouette(picture), mask) > 0.985


@pytest.mark.parametrize("white", [200, 206, 212])
def test_white_sleeve_beside_a_dark_hand_is_kept(white: int):
    mask = truth().astype(np.uint8)
    cv2.rectangle(mask, (112, 145), (132, 390), 1, -1)
    cv2.rectangle(mask, (112, 140), (145, 160), 1, -1)
    alpha = silhouette(photo(mask > 0, shirt=(white, white, white), vignette=4.0))
    assert float(alpha[180:332, 116:128].min()) > 0.9


def test_white_print_on_the_shirt_stays_in():
    mask = truth()
    picture = photo(mask)
    picture.rgb[:, 200:240, 190:215] = picture.rgb[:, 200:240, 10:35]
    assert float(silhouette(picture)[200:240, 190:215].min()) > 0.9


def test_floor_shadow_is_left_out():
    mask = truth()
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    shadow = 0.14 * np.exp(-(((x - 200) / 90) ** 2) - ((y - 592) / 22) ** 2)
    picture = photo(mask)
    rgb = torch.where(
        torch.from_numpy(mask), picture.rgb, picture.rgb * torch.from_numpy(1 - shadow)
    )
    alpha = silhouette(replace(picture, rgb=rgb.float().contiguous()))
    assert float((alpha[:, :135] > 0.5).float().sum() + (alpha[:, 265:] > 0.5).float().sum()) == 0
    assert overlap(alpha, mask) > 0.97


def test_rim_is_soft_but_thin():
    alpha = silhouette(photo(truth()))
    soft = ((alpha > 0.1) & (alpha < 0.9)).float()
    assert 0 < float(soft[200].sum()) <= 8


def test_the_users_mask_is_taken_as_it_is():
    mask = torch.from_numpy(truth().astype(np.float32) * 0.9)
    picture = replace(photo(truth()), mask=mask)
    assert torch.equal(silhouette(picture), mask)


def test_mirrored_photo_has_the_mirrored_silhouette():
    picture = photo(truth())
    mirrored = replace(picture, rgb=picture.rgb.flip(2).contiguous())
    torch.testing.assert_close(silhouette(mirrored).flip(1), silhouette(picture), atol=0.1, rtol=0)


def test_small_photo_works_too():
    picture = photo(truth())
    small = torch.nn.functional.interpolate(picture.rgb[None], scale_factor=0.5, mode="area")[0]
    alpha = silhouette(replace(picture, rgb=small.contiguous()))
    half = cv2.resize(truth().astype(np.uint8), (WIDTH // 2, HEIGHT // 2)) > 0
    assert overlap(alpha, half) > 0.95


def test_empty_photo_has_nobody_in_it():
    with pytest.raises(InputError, match=r"Found nobody in me\.jpg; .*front_mask FILE"):
        silhouette(photo(np.zeros((HEIGHT, WIDTH), bool)))


def test_busy_background_asks_for_a_mask():
    rng = np.random.default_rng(1)
    blocks = cv2.resize(
        rng.uniform(0, 1, (16, 10, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST
    )
    rgb = torch.from_numpy(blocks.astype(np.float32)).permute(2, 0, 1).contiguous()
    picture = Picture(rgb=rgb, mask=None, side="back", name="b.jpg")
    with pytest.raises(InputError, match=r"b\.jpg has a busy background; .*back_mask FILE"):
        silhouette(picture)


def test_shape_that_lies_is_no_standing_person():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[300:400, 60:340] = True
    with pytest.raises(InputError, match="a shape wider than it is tall"):
        silhouette(photo(mask))


def test_mask_over_everything_is_no_person():
    picture = replace(photo(truth()), mask=torch.ones(HEIGHT, WIDTH))
    with pytest.raises(InputError, match="covers 100% of the picture"):
        silhouette(picture)


@pytest.mark.parametrize("name", ["101812", "101936", "103729"])
def test_real_people_are_found_head_to_feet(shared_data: Path, name: str):
    path = shared_data / "references" / f"{name}_kontext.png"
    for picture in read_photos(Photos(reference=str(path))):
        alpha = silhouette(picture)
        rows = np.flatnonzero((alpha > 0.5).any(1).numpy())
        assert 0.17 < float(alpha.mean()) < 0.28
        assert np.ptp(rows) > 0.7 * alpha.shape[0]
        assert float(alpha[:, :8].max()) == float(alpha[:8].max()) == 0
