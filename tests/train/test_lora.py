"""A whole training on tiny random weights, as a user has it."""

import csv
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from tests.train.conftest import tiny_request, write_people

from reimagine.errors import InputError
from reimagine.frames.flux.files import find_files
from reimagine.frames.flux.load import load_models
from reimagine.frames.flux.lora import read_lora
from reimagine.frames.flux.sampler import kontext_velocity
from reimagine.pictures import read_picture
from reimagine.runs import RunFolder
from reimagine.settings import ImageModel, Lora
from reimagine.train import loop
from reimagine.train.adapter import LORA_FILE
from reimagine.train.checkpoint import checkpoints
from reimagine.train.encoded import read_example
from reimagine.train.learner import make_learner
from reimagine.train.lora import train_lora
from reimagine.train.loss import Told, fixed_loss, flow_loss
from reimagine.train.samples import paint_example
from reimagine.train.triples import find_triples

DEVICE = torch.device("cpu")


def models_of(request, *loras):
    files = find_files(ImageModel(weights=request.base, loras=loras))
    return load_models(files, torch.float32)


def learner_of(request):
    return make_learner(request, models_of(request), (), Accelerator(cpu=True))


def example_of(request, number=0):
    triples = find_triples(Path(request.data), request.prompt)
    return read_example(Path(request.out), triples, number, DEVICE)


