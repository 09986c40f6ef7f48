"""`reimagine train lora`: the whole training, one call per part."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs

from reimagine.checks import find_device
from reimagine.errors import InputError, ran_out_of_memory
from reimagine.frames.flux.files import FluxFiles, find_files
from reimagine.frames.flux.load import load_models, load_text
from reimagine.progress import SILENT, Progress
from reimagine.runs import RunFolder, open_run
from reimagine.settings import ImageModel
from reimagine.train.captures import find_people, make_triples, people_fingerprint
from reimagine.train.encoded import encode_triples, has_texts, prompts_of, write_texts
from reimagine.train.learner import load_start, make_learner
from reimagine.train.loop import Trained, train
from reimagine.train.settings import LoraRequest, check_settings, deciding
from reimagine.train.triples import Triple, check_folder, find_triples, fingerprint, read_triple

_MADE = "pairs"
"""Folder within --out for triples that are made of captures."""


def train_lora(request: LoraRequest, listener: Progress = SILENT) -> Trained | None:
    """The trained LoRA in the folder `request.out`; an earlier try is continued. None in all processes but the first.

    Raises:
        InputError: where the request or a file it names cannot be used, or the loss is no number any more.
    """
    check_settings(request)
    check_folder(Path(request.data))
    device = find_device(request.device)
    files = _base(request)
    # Encoding a large data set takes longer than processes wait by default.
    patience = InitProcessGroupKwargs(timeout=timedelta(days=2))
    accelerator = Accelerator(cpu=device == "cpu", kwargs_handlers=[patience])
    processes = accelerator.num_processes
    if request.batch % processes:
        raise InputError(
            f"`batch` is {request.batch} for {processes} processes; expected a multiple. Give `batch` {processes}."
        )
    low = request.dtype == "bf16" or (request.dtype == "auto" and device == "cuda")
    dtype = torch.bfloat16 if low else torch.float32
    with ExitStack() as stack:
        run = None
        if accelerator.is_main_process:
            asked = deciding(request) | {"data_fingerprint": _check_data(request, listener)}
            run = stack.enter_context(open_run(request.out, asked))
        # Within the run, whose log has what is said.
        stack.enter_context(_explained_out_of_memory(request))
        if run is not None:
            _prepare(run, request, files, accelerator.device, dtype, listener)
        accelerator.wait_for_everyone()
        triples = _triples(request)
        models = load_models(files, dtype)
        # Read while nothing is put in yet: a LoRA is read against the plain model's layers.
        start = load_start(request, models.transformer)
        models.vae.to(accelerator.device)
        if run is not None:
            encode_triples(run, triples, models.vae, listener)
        accelerator.wait_for_everyone()
        learner = make_learner(request, models, start, accelerator)
        return train(request, learner, triples, run, listener)


@contextmanager
def _explained_out_of_memory(request: LoraRequest) -> Generator[None]:
    try:
        yield
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        way = (
            "Leave out `keep_activations`" if request.keep_activations else "Give a smaller `rank`"
        )
        if request.train_controlnet:
            way = "Leave out `train_controlnet`"
        raise InputError(
            f"memory ran out; expected enough for the models and one triple. {way} or train on smaller pictures, "
            "in another `out`."
        ) from error


def _base(request: LoraRequest) -> FluxFiles:
    """The frozen models' files."""
    try:
        return find_files(ImageModel(weights=request.base, loras=()))
    except InputError as error:
        # The same folder goes by another flag here.
        raise InputError(str(error.args[0]).replace("`weights`", "`base`")) from None


def _check_data(request: LoraRequest, listener: Progress) -> str:
    """What tells this data from other data; all pictures are looked into before the first run."""
    folder = Path(request.data)
    people = find_people(folder)
    if people:
        return people_fingerprint(people)
    triples = find_triples(folder, request.prompt)
    if not (Path(request.out) / "request.json").is_file():
        for number, triple in enumerate(triples):
            read_triple(triple)
            listener.step("checking", number + 1, len(triples))
    return fingerprint(triples, folder)


def _prepare(
    run: RunFolder,
    request: LoraRequest,
    files: FluxFiles,
    device: torch.device,
    dtype: torch.dtype,
    listener: Progress,
) -> None:
    """Triples made of captures, and the prompts encoded; the text encoders are in memory only meanwhile."""
    people = find_people(Path(request.data))
    if people:
        make_triples(run, _MADE, people, request, listener)
    triples = _triples(request)
    if not has_texts(run, triples):
        prompts = prompts_of(triples)
        write_texts(run, load_text(files, prompts, device=device.type, dtype=dtype))


def _triples(request: LoraRequest) -> tuple[Triple, ...]:
    made = Path(request.out) / _MADE
    return find_triples(made if made.is_dir() else Path(request.data), request.prompt)
