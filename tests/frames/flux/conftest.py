"""Tiny random weights in the folders that users have, written once."""

from dataclasses import replace

import pytest
import torch

from reimagine.frames.flux.tiny import write_tiny_weights
from reimagine.settings import ImageModel


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_tiny_weights(folder)
    return folder


@pytest.fixture(scope="session")
def settings(weights):
    return ImageModel(weights=str(weights), loras=(), steps=2)


@pytest.fixture(scope="session")
def known(person):
    """The ball, with a wide picture of itself."""
    generator = torch.Generator().manual_seed(3)
    return replace(person, reference=torch.rand(3, 32, 64, generator=generator))


@pytest.fixture(scope="module", autouse=True)
def few_words():
    """Prompts of 16 words instead of 512, which would be most of what tiny models work on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reimagine.frames.flux.text.T5_TOKENS", 16)
        yield


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tiny layers are done before threads have met."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
