"""Finding the person before any background, by GrabCut or by a user's own function."""

import sys
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from reimagine.appearance.build import build_person
from reimagine.appearance.matting import check_matting, found_by, load_matting
from reimagine.appearance.photos import Picture
from reimagine.errors import InputError
from reimagine.pictures import write_picture
from reimagine.settings import Photos

HEIGHT, WIDTH = 240, 150


def someone() -> Tensor:
    """A figure with legs apart and a hole of a button, 1 where it is."""
    mask = torch.zeros(HEIGHT, WIDTH)
    mask[20:60, 62:88] = 1
    mask[55:130, 50:100] = 1
    mask[125:220, 52:72] = 1
    mask[125:220, 78:98] = 1
    return mask


def hall() -> Tensor:
    """A photo of a red and blue figure with a white button before a striped wall on a brown floor."""
    wall = torch.tensor([0.5, 0.6, 0.55])[:, None, None].expand(3, HEIGHT, WIDTH).clone()
    wall[:, :, ::20] *= 0.8
    wall[:, 200:] = torch.tensor([0.4, 0.3, 0.2])[:, None, None]
    person = torch.tensor([0.8, 0.1, 0.1])[:, None, None].expand(3, HEIGHT, WIDTH).clone()
    person[:, 125:] = torch.tensor([0.1, 0.1, 0.5])[:, None, None]
    person[:, 80:84, 70:74] = torch.tensor([0.5, 0.6, 0.55])[:, None, None]
    noise = torch.from_numpy(np.random.default_rng(0).normal(0, 0.02, (3, HEIGHT, WIDTH)))
    return (torch.where(someone() > 0, person, wall) + noise.float()).clamp(0, 1)


def picture(rgb: Tensor, mask: Tensor | None = None) -> Picture:
    return Picture(rgb=rgb, mask=mask, side="front", name="hall.jpg")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], str]:
    """Names a matting that a user could have written."""

    def named(made: object) -> str:
        module = ModuleType("tests_of_matting")
        vars(module)["make"] = lambda device: made  # noqa: ARG005
        vars(module)["of_nothing"] = lambda: made
        monkeypatch.setitem(sys.modules, "tests_of_matting", module)
        return "tests_of_matting:make"

    return named


def test_grabcut_finds_the_person_before_a_striped_wall_buttons_included():
    found = found_by(load_matting("grabcut"), picture(hall())) > 0.5
    true = someone() > 0
    assert float((found & true).sum() / (found | true).sum()) > 0.95
    assert bool(found[80:84, 70:74].all())
    assert not bool(found[170:200, 74:76].any())


def test_a_person_is_made_where_the_users_own_matting_says(own, tmp_path, monkeypatch):
    heard: list[Tensor] = []

    def stop(alphas: list[Tensor], *_sides: object, **_more: object) -> None:
        heard.extend(alphas)
        raise InputError("enough")

    monkeypatch.setattr("reimagine.appearance.build.fit_body", stop)
    write_picture(tmp_path / "hall.png", hall())
    given = torch.cat([hall(), someone().roll(8, 1)[None]])
    write_picture(tmp_path / "cut.png", given)
    photos = Photos(
        front=str(tmp_path / "hall.png"),
        back=str(tmp_path / "cut.png"),
        matting=own(lambda rgb: someone() * (rgb[0] >= 0)),
    )
    with pytest.raises(InputError, match="enough"):
        build_person(photos)
    assert torch.equal(heard[0], someone())
    # The photo's own transparency wins.
    assert torch.equal(heard[1] > 0.5, someone().roll(8, 1) > 0.5)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (torch.zeros(10, 10), r"answered hall\.jpg with \(10, 10\); expected a tensor of \(240"),
        (np.zeros((HEIGHT, WIDTH)), "with ndarray; expected a tensor"),
        (torch.full((HEIGHT, WIDTH), 255.0), "numbers from 255 to 255; expected 0"),
        (torch.full((HEIGHT, WIDTH), float("nan")), "numbers from nan"),
    ],
)
def test_an_answer_that_is_no_alpha_is_refused(own, answer, told):
    with pytest.raises(InputError, match=told):
        found_by(load_matting(own(lambda _rgb: answer)), picture(hall()))


def test_what_is_no_matting_is_refused(own):
    with pytest.raises(InputError, match=r"matting is 'grabcutt'; .* Did you mean grabcut"):
        check_matting("grabcutt")
    with pytest.raises(InputError, match="made a int; expected a function from a photo"):
        load_matting(own(3))
    with pytest.raises(InputError, match="of_nothing cannot be called with a device"):
        load_matting("tests_of_matting:of_nothing")
    check_matting(None)
    check_matting("grabcut")
