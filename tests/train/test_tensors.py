import errno
import os
import resource
import signal
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from reimagine.errors import InputError
from reimagine.runs import open_run
from reimagine.train import tensors
from reimagine.train.tensors import write_tensors

NUMBERS = {"a": torch.arange(100_000.0)}


def test_what_is_written_can_be_read_by_whoever_may_read_other_files(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    write_tensors(path, NUMBERS, {"step": "1"})
    assert torch.equal(load_file(path)["a"], NUMBERS["a"])
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert len(list(tmp_path.iterdir())) == 2


def test_a_disk_that_takes_no_more_is_one_line_and_leaves_nothing(tmp_path: Path):
    """The system's limit on the size of a file stands for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open_run(tmp_path / "run", {}) as run:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        try:
            with pytest.raises(InputError, match=r"a\.safetensors cannot be written"):
                _write(run)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert not list(run.path.rglob("*a.safetensors*"))


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        said = f"I/O error: {os.strerror(errno.ENOSPC)} (os error {errno.ENOSPC})"
        raise SafetensorError(said)

    monkeypatch.setattr(tensors, "save_file", full)
    with (
        pytest.raises(InputError, match=r"the disk is full: .*a\.safetensors could not be written"),
        open_run(tmp_path / "run", {}) as run,
    ):
        _write(run)


def _write(run) -> None:
    with run.file("a.safetensors") as path:
        write_tensors(path, NUMBERS, {})
