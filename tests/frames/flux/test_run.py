"""A whole run with the image model, as from the command line."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reimagine.appearance.store import load_person, save_person
from reimagine.errors import InputError
from reimagine.pictures import read_picture
from reimagine.pipeline import generate
from reimagine.progress import Progress
from reimagine.request import Clip, Request
from reimagine.settings import ImageModel, Photos


@pytest.fixture
def request_of(plain_person, weights, tmp_path):
    generator = torch.Generator().manual_seed(0)
    reference = torch.rand(3, 64, 96, generator=generator)
    person = replace(load_person(plain_person), reference=reference)
    save_person(person, tmp_path / "person")

    def make(**change):
        return Request(
            photos=Photos(person=str(tmp_path / "person")),
            clip=Clip(frames=3, size="32x48", device="cpu"),
            image="flux-kontext",
            image_model=ImageModel(weights=str(weights), loras=(), steps=2, **change),
            refiner="none",
            video="png",
            out=str(tmp_path / "run"),
        )

    return make


def frames(run: Path):
    return {path.name: path.read_bytes() for path in sorted((run / "frames").glob("*.png"))}


def test_a_stopped_run_goes_on_to_the_same_pixels_with_other_memory_settings(request_of, tmp_path):
    said: list[str] = []
    generate(request_of(), Progress(say=said.append))
    run = tmp_path / "run"
    whole = frames(run)
    assert len(whole) == 3
    assert len(set(whole.values())) == 3
    assert any("estimated peak" in line for line in said)
    assert "estimated peak" in (run / "log.txt").read_text()
    (run / "frames/000001.png").unlink()
    generate(request_of(vram="full", batch=2))
    assert frames(run) == whole
    with pytest.raises(InputError, match=r"guidance was 3\.5, now 2"):
        generate(request_of(guidance=2.0))


def test_over_white_the_pictures_are_what_the_model_painted(request_of, tmp_path):
    generate(request_of())
    final = read_picture(tmp_path / "run/refined/000000.png", least_side=1)
    painted = read_picture(tmp_path / "run/frames/000000.png", least_side=1)
    assert final.shape[0] == 3
    assert painted.shape[0] == 4
    shown = painted[:3] * painted[3:] + 1 - painted[3:]
    assert float((final - shown).abs().max()) <= 1.01 / 255


def test_sizes_that_are_no_multiple_of_16_are_refused_with_the_nearest(request_of):
    request = request_of()
    odd = replace(request, clip=replace(request.clip, size="100x200"))
    with pytest.raises(InputError, match=r"size is 100x200; .* multiples of 16. Give size 96x"):
        generate(odd)


def test_what_was_painted_stays_when_memory_runs_out(request_of, tmp_path, monkeypatch):
    """And the same command with another --vram goes on from there, to the same pictures."""
    generate(request_of())
    whole = frames(tmp_path / "run")
    for name in list(whole)[1:]:
        (tmp_path / "run/frames" / name).unlink()

    def full(*_: object, **__: object):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patch:
        patch.setattr("reimagine.frames.flux.painter.decode", full)
        with pytest.raises(InputError, match=r"memory ran out .* stays: .* with vram 16"):
            generate(request_of(vram="24", quantize="none"))
    assert list(frames(tmp_path / "run")) == list(whole)[:1]
    generate(request_of(vram="48"))
    assert frames(tmp_path / "run") == whole


def test_a_frame_of_numbers_that_are_none_stops_the_run_by_its_name(
    request_of, tmp_path, monkeypatch
):
    from reimagine.frames.flux import painter

    real, calls = painter.decode, []

    def spoiled(vae, latents):
        calls.append(1)
        return real(vae, latents) * (float("nan") if len(calls) == 2 else 1.0)

    monkeypatch.setattr(painter, "decode", spoiled)
    monkeypatch.setattr("reimagine.film._CHUNK_FRAMES", 1)
    with pytest.raises(InputError, match=r"frame 1 came out .*NaN.*Frames before it stay"):
        generate(request_of())
    assert list(frames(tmp_path / "run")) == ["000000.png"]