def first_column(path, name):
    with path.open() as file:
        return [float(row[name]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def made_once(base, tmp_path_factory):
    """Data and a folder with one step done."""
    folder = tmp_path_factory.mktemp("begun")
    write_people(folder / "data")
    train_lora(
        tiny_request(base, data=folder / "data", out=folder / "out", steps=1, learning_rate=1e-2)
    )
    return folder


@pytest.fixture
def begun(made_once, base, tmp_path):
    """A request whose pictures are encoded and whose first step is done, with files of its own."""
    copy = tmp_path / "begun"
    shutil.copytree(made_once, copy)
    return tiny_request(base, data=copy / "data", out=copy / "out", steps=1)


@pytest.mark.slow
def test_the_check_loss_falls_while_few_triples_are_learned(request_for):
    made = train_lora(request_for(steps=12, sample_every=12, rank=8, learning_rate=2e-2))
    assert made is not None
    first, last = made.checks
    assert last < 0.8 * first


def test_a_training_that_was_stopped_ends_with_the_same_bits(request_for):
    whole, halves = request_for("whole", steps=2), request_for("halves", steps=1)
    train_lora(whole)
    train_lora(halves)
    train_lora(replace(halves, steps=2))
    for name in (LORA_FILE, "loss.csv", "checkpoints/00000002.safetensors"):
        a, b = (Path(one.out, name).read_bytes() for one in (whole, halves))
        assert a == b, name


def test_what_was_done_after_the_last_checkpoint_is_done_again_alike(request_for, monkeypatch):
    whole = request_for("whole", steps=3, save_every=1)
    stopped = request_for("stopped", steps=3, save_every=2)
    train_lora(whole)
    real, calls = loop.train_step, []

    def stop_in_the_third(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(loop, "train_step", stop_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        train_lora(stopped)
    monkeypatch.setattr(loop, "train_step", real)
    train_lora(stopped)
    for name in (LORA_FILE, "loss.csv", "checkpoints/00000003.safetensors"):
        assert Path(whole.out, name).read_bytes() == Path(stopped.out, name).read_bytes()


def test_a_batch_is_the_mean_of_its_triples(begun):
    request = replace(begun, batch=2)
    triples = find_triples(Path(request.data), request.prompt)
    both = learner_of(request)
    losses = []
    for place in (0, 1):
        learner = learner_of(request)
        losses.append(_loss_of(request, learner, triples, place))
    together = loop.train_step(request, both, triples, 0, 1e-3)
    assert together == pytest.approx(sum(losses) / 2, rel=1e-6)


def _loss_of(request, learner, triples, place):
    number = loop.chosen_triple(request.seed, place, len(triples))
    example = read_example(Path(request.out), triples, number, DEVICE)
    generator = loop.generator_for(request.seed, "noise", 0, place)
    level = int(loop.drawn_level(generator, torch.float32))
    noise = torch.randn(example.target.shape, generator=generator)
    told = Told(control_scale=1.0, guidance=1.0)
    return float(flow_loss(learner.velocity, example, told, level=level, noise=noise).detach())


def test_the_saved_lora_paints_what_the_trained_model_paints(request_for):
    request = request_for(steps=3)
    made = train_lora(request)
    assert made is not None
    example = example_of(request)
    learner = learner_of(request)
    loop.load_checkpoint(checkpoints(Path(request.out))[-1], learner.trained, learner.optimizer)

    def paint(models):
        velocity = kontext_velocity(models.transformer, models.controlnet)
        return paint_example(velocity, models.vae, example, control_scale=1.0, steps=2)

    trained, loaded = paint(learner.models), paint(models_of(request, Lora(path=str(made.lora))))
    plain = paint(models_of(request))
    assert torch.allclose(trained, loaded, atol=1e-5)
    assert float((plain - loaded).abs().max()) > 20 * float((trained - loaded).abs().max())


def test_diffusers_itself_loads_the_lora_as_we_do(begun):
    path, told = Path(begun.out, LORA_FILE), Told(control_scale=1.0, guidance=1.0)
    ours, theirs, example = (
        models_of(begun, Lora(path=str(path))),
        models_of(begun),
        example_of(begun),
    )
    theirs.transformer.load_lora_adapter(load_file(path), prefix="transformer")
    plain = models_of(begun)
    ours, theirs, plain = (
        fixed_loss(kontext_velocity(one.transformer, one.controlnet), [example], told)
        for one in (ours, theirs, plain)
    )
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert abs(ours - plain) > 1e-4


def test_all_but_the_lora_stays_bit_equal(begun):
    learner, plain = learner_of(begun), models_of(begun)
    triples = find_triples(Path(begun.data), begun.prompt)
    first = {name: weight.detach().clone() for name, weight in learner.lora.items()}
    loop.train_step(begun, learner, triples, 0, 1e-2)
    assert any(not torch.equal(first[name], weight) for name, weight in learner.lora.items())
    for now, before in (
        (learner.models.transformer, plain.transformer),
        (learner.models.controlnet, plain.controlnet),
        (learner.models.vae, plain.vae),
    ):
        held = {
            name.replace(".base_layer", ""): weight for name, weight in now.state_dict().items()
        }
        for name, weight in before.state_dict().items():
            assert torch.equal(held[name], weight), name


def test_a_fresh_lora_changes_nothing(begun):
    example, told = example_of(begun), Told(control_scale=1.0, guidance=1.0)
    plain = models_of(begun)
    velocity = kontext_velocity(plain.transformer, plain.controlnet)
    expected = fixed_loss(velocity, [example], told)
    assert fixed_loss(learner_of(begun).velocity, [example], told) == expected


@pytest.mark.parametrize("train_controlnet", [False, True])
def test_gradient_checkpointing_changes_no_gradient(begun, train_controlnet):
    example, told = example_of(begun), Told(control_scale=1.0, guidance=1.0)
    noise = torch.randn(example.target.shape, generator=torch.Generator().manual_seed(1))
    found = []
    for keep in (False, True):
        request = replace(begun, keep_activations=keep, train_controlnet=train_controlnet)
        learner = learner_of(request)
        flow_loss(learner.velocity, example, told, level=500, noise=noise).backward()
        found.append({name: weight.grad for name, weight in learner.trained.items()})
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        same = found[1][name]
        assert (gradient is None) == (same is None), name
        assert gradient is None or same is None or torch.equal(gradient, same), name
    for trained in ("lora_B", "controlnet ")[: 1 + train_controlnet]:
        moved = [one for name, one in found[0].items() if trained in name and one is not None]
        assert any(float(one.abs().max()) > 0 for one in moved)


def test_a_trained_controlnet_is_written_in_the_layout_that_is_read(request_for):
    request = request_for(steps=2, train_controlnet=True)
    train_lora(request)
    folder = Path(request.out, "controlnet")
    held = load_file(folder / "diffusion_pytorch_model.safetensors")
    before = models_of(request).controlnet.state_dict()
    assert held.keys() == before.keys()
    assert any(not torch.equal(held[name], before[name]) for name in held)
    assert (folder / "config.json").is_file()
    files = find_files(ImageModel(weights=request.base, loras=(), controlnet=str(folder)))
    read = load_models(files, torch.float32).controlnet.state_dict()
    assert all(torch.equal(read[name], weight) for name, weight in held.items())


def test_bfloat16_trains_too_and_keeps_what_is_trained_in_float32(request_for):
    request = request_for(steps=1, dtype="bf16", train_controlnet=True)
    made = train_lora(request)
    assert made is not None
    losses = first_column(Path(request.out, "loss.csv"), "loss")
    assert len(losses) == 1
    assert {weight.dtype for weight in load_file(made.lora).values()} == {torch.float32}


def test_a_lora_can_be_gone_on_from(begun, request_for):
    start = Path(begun.out, LORA_FILE)
    further = request_for("further", steps=1, start=str(start), learning_rate=0.0, weight_decay=0.0)
    made = train_lora(further)
    assert made is not None
    plain = models_of(begun).transformer
    old, new = read_lora(start, plain), read_lora(made.lora, plain)
    for a, b in zip(old, new, strict=True):
        assert a.layer == b.layer
        assert torch.equal(a.up @ a.down, b.up @ b.down)


def test_a_sample_sheet_shows_reference_normals_target_and_picture(request_for):
    request = request_for(steps=1, sample_every=1, samples=2)
    train_lora(request)
    first, last = (read_picture(Path(request.out, f"samples/{n:08d}.png")) for n in (0, 1))
    # Two rows of 48 pixels and a gap of 8; a reference of 96 x 48 and three pictures of 32.
    assert first.shape == (3, 2 * 56, (96 + 8) + 3 * (32 + 8))
    assert not torch.equal(first, last)
    card = Path(request.out, "README.md").read_text()
    assert card.startswith("---\nbase_model: black-forest-labs/FLUX.1-Kontext-dev\n")
    assert request.prompt in card


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(request_for, monkeypatch):
    request = request_for(steps=4)
    real = loop.flow_loss
    calls = []

    def broken_in_the_third(*arguments, **named):
        calls.append(1)
        loss = real(*arguments, **named)
        return loss * float("nan") if len(calls) == 3 else loss

    monkeypatch.setattr(loop, "flow_loss", broken_in_the_third)
    with pytest.raises(InputError, match=r"loss of step 3 is no number.*What step 2 left is whole"):
        train_lora(request)
    assert [path.stem for path in checkpoints(Path(request.out))] == ["00000002"]
    kept = load_file(Path(request.out, LORA_FILE))
    assert all(bool(weight.isfinite().all()) for weight in kept.values())


def test_encoded_triples_go_to_a_numbered_device_too(begun):
    """With several processes accelerate calls each one's device by a number."""
    triples = find_triples(Path(begun.data), begun.prompt)
    example = read_example(Path(begun.out), triples, 0, torch.device("cpu", 0))
    assert torch.equal(example.target, example_of(begun).target)


def test_a_loss_that_is_no_number_from_the_start_says_to_start_again(request_for, monkeypatch):
    monkeypatch.setattr(loop, "train_step", lambda *_: float("inf"))
    with pytest.raises(InputError, match=r"step 1 is no number.*Start again with learning_rate"):
        train_lora(request_for())


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError(), MemoryError(), RuntimeError("can't allocate memory: 8 bytes")],
    ids=str,
)
def test_memory_that_runs_out_is_one_line(begun, monkeypatch, error):
    def full(*_):
        raise error

    monkeypatch.setattr(loop, "train_step", full)
    with pytest.raises(InputError, match=r"memory ran out.*Give a smaller rank"):
        train_lora(replace(begun, steps=2))
    assert "Traceback" not in Path(begun.out, "log.txt").read_text()


class Killed(BaseException):
    """What stands for a process that is killed here: nothing after it is tidied up."""


@pytest.mark.parametrize("at", range(1, 6))
def test_a_training_that_is_killed_while_it_saves_goes_on(request_for, monkeypatch, at):
    """At the LoRA, the card, the ControlNet's configuration and weights, and the checkpoint."""
    whole = request_for("whole", steps=2, save_every=1, train_controlnet=True)
    killed = replace(whole, out=whole.out.replace("whole", "killed"))
    train_lora(whole)
    real, calls = RunFolder.file, []

    @contextmanager
    def file(run, name):
        kept = name == LORA_FILE or name.startswith(("README", "controlnet", "checkpoints"))
        calls.extend([name] if kept else [])
        if len(calls) == 5 + at:
            unfinished = run.path / f"{name}.unfinished"
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(b"half")
            unfinished.with_suffix(".of-safetensors.unfinished").mkdir()
            raise Killed
        with real(run, name) as path:
            yield path

    monkeypatch.setattr(RunFolder, "file", file)
    with pytest.raises(Killed):
        train_lora(killed)
    monkeypatch.setattr(RunFolder, "file", real)
    train_lora(killed)
    for path in sorted(Path(whole.out).rglob("*")):
        if path.is_file() and path.name not in ("log.txt", "lock", "request.json"):
            same = Path(killed.out) / path.relative_to(whole.out)
            assert same.read_bytes() == path.read_bytes(), path.name
    assert not list(Path(killed.out).rglob("*unfinished*"))


def test_a_log_whose_last_line_was_cut_short_is_gone_on_with(begun):
    log = Path(begun.out, "loss.csv")
    whole = log.read_text()
    log.write_text(whole + "2,0.1\x00\n,\n\n1")
    train_lora(replace(begun, steps=2))
    assert first_column(log, "step") == [1, 2]


def test_other_settings_for_the_same_folder_are_refused_and_more_steps_are_not(begun):
    with pytest.raises(InputError, match=r"rank was 2, now 3"):
        train_lora(replace(begun, rank=3))
    made = train_lora(replace(begun, steps=2))
    assert made is not None
    assert made.steps == 2


def test_other_pictures_for_the_same_folder_are_refused(begun):
    triples = find_triples(Path(begun.data), begun.prompt)
    triples[0].target.write_bytes(triples[1].target.read_bytes() + b"more")
    with pytest.raises(InputError, match="data_fingerprint was"):
        train_lora(begun)


def test_a_checkpoint_of_something_else_is_refused(begun):
    [path] = checkpoints(Path(begun.out))
    save_file({"other": torch.zeros(1)}, path, {"step": "1"})
    with pytest.raises(InputError, match="no checkpoint of this training"):
        train_lora(replace(begun, steps=2))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base": "/nowhere"}, r"base /nowhere has no folder FLUX.1-Kontext-dev"),
        ({"data": "/nowhere"}, r"data /nowhere is no folder"),
        ({"steps": 0}, r"steps is 0"),
        ({"learning_rate": float("nan")}, r"learning_rate is nan"),
        ({"dtype": "fp8"}, r"dtype is 'fp8'"),
        ({"start": "/nowhere.safetensors"}, r"start /nowhere.safetensors is not there"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_one_line_that_names_the_flag(request_for, changes, said):
    with pytest.raises(InputError, match=said) as caught:
        train_lora(request_for(**changes))
    assert "\n" not in str(caught.value)


def test_a_lora_of_another_rank_is_not_gone_on_from(begun, request_for):
    start = str(Path(begun.out, LORA_FILE))
    with pytest.raises(InputError, match=r"has rank 2, rank is 3; .* Give rank 2"):
        train_lora(request_for("further", rank=3, start=start))
