import json
from dataclasses import replace

import pytest
import torch

from reimagine.errors import InputError
from reimagine.frames.backend import ImageBackend
from reimagine.frames.klein.settings import KLEIN
from reimagine.frames.klein.tiny import write_tiny_klein
from reimagine.frames.load import load_backend
from reimagine.settings import ImageModel, Lora

SIZE = {"width": 64}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("klein")
    write_tiny_klein(folder)
    return folder


@pytest.fixture(scope="module")
def settings(weights):
    return ImageModel(weights=str(weights), steps=2)


@pytest.fixture(scope="module")
def known(person):
    generator = torch.Generator().manual_seed(3)
    return replace(person, reference=torch.rand(3, 64, 128, generator=generator))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def backend(settings):
    return load_backend("flux-klein", "cpu", settings)


@pytest.fixture(scope="module")
def plain(settings, known, scene):
    return backend(settings).paint(known, scene(known, **SIZE), 43)


def test_it_paints_what_a_backend_paints_whatever_is_painted_with_it(settings, known, scene, plain):
    made = backend(settings)
    assert isinstance(made, ImageBackend)
    pictures = made.paint(known, scene(known, 2, step_m=0.1, **SIZE), 43)
    assert pictures.shape == (2, 4, 128, 64)
    assert 0 <= float(pictures.min()) <= float(pictures.max()) <= 1
    assert float((pictures[0] - pictures[1]).abs().max()) > 1e-3
    assert torch.equal(pictures[:1], plain)


@pytest.mark.parametrize(
    "change",
    [{"steps": 3}, {"prompt": "a hat"}, {"vram": "12"}, {"noise": "surface"}],
    ids=str,
)
def test_settings_change_the_picture(settings, known, scene, plain, change):
    conditions = scene(known, **SIZE)
    changed = backend(replace(settings, **change)).paint(known, conditions, 43)
    assert float((plain - changed).abs().max()) > 1e-4


def test_reference_and_seed_change_the_picture(settings, known, scene, plain):
    made, conditions = backend(settings), scene(known, **SIZE)
    other = replace(known, reference=1 - known.reference)
    assert float((plain - made.paint(other, conditions, 43)).abs().max()) > 1e-3
    assert float((plain - made.paint(known, conditions, 44)).abs().max()) > 1e-3
    assert torch.equal(plain, made.paint(known, conditions, 43))


def test_pictures_that_are_too_small_are_refused(settings, known, scene):
    with pytest.raises(InputError, match="size is 32x128; flux-klein takes sides from 64"):
        backend(settings).paint(known, scene(known, width=32), 43)


def test_a_person_without_a_reference_is_refused(settings, person, scene):
    with pytest.raises(InputError, match="Make them again with reimagine person"):
        backend(settings).paint(person, scene(person, **SIZE), 43)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"loras": (Lora(path="my.safetensors"),)},
            "loras came with image flux-klein, which has no use for it",
        ),
        ({"control_scale": 0.5}, "control_scale came with image flux-klein"),
        ({"steps": 0}, "steps is 0"),
        ({"vram": "6"}, "vram is '6'"),
        ({"noise": "pink"}, "noise is 'pink'; expected one of plain, surface"),
        ({"weights": "nowhere"}, "has no folder FLUX.2-klein-4B"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings, change, says):
    with pytest.raises(InputError, match=says):
        backend(replace(settings, **change))


def test_another_model_or_a_missing_part_is_refused(tmp_path):
    write_tiny_klein(tmp_path)
    settings = ImageModel(weights=str(tmp_path))
    (tmp_path / KLEIN / "scheduler/scheduler_config.json").unlink()
    with pytest.raises(InputError, match=r"lacks scheduler/scheduler_config.json"):
        backend(settings)
    index = tmp_path / KLEIN / "model_index.json"
    index.write_text(json.dumps({"_class_name": "Flux2Pipeline"}))
    with pytest.raises(InputError, match="holds a Flux2Pipeline"):
        backend(settings)
