"""Part labels as pictures that people can correct."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reimagine.appearance.part_files import NAMES, PALETTE, encode_parts, read_parts
from reimagine.errors import InputError
from reimagine.pictures import read_picture, write_picture

LABELS = (torch.arange(70 * 90).reshape(70, 90) // 37) % len(NAMES)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "p.png"
    path.write_bytes(encode_parts(LABELS))
    return path


def test_labels_survive_the_file(written: Path):
    found = read_parts(written, width=90, height=70)
    assert torch.equal(found.labels, LABELS)
    assert found.unclear == 0


def test_the_file_is_a_palette_that_other_programs_read(written: Path):
    assert written.read_bytes()[25] == 3  # PNG's colour type: indexed
    pixels = np.asarray(cv2.imread(str(written), cv2.IMREAD_COLOR))[:, :, ::-1]
    assert (pixels == np.array(PALETTE)[LABELS.numpy()]).all()


def test_soft_brush_takes_the_nearest_part_and_is_noticed(written: Path):
    pixels = read_picture(written)
    pixels[:, 3] *= 0.96
    write_picture(written, pixels)
    found = read_parts(written, width=90, height=70)
    assert torch.equal(found.labels, LABELS)
    assert 0 < found.unclear <= 1 / 70 + 1e-6


def test_what_was_rubbed_out_is_background(written: Path):
    pixels = torch.cat([read_picture(written), torch.ones(1, 70, 90)])
    pixels[:, :10] = 0
    write_picture(written, pixels)
    found = read_parts(written, width=90, height=70)
    assert (found.labels[:10] == 0).all()
    assert torch.equal(found.labels[10:], LABELS[10:])


def test_other_size_is_refused(written: Path):
    with pytest.raises(InputError, match=r"p\.png is 90x70; expected 80x70"):
        read_parts(written, width=80, height=70)


def test_other_colours_are_refused_with_the_palette(tmp_path: Path):
    write_picture(tmp_path / "p.png", torch.full((3, 70, 90), 0.5))
    with pytest.raises(InputError, match=r"other colours on 100% .*background #ffffff, skin #"):
        read_parts(tmp_path / "p.png", width=90, height=70)


def test_a_picture_without_anybody_is_refused(written: Path):
    written.write_bytes(encode_parts(torch.zeros(70, 90, dtype=torch.long)))
    with pytest.raises(InputError, match=r"p\.png is background everywhere; expected the person"):
        read_parts(written, width=90, height=70)


def test_a_jpeg_is_refused(written: Path):
    jpeg = written.with_suffix(".jpg")
    cv2.imwrite(str(jpeg), np.asarray(cv2.imread(str(written))))
    with pytest.raises(InputError, match=r"p\.jpg is no PNG; .* Export it as PNG"):
        read_parts(jpeg, width=90, height=70)
