"""Prompts as FLUX reads them, and what stays of their encoders."""

import gc
import weakref

import pytest
import torch

from reimagine.frames.flux import load
from reimagine.frames.flux.files import find_files


@pytest.fixture
def files(settings):
    return find_files(settings)


def encoded(files, *prompts):
    return load.load_text(files, prompts, device="cpu", dtype=torch.float32)


def test_a_prompt_is_512_words_and_one_summary_however_long_it_is(files, monkeypatch):
    monkeypatch.setattr("reimagine.frames.flux.text.T5_TOKENS", 512)
    for text in encoded(files, "a person", "person " * 600):
        assert text.words.shape[:2] == (1, 512)
        assert text.pooled.ndim == 2


def test_the_text_encoders_are_gone_once_the_prompt_is_encoded(files, monkeypatch):
    """At once, not when the garbage is collected: on a card the transformer needs their place."""
    kept = []
    real = load._loaded  # pyright: ignore[reportPrivateUsage]

    def watched(*arguments):
        made = real(*arguments)
        kept.append(weakref.ref(made))
        return made

    monkeypatch.setattr(load, "_loaded", watched)
    gc.disable()
    try:
        encoded(files, "a person")
        assert [one() for one in kept] == [None] * 4
    finally:
        gc.enable()
