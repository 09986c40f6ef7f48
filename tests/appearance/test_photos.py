"""Photos are read, checked and brought to size."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reimagine.appearance.part_files import encode_parts
from reimagine.appearance.photos import MAX_HEIGHT, check_photos, read_more_photos, read_photos
from reimagine.errors import InputError
from reimagine.pictures import read_picture, write_picture
from reimagine.settings import Photos


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
        (Photos(), "Got no photo; .*front FILE"),
        (Photos(back="b.png"), "Got only back; .*front FILE"),
        (Photos(front="f.png", reference="w.png"), "reference came together with front;"),
        (Photos(back_mask="m.png", reference="w.png"), "together with back_mask;"),
        (Photos(photo=("s.png",)), "Got only photo; .*front FILE"),
        (Photos(front="f.png", photo=("s.png",) * 13), "Got 13 times photo; expected at most 12"),
        (Photos(front="f.png", back_mask="m.png"), "back_mask without back;"),
        (Photos(front="f.png", back_parts="p.png"), "back_parts without back;"),
    ],
)
def test_photos_that_do_not_go_together_are_refused(photos: Photos, words: str):
    with pytest.raises(InputError, match=words) as caught:
        check_photos(photos)
    assert "\n" not in str(caught.value)


def parts_of(height: int, width: int) -> torch.Tensor:
    labels = torch.zeros(height, width, dtype=torch.long)
    labels[height // 4 : height // 2, width // 4 : width // 2] = 3
    return labels


@pytest.mark.parametrize("scale", [1, 2])
def test_own_parts_come_at_the_size_of_the_photo_as_given_or_as_written(tmp_path: Path, scale: int):
    photo = save(tmp_path / "f.png", height=2 * MAX_HEIGHT, width=400)
    path = tmp_path / "p.png"
    path.write_bytes(encode_parts(parts_of(MAX_HEIGHT * scale, 200 * scale)))
    (picture,) = read_photos(Photos(front=photo, front_parts=str(path)))
    assert picture.parts is not None
    assert torch.equal(picture.parts, parts_of(MAX_HEIGHT, 200))
    assert picture.notes == ()


def test_each_half_of_a_wide_reference_may_have_its_parts(tmp_path: Path):
    wide = save(tmp_path / "w.png", height=100, width=160)
    (tmp_path / "p.png").write_bytes(encode_parts(parts_of(100, 80)))
    front, back = read_photos(Photos(reference=wide, back_parts=str(tmp_path / "p.png")))
    assert front.parts is None
    assert back.parts is not None
    assert torch.equal(back.parts, parts_of(100, 80))


def test_parts_with_soft_rims_are_taken_and_told(tmp_path: Path):
    path = tmp_path / "p.png"
    path.write_bytes(encode_parts(parts_of(120, 80)))
    pixels = read_picture(path)
    write_picture(path, torch.where(pixels < 0.3, pixels + 0.03, pixels))
    (picture,) = read_photos(Photos(front=save(tmp_path / "f.png"), front_parts=str(path)))
    assert picture.parts is not None
    assert torch.equal(picture.parts, parts_of(120, 80))
    assert len(picture.notes) == 1
    assert "p.png has colours on" in picture.notes[0]
    assert "the nearest were taken" in picture.notes[0]


def test_parts_of_another_size_are_refused(tmp_path: Path):
    path = tmp_path / "p.png"
    path.write_bytes(encode_parts(parts_of(60, 40)))
    with pytest.raises(InputError, match=r"p\.png is 40x60; expected 80x120"):
        read_photos(Photos(front=save(tmp_path / "f.png"), front_parts=str(path)))


def test_further_photos_come_in_their_order(tmp_path: Path):
    paths = tuple(save(tmp_path / f"{name}.png") for name in "ab")
    pictures = read_more_photos(Photos(front="f.png", photo=paths))
    assert [picture.name for picture in pictures] == ["a.png", "b.png"]
    assert [picture.side for picture in pictures] == ["photo 1", "photo 2"]


def test_further_photos_may_say_from_where_they_were_taken(tmp_path: Path):
    paths = tuple(save(tmp_path / f"{name}.png") for name in "ab")
    photos = Photos(front="f.png", photo=paths)
    assert [picture.azimuth_deg for picture in read_more_photos(photos)] == [None, None]
    told = replace(photos, photo_azimuth_deg=(90.0, -90.0))
    check_photos(told)
    assert [picture.azimuth_deg for picture in read_more_photos(told)] == [90, -90]
    for azimuths, says in (((90.0,), "1 numbers for 2"), ((90.0, 400.0), "is 400; expected")):
        with pytest.raises(InputError, match=f"photo_azimuth_deg .*{says}"):
            check_photos(replace(photos, photo_azimuth_deg=azimuths))


def test_narrow_reference_is_refused(tmp_path: Path):
    path = save(tmp_path / "n.png", height=200, width=80)
    with pytest.raises(InputError, match=r"80x200; expected a wide picture.*front"):
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
