"""The steps of a training, and what is written meanwhile."""

import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from reimagine.errors import InputError
from reimagine.pictures import encode_png
from reimagine.progress import Progress
from reimagine.runs import RunFolder
from reimagine.train.adapter import LORA_FILE, lora_file
from reimagine.train.card import model_card
from reimagine.train.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from reimagine.train.encoded import Example, read_example
from reimagine.train.learner import Learner
from reimagine.train.loss import Told, fixed_loss, flow_loss
from reimagine.train.samples import paint_example, sample_sheet
from reimagine.train.schedule import chosen_triple, drawn_level, generator_for, learning_rate
from reimagine.train.settings import LoraRequest
from reimagine.train.tensors import write_tensors
from reimagine.train.triples import Triple, read_triple

LOSSES, CHECKS = "loss.csv", "check.csv"
_HEADS = {LOSSES: "step,loss,learning_rate\n", CHECKS: "step,loss\n"}
_ROW = re.compile(r"\d{1,9}(,[-+.\de]+){1,2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training made."""

    lora: Path
    steps: int
    checks: tuple[float, ...]
    """The check losses, the first before any step; none where no samples were asked for."""


def train(
    request: LoraRequest,
    learner: Learner,
    triples: tuple[Triple, ...],
    run: RunFolder | None,
    listener: Progress,
) -> Trained | None:
    """Do the steps that are left; None in processes that write nothing (`run` is None).

    Raises:
        InputError: where the loss is no number any more, or a file cannot be used.
    """
    folder = Path(request.out)
    done = _resume(folder, learner)
    if run is not None:
        for name in (LOSSES, CHECKS):
            _cut_log(run, name, done)
        listener.say(_plan(request, learner, len(triples), done))
        if done == 0:
            _sample(request, learner, triples, run, 0)
    for step in range(done, request.steps):
        rate = learning_rate(request.learning_rate, step)
        loss = train_step(request, learner, triples, step, rate)
        if not math.isfinite(loss):
            raise _no_number(request, folder, step + 1)
        if run is None:
            continue
        _log(run, LOSSES, f"{step + 1},{loss:.9g},{rate:.9g}")
        listener.step("training", step + 1, request.steps)
        last = step + 1 == request.steps
        if request.sample_every and (last or (step + 1) % request.sample_every == 0):
            _sample(request, learner, triples, run, step + 1)
        if last or (step + 1) % request.save_every == 0:
            _save(request, learner, len(triples), run, step + 1)
    if run is None:
        return None
    checks = _checks(run)
    return Trained(lora=folder / LORA_FILE, steps=max(done, request.steps), checks=tuple(checks))


def train_step(
    request: LoraRequest, learner: Learner, triples: tuple[Triple, ...], step: int, rate: float
) -> float:
    """One update of what is trained; gives the loss, averaged over the batch and all processes.

    Where the loss is no number nothing is updated.
    """
    accelerator = learner.accelerator
    told = Told(control_scale=request.control_scale, guidance=request.guidance)
    total = torch.zeros((), device=accelerator.device)
    for place in range(accelerator.process_index, request.batch, accelerator.num_processes):
        number = chosen_triple(request.seed, step * request.batch + place, len(triples))
        example = read_example(Path(request.out), triples, number, accelerator.device)
        generator = generator_for(request.seed, "noise", step, place)
        level = int(drawn_level(generator, example.target.dtype))
        noise = torch.randn(example.target.shape, generator=generator)
        with warnings.catch_warnings():
            # A trained ControlNet's norms are float32 between bfloat16 layers, which torch says it does slowly.
            warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")
            loss = flow_loss(learner.velocity, example, told, level=level, noise=noise)
            (loss / request.batch).backward()
        total += loss.detach() / request.batch
    if accelerator.num_processes > 1:
        total = cast("Tensor", accelerator.reduce(total, reduction="sum"))
        for weight in learner.trained.values():
            if weight.grad is not None:
                weight.grad = cast("Tensor", accelerator.reduce(weight.grad, reduction="sum"))
    mean = float(total)
    if math.isfinite(mean):
        for group in learner.optimizer.param_groups:
            group["lr"] = rate
        learner.optimizer.step()
    learner.optimizer.zero_grad(set_to_none=True)
    return mean


def _resume(folder: Path, learner: Learner) -> int:
    """How many steps an earlier try has done, its state taken over."""
    held = checkpoints(folder)
    return load_checkpoint(held[-1], learner.trained, learner.optimizer) if held else 0


def _plan(request: LoraRequest, learner: Learner, triples: int, done: int) -> str:
    accelerator, count = learner.accelerator, sum(w.numel() for w in learner.trained.values())
    what = "a LoRA and the ControlNet" if request.train_controlnet else "a LoRA"
    dtype = str(learner.models.transformer.dtype).removeprefix("torch.")
    begun = f", {done} of them done" if done else ""
    return (
        f"training {what} of rank {request.rank} on {len(learner.lora) // 2} layers ({count / 1e6:.3g} M numbers): "
        f"{request.steps} steps{begun}, {request.batch} of {triples} triples each, {accelerator.num_processes} x "
        f"{accelerator.device.type}, {dtype}"
    )


def _sample(
    request: LoraRequest,
    learner: Learner,
    triples: tuple[Triple, ...],
    run: RunFolder,
    step: int,
) -> None:
    """A sample sheet, and the check loss."""
    if not request.sample_every:
        return
    shown = triples[: request.samples]
    device = learner.accelerator.device
    examples = [read_example(run.path, triples, number, device) for number in range(len(shown))]
    told = Told(control_scale=request.control_scale, guidance=request.guidance)
    check = fixed_loss(learner.velocity, examples, told)
    painted = [_painted(request, learner, example) for example in examples]
    sheet = sample_sheet([read_triple(triple) for triple in shown], painted)
    run.write(f"samples/{step:08d}.png", encode_png(sheet))
    _log(run, CHECKS, f"{step},{check:.9g}")


def _painted(request: LoraRequest, learner: Learner, example: Example) -> Tensor:
    return paint_example(
        learner.velocity,
        learner.models.vae,
        example,
        control_scale=request.control_scale,
        steps=request.sample_steps,
    )


def _save(request: LoraRequest, learner: Learner, triples: int, run: RunFolder, step: int) -> None:
    """The LoRA, its card, the ControlNet where it is trained, and last the checkpoint."""
    with run.file(LORA_FILE) as path:
        lora_file(path, learner.lora, request.rank)
    dtype = str(learner.models.transformer.dtype).removeprefix("torch.")
    card = model_card(request, steps=step, triples=triples, dtype=dtype, checks=_checks(run))
    run.write("README.md", card)
    if request.train_controlnet:
        _save_controlnet(learner, run)
    save_checkpoint(run, step, learner.trained, learner.optimizer)


def _save_controlnet(learner: Learner, run: RunFolder) -> None:
    """A folder in diffusers' layout; each of its files whole or not at all."""
    controlnet = learner.models.controlnet
    run.write("controlnet/config.json", controlnet.to_json_string())
    held = {name: weight.contiguous() for name, weight in controlnet.state_dict().items()}
    with run.file("controlnet/diffusion_pytorch_model.safetensors") as path:
        write_tensors(path, held, {"format": "pt"})


def _log(run: RunFolder, name: str, line: str) -> None:
    if not run.has(name):
        run.write(name, _HEADS[name])
    run.append(name, line + "\n")


def _cut_log(run: RunFolder, name: str, done: int) -> None:
    """Without the lines of steps that will be done again."""
    if not run.has(name):
        return
    if done == 0:
        (run.path / name).unlink()
        return
    kept = [f"{line}\n" for line in _rows(run, name) if int(line.split(",")[0]) <= done]
    run.write(name, _HEADS[name] + "".join(kept))


def _checks(run: RunFolder) -> list[float]:
    return [float(line.split(",")[1]) for line in _rows(run, CHECKS)]


def _rows(run: RunFolder, name: str) -> list[str]:
    """The lines of a log, without its head and without what the system cut short when it went down."""
    if not run.has(name):
        return []
    text = (run.path / name).read_text(encoding="utf-8", errors="replace")
    return [line for line in text.splitlines() if _ROW.fullmatch(line)]


def _no_number(request: LoraRequest, folder: Path, step: int) -> InputError:
    held = checkpoints(folder)
    slower = f"`learning_rate` {request.learning_rate / 10:g}"
    if held:
        lora = folder / LORA_FILE
        rest = f"What step {int(held[-1].stem)} left is whole: go on from it with `start` {lora}, {slower}"
    else:
        rest = f"Start again with {slower}"
    return InputError(
        f"the loss of step {step} is no number (NaN or infinite); expected one. {rest} and another `out`."
    )
