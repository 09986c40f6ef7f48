"""Image models are shown the user's own wide picture, or one made of the photos."""

from pathlib import Path

import torch

from reimagine.appearance.photos import Picture
from reimagine.appearance.reference import HEIGHT, WIDTH, wide_reference
from reimagine.pictures import write_picture
from reimagine.settings import Photos


def someone(side: str, height: int, width: int, colour: float) -> Picture:
    """A block of one colour on grey, off the middle."""
    mask = torch.zeros(height, width)
    mask[height // 8 : height * 3 // 4, width // 8 : width // 2] = 1
    rgb = torch.full((3, height, width), 0.5)
    rgb[:, mask > 0] = colour
    return Picture(rgb=rgb, mask=mask, side=side, name=side)


def test_own_wide_picture_is_shown_as_it_is(tmp_path: Path):
    wide = (torch.rand(3, 90, 151, generator=torch.Generator().manual_seed(0)) * 255).round() / 255
    write_picture(tmp_path / "wide.png", wide)
    asked = Photos(reference=str(tmp_path / "wide.png"))
    assert torch.equal(wide_reference(asked, (), swapped=False), wide)
    turned = wide_reference(asked, (), swapped=True)
    assert torch.equal(turned, torch.cat([wide[:, :, 75:], wide[:, :, :75]], dim=2))


def test_photos_are_cut_out_and_set_side_by_side():
    pictures = (someone("front", 400, 300, 0.2), someone("back", 3000, 2500, 0.7))
    wide = wide_reference(Photos(front="a", back="b"), pictures, swapped=False)
    assert wide.shape == (3, HEIGHT, 2 * WIDTH)
    for half, colour in zip(wide.split(WIDTH, dim=2), (0.2, 0.7), strict=True):
        shown = (half[0] - colour).abs() < 0.02
        rows, columns = (shown.any(dim).nonzero()[:, 0].float() for dim in (1, 0))
        assert abs(float(columns.mean()) - WIDTH / 2) < 2
        assert abs(float(rows.mean()) - HEIGHT / 2) < 2
        assert max(len(rows) / HEIGHT, len(columns) / WIDTH) > 0.8
        assert float(half[:, :20].min()) > 0.999
