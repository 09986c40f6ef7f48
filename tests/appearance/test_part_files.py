"""Part labels as pictures that people can correct."""

from pathlib import Path

import pytest
import torch

from reimagine.appearance.part_files import NAMES, read_parts, write_parts
from reimagine.pictures import read_picture, write_picture
from reimagine.request import InputError

LABELS = (torch.arange(70 * 90).reshape(70, 90) // 37) % len(NAMES)


def test_labels_survive_the_file(tmp_path: Path):
    write_parts(tmp_path / "p.png", LABELS)
    assert torch.equal(read_parts(tmp_path / "p.png", width=90, height=70), LABELS)


def test_soft_brush_takes_the_nearest_part(tmp_path: Path):
    write_parts(tmp_path / "p.png", LABELS)
    pixels = read_picture(tmp_path / "p.png")
    write_picture(tmp_path / "p.png", pixels * 0.98)
    assert torch.equal(read_parts(tmp_path / "p.png", width=90, height=70), LABELS)


def test_other_size_is_refused(tmp_path: Path):
    write_parts(tmp_path / "p.png", LABELS)
    with pytest.raises(InputError, match=r"p\.png is 90x70; expected 80x70"):
        read_parts(tmp_path / "p.png", width=80, height=70)


def test_other_colours_are_refused_with_the_palette(tmp_path: Path):
    write_picture(tmp_path / "p.png", torch.full((3, 70, 90), 0.5))
    with pytest.raises(InputError, match=r"other colours on 100% .*background #ffffff, skin #"):
        read_parts(tmp_path / "p.png", width=90, height=70)
