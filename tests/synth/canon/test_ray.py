"""A real Ray on this machine. Skipped where Ray is not installed: pip install 'reimagine[ray]'."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reimagine.apps.cli import main
from reimagine.synth.canon.dataset import damaged_shards, make_dataset
from reimagine.synth.canon.sample import Plan

PLAN = Plan(people=4, views=2, width=48, height=80, canonical_height=0, people_per_shard=1)
MAKE = [
    "dataset",
    "make",
    "--people",
    "4",
    "--people-per-shard",
    "1",
    "--views",
    "2",
    "--size",
    "48x80",
    "--canonical-height",
    "0",
]


@pytest.fixture
def _ray():
    pytest.importorskip("ray", reason="Ray is not installed")


@pytest.mark.usefixtures("_ray")
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_a_cluster_that_does_not_answer_is_one_line(tmp_path, capsys, address):
    assert main([*MAKE, "--ray", address, "--out", str(tmp_path / "new")]) == 2
    told = capsys.readouterr().err
    assert f"--ray {address} cannot be reached" in told
    assert "Traceback" not in told


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_ray")
def test_a_killed_ray_worker_is_replaced_and_the_bytes_are_those_of_one_process(tmp_path):
    made = tmp_path / "ray"
    command = [sys.executable, "-m", "reimagine", *MAKE, "--ray", "local", "--out", str(made)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert _kill_a_worker(running)
        _, told = running.communicate(timeout=240)
    assert running.returncode == 0, told
    assert damaged_shards(str(made)) == []
    make_dataset(PLAN, str(tmp_path / "one"))
    alone = {one.name: one.read_bytes() for one in (tmp_path / "one").iterdir()}
    assert {one.name: one.read_bytes() for one in made.iterdir()} == alone


def _kill_a_worker(running: subprocess.Popen) -> bool:
    """SIGKILL one of the driver's workers that is at work on a shard."""
    while running.poll() is None:
        for pid in _at_work():
            if running.pid in _ancestors(pid):
                time.sleep(0.5)
                if pid in _at_work():
                    os.kill(pid, signal.SIGKILL)
                    return True
        time.sleep(0.1)
    return False


def _at_work() -> set[int]:
    return {
        int(place.name)
        for place in Path("/proc").glob("[0-9]*")
        if _text(place / "cmdline").startswith("ray::write_shard")
    }


def _ancestors(pid: int) -> set[int]:
    found: set[int] = set()
    while pid > 1:
        status = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        pid = int(status[1]) if status else 0
        found.add(pid)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
