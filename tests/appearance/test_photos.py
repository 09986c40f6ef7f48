"""Photos are read, checked and brought to size."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reimagine.appearance.photos import MAX_HEIGHT, check_photos, read_photos
from reimagine.request import InputError, Photos


def save(
    path: Path, *, height: int = 120, width: int = 80, channels: int = 3, value: int = 200
) -> str:
    pixels = np.full((height, width, channels), value, np.uint8)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = 30
    assert cv2.imwrite(str(path), pixels)
    return str(path)


def test_front_and_back_come_in_this_order(tmp_path: Path):
    front, back = save(tmp_path / "f.png"), save(tmp_path / "b.png", height=100)
    pictures = read_photos(Photos(front=front, back=back))
    assert [picture.side for picture in pictures] == ["front", "back"]
    assert [tuple(picture.rgb.shape) for picture in pictures] == [(3, 120, 80), (3, 100, 80)]
    assert [picture.name for picture in pictures] == ["f.png", "b.png"]
    assert all(picture.mask is None for picture in pictures)


def test_front_alone_is_enough(tmp_path: Path):
    (picture,) = read_photos(Photos(front=save(tmp_path / "f.png")))
    assert picture.side == "front"


def test_wide_reference_is_split_in_the_middle(tmp_path: Path):
    pixels = np.zeros((100, 160, 3), np.uint8)
    pixels[:, :80] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "wide.png"), pixels)
    front, back = read_photos(Photos(reference=str(tmp_path / "wide.png")))
    assert front.rgb.shape == back.rgb.shape == (3, 100, 80)
    assert float(front.rgb[0].min()) == 1.0
    assert float(back.rgb.max()) == 0.0


def test_tall_picture_is_scaled_down_with_its_mask(tmp_path: Path):
    path, mask = tmp_path / "tall.png", tmp_path / "mask.png"
    save(path, height=2 * MAX_HEIGHT, width=400)
    save(mask, height=2 * MAX_HEIGHT, width=400, value=0)
    cv2.imwrite(str(mask), cv2.bitwise_not(np.asarray(cv2.imread(str(path)))))
    (picture,) = read_photos(Photos(front=str(path), front_mask=str(mask)))
    assert picture.rgb.shape == (3, MAX_HEIGHT, 200)
    assert picture.mask is not None
    assert picture.mask.shape == (MAX_HEIGHT, 200)


def test_transparent_picture_brings_its_own_mask(tmp_path: Path):
    pixels = np.full((120, 80, 4), 255, np.uint8)
    pixels[:, :40, 3] = 0
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    (picture,) = read_photos(Photos(front=str(tmp_path / "a.png")))
    assert picture.mask is not None
    torch.testing.assert_close(picture.mask.mean(), torch.tensor(0.5))


def test_opaque_alpha_is_no_mask(tmp_path: Path):
    (picture,) = read_photos(Photos(front=save(tmp_path / "a.png", channels=4, value=255)))
    cv2.imwrite(str(tmp_path / "b.png"), np.full((120, 80, 4), 255, np.uint8))
    (opaque,) = read_photos(Photos(front=str(tmp_path / "b.png")))
    assert picture.mask is not None
    assert opaque.mask is None


def test_own_mask_goes_before_the_alpha(tmp_path: Path):
    pixels = np.full((120, 80, 4), 255, np.uint8)
    pixels[:, :40, 3] = 0
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    mask = np.zeros((120, 80), np.uint8)
    mask[30:60] = 255
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    (picture,) = read_photos(
        Photos(front=str(tmp_path / "a.png"), front_mask=str(tmp_path / "m.png"))
    )
    assert picture.mask is not None
    torch.testing.assert_close(picture.mask.numpy(), mask.astype(np.float32) / 255)


def test_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path):
    front, mask = save(tmp_path / "f.png"), save(tmp_path / "m.png", height=100, width=70)
    with pytest.raises(InputError, match=r"m\.png is 70x100; expected 80x120"):
        read_photos(Photos(front=front, front_mask=mask))


@pytest.mark.parametrize("value", [0, 255])
def test_mask_without_a_shape_is_refused(tmp_path: Path, value: int):
    cv2.imwrite(str(tmp_path / "m.png"), np.full((120, 80), value, np.uint8))
    with pytest.raises(InputError, match="expected white where the person is"):
        read_photos(Photos(front=save(tmp_path / "f.png"), front_mask=str(tmp_path / "m.png")))


@pytest.mark.parametrize(
    ("photos", "words"),
    [
        (Photos(), "Got no photo; .*--front FILE"),
        (Photos(back="b.png"), "Got only --back; .*--front FILE"),
        (Photos(front="f.png", reference="w.png"), "--reference came together with --front;"),
        (Photos(back_mask="m.png", reference="w.png"), "together with --back-mask;"),
        (Photos(front="f.png", back_mask="m.png"), "--back-mask without --back;"),
    ],
)
def test_photos_that_do_not_go_together_are_refused(photos: Photos, words: str):
    with pytest.raises(InputError, match=words) as caught:
        check_photos(photos)
    assert "\n" not in str(caught.value)


def test_narrow_reference_is_refused(tmp_path: Path):
    path = save(tmp_path / "n.png", height=200, width=80)
    with pytest.raises(InputError, match=r"80x200; expected a wide picture.*--front"):
        read_photos(Photos(reference=path))


def test_missing_photo_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"nobody\.png"):
        read_photos(Photos(front=str(tmp_path / "nobody.png")))


def test_file_that_is_no_picture_is_refused(tmp_path: Path):
    (tmp_path / "f.png").write_text("not a picture")
    with pytest.raises(InputError, match=r"f\.png is not a picture"):
        read_photos(Photos(front=str(tmp_path / "f.png")))


def test_tiny_photo_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="1x1 pixels"):
        read_photos(Photos(front=save(tmp_path / "f.png", height=1, width=1)))
