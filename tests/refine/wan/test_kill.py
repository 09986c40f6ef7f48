"""A process that is killed in the middle of refining, and taken up again."""

import signal
import subprocess
import sys

import torch

from reimagine.pictures import encode_png
from reimagine.pipeline import refine_run
from reimagine.request import RefineRequest
from reimagine.settings import Refinement

KILLED = """
import os, signal, sys
import torch
from reimagine.progress import Progress
from reimagine.pipeline import refine_run
from reimagine.request import RefineRequest
from reimagine.settings import Refinement

torch.set_num_threads(1)

def step(stage, done, total):
    if stage == "steadying" and done == 6:
        os.kill(os.getpid(), signal.SIGKILL)

refinement = Refinement(
    weights=sys.argv[2],
    steps=2,
    window=5,
    overlap=4,
    strength=0.9,
    hold_low=0.0,
    hold_high=0.0,
)
refine_run(
    RefineRequest(
        frames_dir=sys.argv[1], refiner="wan", refinement=refinement, video="png", out=sys.argv[3]
    ),
    Progress(on_step=step),
)
"""


def test_killed_in_the_middle_and_run_again_every_bit_is_the_same(tiny_wan, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    chance = torch.Generator().manual_seed(0)
    for index in range(11):
        picture = torch.rand(3, 32, 48, generator=chance)
        (frames / f"{index:03}.png").write_bytes(encode_png(picture))
    refinement = Refinement(
        weights=str(tiny_wan),
        steps=2,
        window=5,
        overlap=4,
        strength=0.9,
        hold_low=0.0,
        hold_high=0.0,
    )

    def run(out):
        request = RefineRequest(
            frames_dir=str(frames), refiner="wan", refinement=refinement, video="png", out=str(out)
        )
        return refine_run(request).folder / "refined"

    whole = run(tmp_path / "whole")
    killed = tmp_path / "killed"
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(frames), str(tiny_wan), str(killed)],
        check=False,
        capture_output=True,
    )
    assert ran.returncode == -signal.SIGKILL
    before = {one.name: one.read_bytes() for one in (killed / "refined").glob("*.png")}
    assert 3 <= len(before) < 11
    after = run(killed)
    names = sorted(one.name for one in whole.glob("*.png"))
    assert len(names) == 11
    for name in names:
        assert (after / name).read_bytes() == (whole / name).read_bytes()
        assert before.get(name, (after / name).read_bytes()) == (after / name).read_bytes()
    given = sorted(frames.glob("*.png"))
    assert any(
        (whole / name).read_bytes() != one.read_bytes()
        for name, one in zip(names, given, strict=True)
    )
