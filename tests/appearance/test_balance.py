"""The back photo under the front photo's light."""

import torch

from reimagine.appearance.balance import balanced
from reimagine.appearance.outline import LOWER, SHOES, SKIN, UPPER
from reimagine.appearance.photos import Picture

COLOURS = {
    SKIN: (0.7, 0.5, 0.4),
    UPPER: (0.2, 0.4, 0.6),
    LOWER: (0.3, 0.3, 0.2),
    SHOES: (0.5, 0.1, 0.1),
}


def someone(side: str) -> tuple[Picture, torch.Tensor]:
    """A person of four bands, each of one colour, on white."""
    labels = torch.zeros(400, 200, dtype=torch.long)
    for index, kind in enumerate(COLOURS):
        labels[20 + 90 * index : 110 + 90 * index, 60:140] = kind
    rgb = torch.ones(3, 400, 200)
    for kind, colour in COLOURS.items():
        rgb[:, labels == kind] = torch.tensor(colour)[:, None]
    return Picture(rgb=rgb, mask=(labels > 0).float(), side=side, name=f"{side}.png"), labels


def test_a_darker_back_photo_is_brought_to_the_front_photos_light():
    (front, labels), (back, _) = someone("front"), someone("back")
    dark = Picture(rgb=back.rgb * 0.8, mask=back.mask, side="back", name="back.png")
    mended = balanced(front, dark, (labels, labels))
    inside = labels > 0
    before = (dark.rgb - front.rgb)[:, inside].abs().mean()
    after = (mended.rgb - front.rgb)[:, inside].abs().mean()
    assert float(after) < 0.25 * float(before)
    assert mended.side == "back"


def test_photos_alike_stay_as_they_are():
    (front, labels), (back, _) = someone("front"), someone("back")
    assert torch.allclose(balanced(front, back, (labels, labels)).rgb, back.rgb, atol=1e-5)


def test_what_differs_by_more_than_light_stays():
    (front, labels), (back, _) = someone("front"), someone("back")
    rgb = back.rgb.clone()
    rgb[:, labels == SHOES] *= 0.5
    rgb[:, labels == UPPER] *= 0.9
    mended = balanced(
        front, Picture(rgb=rgb, mask=None, side="back", name=""), (labels, labels)
    ).rgb
    deep = torch.zeros_like(labels, dtype=torch.bool)
    deep[:, 80:120] = True
    shoes, shirt = deep & (labels == SHOES), deep & (labels == UPPER)
    shoes[:300], shirt[:115], shirt[190:] = False, False, False
    assert torch.allclose(mended[:, shoes], rgb[:, shoes], rtol=0.02)
    assert torch.allclose(mended[:, shirt], front.rgb[:, shirt], rtol=0.03)


def test_a_kind_that_only_one_photo_shows_stays():
    (front, labels), (back, other) = someone("front"), someone("back")
    other = torch.where(other == SKIN, 0, other)
    mended = balanced(front, back, (labels, other)).rgb
    assert torch.allclose(mended, back.rgb, atol=1e-5)
    nobody = torch.zeros_like(other)
    assert torch.equal(balanced(front, back, (labels, nobody)).rgb, back.rgb)
