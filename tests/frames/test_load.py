import sys
from types import ModuleType

import pytest

from reimagine.errors import InputError
from reimagine.frames.load import load_backend
from reimagine.refine.load import load_refiner
from reimagine.settings import ImageModel, Refinement


@pytest.fixture(autouse=True)
def factories(monkeypatch):
    module = ModuleType("tests_of_load")
    vars(module)["pair"] = lambda device, settings: (device, settings)
    vars(module)["only_device"] = lambda device: device
    monkeypatch.setitem(sys.modules, "tests_of_load", module)


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"image is 'atlsa'; expected atlas.* Did you mean atlas"):
        load_backend("atlsa", "cpu", ImageModel())


def test_a_name_like_no_other_is_answered_with_the_list():
    with pytest.raises(InputError, match=r"image is 'xyz'; .*See reimagine backends"):
        load_backend("xyz", "cpu", ImageModel())


def test_a_module_that_is_missing_is_named():
    with pytest.raises(InputError, match=r"image no_such_module_x:make cannot be loaded"):
        load_backend("no_such_module_x:make", "cpu", ImageModel())


def test_a_factory_that_is_missing_is_named():
    with pytest.raises(InputError, match=r"expected a function nothing in math, which has none"):
        load_backend("math:nothing", "cpu", ImageModel())


def test_what_cannot_paint_is_refused():
    with pytest.raises(InputError, match=r"made a tuple; expected an object with paint"):
        load_backend("tests_of_load:pair", "cpu", ImageModel())


def test_a_factory_of_the_device_alone_is_refused():
    with pytest.raises(InputError, match=r"is no function of \(device, settings\)"):
        load_backend("tests_of_load:only_device", "cpu", ImageModel())


def test_what_cannot_steady_is_refused():
    with pytest.raises(InputError, match=r"refiner operator:is_ made a bool; .*refine"):
        load_refiner("operator:is_", "cpu", Refinement())


def test_a_misspelt_refiner_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"refiner is 'flwo'; .* Did you mean flow"):
        load_refiner("flwo", "cpu", Refinement())


def test_module_and_factory_name_a_backend():
    assert load_backend("reimagine.frames.backends.atlas:make", "cpu", ImageModel()).multiple == 1


def test_a_relative_module_is_refused():
    with pytest.raises(InputError, match=r"image \.here:make cannot be loaded"):
        load_backend(".here:make", "cpu", ImageModel())
