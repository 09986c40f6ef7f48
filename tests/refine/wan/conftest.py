"""A tiny random Wan, written once."""

import pytest
import torch


@pytest.fixture(scope="session")
def tiny_wan(tmp_path_factory):
    pytest.importorskip("diffusers")
    from reimagine.refine.wan.tiny import write_tiny_wan

    folder = tmp_path_factory.mktemp("weights") / "wan"
    write_tiny_wan(folder)
    return folder


@pytest.fixture(scope="session")
def wan(tiny_wan):
    from reimagine.refine.wan.model import Text, load_wan

    text = Text(prompt="a video of a person", negative="flicker", guidance=3.0)
    return load_wan(tiny_wan, text, device="cpu", memory="full")


@pytest.fixture(autouse=True)
def one_thread():
    """For so small a model threads wait for one another longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
